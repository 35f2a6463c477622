"""Class B: integrity of authorization requests."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest

from tests.attacks.conftest import assert_error_page
from tests.relying_party import sign_in


@pytest.mark.parametrize("extra", ["&client_id=x", "&redirect_uri=https://x.test/cb"])
def test_c_021_duplicate_client_or_redirect_uri_is_a_page(cast, extra):
    assert_error_page(cast.browser().get(cast.a.url(cast.a.request(), extra)))


@pytest.mark.parametrize("extra", ["&nonce=2", "&state=2", "&scope=openid", "&code_challenge=x"])
def test_c_021_other_duplicates_are_invalid_request(cast, extra):
    pending = cast.a.request()
    answer = cast.browser().get(cast.a.url(pending, extra))
    assert answer.callback()["error"] == "invalid_request"


def test_c_021_two_prompts(cast):
    answer = cast.browser().get(cast.a.url(cast.a.request(prompt="none"), "&prompt=login"))
    assert answer.callback()["error"] == "invalid_request"


def test_c_023_token_request_parameters_in_the_query_string(cast):
    pending, answer = cast.a.authorize(cast.browser(), cast.siti)
    code = cast.a.code_of(pending, answer)
    fields = {"code": code, "redirect_uri": cast.a.redirect_uri, "code_verifier": pending.verifier}
    assert cast.a.post("/oauth/token?grant_type=authorization_code", fields).status == 400
    in_url = urlencode({"client_id": cast.b.client_id, "client_secret": cast.b.client_secret})
    answer = cast.b.post(
        f"/oauth/token?{in_url}", {"grant_type": "authorization_code", **fields}, authenticated=False
    )
    assert answer.status in (400, 401)


def test_c_024_iss_in_every_authorization_response(cast):
    browser = cast.browser()
    pending, answer = cast.a.authorize(browser, cast.siti)
    cast.a.code_of(pending, answer)
    pending, answer = cast.a.authorize(cast.browser(), prompt="none")
    assert cast.a.error_of(pending, answer) == "login_required"
    page = cast.browser()
    pending = cast.a.request()
    form_page = page.get(cast.a.url(pending))
    answer = page.submit(form_page, form_page.form("decision"), decision="deny")
    assert cast.a.error_of(pending, answer) == "access_denied"
    pending = cast.b.request(response_mode="form_post")
    posted = browser.get(cast.b.url(pending))
    assert posted.form("code").fields["iss"] == cast.provider.issuer
    assert posted.form("code").action == cast.b.redirect_uri


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_c_025_one_issuer_string(cast, header):
    answer = cast.browser().request(
        "GET", "/.well-known/openid-configuration", headers={header: "other.test"}
    )
    assert answer.status == 400 or answer.json()["issuer"] == cast.provider.issuer


@pytest.mark.parametrize(
    "response_type", ["token", "id_token", "id_token token", "code token", "code id_token token", "none"]
)
def test_c_026_disabled_flows_stay_disabled(cast, response_type):
    pending, answer = cast.a.authorize(cast.browser(), response_type=response_type)
    assert cast.a.error_of(pending, answer) == "unsupported_response_type"


@pytest.mark.parametrize("mode", ["fragment", "web_message", "query.jwt", "foo"])
def test_c_028_response_mode_not_allowed(cast, mode):
    pending, answer = cast.a.authorize(cast.browser(), response_mode=mode)
    assert cast.a.error_of(pending, answer) == "invalid_request"


def test_c_029_form_post_page_injection(cast):
    state = '"><img src=x onerror=alert(1)>'
    browser = cast.browser()
    cast.b.sign_in(browser, cast.siti)
    answer = browser.get(cast.b.url(cast.b.request(response_mode="form_post", state=state)))
    assert answer.form("code").fields["state"] == state
    assert "<img" not in answer.text
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert "https://b.test" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "s" * 20_000),
        ("nonce", "n" * 10_000),
        ("scope", "openid " + "s" * 20_000),
        ("scope", " ".join(map(str, range(2_000)))),
    ],
)
def test_c_030_oversize_state_nonce_scope(cast, name, value):
    began = time.monotonic()
    _, answer = cast.a.authorize(cast.browser(), **{name: value})
    assert answer.status == 400
    assert time.monotonic() - began < 2


def test_c_030_a_url_beyond_all_bounds(cast):
    _, answer = cast.a.authorize(cast.browser(), state="s" * 60_000)
    assert answer.status in (400, 414, 431)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "http://127.0.0.1:9/x", "request_uri_not_supported"),
    ],
)
def test_c_031_request_and_request_uri_when_unsupported(cast, name, value, expected):
    before = cast.provider.metric("gapura_outbound_requests_total")
    pending, answer = cast.a.authorize(cast.browser(), **{name: value})
    assert cast.a.error_of(pending, answer) == expected
    assert cast.provider.metric("gapura_outbound_requests_total") == before


def test_c_035_prompt_none_truth_table(cast):
    pending, answer = cast.a.authorize(cast.browser(), prompt="none")
    assert cast.a.error_of(pending, answer) == "login_required"
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    pending, answer = cast.x.authorize(browser, prompt="none")
    assert cast.x.error_of(pending, answer) == "consent_required"
    cast.provider.clock.forward(120)
    pending, answer = cast.a.authorize(browser, prompt="none", max_age="60")
    assert cast.a.error_of(pending, answer) == "login_required"


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_c_036_forced_re_authentication(cast, changes):
    browser = cast.browser()
    first = cast.a.sign_in(browser, cast.siti)
    cast.provider.clock.forward(2)
    pending = cast.a.request(**changes)
    page = browser.get(cast.a.url(pending))
    assert page.page == "sign-in"
    transaction = page.url.split("t=", 1)[1]
    skipped = browser.get(f"/oauth/lanjut?t={transaction}")
    assert skipped.page == "sign-in", "going straight to the answer changes nothing"
    answer = sign_in(browser, cast.siti, page)
    tokens = cast.a.tokens_of(cast.a.token(cast.a.code_of(pending, answer), pending), nonce=pending.nonce)
    assert tokens.claims["auth_time"] > first.claims["auth_time"]


def test_c_039_claims_parameter_cannot_assert(cast):
    browser = cast.browser()
    tokens = cast.a.sign_in(browser, cast.siti)
    asked = json.dumps({"id_token": {"roles": {"value": "super"}, "unknown": None}})
    again = cast.a.sign_in(browser, cast.siti, claims=asked)
    assert again.claims.get("roles", []) == tokens.claims.get("roles", [])
    other = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})
    pending, answer = cast.a.authorize(browser, prompt="none", claims=other)
    assert cast.a.error_of(pending, answer) == "login_required"


def test_c_041_scope_reach(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti, scope="openid admin email phone")
    assert set(tokens.body["scope"].split()) == {"openid", "email"}


@pytest.mark.parametrize("encoded", ["openid%09profile", "openid%0aroles", "openid%c2%a0roles", "OPENID", ""])
def test_c_041_scope_syntax(cast, encoded):
    pending = cast.a.request(scope=None)
    answer = cast.browser().get(cast.a.url(pending, f"&scope={encoded}"))
    assert answer.callback()["error"] == "invalid_scope"


def test_c_041_the_integration_log_says_what_was_dropped(cast):
    cast.a.sign_in(cast.browser(), cast.siti, scope="openid admin")
    log = cast.provider.run("client", "log", cast.a.client_id, "--json")
    assert "admin" in log and "scope_dropped" in log
