"""The code of docs/developers/quickstart.md, exactly as it is printed there."""

import runpy
from pathlib import Path

import pyotp
import pytest

from tests.relying_parties.registrations import API, PASSWORD

EXAMPLES = Path(__file__).parents[2] / "docs" / "developers" / "examples"


@pytest.fixture
def quickstart(city, serve, monkeypatch):
    """The application of the quickstart, running with the registration of Perizinan."""
    site = city.sites["perizinan"]
    monkeypatch.setenv("ISSUER", city.issuer)
    monkeypatch.setenv("CLIENT_ID", site.client_id)
    monkeypatch.setenv("CLIENT_SECRET", site.client_secret)
    monkeypatch.setenv("APP_URL", site.url)
    monkeypatch.setenv("SESSION_KEY", "a key of the tests, long enough to sign with")
    serve(runpy.run_path(str(EXAMPLES / "flask_quickstart.py"))["app"], site.url)
    return site


class TestADeveloperWhoCopiesTheQuickstart:
    def test_is_greeted_by_name(self, browser, city, quickstart):
        """UX.md §6.1: signed in within ten minutes."""
        page = browser.get(f"{quickstart.url}/")
        page = browser.sign_in(page, city.username, PASSWORD, lambda: pyotp.TOTP(city.totp_secret).now())
        assert page.url == f"{quickstart.url}/"
        assert "Siti Aminah" in page.response.text

    def test_has_an_api_that_asks_for_a_token(self, city, monkeypatch):
        """The second example refuses who brings none (RFC 6750 §3.1)."""
        monkeypatch.setenv("ISSUER", city.issuer)
        monkeypatch.setenv("API_IDENTIFIER", API)
        app = runpy.run_path(str(EXAMPLES / "api_quickstart.py"))["app"]
        answer = app.test_client().get("/permits")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
