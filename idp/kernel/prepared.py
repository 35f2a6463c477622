"""Statements of the hot paths: written as SQLAlchemy constructs, compiled once per dialect, run on the driver's cursor.

Building and keying a construct for the cache costs several times what the database needs to answer by key (STACK.md
§5.3), and a `CursorResult` for one row costs as much again. Here the first is done once and the second not at all;
parameters and results still pass through the column types, so `Moment` refuses naive datetimes as everywhere, and
errors of the driver become SQLAlchemy's. Lists (`IN`) are not supported: use a subquery.

`later` lets inserts wait until something could see them: the commit, any statement of the session itself, or a
prepared one that names their table. On PostgreSQL those that wait together go out as one statement, which costs a
third of sending them one by one; on SQLite its only write lock is held for that much less time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session
from sqlalchemy.sql import ClauseElement

Convert = Callable[[Any], Any]
_HELD = "gapura.prepared.connection"
_WAITING = "gapura.prepared.waiting"
_WORDS = re.compile(r"[a-z_]+")


class Prepared:
    """One statement. Parameters are its `bindparam` names."""

    __slots__ = ("_by_dialect", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._by_dialect: dict[str, _Compiled] = {}

    def first(self, session: Session, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        compiled, cursor = self._execute(session, parameters)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else compiled.converted(row)

    def all(self, session: Session, **parameters: Any) -> list[tuple[Any, ...]]:
        """Every row."""
        compiled, cursor = self._execute(session, parameters)
        rows = cursor.fetchall()
        cursor.close()
        return [compiled.converted(row) for row in rows]

    def run(self, session: Session, **parameters: Any) -> None:
        """Execute a statement that returns nothing."""
        self._execute(session, parameters)[1].close()

    def later(self, session: Session, **parameters: Any) -> None:
        """Insert a row before anything could see that it is missing; its errors may come as late as the commit."""
        waiting = _waiting(session)
        if any(prepared is self for prepared, _ in waiting):
            # Rows of one table keep their order, which one statement would not promise.
            write_waiting(session)
            waiting = _waiting(session)
        waiting.append((self, parameters))

    def _execute(self, session: Session, parameters: dict[str, Any]) -> tuple[_Compiled, Any]:
        connection = _connection(session)
        compiled = self.compiled(connection.dialect)
        waiting = _waiting(session)
        if waiting and any(
            prepared.compiled(connection.dialect).table in compiled.words for prepared, _ in waiting
        ):
            write_waiting(session)
        return compiled, _cursor(connection, compiled.sql, compiled.bound(parameters))

    def compiled(self, dialect: Dialect) -> _Compiled:
        """The statement's text and conversions for a dialect."""
        found = self._by_dialect.get(dialect.name)
        if found is None:
            found = self._by_dialect[dialect.name] = _Compiled(self._statement, dialect)
        return found


_Waiting = list[tuple[Prepared, dict[str, Any]]]
_TOGETHER: dict[tuple[Prepared, ...], str] = {}


def write_waiting(session: Session) -> None:
    """Send the inserts that wait."""
    waiting = _waiting(session)
    if not waiting:
        return
    session.info[_WAITING] = []
    connection = _connection(session)
    parts = [prepared.compiled(connection.dialect) for prepared, _ in waiting]
    bound = [part.bound(given) for part, (_, given) in zip(parts, waiting, strict=True)]
    if len(parts) == 1 or connection.dialect.name != "postgresql":
        for part, values in zip(parts, bound, strict=True):
            _cursor(connection, part.sql, values).close()
        return
    key = tuple(prepared for prepared, _ in waiting)
    sql = _TOGETHER.get(key)
    if sql is None:
        sql = _TOGETHER[key] = _one_statement([part.sql for part in parts])
    merged = {f"w{i}_{name}": value for i, values in enumerate(bound) for name, value in values.items()}
    _cursor(connection, sql, merged).close()


def _one_statement(inserts: Sequence[str]) -> str:
    """All but the last as common table expressions; foreign keys are checked at the statement's end."""
    *first, last = (sql.replace("%(", f"%(w{i}_") for i, sql in enumerate(inserts))
    return f"WITH {', '.join(f'w{i} AS ({sql})' for i, sql in enumerate(first))} {last}"


def _waiting(session: Session) -> _Waiting:
    waiting: _Waiting = session.info.setdefault(_WAITING, [])
    return waiting


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    write_waiting(session)


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: object, _instances: object) -> None:
    write_waiting(session)


@event.listens_for(Session, "do_orm_execute")
def _before_statement(state: Any) -> None:
    write_waiting(state.session)


@event.listens_for(Session, "after_transaction_create")
def _before_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        write_waiting(session)


@event.listens_for(Session, "after_soft_rollback")
def _after_rollback(session: Session, _previous: SessionTransaction) -> None:
    session.info[_WAITING] = []


@event.listens_for(Session, "after_transaction_end")
def _after_end(session: Session, transaction: SessionTransaction) -> None:
    """A session closed without a commit takes nothing into its next transaction."""
    if transaction.parent is None:
        session.info[_WAITING] = []


def _cursor(connection: Connection, sql: str, bound: Any) -> Any:
    """The driver's cursor after executing `sql`. Raises DBAPIError."""
    if connection._has_events or connection.engine._has_events:
        # Whoever listens to statements (tests that count them) must hear these too.
        return connection.exec_driver_sql(sql, bound)
    cursor = None
    try:
        cursor = connection.connection.cursor()
        cursor.execute(sql, bound)
    except connection.dialect.loaded_dbapi.Error as error:
        # Raises the DBAPIError of SQLAlchemy and gives up the connection if it is gone.
        connection._handle_dbapi_exception(error, sql, bound, cursor, None)
    return cursor


def _connection(session: Session) -> Connection:
    """`session.connection()`, looked up once per transaction."""
    given: Any = session
    if isinstance(given, scoped_session):
        session = given()
    transaction = session.get_transaction()
    held: tuple[Any, Connection] | None = session.info.get(_HELD)
    if held is not None and held[0] is transaction and transaction is not None:
        return held[1]
    connection = session.connection()
    session.info[_HELD] = (session.get_transaction(), connection)
    return connection


class _Compiled:
    __slots__ = ("_bind", "_defaults", "_order", "_result", "sql", "table", "words")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
        self.table: str | None = getattr(getattr(statement, "table", None), "name", None)
        self.words = frozenset(_WORDS.findall(self.sql))
        self._order: list[str] | None = list(compiled.positiontup) if compiled.positional else None
        self._bind: dict[str, Convert] = {}
        self._defaults: dict[str, Any] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._bind[name] = convert
            if not bind.required:
                self._defaults[name] = convert(bind.effective_value) if convert else bind.effective_value
        self._result: list[tuple[int, Convert]] = []
        for index, column in enumerate(compiled._result_columns):
            convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if convert is not None:
                self._result.append((index, convert))

    def bound(self, given: dict[str, Any]) -> Any:
        values = dict(self._defaults)
        bind = self._bind
        for name, value in given.items():
            values[name] = bind[name](value) if name in bind else value
        return tuple(values[name] for name in self._order) if self._order is not None else values

    def converted(self, row: Sequence[Any]) -> tuple[Any, ...]:
        if not self._result:
            return tuple(row)
        values = list(row)
        for index, convert in self._result:
            values[index] = convert(values[index])
        return tuple(values)
