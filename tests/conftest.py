"""Providers for the tests: one per database and worker process, and a factory for those who need their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.provider import Provider, a_provider
from tests.relying_party import Browser, Person, RelyingParty

DATABASES = ("sqlite", "postgresql")
PASSWORD = "kuda benar baterai staples"


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Provider]]:
    """The shared provider of a database, started at first need. Tests that move the clock name one of their own."""
    with ExitStack() as stack:
        running: dict[str, Provider] = {}

        def get(database: str, name: str = "shared") -> Provider:
            key = f"{name}-{database}"
            if key not in running:
                running[key] = stack.enter_context(a_provider(tmp_path_factory.mktemp(key), database))
            return running[key]

        yield get


@pytest.fixture
def provider(providers: Callable[..., Provider]) -> Provider:
    """The shared provider on SQLite."""
    return providers("sqlite")


@pytest.fixture(params=DATABASES)
def either_provider(request: pytest.FixtureRequest, providers: Callable[..., Provider]) -> Provider:
    """The shared provider on each database in turn."""
    return providers(request.param)


@pytest.fixture
def own_provider(tmp_path: Path) -> Iterator[Callable[..., Provider]]:
    """A factory of providers that belong to one test."""
    with ExitStack() as stack:

        def make(database: str = "sqlite", **options: Any) -> Provider:
            directory = tmp_path / secrets.token_hex(3)
            return stack.enter_context(a_provider(directory, database, **options))

        yield make


class City:
    """Fixtures of one test on a provider: people and clients with names of their own."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.tag = secrets.token_hex(3)
        self._document: dict[str, list[Any]] = {
            "units": [{"code": f"dinas-{self.tag}", "name": "Dinas Uji", "kind": "agency", "parent": None}],
            "people": [],
            "clients": [],
            "resource_servers": [],
        }

    def person(self, name: str = "siti", *, totp: bool = True, **entry: Any) -> Person:
        made = Person(f"{name}-{self.tag}", PASSWORD, _base32() if totp else None)
        self._document["people"].append(
            {
                "username": made.username, "name": entry.pop("full_name", "Siti Aminah"), "password": made.password,
                "email": f"{made.username}@kota.test", "unit": f"dinas-{self.tag}", "position": "Kepala Seksi",
                **({"totp_secret": made.totp_secret} if totp else {}), **entry,
            }
        )  # fmt: skip
        return made

    def client(self, name: str = "a", *, key: Any = None, pkce: bool = True, **entry: Any) -> RelyingParty:
        client_id = f"{name}-{self.tag}"
        method = entry.setdefault("token_endpoint_auth_method", "client_secret_basic")
        secret = f"rahasia+{client_id}/%20" if method.startswith("client_secret") else None
        entry.setdefault("redirect_uris", [f"https://{name}.test/cb"])
        entry.setdefault("scope", "openid profile email roles offline_access")
        entry.setdefault("grant_types", ["authorization_code", "refresh_token"])
        self._document["clients"].append(
            {
                "client_id": client_id, "client_secret": secret, "client_name": f"Aplikasi {name.upper()}",
                "skip_notice": True, "access": {"default": "allow"},
                **({"jwks": {"keys": [key.as_dict(private=False)]}} if key is not None else {}), **entry,
            }
        )  # fmt: skip
        redirect = entry["redirect_uris"][0] if entry["redirect_uris"] else ""
        return RelyingParty(self.provider, client_id, secret, redirect, method=method, key=key, pkce=pkce)

    def api(self, name: str = "api", scopes: tuple[str, ...] | None = None) -> RelyingParty:
        client_id = f"{name}-{self.tag}"
        self._document["resource_servers"].append(
            {
                "identifier": f"https://{client_id}.test", "client_id": client_id, "client_secret": f"rahasia-{client_id}",
                "scopes": list(scopes or (f"{client_id}:read",)),
            }
        )  # fmt: skip
        return RelyingParty(self.provider, client_id, f"rahasia-{client_id}", "")

    def build(self) -> dict[str, Any]:
        """Seed what was asked for since the last time."""
        seeded = self.provider.seed(self._document)
        for name in ("people", "clients", "resource_servers"):
            self._document[name] = []
        return seeded

    def browser(self) -> Browser:
        return Browser(self.provider)


def _base32() -> str:
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32))


@pytest.fixture
def town(provider: Provider) -> City:
    return City(provider)


@pytest.fixture
def either_town(either_provider: Provider) -> City:
    return City(either_provider)
