"""Open a Work for a command: the actor is the operator who may log in on the host (ARCHITECTURE.md §2.4)."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

import idp.domain.tables  # noqa: F401 -- every table must be known
from idp.domain.actors import ALL_POWERS, Actor, ActorKind
from idp.domain.work import Work, open_vault
from idp.kernel.clock import Clock
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Installation:
    """A configuration and its database."""

    config: Path
    settings: Settings
    engine: Engine


def installation(config: Path) -> Installation:
    """Raises SettingsError."""
    settings = load(config)
    engine = create_engine(settings.database.url, **engine_options(settings.database))
    prepare_engine(engine)
    return Installation(config, settings, engine)


@contextmanager
def open_work(place: Installation, *, name: str | None = None) -> Iterator[Work]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    actor = Actor(ActorKind.OPERATOR, name or _account(), powers=ALL_POWERS)
    now = Clock(place.settings.test.clock_offset_file).now()
    with Session(place.engine, expire_on_commit=False) as session, session.begin():
        yield Work(session, actor, now, open_vault(place.settings), place.settings)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
