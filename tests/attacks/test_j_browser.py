"""Class J: CSRF, framing, consent, logout."""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote, urlencode

import pytest

from tests.conftest import City
from tests.relying_party import sign_in
from tests.sink import a_sink


def pages(cast):
    """One of each kind of page, error pages included."""
    browser = cast.browser()
    yield browser.get(cast.a.url(cast.a.request()))
    yield browser.get(cast.a.url(cast.a.request(redirect_uri="https://evil.test/")))
    yield browser.get("/tidak-ada")
    yield browser.request("PUT", "/masuk")
    cast.a.sign_in(browser, cast.siti)
    for path in ("/", "/keamanan", "/aktivitas", "/data-saya", "/oauth/logout"):
        yield browser.get(path)
    yield browser.get(cast.x.url(cast.x.request()))


def test_c_166_framing(cast):
    for page in pages(cast):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], page.url
        assert page.headers["X-Frame-Options"] == "DENY"


def test_c_167_csp(cast):
    for page in pages(cast):
        policy = page.headers["Content-Security-Policy"]
        for needed in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "script-src 'self'"):
            assert needed in policy, page.url
        assert "unsafe" not in policy
        target = policy.split("form-action ")[1].split(";")[0].split()
        assert target[0] == "'self'" and set(target[1:]) <= {"https://a.test", "https://x.test"}


def test_c_168_consent_forgery(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    page = browser.get(cast.x.url(cast.x.request()))
    assert page.page == "consent"
    form = page.form("decision")
    assert (
        browser.request("POST", "/oauth/pemberitahuan", {"t": form.fields["t"], "decision": "approve"}).status
        == 403
    )
    assert browser.request("GET", f"/oauth/pemberitahuan?t={form.fields['t']}&decision=approve").status == 405
    attacker = cast.browser()
    cast.a.sign_in(attacker, cast.budi)
    foreign = attacker.get(cast.x.url(cast.x.request())).form("decision").fields
    assert browser.request("POST", "/oauth/pemberitahuan", {**foreign, "decision": "approve"}).status == 403
    pending, answer = cast.x.authorize(browser, prompt="none")
    assert cast.x.error_of(pending, answer) == "consent_required"


def test_c_169_consent_scope_growth(cast):
    browser = cast.browser()
    cast.x.sign_in(browser, cast.siti, scope="openid")
    cast.x.code_of(*cast.x.authorize(browser, scope="openid", prompt="none"))
    pending, answer = cast.x.authorize(browser, scope="openid email", prompt="none")
    assert cast.x.error_of(pending, answer) == "consent_required"
    assert browser.get(cast.x.url(cast.x.request(scope="openid email"))).page == "consent"


def test_c_170_and_c_206_names_are_text_everywhere(cast):
    city = City(cast.provider)
    evil = '<b>Bank</b>"><svg onload=alert(1)>{{7*7}}\u202egnp'
    client = city.client("jahat", client_name=evil, first_party=False, skip_notice=False)
    person = city.person("suntik", totp=False, full_name='"><img src=x onerror=alert(1)>{{7*7}}')
    city.build()
    browser = cast.browser()
    page = browser.get(client.url(client.request()))
    seen = [page]
    page = browser.submit(page, page.form("password"), username=person.username, password=person.password)
    seen += [page, browser.get("/"), browser.get("/data-saya"), browser.get("/aktivitas")]
    for page in seen:
        assert "<svg onload" not in page.text
        assert "<img src=x" not in page.text and "<b>Bank" not in page.text
    assert any("{{7*7}}" in page.text for page in seen), "shown as it was typed"


def test_c_171_logout_without_hint(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    for path in ("/oauth/logout", f"/oauth/logout?client_id={cast.a.client_id}"):
        page = browser.get(path)
        assert page.page == "sign-out"
        assert browser.get("/keamanan").page == "security"
        assert (
            browser.request(
                "POST", "/oauth/logout", {"decision": "approve", "t": page.form("decision").fields["t"]}
            ).status
            == 403
        )
    done = browser.submit(page, page.form("decision"), decision="approve")
    assert done.page == "signed-out" and browser.get("/keamanan").page == "sign-in"


def test_c_172_logout_with_somebody_elses_hint(cast):
    attacker, browser = cast.browser(), cast.browser()
    hint = cast.a.sign_in(attacker, cast.budi).id_token
    cast.a.sign_in(browser, cast.siti)
    assert browser.get(f"/oauth/logout?{urlencode({'id_token_hint': hint})}").page == "sign-out"
    assert browser.get("/keamanan").page == "security"


@pytest.mark.parametrize(
    "query",
    [
        "post_logout_redirect_uri=javascript:alert(1)", f"state={quote('</script><script>')}",
        "ui_locales=%0d%0aSet-Cookie:x=1",
    ],
)  # fmt: skip
def test_c_174_logout_page_injection(cast, query):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    page = browser.get(f"/oauth/logout?{query}")
    assert page.location is None and "</script><script>" not in page.text
    assert "x=1" not in "".join(page.headers.getlist("Set-Cookie"))


def test_c_175_and_c_176_logout_reaches_everyone(cast):
    with a_sink() as first, a_sink() as second:
        city = City(cast.provider)
        one = city.client("satu", backchannel_logout_uri=f"{first.url}/out")
        two = city.client("dua", backchannel_logout_uri=f"{second.url}/out")
        city.build()
        browser = cast.browser()
        a = one.sign_in(browser, cast.siti)
        b = two.sign_in(browser, cast.siti)
        page = browser.get(f"/oauth/logout?id_token_hint={a.id_token}")
        tokens = []
        for client, sink, own in ((one, first, a), (two, second, b)):
            token = sink.wait_for(1)[0]["logout_token"][0]
            header, claims = client.validated(token)
            assert header["typ"] == "logout+jwt"
            assert (claims["aud"], claims["sid"], claims["sub"]) == (
                client.client_id,
                own.claims["sid"],
                own.claims["sub"],
            )
            assert "nonce" not in claims and claims["exp"] - claims["iat"] <= 120
            tokens.append(claims["jti"])
        assert len(set(tokens)) == 2
        assert one.refresh(a.refresh_token).status == 400 and two.refresh(b.refresh_token).status == 400
        time.sleep(0.5)
        shown = browser.get(page.url)
        assert "Aplikasi SATU" in shown.text and "Aplikasi DUA" in shown.text


def test_c_177_browser_messaging(cast):
    for page in pages(cast):
        assert "postMessage" not in page.text and "check_session" not in page.text
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_form_post_and_sign_in_reach_a_client_with_their_own_browser(cast):
    browser = cast.browser()
    pending = cast.b.request(response_mode="form_post", state=secrets.token_urlsafe(40))
    page = sign_in(browser, cast.siti, browser.get(cast.b.url(pending)))
    assert page.page == "form-post" and page.form("code").fields["state"] == pending.state
