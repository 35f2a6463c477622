"""Class N: exhaustion."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.attacks.test_c_codes import together
from tests.conftest import City
from tests.relying_party import Browser

QUICK = 0.5
"""Seconds; generous for a machine that runs other tests beside this one."""


def timed(call):
    began = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began


def password_page(cast):
    browser = cast.browser()
    return browser, browser.get(cast.a.url(cast.a.request()))


class TestLongPasswords:
    """C-218 and C-219: the length is looked at before anything is normalised or hashed."""

    @pytest.mark.parametrize("password", ["x" * 129, "x" * 1_000_000, "a" + "\u0301\u0323" * 50_000])
    def test_c_218_and_c_219_are_refused_without_a_hash(self, cast, password):
        browser, page = password_page(cast)
        before = cast.provider.metric("gapura_password_hashes_total")
        answer, seconds = timed(
            lambda: browser.send(page, page.form("password"), username=cast.siti.username, password=password)
        )
        assert answer.status in (400, 413)
        assert seconds < QUICK
        assert cast.provider.metric("gapura_password_hashes_total") == before

    def test_c_218_the_right_password_still_works(self, cast):
        cast.a.sign_in(cast.browser(), cast.siti)


class TestFloods:
    """C-222: caps of 64 KiB and 100 fields, before any parser sees the body."""

    @pytest.mark.parametrize(
        "path", ["/oauth/token", "/oauth/authorize", "/masuk", "/oauth/introspect", "/oauth/logout"]
    )
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/x-www-form-urlencoded", b"a=b&" * 15_000), ("application/x-www-form-urlencoded", b"a" * 600_000),
            ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000),
            ("multipart/form-data; boundary=x", b"\r" * 60_000), ("application/json", b"[" * 60_000),
        ],
        ids=["fields", "one field", "parts", "carriage returns", "nesting"],
    )  # fmt: skip
    def test_c_222_form_floods(self, cast, path, kind, body):
        answer, seconds = timed(
            lambda: cast.browser().request("POST", path, headers={"Content-Type": kind}, body=body)
        )
        assert 400 <= answer.status < 500, (answer.status, answer.text[:200])
        assert seconds < QUICK

    def test_c_222_a_hundred_megabytes_are_not_read(self, cast):
        host, port = cast.provider.address.split(":")
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(
                f"POST /oauth/token HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 100000000\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\na=".encode()
            )
            answer, seconds = timed(lambda: connection.recv(4096))
        assert answer.startswith(b"HTTP/1.1 413") and seconds < QUICK

    def test_c_222_an_endless_chunked_body_is_refused(self, cast):
        host, port = cast.provider.address.split(":")
        with socket.create_connection((host, int(port)), 5) as connection:
            connection.sendall(
                f"POST /oauth/token HTTP/1.1\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\n5\r\na=bcd\r\n".encode()
            )
            answer, seconds = timed(lambda: connection.recv(4096))
        assert answer[9:12] in (b"411", b"400", b"413") and seconds < QUICK


class TestParsers:
    """C-224: deep, long and many."""

    @pytest.mark.parametrize(
        "claims", ["[" * 8_000, '{"id_token":' * 1_000, '{"id_token":{"n":' + "9" * 7_000 + "}}"]
    )
    def test_c_224_claims_parameter(self, cast, claims):
        pending, seconds = timed(lambda: cast.a.authorize(cast.browser(), claims=claims)[1])
        assert pending.status in (302, 303, 400, 414)
        assert pending.status >= 400 or pending.callback()["error"] == "invalid_request"
        assert seconds < QUICK

    def test_c_224_five_thousand_cookies(self, cast):
        answer, seconds = timed(
            lambda: cast.browser().request(
                "GET", "/masuk", headers={"Cookie": "; ".join(f"c{n}=v" for n in range(5_000))}
            )
        )
        assert answer.status in (400, 431) and seconds < QUICK

    def test_c_224_a_header_of_64_kb(self, cast):
        assert cast.a.wire().request("GET", "/oauth/userinfo", headers={"Authorization": "Bearer " + "x" * 64_000}).status in (400, 401, 431)  # fmt: skip

    def test_c_224_an_address_of_64_kb(self, cast):
        assert cast.browser().request("GET", "/oauth/authorize?state=" + "x" * 64_000).status in (400, 414)


@pytest.mark.slow
def test_c_221_login_storm(own_provider):
    """While everybody signs in at once, tokens are still issued quickly; who must wait is told when to come back."""
    provider = own_provider(settings="[passwords]\nargon2_memory_kib = 19456\nargon2_iterations = 4\n")
    city = City(provider)
    people = [city.person(f"p{n}", totp=False) for n in range(30)]
    a, machine = city.client("a"), city.client("m", grant_types=["client_credentials"], redirect_uris=[])
    city.build()
    over, waited = threading.Event(), []
    pages = []
    for person in people:
        browser = Browser(provider)
        pages.append((browser, browser.get(a.url(a.request())), person))

    def meanwhile():
        while not over.is_set():
            answer, seconds = timed(
                lambda: machine.post("/oauth/token", {"grant_type": "client_credentials"})
            )
            waited.append((answer.status, seconds))
            time.sleep(0.05)

    watcher = threading.Thread(target=meanwhile)
    watcher.start()
    remaining, lock = iter(pages), threading.Lock()

    def enter():
        with lock:
            browser, page, person = next(remaining)
        return browser.send(page, page.form("password"), username=person.username, password=person.password)

    answers = together(len(people), enter)
    over.set()
    watcher.join()

    assert all(
        answer.status == 303 or (answer.status == 503 and answer.headers["Retry-After"]) for answer in answers
    )
    assert any(answer.status == 303 for answer in answers)
    assert {status for status, _ in waited} == {200}
    assert sorted(seconds for _, seconds in waited)[len(waited) // 2] < 0.5
    a.sign_in(Browser(provider), people[0], prompt="login")


def test_c_223_slow_clients(cast):
    """Connections that send a byte now and then do not hold up others."""
    host, port = cast.provider.address.split(":")
    slow = [socket.create_connection((host, int(port)), 5) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(f"POST /oauth/token HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Le".encode())
        for _ in range(10):
            answer, seconds = timed(lambda: cast.browser().request("GET", "/masuk"))
            assert answer.status == 200 and seconds < 1
    finally:
        for connection in slow:
            connection.close()


def test_c_226_audit_flood(own_provider):
    """Long names are cut, no success is left out, and the log still verifies."""
    provider = own_provider(settings="[throttle]\naddress_failures_per_minute = 100000\n")
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    browser = Browser(provider)
    page = browser.get(a.url(a.request()))
    for number in range(40):
        browser.send(
            page, page.form("password"), username=f"{number}-" + "n" * 2_000, password="salah sekali ini"
        )
    a.sign_in(Browser(provider), siti)
    events = provider.events(limit=200)
    assert all(len(str(event)) < 2_000 for event in events)
    assert any(event["name"] == "authn_login_success" for event in events)
    assert provider.run("audit", "verify").startswith("Intact")


def test_c_228_compression_side_channel(cast):
    """Pages may be compressed: the form token is masked anew in each of them."""
    browser = cast.browser()
    tokens = {browser.get("/masuk").form("password").fields["csrf_token"] for _ in range(3)}
    assert len(tokens) == 3
