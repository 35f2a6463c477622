"""openid-client on Node, a certified relying party library: sign-in, UserInfo, refresh, revocation, sign-out."""

import subprocess
from pathlib import Path

import pytest

from tests.relying_parties.registrations import API, PASSWORD

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def program():
    """The script, with the library as the lock file pins it."""
    if not (HERE / "node" / "node_modules" / "openid-client").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE / "node", check=True, capture_output=True, timeout=180)
    return str(HERE / "node" / "relying_party.mjs")


@pytest.fixture
def site(program, start, city):
    site = city.sites["node"]
    start(
        ["node", program],
        site.url,
        ISSUER=city.issuer,
        CLIENT_ID=site.client_id,
        CLIENT_SECRET=site.client_secret,
        RESOURCE=API,
    )
    return site


@pytest.fixture
def signed_in(browser, city, site):
    page = browser.get(f"{site.url}/login")
    page = browser.sign_in(page, city.username, PASSWORD, city.otp)
    assert page.response.ok, page.response.text
    return page.json()


class TestAPersonWhoSignsIn:
    def test_is_known_by_the_subject_of_this_client(self, city, signed_in):
        """The library checked signature, issuer, audience, nonce and times (OIDC Core 1.0 §3.1.3.7)."""
        person = next(person for person in city.seeded["people"] if person["username"] == city.username)
        assert signed_in["claims"]["sub"] == person["subjects"]["rp-node"]

    def test_has_their_data_at_userinfo(self, browser, site, city, signed_in):
        """The library compares the subjects (OIDC Core 1.0 §5.3.2)."""
        found = browser.get(f"{site.url}/userinfo").json()
        assert "Siti Aminah" in found["name"]
        assert found["email"] == f"{city.username}@kota.test"
        assert found["roles_flat"] == ["verifikator"]


class TestARefreshToken:
    def test_brings_new_tokens_and_a_successor(self, browser, site, signed_in):
        """Rotation (RFC 9700 §4.14.2)."""
        for _ in range(2):
            answer = browser.get(f"{site.url}/refresh").json()
            assert answer["rotated"] is True
            assert answer["userinfo"]["sub"] == signed_in["claims"]["sub"]

    def test_brings_a_token_for_an_api(self, browser, site, city, signed_in):
        """A resource that is named becomes the audience (RFC 8707 §2.2); the kit accepts the token."""
        from gapura_kit import AccessTokens

        answer = browser.get(f"{site.url}/api-token").json()
        token = AccessTokens(city.issuer, API).validate(answer["access_token"], scopes=("permits:read",))
        assert token.client_id == "rp-node"
        assert token.roles == ("verifikator",)

    def test_that_was_revoked_brings_nothing(self, browser, site, signed_in):
        """RFC 7009 §2."""
        assert browser.get(f"{site.url}/revoke").response.ok
        answer = browser.get(f"{site.url}/refresh")
        assert answer.response.status_code == 400
        assert answer.json()["error"] == "invalid_grant"


class TestAPersonWhoSignsOut:
    def test_returns_to_the_application(self, browser, site, signed_in):
        """RP-Initiated Logout 1.0 §3: with the state that was sent."""
        page = browser.approve(browser.get(f"{site.url}/logout"))
        assert page.url == f"{site.url}/signed-out?state=bye"

    def test_cannot_refresh_any_more(self, browser, site, signed_in):
        """Refresh tokens end with the session they belong to."""
        browser.approve(browser.get(f"{site.url}/logout"))
        assert browser.get(f"{site.url}/refresh").json()["error"] == "invalid_grant"


class TestAPersonWhoCancels:
    def test_is_an_error_the_library_understands(self, browser, site):
        """access_denied with the state, and iss as the library demands (RFC 9207)."""
        page = browser.get(f"{site.url}/login")
        page = browser.submit(page, page.form("decision"), decision="deny")
        assert page.json()["error"] == "access_denied"
