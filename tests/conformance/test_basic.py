"""The Basic OP plan, module by module (CONFORMANCE.md §4). Each test carries its module's name."""

from __future__ import annotations

import re
import secrets
import time
from math import log2

import pytest

from tests.relying_party import Browser, sign_in

PROFILE = {
    "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
    "birthdate", "zoneinfo", "locale", "updated_at", "preferred_username",
}  # fmt: skip
ID_TOKEN_MEMBERS = {
    "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash",
    "nbf", "jti", "sid", "txn",
}  # fmt: skip
LONG_STATE = secrets.token_urlsafe(93)[:124] + "-._~"
INTERACTION = {"login_required", "interaction_required", "account_selection_required", "consent_required"}


def userinfo_of(suite, tokens, method="GET"):
    """UserInfo with the checks of §3.6."""
    answer = suite.client.userinfo(tokens.access_token, method)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert body["sub"] == tokens.claims["sub"]
    for name in PROFILE - {"updated_at"}:
        assert name not in body or (isinstance(body[name], str) and body[name].strip() not in ("", "null"))
    assert isinstance(body.get("updated_at", 1.0e9), int | float)
    assert body.get("email_verified", True) in (True, False)
    assert isinstance(body.get("address", {}), dict)
    if "birthdate" in body:
        assert re.fullmatch(r"\d{4}(-\d\d-\d\d)?", body["birthdate"])
    return body


def test_oidcc_server(suite):
    """Happy flow: code length and entropy, at_hash, no claim that was not asked for."""
    browser = suite.browser()
    pending, answer = suite.client.authorize(browser, suite.person, scope="openid")
    code = suite.client.code_of(pending, answer)
    tokens = suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)

    entropy = -sum(n / len(code) * log2(n / len(code)) for n in map(code.count, set(code))) * len(code)
    assert len(code) >= 16 and entropy > 96
    assert set(tokens.claims) <= ID_TOKEN_MEMBERS
    assert re.fullmatch(r"[\x20-\x7e]{1,255}", tokens.claims["sub"])


def test_oidcc_server_client_secret_post(suite):
    assert "client_secret_post" in suite.client_post.metadata["token_endpoint_auth_methods_supported"]
    suite.sign_in(client=suite.client_post)


def test_oidcc_response_type_missing(suite):
    pending, answer = suite.client.authorize(suite.browser(), scope="openid", response_type=None)
    assert suite.client.error_of(pending, answer) in ("unsupported_response_type", "invalid_request")


def test_oidcc_idtoken_signature(suite):
    tokens = suite.sign_in()
    assert tokens.header["alg"] == "RS256" and tokens.header["kid"]


def test_oidcc_idtoken_unsigned(suite):
    """Skipped by the suite, because discovery does not list `none`."""
    assert "none" not in suite.client.metadata["id_token_signing_alg_values_supported"]


def test_oidcc_userinfo_get(suite):
    userinfo_of(suite, suite.sign_in())


def test_oidcc_userinfo_post_header(suite):
    userinfo_of(suite, suite.sign_in(), "POST")


def test_oidcc_userinfo_post_body(suite):
    """A warning in the suite: tokens are accepted in the header only (R-34)."""
    tokens = suite.sign_in()
    answer = suite.client.wire().request("POST", "/oauth/userinfo", {"access_token": tokens.access_token})
    assert 400 <= answer.status < 500


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(certification_suite):
    """Neither PKCE nor nonce: only with the certification setting (CONFORMANCE.md §2.3)."""
    tokens = certification_suite.sign_in(nonce=None)
    assert "nonce" not in tokens.claims


def test_oidcc_ensure_request_without_nonce_is_refused_in_the_default_posture(suite):
    pending, answer = suite.client.authorize(suite.browser(), scope="openid", nonce=None)
    assert suite.client.error_of(pending, answer) == "invalid_request"


@pytest.mark.parametrize(
    ("module", "scope", "expected"),
    [
        ("oidcc-scope-profile", "openid profile", PROFILE),
        ("oidcc-scope-email", "openid email", {"email", "email_verified"}),
        ("oidcc-scope-address", "openid address", {"address"}),
        ("oidcc-scope-phone", "openid phone", {"phone_number", "phone_number_verified"}),
        (
            "oidcc-scope-all",
            "openid email phone address profile",
            PROFILE | {"email", "email_verified", "address", "phone_number", "phone_number_verified"},
        ),
    ],
)
def test_oidcc_scope(suite, module, scope, expected):
    tokens = suite.sign_in(scope=scope)
    body = userinfo_of(suite, tokens)
    assert expected <= set(body), f"{module}: {expected - set(body)} missing"
    assert set(tokens.claims) <= ID_TOKEN_MEMBERS
    if module == "oidcc-scope-email":
        assert "name" not in body


def test_oidcc_alternate_happy_flow(suite):
    browser = suite.browser()
    pending = suite.client.request(scope="email openid")
    ordered = dict(sorted(pending.parameters.items(), reverse=True))
    pending.parameters.clear()
    pending.parameters.update(ordered)
    answer = sign_in(browser, suite.person, browser.get(suite.client.url(pending)))
    code = suite.client.code_of(pending, answer)
    tokens = suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)
    assert userinfo_of(suite, tokens)["email"]


@pytest.mark.parametrize("display", ["page", "popup"])
def test_oidcc_display(suite, display):
    suite.sign_in(display=display)


def test_oidcc_prompt_login(suite):
    browser = suite.browser()
    first = suite.sign_in(browser)
    suite.provider.clock.forward(1)
    pending = suite.client.request(scope="openid", prompt="login")
    page = browser.get(suite.client.url(pending))
    assert page.page == "sign-in"
    code = suite.client.code_of(pending, sign_in(browser, suite.person, page))
    second = suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)
    assert second.claims["auth_time"] > first.claims["auth_time"]


def test_oidcc_prompt_none_not_logged_in(suite):
    pending, answer = suite.client.authorize(suite.browser(), scope="openid", prompt="none", state=LONG_STATE)
    assert suite.client.error_of(pending, answer) in INTERACTION


def test_oidcc_prompt_none_logged_in(suite):
    browser = suite.browser()
    first = suite.sign_in(browser)
    second = suite.client.sign_in(browser, suite.person, scope="openid", prompt="none")
    assert (second.claims["sub"], second.claims["auth_time"]) == (
        first.claims["sub"],
        first.claims["auth_time"],
    )


def test_oidcc_max_age_1(suite):
    browser = suite.browser()
    first = suite.sign_in(browser)
    suite.provider.clock.forward(2)
    pending = suite.client.request(scope="openid", max_age="1")
    page = browser.get(suite.client.url(pending))
    assert page.page == "sign-in"
    code = suite.client.code_of(pending, sign_in(browser, suite.person, page))
    second = suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)
    assert second.claims["auth_time"] > first.claims["auth_time"]


def test_oidcc_max_age_10000(suite):
    browser = suite.browser()
    first = suite.sign_in(browser, max_age="15000")
    second = suite.client.sign_in(browser, suite.person, scope="openid", max_age="10000")
    assert (second.claims["sub"], second.claims["auth_time"]) == (
        first.claims["sub"],
        first.claims["auth_time"],
    )


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite):
    suite.sign_in(extra="foobar")


def test_oidcc_id_token_hint(suite):
    browser = suite.browser()
    first = suite.sign_in(browser)
    second = suite.client.sign_in(
        browser, suite.person, scope="openid", prompt="none", id_token_hint=first.id_token
    )
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_login_hint(suite):
    suite.sign_in(login_hint="buffy@sso.test")


def test_oidcc_ui_locales(suite):
    suite.sign_in(ui_locales="se")


def test_oidcc_claims_locales(suite):
    suite.sign_in(claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(suite):
    supported = suite.client.metadata["acr_values_supported"]
    tokens = suite.sign_in(acr_values=" ".join(supported))
    assert tokens.claims["acr"] in supported


def test_oidcc_codereuse(suite):
    pending, answer = suite.client.authorize(suite.browser(), suite.person, scope="openid")
    code = suite.client.code_of(pending, answer)
    suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)
    again = suite.client.token(code, pending)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")


def test_oidcc_codereuse_30seconds(suite):
    pending, answer = suite.client.authorize(suite.browser(), suite.person, scope="openid")
    code = suite.client.code_of(pending, answer)
    tokens = suite.client.tokens_of(suite.client.token(code, pending), nonce=pending.nonce)
    suite.provider.clock.forward(30)
    again = suite.client.token(code, pending)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")
    assert 400 <= suite.client.userinfo(tokens.access_token).status < 500


def test_oidcc_ensure_registered_redirect_uri(suite):
    bad = f"{suite.client.redirect_uri}/{secrets.token_hex(5)}"
    _, answer = suite.client.authorize(suite.browser(), scope="openid", redirect_uri=bad)
    assert answer.status == 400 and answer.location is None and answer.page == "error"


def test_oidcc_ensure_post_request_succeeds(suite):
    browser = suite.browser()
    pending = suite.client.request(scope="openid")
    answer = browser.request(
        "POST", "/oauth/authorize", pending.parameters, headers={"Origin": "https://rp.test"}
    )
    answer = sign_in(browser, suite.person, browser.follow(answer))
    suite.client.code_of(pending, answer)


@pytest.mark.parametrize(
    ("module", "parameter", "error"),
    [
        (
            "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
            "request_uri",
            "request_uri_not_supported",
        ),
        (
            "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
            "request",
            "request_not_supported",
        ),
    ],
)
def test_oidcc_request_objects_are_rejected_as_unsupported(suite, module, parameter, error):
    value = "https://rp.test/request.jwt#x" if parameter == "request_uri" else "eyJhbGciOiJub25lIn0.e30."
    pending, answer = suite.client.authorize(suite.browser(), scope="openid", **{parameter: value})
    assert suite.client.error_of(pending, answer) == error, module


def test_oidcc_ensure_request_object_with_redirect_uri(suite):
    """Skipped by the suite, because discovery says that request objects are not supported."""
    bad = f"{suite.client.redirect_uri}_invalid"
    _, answer = suite.client.authorize(
        suite.browser(), scope="openid", redirect_uri=bad, request="eyJhbGciOiJub25lIn0.e30."
    )
    assert answer.status == 400 and answer.location is None


def test_oidcc_claims_essential(suite):
    """`name` at UserInfo and not in the ID Token, with scope openid alone."""
    tokens = suite.sign_in(claims='{"userinfo":{"name":{"essential":true}}}')
    assert userinfo_of(suite, tokens)["name"] == "Siti Aminah"
    assert "name" not in tokens.claims


def test_oidcc_refresh_token(suite):
    """Rotation, the second ID Token, and a refresh token sent by another client."""
    browser = suite.browser()
    first = suite.sign_in(browser, scope="openid offline_access", prompt="consent")
    time.sleep(1.1)
    answer = suite.client.refresh(first.refresh_token, scope="openid offline_access")
    second = suite.client.tokens_of(answer, nonce=None)
    for name in ("iss", "sub", "aud", "auth_time"):
        assert second.claims[name] == first.claims[name]
    assert second.claims["iat"] != first.claims["iat"]
    assert re.fullmatch(r"[\x20-\x7e]+", second.refresh_token)
    assert suite.client.userinfo(second.access_token).status == 200
    assert "refresh_token" in suite.client.metadata["grant_types_supported"]

    other = suite.sign_in(suite.browser(), suite.client2, scope="openid offline_access", prompt="consent")
    without_scope = suite.client2.refresh(other.refresh_token)
    renewed = suite.client2.tokens_of(without_scope, nonce=None)
    stolen = suite.client.refresh(renewed.refresh_token)
    assert (stolen.status, stolen.json()["error"]) == (400, "invalid_grant")


def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite):
    from tests.relying_party import s256

    browser: Browser = suite.browser()
    verifier = (secrets.token_urlsafe(90) + "-._~")[-128:].ljust(128, "~")
    pending, answer = suite.client.authorize(
        browser, suite.person, scope="openid", code_challenge=s256(verifier), code_challenge_method="S256"
    )
    code = suite.client.code_of(pending, answer)
    suite.client.tokens_of(suite.client.token(code, pending, code_verifier=verifier), nonce=pending.nonce)
