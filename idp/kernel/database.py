"""Declarative base, column types and the engine: the same semantics on SQLite and PostgreSQL.

On SQLite reads run without a transaction and the first write opens one with BEGIN IMMEDIATE (the driver's own
legacy transaction control with isolation level IMMEDIATE), so no reader ever has to upgrade a lock; on
PostgreSQL the level is READ COMMITTED. In both, single use is one conditional UPDATE.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import orjson
from sqlalchemy import Dialect, Engine, MetaData, String, Table, event
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON, DateTime, TypeDecorator

from .settings import Database


class Base(DeclarativeBase):
    """Base of every table; names of constraints are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Moment(TypeDecorator[datetime]):
    """An instant: aware UTC in and out. A naive datetime is a programming error and raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """A random identifier of 32 hexadecimal characters; never a secret."""
    return uuid.uuid4().hex


Id = Annotated[str, mapped_column(String(32), primary_key=True, default=new_id)]
Json = JSON


def table_of(model: type[Base]) -> Table:
    """The Core table of a model, typed."""
    return cast(Table, model.__table__)


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def engine_options(database: Database) -> dict[str, Any]:
    """Keyword arguments of SQLAlchemy's create_engine for this database."""
    # Messages of database errors reach the log; what was bound to the statement must not.
    codec: dict[str, Any] = {
        "json_serializer": _dump_json,
        "json_deserializer": orjson.loads,
        "hide_parameters": True,
    }
    if database.url.startswith("sqlite"):
        return codec | {
            "connect_args": {"isolation_level": "IMMEDIATE", "timeout": 5.0, "check_same_thread": False}
        }
    return codec | {
        "pool_size": database.pool_size,
        "max_overflow": 4,
        "pool_timeout": 3,
        "pool_pre_ping": False,
        "connect_args": {
            "connect_timeout": 3,
            "options": (
                f"-c statement_timeout={database.statement_timeout_milliseconds} -c lock_timeout=2000 "
                "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC"
            ),
        },
    }


def prepare_engine(engine: Engine) -> None:
    """Durability and integrity of every new SQLite connection (STACK.md §6.11)."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
