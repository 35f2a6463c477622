"""mozilla-django-oidc: sign-in with PKCE, silent renewal, sign-out."""

import sys
import time
from pathlib import Path

import pytest

from tests.relying_parties.registrations import PASSWORD

HERE = Path(__file__).parent


@pytest.fixture
def run(start, city, tmp_path):
    """Start the site; ``renew_seconds`` is how long the library trusts a sign-in before it asks again."""

    def _run(renew_seconds: int = 900):
        site = city.sites["django"]
        start(
            [sys.executable, str(HERE / "django" / "relying_party.py")],
            site.url,
            ISSUER=city.issuer,
            CLIENT_ID=site.client_id,
            CLIENT_SECRET=site.client_secret,
            DATABASE=str(tmp_path / "django.db"),
            RENEW_SECONDS=str(renew_seconds),
        )
        return site

    return _run


def _sign_in(browser, city, site):
    page = browser.get(f"{site.url}/oidc/authenticate/")
    return browser.sign_in(page, city.username, PASSWORD, city.otp)


class TestAPersonWhoSignsIn:
    def test_becomes_a_user_of_the_site(self, browser, city, run):
        """ID token by RS256 and JWKS, then UserInfo; the role makes them staff."""
        site = run()
        page = _sign_in(browser, city, site)
        assert page.url == f"{site.url}/me"
        person = next(person for person in city.seeded["people"] if person["username"] == city.username)
        found = page.json()
        assert found["sub"] == person["subjects"]["rp-django"]
        assert found["email"] == f"{city.username}@kota.test"
        assert found["staff"] is True


class TestASignInThatIsToBeRenewed:
    def test_is_renewed_without_a_page(self, browser, city, run):
        """The library sends prompt=none on each request after the interval (OIDC Core 1.0 §3.1.2.1)."""
        site = run(renew_seconds=1)
        _sign_in(browser, city, site)
        time.sleep(1.1)
        page = browser.get(f"{site.url}/me")
        assert page.json()["signed_in"] is True
        assert any("prompt=none" in step.headers.get("Location", "") for step in page.response.history)


class TestAPersonWhoSignsOut:
    def test_is_signed_out_here_and_at_the_provider(self, browser, city, run):
        """RP-Initiated Logout 1.0 with the stored ID token."""
        site = run()
        _sign_in(browser, city, site)
        answer = browser.session.post(f"{site.url}/oidc/logout/", timeout=15)
        assert answer.url == f"{site.url}/signed-out"
        assert browser.get(f"{site.url}/me").response.status_code == 401
        assert browser.get(f"{site.url}/oidc/authenticate/").form("username", "password")
