"""Applications on real libraries, registered at a real provider, and a browser to use them with."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

import clients  # noqa: F401 - puts the kit on the path
from tests.relying_parties.browser import Browser
from tests.relying_parties.registrations import APPLICATIONS, City, Site, document


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def addresses() -> dict[str, str]:
    """One address per application, the same for the whole run, since registrations name them."""
    return {name: f"http://localhost:{_free_port()}" for name in (*APPLICATIONS, "api", "quickstart")}


@pytest.fixture
def city(provider: Any, addresses: dict[str, str]) -> City:
    """A person of their own for each test, for a one-time code is good for one sign-in."""
    username = f"rp-{secrets.token_hex(4)}"
    totp_secret = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32))
    registrations = document(addresses, username, totp_secret)
    seeded = provider.seed(registrations)
    sites = {
        name: Site(addresses[name], f"rp-{name}", client["client_secret"])
        for name, client in zip(APPLICATIONS, registrations["clients"], strict=True)
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
        log = tmp_path / f"program-{len(running)}.log"
        with log.open("wb") as output:
            program = subprocess.Popen(
                command,
                env={**os.environ, "URL": url, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running.append(program)
        deadline = time.monotonic() + 30
        while not _listens(url):
            if program.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text())
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
