"""The domain alone, on a real database: units of a small city, and units of work for whoever acts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

import idp.domain.tables  # noqa: F401
from idp.domain.access import grants, roles, state
from idp.domain.access.grants import Offer
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.actors import ALL_POWERS, Actor, ActorKind
from idp.domain.audit.rows import AuditEvent
from idp.domain.city import units
from idp.domain.lifecycle import moves
from idp.domain.lifecycle.moves import NewPerson
from idp.domain.runtime import epochs
from idp.domain.work import Vault, Work
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.opaque import Digests
from idp.kernel.sealed import Sealer
from idp.kernel.settings import Settings
from idp.migrations.runner import upgrade

OPERATOR = Actor(ActorKind.OPERATOR, "penguji", powers=ALL_POWERS)
START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
UNITS = (("kota", None), ("dinkes", "kota"), ("pkm", "dinkes"), ("dpmptsp", "kota"))


@dataclass
class Town:
    """`now` is the moment of the next unit of work."""

    engine: Engine
    settings: Settings
    now: datetime = START

    @contextmanager
    def work(self, actor: Actor = OPERATOR) -> Iterator[Work]:
        """Committed at the end of the block, undone when it raises."""
        vault = Vault(Digests(b"d" * 32), Sealer(b"k" * 32))
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield Work(session, actor, self.now, vault, self.settings)

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)

    def person(self, username: str, unit: str = "dinkes", role: str | None = None, **given) -> str:
        """Somebody who can sign in, with a platform role if wanted (a unit_admin of their unit)."""
        values = {"plain_name": username.title(), "employment_status": "pns", "valid_from": date(2020, 1, 1)}
        with self.work() as work:
            person_id = moves.join(work, NewPerson(**{**values, "username": username, "unit": unit, **given}))
            accounts.activate(work, person_id)
            if role is not None:
                within = unit if role == "unit_admin" else None
                grants.give(work, Offer(None, role, Holder.PERSON, person_id, "uji", constraint_unit=within))
        return person_id

    def actor(self, person_id: str) -> Actor:
        """The person with the powers they hold now."""
        with self.work() as work:
            return Actor(ActorKind.PERSON, person_id, powers=state.powers_of(work, person_id))

    def events(self, name: str) -> list[AuditEvent]:
        with self.work() as work:
            query = select(AuditEvent).where(AuditEvent.name == name).order_by(AuditEvent.id)
            return list(work.session.scalars(query))


@contextmanager
def built(url: str, directory: Path) -> Iterator[Town]:
    settings = Settings(
        environment="test",
        issuer="http://localhost:8123",
        database={"url": url},
        secrets={"directory": directory / "secrets"},
    )
    upgrade(settings)
    engine = create_engine(url, **engine_options(settings.database))
    prepare_engine(engine)
    town = Town(engine, settings)
    with town.work() as work:
        epochs.ensure(work.session)
        roles.ensure_platform_roles(work.session, work.now)
        for code, parent in UNITS:
            units.add(
                work, code=code, name=code.title(), kind="agency", parent=parent, valid_from=date(2020, 1, 1)
            )
    try:
        yield town
    finally:
        engine.dispose()


@contextmanager
def a_database(kind: str, directory: Path) -> Iterator[str]:
    """The address of an empty database of that kind."""
    if kind == "sqlite":
        yield f"sqlite:///{directory}/gapura.db"
        return
    admin = os.environ["GAPURA_TEST_POSTGRES"]
    name = f"gapura_{secrets.token_hex(6)}"
    with psycopg.connect(admin.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{admin.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with built(f"sqlite:///{tmp_path}/gapura.db", tmp_path) as made:
        yield made


@pytest.fixture(params=("sqlite", "postgresql"))
def either_town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """The same city on each database."""
    with a_database(request.param, tmp_path) as url, built(url, tmp_path) as made:
        yield made
