"""Bring the schema up (being built)."""

from __future__ import annotations

from sqlalchemy import create_engine

import idp.domain.tables  # noqa: F401
from idp.kernel.database import Base, engine_options
from idp.kernel.settings import Settings


def upgrade(settings: Settings) -> None:
    engine = create_engine(settings.database.url, **engine_options(settings.database))
    Base.metadata.create_all(engine)
