"""Statements of the hot paths: written as SQLAlchemy constructs, compiled once per dialect, run on the driver's cursor.

Building and keying a construct for the cache costs several times what the database needs to answer by key (STACK.md
§5.3), and a `CursorResult` for one row costs as much again. Here the first is done once and the second not at all;
parameters and results still pass through the column types, so `Moment` refuses naive datetimes as everywhere, and
errors of the driver become SQLAlchemy's. Lists (`IN`) are not supported: use a subquery.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.sql import ClauseElement

Convert = Callable[[Any], Any]
_HELD = "gapura.prepared.connection"


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

    def _execute(self, session: Session, parameters: dict[str, Any]) -> tuple[_Compiled, Any]:
        connection = _connection(session)
        dialect = connection.dialect
        compiled = self._by_dialect.get(dialect.name)
        if compiled is None:
            compiled = self._by_dialect[dialect.name] = _Compiled(self._statement, dialect)
        bound = compiled.bound(parameters)
        if connection._has_events or connection.engine._has_events:
            # Whoever listens to statements (tests that count them) must hear these too.
            return compiled, connection.exec_driver_sql(compiled.sql, bound)
        cursor = None
        try:
            cursor = connection.connection.cursor()
            cursor.execute(compiled.sql, bound)
        except dialect.loaded_dbapi.Error as error:
            # Raises the DBAPIError of SQLAlchemy and gives up the connection if it is gone.
            connection._handle_dbapi_exception(error, compiled.sql, bound, cursor, None)
        return compiled, cursor


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
    __slots__ = ("_bind", "_defaults", "_order", "_result", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
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
