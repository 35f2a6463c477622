"""Statements of the hot paths: written as SQLAlchemy constructs, compiled once per dialect, run as driver SQL.

Building and keying a construct for the cache costs several times what the database needs to answer by key (STACK.md
§5.3). Here that work is done once; parameters and results still pass through the column types, so `Moment` refuses
naive datetimes as everywhere. Lists (`IN`) are not supported: use a subquery.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect, Row
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement

Convert = Callable[[Any], Any]


class Prepared:
    """One statement. Parameters are its `bindparam` names."""

    __slots__ = ("_by_dialect", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._by_dialect: dict[str, _Compiled] = {}

    def first(self, session: Session, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        compiled = self._compiled(session)
        result = session.connection().exec_driver_sql(compiled.sql, compiled.bound(parameters))
        row = result.fetchone()
        result.close()
        return None if row is None else compiled.converted(row)

    def all(self, session: Session, **parameters: Any) -> list[tuple[Any, ...]]:
        """Every row."""
        compiled = self._compiled(session)
        result = session.connection().exec_driver_sql(compiled.sql, compiled.bound(parameters))
        return [compiled.converted(row) for row in result.fetchall()]

    def run(self, session: Session, **parameters: Any) -> None:
        """Execute a statement that returns nothing."""
        compiled = self._compiled(session)
        session.connection().exec_driver_sql(compiled.sql, compiled.bound(parameters))

    def _compiled(self, session: Session) -> _Compiled:
        dialect = session.get_bind().dialect
        found = self._by_dialect.get(dialect.name)
        if found is None:
            found = self._by_dialect[dialect.name] = _Compiled(self._statement, dialect)
        return found


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

    def converted(self, row: Row[Any]) -> tuple[Any, ...]:
        if not self._result:
            return tuple(row)
        values = list(row)
        for index, convert in self._result:
            values[index] = convert(values[index])
        return tuple(values)
