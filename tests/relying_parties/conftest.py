"""Applications on real libraries, registered at a real provider, and a browser to use them with."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from browser import Browser

import clients  # noqa: F401 - puts the kit on the path

API = "https://api-izin.test"
PASSWORD = "Kujang-Tegallega-Surya-71"
APPLICATIONS = ("perizinan", "eoffice", "node", "django")


@dataclass(frozen=True)
class Site:
    """An application that runs: where, and with which registration."""

    url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class City:
    """What was seeded: the provider's address, the applications, the person and their second factor."""

    issuer: str
    sites: dict[str, Site]
    username: str
    totp_secret: str
    seeded: dict[str, Any]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def addresses() -> dict[str, str]:
    """One address per application, the same for the whole run, since registrations name them."""
    return {name: f"http://localhost:{_free_port()}" for name in (*APPLICATIONS, "api")}


def _client(name: str, url: str, **differs: Any) -> dict[str, Any]:
    return {
        "client_id": f"rp-{name}", "client_secret": f"{name}-0123456789-abcdefghijklmnopqrstuvwxyz",
        "client_name": name.title(), "profile": "standard", "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [f"{url}/auth/callback"], "post_logout_redirect_uris": [f"{url}/auth/signed-out"],
        "backchannel_logout_uri": f"{url}/auth/backchannel-logout", "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email roles unit permits:read",
        "environment": "production", "access": {"default": "allow"}, **differs,
    }  # fmt: skip


def _document(addresses: dict[str, str], username: str, totp_secret: str) -> dict[str, Any]:
    node, site = addresses["node"], addresses["django"]
    plain = {"backchannel_logout_uri": None, "skip_notice": True}
    return {
        "units": [{"code": "rp-dinkes", "name": "Dinas Kesehatan", "kind": "agency", "parent": None}],
        "people": [
            {
                "username": username, "name": "Siti Aminah", "email": f"{username}@kota.test", "password": PASSWORD,
                "totp_secret": totp_secret, "unit": "rp-dinkes", "position": "Kepala Seksi",
                "roles": {"rp-perizinan": ["verifikator"], "rp-node": ["verifikator"], "rp-django": ["verifikator"]},
            }
        ],
        "clients": [
            _client("perizinan", addresses["perizinan"], roles=[{"name": "verifikator", "title": "Verifikator"}]),
            _client("eoffice", addresses["eoffice"], roles=[{"name": "penandatangan", "title": "Penanda tangan"}]),
            _client("node", node, redirect_uris=[f"{node}/callback"], post_logout_redirect_uris=[f"{node}/signed-out"],
                    roles=[{"name": "verifikator", "title": "Verifikator"}], **plain),
            _client("django", site, redirect_uris=[f"{site}/oidc/callback/"],
                    post_logout_redirect_uris=[f"{site}/signed-out"],
                    roles=[{"name": "verifikator", "title": "Verifikator"}], **plain),
        ],
        "resource_servers": [
            {"identifier": API, "client_id": "rp-api", "client_secret": "api-0123456789-abcdefghijklmnopqrstuvwxyz",
             "scopes": ["permits:read"]}
        ],
    }  # fmt: skip


@pytest.fixture
def city(provider: Any, addresses: dict[str, str]) -> City:
    """A person of their own for each test, for a one-time code is good for one sign-in."""
    username = f"rp-{secrets.token_hex(4)}"
    totp_secret = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32))
    document = _document(addresses, username, totp_secret)
    seeded = provider.seed(document)
    sites = {
        name: Site(addresses[name], f"rp-{name}", client["client_secret"])
        for name, client in zip(APPLICATIONS, document["clients"], strict=True)
    }
    return City(provider.issuer, sites, username, totp_secret, seeded)


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start a program that listens at ``url``; it is ended after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def _start(command: list[str], url: str, **environment: str) -> None:
        log = (tmp_path / f"program-{len(running)}.log").open("wb")
        program = subprocess.Popen(
            command, env={**os.environ, "URL": url, **environment}, stdout=log, stderr=subprocess.STDOUT
        )
        running.append(program)
        deadline = time.monotonic() + 30
        while not _listens(url):
            if program.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(Path(log.name).read_text())
            time.sleep(0.05)

    yield _start
    for program in running:
        program.terminate()
        program.wait(10)


def _listens(url: str) -> bool:
    try:
        socket.create_connection(("localhost", int(url.rsplit(":", 1)[1])), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def serve() -> Iterator[Callable[[Any, str], None]]:
    """Serve a WSGI application of this process at ``url``; it is ended after the test."""
    running: list[tuple[Any, threading.Thread]] = []

    def _serve(app: Any, url: str) -> None:
        server = make_server("127.0.0.1", int(url.rsplit(":", 1)[1]), app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        running.append((server, thread))

    yield _serve
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()
