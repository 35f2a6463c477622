"""The example applications as something to copy."""

import ast
from pathlib import Path

import pytest

import clients
from clients.eoffice.app import create_app as create_eoffice
from clients.eoffice.settings import Settings
from clients.perizinan.app import create_app as create_perizinan

CLIENTS = Path(clients.__file__).parent


class TestTheTwoApplications:
    @pytest.mark.parametrize("name", ["sign_in.py", "safety.py", "settings.py"])
    def test_share_what_is_meant_to_be_copied(self, name):
        """A correction in one reaches the other."""
        assert (CLIENTS / "perizinan" / name).read_text() == (CLIENTS / "eoffice" / name).read_text()

    def test_know_the_provider_by_http_only(self):
        """Relying parties never import it (ARCHITECTURE.md §2.1)."""
        imported = {
            name
            for path in CLIENTS.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            )
        }
        assert not {name for name in imported if name.split(".")[0] == "idp"}


@pytest.fixture(params=["perizinan", "eoffice"])
def site(request, tmp_path, issuer):
    settings = Settings(
        issuer.url, "c", "s", "http://localhost:5000", "127.0.0.1", 5000, b"key", str(tmp_path / "s.db")
    )
    if request.param == "eoffice":
        return create_eoffice(settings).test_client()
    return create_perizinan(settings, "http://localhost:5003", "https://api.test").test_client()


class TestAVisitorWhoIsNotSignedIn:
    def test_is_invited_to_sign_in(self, site):
        """The first page needs nothing from the provider."""
        answer = site.get("/")
        assert answer.status_code == 200
        assert "Masuk dengan Gapura" in answer.text
        assert 'lang="id"' in answer.text

    def test_is_sent_on_from_a_page_for_people_who_are(self, site):
        """And comes back to it afterwards."""
        path = "/permits" if site.application.name.startswith("clients.perizinan") else "/letters"
        answer = site.get(path)
        assert answer.status_code == 303
        assert answer.location == f"/auth/sign-in?next={path}"

    def test_is_told_when_the_provider_is_away(self, site, issuer):
        """503 and a way on, instead of a bare error."""
        issuer.go_away()
        answer = site.get("/auth/sign-in")
        assert answer.status_code == 503
        assert 'data-page="sign-in-failed"' in answer.text

    def test_cannot_be_made_to_send_a_form_from_elsewhere(self, site):
        """Another port of one host is the same site to SameSite."""
        answer = site.post("/auth/sign-out", headers={"Origin": "http://localhost:9999"})
        assert answer.status_code == 403

    def test_gets_pages_that_load_nothing_from_elsewhere(self, site):
        """And that nobody may frame or keep."""
        headers = site.get("/").headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
