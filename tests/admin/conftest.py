"""The console in this process: a small city on SQLite, and a browser for each role with a session of its own."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.demo.seed import seed
from idp.domain.access import roles
from idp.domain.accounts import accounts
from idp.domain.accounts.hashing import Hasher
from idp.domain.actors import ALL_POWERS, Actor, ActorKind
from idp.domain.audit.rows import AuditEvent
from idp.domain.runtime import epochs, keys
from idp.domain.sessions import sso
from idp.domain.work import Work, open_vault
from idp.kernel import secrets_store
from idp.kernel.clock import Clock
from idp.kernel.settings import Settings
from idp.migrations.runner import upgrade
from idp.web.extensions import db

ISSUER = "http://localhost:8123"
PASSWORD, SECRET = "kuda benar baterai staples", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
FIXTURES: dict[str, Any] = {
    "units": [
        {"code": "disdukcapil", "name": "Dinas Kependudukan", "kind": "agency", "parent": None},
        {"code": "disdukcapil-yan", "name": "Bidang Pelayanan", "kind": "section", "parent": "disdukcapil"},
        {"code": "dinkes", "name": "Dinas Kesehatan", "kind": "agency", "parent": None},
    ],
    "people": [
        {"username": "siti", "name": "Siti Aminah", "nip": "198609262015051001", "unit": "disdukcapil-yan",
         "position": "Analis Pelayanan", "email": "siti@kota.test", "totp_secret": "JBSWY3DPEHPK3PXP"},
        {"username": "budi", "name": "Budi Santoso", "unit": "disdukcapil", "position": "Kepala Subbagian",
         "platform_roles": ["unit_admin"]},
        {"username": "rina", "name": "Rina Kesehatan", "unit": "dinkes", "position": "Perawat"},
        {"username": "admin", "password": PASSWORD, "totp_secret": SECRET, "name": "Ayu Administrator", "unit": "disdukcapil", "position": "Pranata Komputer",
         "platform_roles": ["sso_admin"]},
        {"username": "auditor", "name": "Wati Auditor", "unit": "dinkes", "position": "Auditor",
         "platform_roles": ["auditor"]},
        {"username": "kepegawaian", "name": "Hadi Kepegawaian", "unit": "dinkes", "position": "Analis SDM",
         "platform_roles": ["hr_verifier"]},
        {"username": "dewi", "name": "Dewi Pengembang", "unit": "disdukcapil", "position": "Programmer"},
    ],
    "clients": [
        {"client_id": "perizinan", "client_name": "Perizinan", "redirect_uris": ["https://perizinan.test/cb"],
         "scope": "openid profile nip unit roles", "agency": "disdukcapil", "access": {"default": "deny"},
         "roles": [{"name": "operator", "title": "Operator loket"}]},
        {"client_id": "puskesmas", "client_name": "Puskesmas", "redirect_uris": ["https://puskesmas.test/cb"],
         "scope": "openid profile", "agency": "dinkes"},
    ],
}  # fmt: skip
ROLES = {
    "staff": "siti",
    "unit_admin": "budi",
    "sso_admin": "admin",
    "auditor": "auditor",
    "hr_verifier": "kepegawaian",
}


@dataclass
class Visitor:
    """A browser. `post` brings the form token that the page before it handed out."""

    client: FlaskClient

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, base_url=ISSUER, **options)

    def post(self, path: str, **data: Any) -> TestResponse:
        return self.client.post(path, base_url=ISSUER, data={**data, "csrf_token": self._token()})

    def _token(self) -> str:
        page = self.client.get("/masuk", base_url=ISSUER, follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        return found[1]


@dataclass
class Console:
    """The application with its city; `clock` moves its time."""

    app: Flask
    settings: Settings
    clock: Path

    def work(self, session: Session) -> Work:
        actor = Actor(ActorKind.OPERATOR, "test", powers=ALL_POWERS)
        now = Clock(self.clock).now()
        return Work(session, actor, now, open_vault(self.settings), self.settings)

    def forward(self, span: timedelta) -> None:
        self.clock.write_text(str(float(self.clock.read_text()) + span.total_seconds()))

    def visitor(self, username: str | None = None, *, factors: tuple[str, ...] = ("pwd", "otp")) -> Visitor:
        """Signed in as `username` a moment ago, or a stranger."""
        client = self.app.test_client()
        if username is not None:
            with self.app.app_context():
                work = self.work(db.session)  # type: ignore[arg-type]
                _, cookie = sso.start(work, self.id_of(username), factors, 2 if "otp" in factors else 1)
                db.session.commit()
            client.set_cookie("gapura_sid", cookie, domain="localhost")
        return Visitor(client)

    def role(self, role: str) -> Visitor:
        return self.visitor(None if role == "anonymous" else ROLES[role])

    def id_of(self, username: str) -> str:
        with self.app.app_context():
            account = accounts.find(db.session, username)  # type: ignore[arg-type]
            assert account is not None
            return account.person_id

    def events(self, name: str) -> list[AuditEvent]:
        """Newest first."""
        with self.app.app_context():
            query = select(AuditEvent).where(AuditEvent.name == name).order_by(AuditEvent.id.desc())
            return list(db.session.scalars(query))

    def run(self, action: Callable[[Work], Any]) -> Any:
        """A domain verb as the operator, committed."""
        with self.app.app_context():
            result = action(self.work(db.session))  # type: ignore[arg-type]
            db.session.commit()
            return result


def opened(directory: Path) -> Console:
    """The console on the city that lies in `directory`."""
    clock = directory / "clock"
    clock.write_text("0")
    text = f"""
        environment = "test"
        issuer = "{ISSUER}"
        [database]
        url = "sqlite:///{directory}/gapura.db"
        [secrets]
        directory = "{directory}/secrets"
        [test]
        clock_offset_file = "{clock}"
        [keys]
        prepublish_seconds = 3600
        [passwords]
        argon2_memory_kib = 1024
        argon2_iterations = 1
    """
    settings = Settings.model_validate(tomllib.loads(text))
    secrets_store.create(settings.secrets.directory)
    upgrade(settings)
    return Console(create_app(settings), settings, clock)


def built(directory: Path) -> Console:
    """A city of its own below `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    console = opened(directory)

    def fill(work: Work) -> None:
        epochs.ensure(work.session)
        keys.ensure(work)
        roles.ensure_platform_roles(work.session, work.now)
        seed(work, FIXTURES, Hasher(console.settings.passwords))
        for person in FIXTURES["people"]:
            account = accounts.find(work.session, person["username"])
            assert account is not None
            accounts.activate(work, account.person_id)

    console.run(fill)
    with console.app.app_context():
        db.engine.dispose()
    return console


@pytest.fixture(scope="session")
def model_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once; each test that changes something gets a copy."""
    directory = tmp_path_factory.mktemp("model")
    built(directory)
    return directory


@pytest.fixture(scope="session")
def shared_console(model_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Console:
    """For tests that only read, or change nothing that another test looks at."""
    directory = tmp_path_factory.mktemp("console") / "city"
    shutil.copytree(model_city, directory)
    return opened(directory)


@pytest.fixture
def console(model_city: Path, tmp_path: Path) -> Console:
    directory = tmp_path / "city"
    shutil.copytree(model_city, directory)
    return opened(directory)
