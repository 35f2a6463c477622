"""Class M: injection."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.conftest import City
from tests.relying_party import sign_in


@pytest.mark.parametrize(
    "value", ["'", '"', "\\", ";--", "%", "_", "' OR 1=1--", "x" * 10_000, "\u2028", "\x1b[31m"]
)
def test_c_212_and_c_211_odd_text_in_every_parameter(cast, value):
    browser = cast.browser()
    for name in (
        "state",
        "nonce",
        "login_hint",
        "ui_locales",
        "acr_values",
        "prompt",
        "max_age",
        "claims",
        "id_token_hint",
    ):
        _, answer = cast.a.authorize(browser, **{name: value})
        assert answer.status < 500
    page = browser.get("/masuk")
    fields = {**page.form("password").fields, "username": value[:400], "password": value}
    assert browser.request("POST", "/masuk", fields, headers={"X-Forwarded-For": "192.0.2.222"}).status < 500
    for name in ("code", "code_verifier", "redirect_uri", "refresh_token", "scope", "grant_type"):
        assert cast.a.post("/oauth/token", {"grant_type": "authorization_code", name: value}).status < 500
    for line in cast.provider.log.splitlines()[-20:]:
        json.loads(line)


@pytest.mark.parametrize("name", ["state", "ui_locales", "login_hint", "client_id"])
def test_c_216_response_splitting(cast, name):
    pending = cast.a.request(**{name: None})
    answer = cast.browser().request("GET", cast.a.url(pending, f"&{name}=a%0d%0aSet-Cookie:a=b"))
    assert "a=b" not in "".join(answer.headers.getlist("Set-Cookie"))
    assert "\n" not in (answer.location or "")


PAYLOADS = ('"><svg onload=alert(1)>', "';alert(1)//", "{{7*7}}", "<img src=x onerror=alert(1)>")


@pytest.fixture(scope="module")
def console(cast):
    """Names with markup in them, and a browser of an administrator who looks at them."""
    city = City(cast.provider)
    admin = city.person("pengelola", platform_roles=["sso_admin"])
    people = [city.person(f"suntik{n}", totp=False, full_name=text) for n, text in enumerate(PAYLOADS)]
    clients = [
        city.client(f"suntik{n}", client_name=text, roles=[{"name": "peran", "title": text}])
        for n, text in enumerate(PAYLOADS)
    ]
    seeded = city.build()
    browser = cast.browser()
    assert sign_in(browser, admin, browser.get("/konsol/")).page != "sign-in"
    ids = {entry["username"]: entry["id"] for entry in seeded["people"]}
    return browser, [ids[person.username] for person in people], clients


class TestStoredScript:
    """C-206: what people typed is text on every page of the console."""

    def test_c_206_lists_and_pages(self, console):
        browser, ids, clients = console
        paths = [
            "/konsol/",
            "/konsol/pegawai",
            "/konsol/aplikasi",
            "/konsol/akses",
            "/konsol/audit",
            "/konsol/unit",
        ]
        paths += [f"/konsol/pegawai/{person}" for person in ids]
        paths += [f"/konsol/aplikasi/{client.client_id}" for client in clients]
        for path in paths:
            page = browser.get(path)
            assert page.status == 200, path
            assert "<svg onload" not in page.text and "<img src=x" not in page.text, path
            assert ">49<" not in page.text, path

    def test_c_206_they_are_shown_as_they_were_typed(self, console):
        browser, _, _ = console
        assert "{{7*7}}" in browser.get("/konsol/pegawai?q=7*7").text

    @pytest.mark.parametrize("name", ["q", "cari", "peristiwa", "dari", "sampai", "sesudah", "orang", "unit"])
    @pytest.mark.parametrize(
        "path", ["/konsol/pegawai", "/konsol/audit", "/konsol/akses", "/konsol/aplikasi"]
    )
    def test_c_206_and_c_212_filters(self, console, path, name):
        browser, _, _ = console
        for value in ("%22%3E%3Csvg%20onload=alert(1)%3E", "%27--", "%00", "%25", "_", "x" * 5_000, "%ff"):
            page = browser.get(f"{path}?{name}={value}")
            assert page.status < 500, (path, name, value)
            assert "<svg onload" not in page.text

    def test_c_212_wildcards_in_a_search_are_literal(self, console):
        browser, ids, _ = console
        for wildcard in ("%25", "_"):
            page = browser.get(f"/konsol/pegawai?q={wildcard}")
            assert not any(person in page.text for person in ids), wildcard


@pytest.mark.parametrize("member", ["client_uri", "tos_uri", "policy_uri"])
@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.test"])
def test_c_207_link_schemes(cast, member, target):
    city = City(cast.provider)
    city.client("tautan", **{member: target})
    fixtures = cast.provider.directory / "tautan.json"
    fixtures.write_text(json.dumps(city._document))
    cast.provider.run("dev", "seed", str(fixtures), code=2)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_c_210_spreadsheet_formulas(console, cast, start):
    browser, _, _ = console
    evil = f"{start}cmd|' /C calc'!A1"
    page = cast.browser()
    form = page.get("/masuk")
    page.submit(form, form.form("password"), username=evil, password="salah sekali ini")
    answer = browser.get("/konsol/audit/ekspor?bentuk=csv")
    assert answer.headers["Content-Type"].startswith("text/csv"), (answer.status, answer.page)
    for row in csv.reader(io.StringIO(answer.text)):
        assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in row), row
        assert not any(cell.startswith("-") and len(cell) > 1 for cell in row), row


@pytest.mark.parametrize(
    "text", ['x\n{"event":"authn_login_success","user":"root"}', "\x1b[31mmerah", "\u2028", "n" * 1_000_000]
)
def test_c_211_log_lines(cast, text):
    """One JSON object per line, cut, and the audit log still verifies."""
    browser = cast.browser()
    page = browser.get("/masuk")
    agent = text.encode("unicode_escape").decode()[:2_000]
    browser.request(
        "POST", "/masuk", {**page.form("password").fields, "username": text, "password": "salah"},
        headers={"User-Agent": agent},
    )  # fmt: skip
    browser.request("GET", cast.a.url(cast.a.request(client_id=text[:3_000], state=text[:3_000])))
    for line in cast.provider.log.splitlines():
        if line.startswith("{"):
            assert len(line) < 4_000 and "\x1b" not in line
            json.loads(line)
    assert all(
        event["name"] != "authn_login_success" or event["subject"] for event in cast.provider.events(limit=20)
    )
    assert cast.provider.run("audit", "verify").startswith("Intact")
