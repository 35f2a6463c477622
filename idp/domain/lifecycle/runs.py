"""HR files on their way: one row per file, one per line of it with its verdict and what is to be done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.errors import NotFound
from idp.kernel.database import Base, Id, Json, Moment


class Mode(StrEnum):
    """A `full` file names everybody: whoever is absent leaves. A `delta` names only those who changed."""

    FULL = "full"
    DELTA = "delta"


class RunState(StrEnum):
    """`held` waits for a second person, `checked` for the order to apply."""

    UPLOADED = "uploaded"
    CHECKED = "checked"
    HELD = "held"
    APPLYING = "applying"
    APPLIED = "applied"
    DISCARDED = "discarded"


class ImportRun(Base):
    """One file. `content` is sealed and erased when the file is applied or discarded; `sha256` stays.

    `counts` is by verdict; `notes` holds `unknown_units`, `brakes`, `left_out` and `repeats` (an earlier run of the
    same file). `turn` rises with each transaction that applies rows: whoever raises it holds the run.
    """

    __tablename__ = "import_run"

    id: Mapped[Id]
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    mode: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[Any]] = mapped_column(Json)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    counts: Mapped[dict[str, Any]] = mapped_column(Json)
    notes: Mapped[dict[str, Any]] = mapped_column(Json)
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    turn: Mapped[int] = mapped_column(Integer, default=0)
    uploaded_by: Mapped[str | None] = mapped_column(String(128))
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
    checked_by: Mapped[str | None] = mapped_column(String(128))
    checked_at: Mapped[datetime | None] = mapped_column(Moment)
    approved_by: Mapped[str | None] = mapped_column(String(128))
    approved_at: Mapped[datetime | None] = mapped_column(Moment)
    ordered_by: Mapped[str | None] = mapped_column(String(128))
    ordered_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class ImportRow(Base):
    """One line of a file, or somebody whom a full file no longer names (`line` None).

    `task` is what applying needs, and for refused lines their cells; it is erased once it has been done. `problems`
    are `{column, value, code}`; `failure` is a code when the city had changed between check and application.
    """

    __tablename__ = "import_row"

    run_id: Mapped[str] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    line: Mapped[int | None] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(300))
    person_id: Mapped[str | None] = mapped_column(String(32))
    task: Mapped[dict[str, Any] | None] = mapped_column(Json)
    problems: Mapped[list[Any] | None] = mapped_column(Json)
    applied_at: Mapped[datetime | None] = mapped_column(Moment)
    failure: Mapped[str | None] = mapped_column(String(64))


def get(session: Session, run_id: str) -> ImportRun:
    """Raises NotFound."""
    run = session.get(ImportRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound("import_unknown", run=run_id)
    return run


def newest(session: Session, limit: int = 50) -> list[ImportRun]:
    return list(session.scalars(select(ImportRun).order_by(ImportRun.uploaded_at.desc()).limit(limit)))


def rows_of(
    session: Session, run_id: str, *, verdict: str | None = None, after: int = -1, limit: int = 100
) -> list[ImportRow]:
    """Rows in the file's order, from the one behind `after`; of one verdict, or `failed`, if wanted."""
    query = select(ImportRow).where(ImportRow.run_id == run_id, ImportRow.position > after)
    if verdict == "failed":
        query = query.where(ImportRow.failure.is_not(None))
    elif verdict:
        query = query.where(ImportRow.verdict == verdict)
    return list(session.scalars(query.order_by(ImportRow.position).limit(limit)))
