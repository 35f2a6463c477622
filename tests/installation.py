"""An installation without a server: settings, database at the newest schema, and units of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

import idp.domain.tables  # noqa: F401 -- every table must be known
from idp.domain.actors import SYSTEM
from idp.domain.runtime import epochs, keys
from idp.domain.transparency import log
from idp.domain.work import Vault, Work, open_vault
from idp.kernel import secrets_store
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.settings import Settings, load
from idp.migrations.runner import upgrade
from tests.provider import a_database


@dataclass
class Place:
    """What `gapura init` leaves behind, in this process."""

    config: Path
    settings: Settings
    engine: Engine
    vault: Vault

    @contextmanager
    def work(self, now: datetime | None = None) -> Iterator[Work]:
        """One transaction, committed at its end."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield Work(session, SYSTEM, now or datetime.now(UTC), self.vault, self.settings)


@contextmanager
def an_installation(directory: Path, database: str) -> Iterator[Place]:
    """`database` is sqlite or postgresql."""
    with a_database(directory, database) as url:
        config = directory / "config.toml"
        config.write_text(f'environment = "test"\nissuer = "http://localhost:1"\n[database]\nurl = "{url}"\n')
        settings = load(config, {})
        secrets_store.create(settings.secrets.directory)
        upgrade(settings)
        engine = create_engine(url, **engine_options(settings.database))
        prepare_engine(engine)
        place = Place(config, settings, engine, open_vault(settings))
        with place.work() as work:
            epochs.ensure(work.session)
            keys.ensure(work)
            log.ensure_key(work)
        try:
            yield place
        finally:
            engine.dispose()
