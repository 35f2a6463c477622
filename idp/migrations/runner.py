"""Bring the schema up: one transaction, one node at a time, wholly or not at all (F-21, F-22)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from idp.kernel import failpoints
from idp.kernel.settings import Settings, SettingsError
from idp.kernel.settings import failpoints as failpoint_settings

WAIT_SECONDS = 60
_LOCK = 0x67617076
_OWN_TABLE = "audit_event"


def upgrade(settings: Settings, revision: str = "head") -> str | None:
    """Migrate to `revision` and return the one that was there before (None: an empty database).

    Waits up to a minute for another node that migrates. Raises SettingsError for a database whose tables were
    not made by migrations, and for one that a later version made.
    """
    if settings.is_rehearsal:
        failpoints.arm(failpoint_settings())
    engine = _engine(settings.database.url)
    try:
        with _exclusive(engine) as connection:
            before = _current(connection)
            _refuse_foreign(connection, before)
            command.upgrade(_config(connection), revision)
    finally:
        engine.dispose()
    return before


def pending(settings: Settings) -> list[str]:
    """Revisions that `upgrade` would apply, oldest first."""
    engine = _engine(settings.database.url)
    try:
        with engine.connect() as connection:
            before = _current(connection)
            scripts = ScriptDirectory.from_config(_config(connection))
            if before is not None and before not in _known(scripts):
                return []
            return [script.revision for script in scripts.iterate_revisions("head", before or "base")][::-1]
    finally:
        engine.dispose()


def head() -> str | None:
    """The newest revision."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _engine(url: str) -> Engine:
    """Without the time limits of requests; on SQLite with transactions that hold DDL, which the driver's do not."""
    if not url.startswith("sqlite"):
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    # People's data: readable by the service's account only, and so are the files that SQLite puts beside it.
    Path(url.removeprefix("sqlite:///")).touch(mode=0o600)
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"isolation_level": None, "timeout": float(WAIT_SECONDS)}
    )

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    return engine


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Connection]:
    """A transaction that only one node has at a time; readers of PostgreSQL go on."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        yield connection


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(scripts: ScriptDirectory) -> set[str]:
    return {script.revision for script in scripts.walk_revisions()}


def _refuse_foreign(connection: Connection, before: str | None) -> None:
    if before is None and inspect(connection).has_table(_OWN_TABLE):
        raise SettingsError("database: has tables but no schema version; begin with an empty database")
    if before is not None and before not in _known(ScriptDirectory.from_config(_config(connection))):
        raise SettingsError(f"database: schema {before} belongs to a later version; install that version")
