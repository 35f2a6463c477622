"""Without a database: keys and discovery are served, the rest says 503 soon, and it mends itself (P6, P7, F-08, F-45)."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
import urllib3

from tests.conftest import City
from tests.provider import Provider
from tests.relying_party import TOTP_STEP

SOON, BACK = 5, 10


class Line:
    """A TCP line to the database that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        assert self._listener is not None
        # On Linux close() alone does not wake accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._there)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with source:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)


@contextmanager
def a_line(provider: Provider) -> Iterator[Line]:
    url = re.search(r'url = "([^"]+)"', provider.config.read_text())[1]
    line = Line("127.0.0.1", int(re.search(r":(\d+)/", url)[1]))
    provider.extra = {"GAPURA_DATABASE__URL": re.sub(r":\d+/", f":{line.port}/", url)}
    try:
        yield line
    finally:
        with contextlib.suppress(OSError):
            line.cut()


def ask(
    provider: Provider, method: str, path: str, **fields: str
) -> tuple[int, urllib3.HTTPHeaderDict, float]:
    began = time.monotonic()
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
    answer = urllib3.request(
        method,
        provider.issuer + path,
        body=urlencode(fields) or None,
        headers=headers,
        retries=False,
        timeout=15,
    )
    return answer.status, answer.headers, time.monotonic() - began


class TestADatabaseThatIsAway:
    @pytest.fixture
    def provider(self, own_provider) -> Provider:
        return own_provider("postgresql", started=False)

    def test_stops_what_needs_it_and_nothing_else_and_comes_back_by_itself(self, provider):
        with a_line(provider) as line:
            provider.start()
            city = City(provider)
            siti, client = city.person(), city.client()
            city.build()
            tokens = client.sign_in(city.browser(), siti)
            line.cut()
            for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz"):
                assert ask(provider, "GET", path)[0] == 200, path
            status, headers, seconds = ask(
                provider, "POST", "/oauth/token", grant_type="refresh_token",
                refresh_token=tokens.refresh_token, client_id=client.client_id, client_secret=client.client_secret,
            )  # fmt: skip
            assert (status, "Retry-After" in headers) == (503, True)
            assert seconds < SOON
            status, headers, seconds = ask(provider, "GET", client.url(client.request()))
            assert (status, "Retry-After" in headers) == (503, True)
            assert seconds < SOON
            assert ask(provider, "GET", "/readyz")[0] == 503
            line.mend()
            deadline = time.monotonic() + BACK
            while ask(provider, "GET", "/readyz")[0] != 200 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert client.refresh(tokens.refresh_token).status == 200
            provider.clock.forward(TOTP_STEP)
            client.sign_in(city.browser(), siti)
            provider.run("audit", "verify")


class TestABusySqlite:
    def test_is_waited_for_and_then_answered_with_503_never_with_an_error_of_ours(self, own_provider):
        """F-44: another process holds the write lock."""
        provider = own_provider()
        city = City(provider)
        siti, client = city.person(), city.client()
        city.build()
        tokens = client.sign_in(city.browser(), siti)
        holder = sqlite3.connect(provider.directory / "gapura.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            answer = client.refresh(tokens.refresh_token)
            assert (answer.status, "Retry-After" in answer.headers) == (503, True)
            assert client.wire().request("GET", "/.well-known/jwks.json").status == 200
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert client.refresh(tokens.refresh_token).status == 200
