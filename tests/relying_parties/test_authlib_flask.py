"""The example applications, on Authlib and the kit: one sign-in serving both, an API, sign-out in both directions."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from gapura_kit import AccessTokens

from clients.eoffice.app import create_app as create_eoffice
from clients.eoffice.settings import Settings as EofficeSettings
from clients.perizinan import sign_in
from clients.perizinan.app import create_app as create_perizinan
from clients.perizinan.settings import Settings as PerizinanSettings
from clients.perizinan_api.app import create_app as create_api
from tests.relying_parties.registrations import API, PASSWORD


def _settings(kind, city, name, directory):
    site = city.sites[name]
    return kind(
        issuer=city.issuer,
        client_id=site.client_id,
        client_secret=site.client_secret,
        url=site.url,
        host="127.0.0.1",
        port=int(site.url.rsplit(":", 1)[1]),
        session_key=b"a key of the tests, long enough to sign with",
        sessions=str(directory / f"{name}.db"),
    )


@pytest.fixture
def sites(city, addresses, serve, tmp_path):
    """Perizinan, e-Office and API Izin, running."""
    perizinan = create_perizinan(
        _settings(PerizinanSettings, city, "perizinan", tmp_path), addresses["api"], API
    )
    serve(create_api(AccessTokens(city.issuer, API)), addresses["api"])
    serve(perizinan, addresses["perizinan"])
    serve(create_eoffice(_settings(EofficeSettings, city, "eoffice", tmp_path)), addresses["eoffice"])
    return city.sites


@pytest.fixture
def signed_in(browser, city, sites):
    """A browser that is signed in to Perizinan, on its list of permits."""
    page = browser.get(f"{sites['perizinan'].url}/permits")
    page = browser.sign_in(page, city.username, PASSWORD, city.otp)
    assert page.url == f"{sites['perizinan'].url}/permits", page.response.text
    return page


def _enter_eoffice(browser, sites):
    return browser.approve(browser.get(f"{sites['eoffice'].url}/auth/sign-in"))


class TestAPersonWhoSignsIn:
    def test_comes_back_to_the_page_that_was_asked_for(self, signed_in):
        """Code flow with PKCE, state and nonce; the API gave the permits (OIDC Core 1.0 §3.1, RFC 8707)."""
        assert signed_in.name == "permits"
        assert "Izin usaha mikro" in signed_in.response.text

    def test_is_shown_with_name_unit_and_roles(self, browser, sites, signed_in):
        """UserInfo carries what the scopes ask for (DOMAIN.md §5.2)."""
        page = browser.get(sites["perizinan"].url)
        assert "Siti Aminah" in page.marked["data-name"]
        assert page.marked["data-unit"] == "Dinas Kesehatan"
        assert page.marked["data-roles"] == "verifikator"

    def test_may_approve_with_the_role(self, browser, signed_in):
        """The page that is only for verifikator."""
        page = browser.submit(signed_in, signed_in.forms[-1])
        assert page.name == "permits"
        assert "Sudah disetujui" in page.response.text

    def test_is_let_into_the_other_application_without_a_password(self, browser, sites, signed_in):
        """Single sign-on; and the roles of one application are not those of the other."""
        page = _enter_eoffice(browser, sites)
        assert page.url == f"{sites['eoffice'].url}/"
        assert page.marked["data-roles"] == "Belum ada peran"

    def test_without_the_role_is_refused_there(self, browser, sites, signed_in):
        """The page that is only for penandatangan."""
        _enter_eoffice(browser, sites)
        answer = browser.session.post(f"{sites['eoffice'].url}/letters/005-118/sign", timeout=10)
        assert answer.status_code == 403
        assert 'data-page="forbidden"' in answer.text

    def test_has_two_applications_that_know_them_under_different_subjects(self, city):
        """Pairwise subjects (OIDC Core 1.0 §8.1)."""
        person = next(person for person in city.seeded["people"] if person["username"] == city.username)
        assert person["subjects"]["rp-perizinan"] != person["subjects"]["rp-eoffice"]


class TestASessionThatGrowsOld:
    def test_is_looked_at_again_with_a_refreshed_token(self, browser, sites, signed_in, monkeypatch):
        """The refresh token is used and rotated (RFC 6749 §6)."""
        monkeypatch.setattr(sign_in, "PERSON_SECONDS", -1)
        monkeypatch.setattr(sign_in, "EXPIRY_MARGIN_SECONDS", 10_000)
        for _ in range(3):
            assert "Siti Aminah" in browser.get(sites["perizinan"].url).marked["data-name"]

    def test_stands_many_requests_at_once(self, browser, sites, signed_in, monkeypatch):
        """One refresh token is used once, or the provider takes it for stolen (RFC 9700 §4.14.2)."""
        monkeypatch.setattr(sign_in, "PERSON_SECONDS", -1)
        monkeypatch.setattr(sign_in, "EXPIRY_MARGIN_SECONDS", 10_000)
        with ThreadPoolExecutor(6) as pool:
            pages = list(pool.map(lambda _: browser.get(sites["perizinan"].url), range(12)))
        assert all("Siti Aminah" in page.marked.get("data-name", "") for page in pages)


class TestAPersonWhoSignsOut:
    def test_ends_up_at_the_application_again(self, browser, sites, signed_in):
        """RP-Initiated Logout 1.0 §2 and §3."""
        page = browser.submit(signed_in, signed_in.forms[0])
        assert page.url.startswith(f"{sites['perizinan'].url}/auth/signed-out")
        assert page.name == "signed-out"

    def test_has_to_give_the_password_again(self, browser, sites, signed_in):
        """The session at the provider is over too."""
        browser.submit(signed_in, signed_in.forms[0])
        assert browser.get(f"{sites['perizinan'].url}/permits").form("username", "password")

    def test_is_signed_out_of_the_other_application(self, browser, sites, signed_in):
        """Back-Channel Logout 1.0: the provider tells e-Office, which ends its session."""
        assert _enter_eoffice(browser, sites).marked["data-name"]
        browser.submit(signed_in, signed_in.forms[0])
        deadline = time.monotonic() + 20
        while "data-name" in browser.get(sites["eoffice"].url).marked:
            assert time.monotonic() < deadline, "no logout token arrived"
            time.sleep(0.2)


class TestAPersonWhoCancels:
    def test_is_told_what_to_do(self, browser, sites):
        """access_denied becomes a page with a way on (RFC 6749 §4.1.2.1)."""
        page = browser.get(f"{sites['perizinan'].url}/auth/sign-in")
        page = browser.submit(page, page.form("decision"), decision="deny")
        assert page.name == "sign-in-failed"
        assert page.marked["data-error"] == "access_denied"


class TestAnAnswerThatWasNotAskedFor:
    @pytest.mark.parametrize("query", ["code=abc&state=invented", "code=abc", "error=server_error&state=x"])
    def test_is_a_page_and_no_sign_in(self, browser, sites, query):
        """Cross-site request forgery of the callback (RFC 9700 §4.7)."""
        page = browser.get(f"{sites['perizinan'].url}/auth/callback?{query}")
        assert page.name == "sign-in-failed"

    def test_of_another_issuer_is_refused(self, browser, sites):
        """Mix-up (RFC 9207 §2.4)."""
        page = browser.get(f"{sites['perizinan'].url}/auth/callback?code=a&state=b&iss=https://evil.test")
        assert page.marked["data-error"] == "wrong_issuer"

    @pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "/\\evil.test/"])
    def test_does_not_lead_elsewhere(self, sites, target):
        """No open redirect by ``next`` (RFC 9700 §4.11)."""
        assert sign_in._own_path(target) == "/"
