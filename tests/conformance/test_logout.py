"""The RP-Initiated and Back-Channel OP plans (CONFORMANCE.md §8)."""

from __future__ import annotations

import base64
import json
import secrets
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conftest import City
from tests.sink import a_sink

RETURN = "https://rp.test/post_logout_redirect"
STATE = "a-._~!*'();:@&=+$,/?%#[]"
INTERACTION = {"login_required", "interaction_required", "account_selection_required", "consent_required"}


def end(browser, **parameters):
    return browser.get(f"/oauth/logout?{urlencode(parameters)}")


def is_signed_out(suite, browser) -> bool:
    _pending, answer = suite.client.authorize(browser, scope="openid", prompt="none")
    return answer.location is not None and answer.callback().get("error") in INTERACTION


def assert_not_redirected_to_the_client(answer):
    assert answer.location is None
    assert answer.page in ("sign-out", "error", "signed-out")


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite):
    assert suite.client.metadata["end_session_endpoint"].startswith("https://")


def test_oidcc_rp_initiated_logout(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    answer = end(browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=RETURN, state=STATE)
    assert answer.location.startswith(RETURN)
    assert answer.callback() == {"state": STATE}
    assert is_signed_out(suite, browser)


def test_oidcc_rp_initiated_logout_no_state(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    answer = end(browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=RETURN)
    assert answer.location == RETURN
    assert is_signed_out(suite, browser)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    bad = f"{RETURN}{secrets.token_hex(4)}"
    assert_not_redirected_to_the_client(
        end(browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=bad, state=STATE)
    )


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    assert_not_redirected_to_the_client(
        end(browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=f"{RETURN}?foo=bar", state=STATE)
    )


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    unsigned = f"{header}.{tokens.id_token.split('.')[1]}."
    assert_not_redirected_to_the_client(
        end(browser, id_token_hint=unsigned, post_logout_redirect_uri=RETURN, state=STATE)
    )


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite):
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    claims = {
        **tokens.claims,
        "iss": suite.client.client_id,
        "aud": suite.provider.issuer,
        "sub": "SubjectID",
    }
    forged = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
    assert_not_redirected_to_the_client(
        end(browser, id_token_hint=forged, post_logout_redirect_uri=RETURN, state=STATE)
    )


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite):
    browser = suite.browser()
    suite.sign_in(browser)
    assert_not_redirected_to_the_client(end(browser, post_logout_redirect_uri=RETURN, state=STATE))


def signs_out_with_a_page(suite, **parameters):
    """A confirmation is allowed; afterwards there is a page of ours that says so."""
    browser = suite.browser()
    tokens = suite.sign_in(browser)
    if "hint" in parameters:
        parameters["id_token_hint"] = tokens.id_token
        del parameters["hint"]
    page = end(browser, **parameters)
    if page.page == "sign-out":
        page = browser.submit(page, page.form("decision"), decision="approve")
    assert page.page == "signed-out"
    assert is_signed_out(suite, browser)


def test_oidcc_rp_initiated_logout_no_params(suite):
    signs_out_with_a_page(suite)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite):
    signs_out_with_a_page(suite, hint=True, state=STATE)


def test_oidcc_rp_initiated_logout_only_state(suite):
    signs_out_with_a_page(suite, state=STATE)


def test_oidcc_backchannel_logout_discovery_endpoint_verification(suite):
    document = suite.client.metadata
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(suite):
    with a_sink() as sink:
        city = City(suite.provider)
        client = city.client(
            "bc", redirect_uris=["https://rp.test/bc"], post_logout_redirect_uris=[RETURN],
            backchannel_logout_uri=f"{sink.url}/logout", backchannel_logout_session_required=True,
        )  # fmt: skip
        city.build()
        browser = suite.browser()
        tokens = client.sign_in(browser, suite.person, scope="openid")

        answer = end(browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=RETURN, state=STATE)
        form = sink.wait_for(1)[0]

        assert answer.callback() == {"state": STATE}
        assert set(form) == {"logout_token"}
        header, claims = client.validated(form["logout_token"][0])
        assert header["typ"] == "logout+jwt" and header["alg"] == "RS256"
        assert claims["aud"] == client.client_id and claims["jti"]
        assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
        assert (claims["sid"], claims["sub"]) == (tokens.claims["sid"], tokens.claims["sub"])
        assert "nonce" not in claims
        assert claims["exp"] - claims["iat"] <= 120
        assert is_signed_out(suite, browser)
