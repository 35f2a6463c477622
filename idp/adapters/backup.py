"""Backups in one form for both databases: every row, the root secrets and the configuration (SECURITY.md F-31 to F-33).

The plain text is zlib-compressed JSON lines: the manifest, the files, the rows table by table, and a count of all
of it at the end. Rows are read in one transaction, so the copy is of one moment.
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Insert,
    LargeBinary,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.types import Date, TypeEngine

from idp.adapters.archive import ArchiveRefused
from idp.domain.tables import Base
from idp.kernel import failpoints
from idp.kernel.database import Moment

BATCH = 500
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE


def tables() -> list[Table]:
    """Parents before children."""
    return list(Base.metadata.sorted_tables)


def dump(engine: Engine, manifest: dict[str, Any], files: dict[str, bytes]) -> Iterator[bytes]:
    """The compressed lines."""
    packer = zlib.compressobj(6)
    for line in _lines(engine, manifest, files):
        piece = packer.compress(line)
        if piece:
            yield piece
    yield packer.flush()


def _lines(engine: Engine, manifest: dict[str, Any], files: dict[str, bytes]) -> Iterator[bytes]:
    yield _line({"manifest": manifest})
    for name, content in files.items():
        yield _line({"file": name, "content": base64.b64encode(content).decode()})
    counted: Counter[str] = Counter()
    with _snapshot(engine) as connection:
        for table in tables():
            names = [column.name for column in table.columns]
            yield _line({"table": table.name, "columns": names})
            result = connection.execution_options(yield_per=BATCH).execute(select(table))
            for row in result:
                yield _line([_plain(value) for value in row])
                counted[str(table.name)] += 1
            failpoints.hit("backup.mid")
    yield _line({"end": counted})


def _snapshot(engine: Engine) -> Connection:
    """A connection in which every read sees the same moment, and that holds up nobody."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    else:
        # The driver opens a transaction for writes only; in WAL mode a read transaction never blocks a writer.
        connection.exec_driver_sql("BEGIN")
    return connection


def unpack(pieces: Iterable[bytes]) -> Iterator[Any]:
    """Parsed lines of compressed pieces. Raises ArchiveRefused."""
    unpacker, pending = zlib.decompressobj(), b""
    try:
        for piece in pieces:
            pending += unpacker.decompress(piece)
            *lines, pending = pending.split(b"\n")
            yield from map(orjson.loads, lines)
    except (zlib.error, ValueError) as error:
        raise ArchiveRefused("the content is damaged") from error
    if pending or not unpacker.eof:
        raise ArchiveRefused("the content is cut")


def _first(lines: Iterator[Any]) -> dict[str, Any]:
    line = next(lines, None)
    if not isinstance(line, dict) or "manifest" not in line:
        raise ArchiveRefused("there is no manifest")
    manifest: dict[str, Any] = line["manifest"]
    return manifest


def head(lines: Iterator[Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Manifest and files, which stand before the rows. Raises ArchiveRefused."""
    manifest: dict[str, Any] = _first(lines)
    files: dict[str, bytes] = {}
    for line in lines:
        if "file" not in line:
            return manifest, files
        files[line["file"]] = base64.b64decode(line["content"])
    raise ArchiveRefused("the content is cut")


def load(engine: Engine, lines: Iterator[Any]) -> tuple[dict[str, Any], dict[str, bytes], dict[str, int]]:
    """Insert all rows into an empty schema of ours, in one transaction; returns manifest, files and counts.

    Nothing remains of a file that turns out to be damaged. Raises ArchiveRefused.
    """
    manifest: dict[str, Any] = _first(lines)
    files: dict[str, bytes] = {}
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        counts = _load_rows(connection, lines, files)
        _restart_numbers(connection)
        failpoints.hit("restore.mid")
    return manifest, files, counts


def _load_rows(connection: Connection, lines: Iterator[Any], files: dict[str, bytes]) -> dict[str, int]:
    known = {table.name: table for table in tables()}
    counted: Counter[str] = Counter()
    table: Table | None = None
    names: list[str] = []
    waiting: list[dict[str, Any]] = []

    def flush() -> None:
        if table is not None and waiting:
            connection.execute(_insertion(table, names), waiting)
        waiting.clear()

    for line in lines:
        if isinstance(line, list):
            if table is None:
                raise ArchiveRefused("a row stands before its table")
            waiting.append({n: _typed(table.c[n].type, v) for n, v in zip(names, line, strict=True)})
            counted[str(table.name)] += 1
            if len(waiting) >= BATCH:
                flush()
        elif "table" in line:
            flush()
            if line["table"] not in known:
                raise ArchiveRefused(f"table {line['table']} is not known here")
            table, names = known[line["table"]], line["columns"]
        elif "file" in line:
            files[line["file"]] = base64.b64decode(line["content"])
        elif "end" in line:
            flush()
            if line["end"] != dict(counted):
                raise ArchiveRefused("rows are missing")
            return dict(counted)
    raise ArchiveRefused("the end is missing")


def _insertion(table: Table, names: list[str]) -> Insert:
    """Nothing stays nothing: JSON columns would otherwise hold the text `null`."""
    return insert(table).values(
        {
            name: bindparam(
                name,
                type_=JSON(none_as_null=True) if isinstance(table.c[name].type, JSON) else table.c[name].type,
            )
            for name in names
        }
    )


def _restart_numbers(connection: Connection) -> None:
    """PostgreSQL counts by sequences, which know nothing of inserted numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables():
        for column in table.primary_key.columns:
            place = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": f'"{table.name}"', "column": column.name},
            ).scalar()
            if place is not None:
                following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
                connection.execute(select(func.setval(place, following, False)))


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value


def _typed(kind: TypeEngine[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, Moment):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return value


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=_OPTIONS)
