"""The application in this process, so that its statements, commits, signatures and password hashes can be counted."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import event
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.demo.seed import seed
from idp.domain.accounts import assurance
from idp.domain.accounts.hashing import Hasher
from idp.domain.sessions import sso
from idp.web.extensions import db
from tests.installation import an_installation
from tests.relying_party import s256

ORIGIN = "http://localhost:1"
REDIRECT_URI = "https://rp.test/cb"
SECRET = "a generated secret would stand here"
PASSWORD = "kuda benar baterai staples"
VERIFIER = secrets.token_urlsafe(32)
HASHES = "gapura_password_hashes_total"
CITY = {
    "units": [{"code": "dinas-uji", "name": "Dinas Uji", "kind": "agency", "parent": None}],
    "people": [{"username": "siti", "name": "Siti", "unit": "dinas-uji", "email": "siti@kota.test",
                "position": "Kepala Seksi", "password": PASSWORD}],
    "clients": [
        {"client_id": "app", "client_secret": SECRET, "client_name": "App", "redirect_uris": [REDIRECT_URI],
         "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email",
         "skip_notice": True},
        {"client_id": "machine", "client_secret": SECRET, "client_name": "Machine", "response_types": [],
         "grant_types": ["client_credentials"], "scope": "read"},
    ],
    "resource_servers": [{"identifier": "https://api.test", "client_id": "api", "client_secret": SECRET,
                          "scopes": ["read"]}],
}  # fmt: skip


@dataclass
class Spent:
    """What one request cost."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    signatures: int = 0
    hashes: int = 0


@dataclass
class Hot:
    """A city with one person signed in and one of each grant in hand."""

    app: Flask
    client: FlaskClient
    database: str

    def count(self, call: Callable[[], TestResponse]) -> Spent:
        """Run `call` once and count. The half-second look at the configuration is not part of a request's price."""
        spent = Spent()
        self.app.extensions["gapura"].catalogue.postpone()
        with self.app.app_context():
            engine = db.engine

        def statement(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
            spent.statements.append(text)

        def commit(_connection: Any) -> None:
            spent.commits += 1

        def called(_frame: Any, kind: str, what: Any) -> None:
            if kind == "c_call" and getattr(what, "__name__", "") == "sign":
                spent.signatures += 1

        hashes = REGISTRY.get_sample_value(HASHES) or 0
        event.listen(engine, "before_cursor_execute", statement)
        event.listen(engine, "commit", commit)
        sys.setprofile(called)
        try:
            response = call()
        finally:
            sys.setprofile(None)
            event.remove(engine, "before_cursor_execute", statement)
            event.remove(engine, "commit", commit)
        assert response.status_code in (200, 302, 303), response.text
        spent.hashes = int((REGISTRY.get_sample_value(HASHES) or 0) - hashes)
        return spent

    def authorize(self) -> TestResponse:
        return self.client.get("/oauth/authorize", base_url=ORIGIN, query_string={
            "client_id": "app", "response_type": "code", "redirect_uri": REDIRECT_URI, "state": "s", "nonce": "n",
            "scope": "openid profile email", "code_challenge": s256(VERIFIER), "code_challenge_method": "S256",
        })  # fmt: skip

    def code(self) -> str:
        return parse_qs(urlsplit(self.authorize().headers["Location"]).query)["code"][0]

    def exchange(self, code: str) -> TestResponse:
        return self._post("/oauth/token", grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI,
                          code_verifier=VERIFIER)  # fmt: skip

    def tokens(self) -> dict[str, Any]:
        found: dict[str, Any] = self.exchange(self.code()).get_json()
        return found

    def refresh(self, token: str) -> TestResponse:
        return self._post("/oauth/token", grant_type="refresh_token", refresh_token=token)

    def machine_grant(self) -> TestResponse:
        return self._post("/oauth/token", client_id="machine", grant_type="client_credentials", scope="read")

    def introspect(self, token: str) -> TestResponse:
        return self._post("/oauth/introspect", token=token)

    def userinfo(self, token: str) -> TestResponse:
        return self.client.get(
            "/oauth/userinfo", base_url=ORIGIN, headers={"Authorization": f"Bearer {token}"}
        )

    def _post(self, path: str, *, client_id: str = "app", **form: str) -> TestResponse:
        basic = base64.b64encode(f"{client_id}:{SECRET}".replace(" ", "+").encode()).decode()
        return self.client.post(path, base_url=ORIGIN, data=form, headers={"Authorization": f"Basic {basic}"})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hot]:
    directory: Path = tmp_path_factory.mktemp("budget")
    with an_installation(directory, request.param) as place:
        with place.work() as work:
            person_id = seed(work, CITY, Hasher(place.settings.passwords))["people"][0]["id"]
            _, cookie = sso.start(work, person_id, [assurance.PASSWORD], 1)
        app = create_app(place.settings)
        client = app.test_client()
        client.set_cookie("gapura_sid", cookie, domain="localhost")
        made = Hot(app, client, request.param)
        made.userinfo(made.tokens()["access_token"])
        yield made
        with app.app_context():
            db.engine.dispose()
