"""What the running system keeps about itself: heartbeats, backups made, restores proven."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.kernel.database import Base, Json, Moment, table_of


class Beat(Base):
    """The last time that `name` was seen to work, and what it said."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


def beat(session: Session, name: str, now: datetime, detail: dict[str, Any] | None = None) -> None:
    """Insert or renew in one statement: several processes beat under one name."""
    values = {"at": now, "detail": detail or {}}
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = make(table_of(Beat)).values(name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def last(session: Session, name: str) -> Beat | None:
    return session.get(Beat, name, populate_existing=True)
