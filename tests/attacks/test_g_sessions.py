"""Class G: login and session."""

from __future__ import annotations

import re

import pytest

from tests.attacks.test_c_codes import together
from tests.conftest import City
from tests.relying_party import Browser, sign_in

SID = "gapura_sid"


def page_of(cast, browser, client=None):
    client = client or cast.a
    return browser.get(client.url(client.request()))


def test_c_113_session_fixation(cast):
    browser = cast.browser()
    browser.cookies[SID] = "sid_" + "A" * 43
    sign_in(browser, cast.siti, page_of(cast, browser))
    assert browser.cookies[SID] != "sid_" + "A" * 43
    attacker = cast.browser()
    attacker.cookies[SID] = "sid_" + "A" * 43
    assert attacker.get("/keamanan").page == "sign-in"


def test_c_113_a_new_identifier_at_every_proof(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    before = browser.cookies[SID]
    cast.a.sign_in(browser, cast.siti, prompt="login")
    assert browser.cookies[SID] != before
    old = cast.browser()
    old.cookies[SID] = before
    assert old.get("/keamanan").page == "sign-in"


def test_c_114_login_transaction_fixation(cast):
    m, v = cast.browser(), cast.browser()
    cast.a.sign_in(v, cast.siti)
    address = page_of(cast, m, cast.x).url
    landed = v.get(address)
    assert landed.page == "launcher", "a foreign transaction is no dead end and authorises nothing"
    assert page_of(cast, m, cast.x).page == "sign-in"


def test_c_116_cookie_attributes(own_provider):
    provider = own_provider(issuer="https://sso.test")
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    browser = city.browser()
    a.sign_in(browser, siti)
    browser.get("/keamanan")
    assert browser.set_cookie_headers
    for header in browser.set_cookie_headers:
        assert header.startswith("__Host-")
        assert "Secure" in header and "HttpOnly" in header and "Path=/" in header and "SameSite=Lax" in header
        assert "Domain" not in header and len(header) < 1000
    session = next(h for h in browser.set_cookie_headers if h.startswith("__Host-sid"))
    assert "Max-Age" not in session and "Expires" not in session


def test_c_118_logout_is_server_side(cast):
    browser = cast.browser()
    tokens = cast.a.sign_in(browser, cast.siti)
    saved = browser.cookies[SID]
    browser.get(f"/oauth/logout?id_token_hint={tokens.id_token}")
    replay = cast.browser()
    replay.cookies[SID] = saved
    pending, answer = cast.a.authorize(replay, prompt="none")
    assert cast.a.error_of(pending, answer) == "login_required"
    assert replay.get("/keamanan").page == "sign-in"


def test_c_119_idle_and_absolute_limits(own_provider):
    provider = own_provider()
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    browser = city.browser()
    a.sign_in(browser, siti)
    provider.clock.forward(59 * 60)
    assert browser.get("/keamanan").page == "security"
    provider.clock.forward(61 * 60)
    assert browser.get("/keamanan").page == "sign-in"
    a.sign_in(browser, siti)
    for _ in range(12 * 2):
        provider.clock.forward(30 * 60)
        browser.get("/keamanan")
    provider.clock.forward(60)
    assert browser.get("/keamanan").page == "sign-in"


def test_c_122_own_session_list(cast):
    mine, other, foreign = cast.browser(), cast.browser(), cast.browser()
    cast.a.sign_in(mine, cast.siti)
    cast.a.sign_in(other, cast.siti)
    cast.a.sign_in(foreign, cast.budi)
    page = mine.get("/keamanan")
    assert other.cookies[SID] not in page.text and mine.cookies[SID] not in page.text
    ends = [form for form in page.forms if re.fullmatch(r"/keamanan/sesi/\w+/keluar", form.action)]
    mine.submit(page, ends[0])
    assert other.get("/keamanan").page == "sign-in" or len(ends) > 1
    theirs = foreign.get("/keamanan")
    stolen = mine.request("POST", "/keamanan/sesi/" + "0" * 32 + "/keluar", {**ends[0].fields})
    assert stolen.status == 404 and theirs.page == "security"


def test_c_123_session_identifiers_never_travel(cast):
    browser = cast.browser()
    tokens = cast.a.sign_in(browser, cast.siti)
    cookie = browser.cookies[SID]
    assert tokens.claims["sid"] not in cookie
    for path in ("/", "/keamanan", "/aktivitas", "/data-saya"):
        assert cookie not in browser.get(path).text
    assert cookie not in cast.provider.log


def test_c_124_caching(cast):
    browser = cast.browser()
    page = page_of(cast, browser)
    answers = [page, browser.get("/masuk"), cast.browser().get("/tidak-ada")]
    cast.a.sign_in(browser, cast.siti)
    answers += [browser.get(path) for path in ("/", "/keamanan", "/data-saya")]
    _, redirect = cast.a.authorize(browser)
    answers.append(redirect)
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store", answer.url


def test_c_125_transport(own_provider):
    provider = own_provider(issuer="https://sso.test")
    browser = Browser(provider)
    plain = browser.request("GET", "/masuk", headers={"X-Forwarded-Proto": "http"})
    assert plain.status == 308 and plain.location.startswith("https://sso.test/")
    assert browser.request("POST", "/oauth/token", {}, headers={"X-Forwarded-Proto": "http"}).status == 400
    safe = browser.get("/masuk")
    assert "max-age=31536000" in safe.headers["Strict-Transport-Security"]
    assert "includeSubDomains" in safe.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_c_126_login_csrf_by_origin(cast, headers):
    browser = cast.browser()
    form = page_of(cast, browser).form("username")
    fields = {**form.fields, "username": cast.siti.username, "password": cast.siti.password}
    answer = browser.request("POST", "/masuk", fields, headers=headers)
    assert answer.status == 403
    assert SID not in browser.cookies


def test_c_126_login_csrf_without_or_with_a_foreign_token(cast):
    browser, attacker = cast.browser(), cast.browser()
    fields = {"username": cast.siti.username, "password": cast.siti.password}
    assert browser.request("POST", "/masuk", fields).status == 403
    page_of(cast, browser)
    foreign = page_of(cast, attacker).form("username").fields
    assert browser.request("POST", "/masuk", {**foreign, **fields}).status == 403


def test_c_127_double_submit(either_cast):
    cast = either_cast
    for _ in range(4):
        browser = cast.browser()
        page = page_of(cast, browser)
        fields = {
            **page.form("username").fields,
            "username": cast.siti.username,
            "password": cast.siti.password,
        }
        cookies = dict(browser.cookies)

        def submit(cookies=cookies, fields=fields):
            own = cast.browser()
            own.cookies.update(cookies)
            return own.request("POST", "/masuk", fields)

        answers = together(2, submit)
        assert all(answer.status in (303, 200, 429) for answer in answers)
        assert any(answer.status == 303 for answer in answers)
    assert cast.provider.run("audit", "verify").startswith("Intact")


def test_c_129_cross_site_post_to_the_authorization_endpoint(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    kept = dict(browser.cookies)
    pending = cast.a.request()
    browser.cookies.clear()
    answer = browser.request(
        "POST",
        "/oauth/authorize",
        pending.parameters,
        headers={"Origin": "https://a.test", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status == 303
    browser.cookies.update(kept)
    cast.a.code_of(pending, browser.follow(answer))


class TestNeverADeadEnd:
    """UX.md §3.2: two tabs, Back, reload, bookmark, stale and foreign links."""

    def test_two_tabs_each_reach_their_own_application(self, cast):
        browser = cast.browser()
        pending_a, pending_b = cast.a.request(), cast.b.request()
        tab_a = browser.get(cast.a.url(pending_a))
        tab_b = browser.get(cast.b.url(pending_b))
        cast.b.code_of(pending_b, sign_in(browser, cast.siti, tab_b))
        cast.a.code_of(pending_a, browser.get(tab_a.url))

    def test_back_after_success_and_reload_of_the_post(self, cast):
        browser = cast.browser()
        page = page_of(cast, browser)
        sign_in(browser, cast.siti, page)
        assert browser.get(page.url).page in ("launcher", "")
        again = browser.submit(
            page, page.form("username"), username=cast.siti.username, password=cast.siti.password
        )
        assert again.status in (200, 303)

    def test_a_bookmarked_sign_in_page_leads_to_the_applications(self, cast):
        browser = cast.browser()
        page = browser.get("/masuk?t=used-last-week")
        assert page.page == "sign-in"
        assert sign_in(browser, cast.siti, page).page == "launcher"

    def test_a_page_left_open_beyond_the_transaction_still_signs_in(self, cast):
        browser = cast.browser()
        page = page_of(cast, browser)
        cast.provider.clock.forward(31 * 60)
        landed = sign_in(browser, cast.siti, page)
        assert landed.page == "launcher" or landed.location is not None

    def test_stale_second_factor_and_resume_pages_start_again(self, cast):
        browser = cast.browser()
        for path in (
            "/masuk/kode?t=x",
            "/masuk/pemulihan?t=x",
            "/masuk/autentikator?t=x",
            "/oauth/lanjut?t=x",
            "/oauth/batal?t=x",
        ):
            landed = browser.get(path)
            assert landed.page == "sign-in" and landed.status == 200, path
