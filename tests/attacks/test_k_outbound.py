"""Class K: outbound requests, proxies, host."""

from __future__ import annotations

import socket
import time

import pytest

from tests.conftest import City
from tests.provider import a_provider
from tests.relying_party import Browser
from tests.sink import a_sink


def test_c_178_internal_targets_are_refused_at_registration(own_provider):
    provider = own_provider(started=False)
    targets = [
        "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/", "file:///etc/passwd", "gopher://x",
    ]  # fmt: skip
    text = provider.config.read_text()
    provider.config.write_text(text.replace('allow = ["127.0.0.0/8"]', 'allow = ["192.0.2.0/24"]'))
    for number, target in enumerate(targets):
        provider.run(
            "client", "add", f"dalam-{number}", "--name", "Dalam", "--redirect-uri", "https://d.test/cb",
            "--backchannel-logout-uri", target, code=None,
        )  # fmt: skip
    assert "dalam-" not in provider.run("client", "list", "--json")


@pytest.mark.parametrize("behaviour", ["redirect", "slow", "error"])
def test_c_180_c_181_hostile_peers_of_deliveries(cast, behaviour):
    with a_sink() as sink, a_sink() as elsewhere:
        if behaviour == "redirect":
            sink.status, sink.headers = 302, {"Location": f"{elsewhere.url}/x"}
        elif behaviour == "slow":
            sink.delay = 8
        else:
            sink.status = 500
        city = City(cast.provider)
        client = city.client("peer", backchannel_logout_uri=f"{sink.url}/out")
        city.build()
        browser = cast.browser()
        tokens = client.sign_in(browser, cast.siti)
        began = time.monotonic()
        page = browser.get(f"/oauth/logout?id_token_hint={tokens.id_token}")
        assert time.monotonic() - began < 2, "delivery is not waited for"
        assert page.page == "signed-out"
        sink.wait_for(1)
        assert elsewhere.received == []


@pytest.mark.parametrize("path", ["/", "/masuk", "/oauth/authorize", "/keamanan"])
def test_c_183_unknown_host(cast, path):
    assert cast.browser().request("GET", path, headers={"Host": "evil.test"}).status in (400, 421)


@pytest.fixture(scope="module")
def direct(tmp_path_factory):
    """Reached without any proxy."""
    environment = {"GAPURA_SERVER__TRUSTED_PROXIES": "192.0.2.1"}
    with a_provider(tmp_path_factory.mktemp("direct"), environment=environment) as provider:
        yield provider


class TestForwardedHeadersFromStrangers:
    """C-184: a peer that is no trusted proxy cannot choose scheme, port, prefix or address."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Port": "1"}, {"X-Forwarded-Prefix": "/evil"},
            {"X-Forwarded-Host": "evil.test"}, {"Forwarded": "for=192.0.2.9;host=evil.test;proto=https"},
            {"X-Client-Cert": "x", "Client-Cert": ":eA==:"},
        ],
        ids=lambda headers: next(iter(headers)),
    )  # fmt: skip
    def test_c_184_are_ignored(self, direct, headers):
        browser = Browser(direct)
        plain = browser.request("GET", "/masuk")
        forged = browser.request("GET", "/masuk", headers=headers)
        assert (forged.status, forged.page) == (plain.status, plain.page) == (200, "sign-in")
        assert "evil" not in forged.text
        metadata = browser.request("GET", "/.well-known/openid-configuration", headers=headers).json()
        assert metadata["issuer"] == direct.issuer
        assert "evil" not in str(metadata)

    def test_c_184_an_https_issuer_is_not_reached_by_a_header(self, own_provider):
        environment = {"GAPURA_SERVER__TRUSTED_PROXIES": "192.0.2.1"}
        provider = own_provider(issuer="https://sso.test", environment=environment)
        browser = Browser(provider)
        assert browser.request("GET", "/masuk", headers={"X-Forwarded-Proto": "https"}).status == 308
        assert (
            browser.request("POST", "/oauth/token", {}, headers={"X-Forwarded-Proto": "https"}).status == 400
        )
        assert browser.set_cookie_headers == []


class TestSmuggling:
    """C-186: two readings of one request are refused and the connection is closed."""

    @pytest.mark.parametrize(
        "head",
        [
            b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 3\r\nContent-Length: 60\r\n",
            b"Transfer-Encoding: xchunked\r\n", b"Content-Length: 3\r\n folded: x\r\n", b"Content-Length: +3\r\n",
            b"Content-Length : 3\r\n",
        ],
        ids=["both", "two lengths", "xchunked", "folded", "signed length", "space before colon"],
    )  # fmt: skip
    def test_c_186_no_second_answer(self, cast, head):
        host, port = cast.provider.address.split(":")
        hidden = f"GET /smuggled HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(
                f"POST /oauth/token HTTP/1.1\r\nHost: localhost:{port}\r\n".encode()
                + b"Content-Type: application/x-www-form-urlencoded\r\n" + head + b"\r\n0\r\n\r\n" + hidden
            )  # fmt: skip
            answer = self._read(connection)
        assert answer[9:12] in (b"400", b"411", b"501") or answer == b"", answer[:200]
        assert answer.count(b"HTTP/1.1 ") <= 1, answer
        assert "/smuggled" not in cast.provider.log

    def _read(self, connection: socket.socket) -> bytes:
        connection.settimeout(1)
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except (TimeoutError, ConnectionError):
            return received
        return received


@pytest.mark.parametrize(
    "email",
    ["x\r\nBcc: evil@evil.test", "x@a.test\nBcc:", "evil@evil.test,siti@kota.test", "tanpa-at", "a b@c.test"],
)
def test_c_187_addresses_that_would_break_a_mail_header(cast, email):
    """Nothing is stored that a mail or an application would have to distrust."""
    city = City(cast.provider)
    city.build()
    name = f"surat-{city.tag}"
    cast.provider.run(
        "person", "add", "--name", "Surat", "--username", name, "--email", email, "--unit", f"dinas-{city.tag}",
        code=2,
    )  # fmt: skip
    cast.provider.run("person", "show", name, code=3)
