"""Whether the database has the schema that this version needs, without loading the migrations themselves."""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

EXPECTED = "0001"
"""The newest revision; revisions are numbers of four digits, so that a later schema can be recognised."""


def current(session: Session) -> str | None:
    """The revision of the database; None when it has no schema of ours."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_usable(revision: str | None) -> bool:
    """A later schema will do: migrations only add, so that the version before keeps working during an upgrade."""
    return revision is not None and revision >= EXPECTED
