"""Class A: redirect URIs and open redirects."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, urlencode

import pytest

from tests.attacks.conftest import assert_error_page
from tests.conftest import City


def raw(client, **changes):
    """The query with redirect_uri left out, so that it can be appended byte for byte."""
    pending = client.request(redirect_uri=None, **changes)
    return f"/oauth/authorize?{urlencode(pending.parameters)}"


def test_c_001_no_redirect_uri(cast):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri=None)
    assert_error_page(answer)


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.test/cb/", "https://a.test/cbx", "https://a.test/cb?x=1", "https://a.test/cb/../cb",
        "https://a.test/", "https://a.test.evil.test/cb",
    ],
)  # fmt: skip
def test_c_002_prefix_suffix_extra_path_or_query(cast, uri):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri=uri)
    assert_error_page(answer)


@pytest.mark.parametrize(
    ("client", "uri"),
    [
        ("a", "https://a.test@evil.test/cb"), ("a", "https://a.test:443@evil.test/cb"),
        ("n", "http://127.0.0.1:80@evil.test/cb"),
    ],
)  # fmt: skip
def test_c_004_userinfo_part(cast, client, uri):
    _, answer = getattr(cast, client).authorize(cast.browser(), redirect_uri=uri)
    assert_error_page(answer)


@pytest.mark.parametrize("uri", ["https://a.test:443/cb", "https://a.test:8443/cb"])
def test_c_006_port_variance_for_a_web_client(cast, uri):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri=uri)
    assert_error_page(answer)


def test_c_006_native_loopback_may_vary_the_port(cast):
    pending, answer = cast.n.authorize(cast.browser(), cast.siti, redirect_uri="http://127.0.0.1:51234/cb")
    assert answer.location.startswith("http://127.0.0.1:51234/cb?code=")
    assert answer.callback()["state"] == pending.state


@pytest.mark.parametrize("uri", ["HTTPS://A.TEST/cb", "https://a.test/CB"])
def test_c_007_letter_case(cast, uri):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri=uri)
    assert_error_page(answer)


@pytest.mark.parametrize(
    "encoded",
    [
        quote('https://a.test/cb"><script>alert(1)</script>'), quote("https://a.test\\@evil.test/cb"),
        "%09https://a.test/cb", "https://a.test/cb%0d%0aX-Y:1",
    ],
)  # fmt: skip
def test_c_009_quotes_backslashes_control_characters(cast, encoded):
    answer = cast.browser().get(raw(cast.a) + f"&redirect_uri={encoded}")
    assert_error_page(answer)
    assert "<script>alert" not in answer.text
    assert "X-Y" not in answer.headers


@pytest.mark.parametrize("uri", ["https://a.test/cb#x", "https://a.test/cb#"])
def test_c_010_fragment(cast, uri):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri=uri)
    assert_error_page(answer)


@pytest.mark.parametrize(
    "uris",
    [
        ["javascript:alert(1)"], ["data:text/html,x"], ["https:evil.test"], ["//evil.test/cb"], ["https://*.a.test/cb"],
        ["https://a.test/*"], ["https://a.test/cb", "https://a.test/cb"], [" https://a.test/cb"],
        ["https://a.test/cb#x"], ["https://a.test@evil.test/cb"], [f"https://a.test/{n}" for n in range(300)],
    ],
)  # fmt: skip
def test_c_011_dangerous_registrations(cast, uris):
    provider = cast.provider
    city = City(provider)
    city.client("evil", redirect_uris=uris)
    fixtures = provider.directory / "evil.json"
    fixtures.write_text(json.dumps(city._document))
    provider.run("dev", "seed", str(fixtures), code=2)


@pytest.mark.parametrize(
    "changes",
    [{"response_type": "foo"}, {"response_type": "code id_token", "scope": "profile"}, {"scope": '"'}],
)
def test_c_012_error_path_redirects_before_the_uri_is_checked(cast, changes):
    _, answer = cast.a.authorize(cast.browser(), redirect_uri="https://evil.test/", **changes)
    assert_error_page(answer)


@pytest.mark.parametrize("encoded", ["nope", "%00", "%27--", "a" * 10_000])
def test_c_014_unknown_and_malformed_client_id(cast, encoded):
    pending = cast.a.request(client_id=None)
    answer = cast.browser().get(f"/oauth/authorize?{urlencode(pending.parameters)}&client_id={encoded}")
    assert_error_page(answer)


def test_c_014_unknown_and_disabled_clients_look_the_same(cast):
    provider = cast.provider
    city = City(provider)
    gone = city.client("gone")
    city.build()
    provider.run("client", "disable", gone.client_id, "--reason", "uji")
    time.sleep(0.6)
    _, disabled = gone.authorize(cast.browser())
    _, unknown = gone.authorize(cast.browser(), client_id="nope")
    assert disabled.error_code == unknown.error_code
    assert disabled.status == unknown.status


def test_c_016_redirect_uri_differs_between_the_two_legs(cast):
    pending, answer = cast.a.authorize(cast.browser(), cast.siti)
    code = cast.a.code_of(pending, answer)
    other = cast.a.token(code, pending, redirect_uri="https://a.test/cb2")
    missing = cast.a.token(code, pending, redirect_uri=None)
    assert (other.status, other.json()["error"]) == (400, "invalid_grant")
    assert missing.status == 400


def test_c_017_a_credential_post_is_never_replayed_to_the_client(cast):
    browser = cast.browser()
    page = browser.get(cast.a.url(cast.a.request()))
    answer = browser.send(
        page, page.form("password"), username=cast.siti.username, password=cast.siti.password
    )
    assert answer.status == 303


@pytest.mark.parametrize(
    "target", ["https://evil.test", "//evil.test", "https:evil.test", "javascript:alert(1)"]
)
def test_c_018_post_login_next_parameter(cast, target):
    browser = cast.browser()
    page = browser.get(f"/masuk?next={quote(target)}&return_to={quote(target)}")
    answer = browser.submit(
        page, page.form("password"), username=cast.siti.username, password=cast.siti.password
    )
    assert answer.page == "launcher"
    assert answer.url.startswith(cast.provider.issuer)


@pytest.mark.parametrize("uri", ["https://b.test/bye", "https://a.test/bye?x=1", "https://a.test/cb"])
def test_c_020_post_logout_redirect_uri_not_registered(cast, uri):
    browser = cast.browser()
    tokens = cast.a.sign_in(browser, cast.siti)
    answer = browser.get(
        f"/oauth/logout?{urlencode({'id_token_hint': tokens.id_token, 'post_logout_redirect_uri': uri})}"
    )
    assert answer.location is None
