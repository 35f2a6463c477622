"""The commands and the code of docs/developers/quickstart.md, exactly as they are printed there."""

import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from tests.relying_parties.registrations import API, PASSWORD, Site

DOCS = Path(__file__).parents[2] / "docs" / "developers"


def _commands(page: str) -> list[list[str]]:
    """The `gapura` commands of the page's shell blocks, in order."""
    blocks = re.findall(r"```shell\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("gapura ")]


@pytest.fixture
def registered(provider, city, addresses):
    """What the page's commands make, at an address and under a name of this test; the secret that was printed."""
    name, url = f"quick-{city.username}", addresses["quickstart"]
    placed = {"perizinan": name, "NAMA_PENGGUNA": city.username}
    secret = ""
    for command in _commands("quickstart.md"):
        words = [placed.get(word, word).replace("http://localhost:5000", url) for word in command]
        made = json.loads(provider.run(*words, "--json"))
        secret = made.get("client_secret", secret)
    return Site(url, name, secret)


@pytest.fixture
def quickstart(city, registered, serve, monkeypatch):
    """The application of the page, running with the registration of the page."""
    monkeypatch.setenv("ISSUER", city.issuer)
    monkeypatch.setenv("CLIENT_ID", registered.client_id)
    monkeypatch.setenv("CLIENT_SECRET", registered.client_secret)
    monkeypatch.setenv("APP_URL", registered.url)
    monkeypatch.setenv("SESSION_KEY", "a key of the tests, long enough to sign with")
    serve(runpy.run_path(str(DOCS / "examples" / "flask_quickstart.py"))["app"], registered.url)
    return registered


class TestADeveloperWhoCopiesTheQuickstart:
    def test_is_greeted_by_name(self, browser, city, quickstart):
        """UX.md §6.1: signed in within ten minutes."""
        page = browser.get(f"{quickstart.url}/")
        page = browser.sign_in(page, city.username, PASSWORD, city.otp)
        assert page.url == f"{quickstart.url}/"
        assert "Siti Aminah" in page.response.text

    def test_reads_the_same_commands_in_both_languages(self):
        """A correction in one page reaches the other."""
        kinds = [
            [command[:2] for command in _commands(page)] for page in ("quickstart.md", "quickstart.en.md")
        ]
        assert kinds[0] == kinds[1] == [["client", "add"], ["client", "role-add"], ["grant", "add"]]
        assert _commands("quickstart.md")[0] == _commands("quickstart.en.md")[0]

    def test_has_an_api_that_asks_for_a_token(self, city, monkeypatch):
        """The second example refuses who brings none (RFC 6750 §3.1)."""
        monkeypatch.setenv("ISSUER", city.issuer)
        monkeypatch.setenv("API_IDENTIFIER", API)
        app = runpy.run_path(str(DOCS / "examples" / "api_quickstart.py"))["app"]
        answer = app.test_client().get("/permits")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
