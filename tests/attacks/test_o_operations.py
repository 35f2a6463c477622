"""Class O: keys, secrets, operations."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
import urllib3
from joserfc import jws

from idp.kernel.opaque import Kind, mint
from tests.attacks.conftest import assert_error_page
from tests.conftest import City
from tests.provider import GAPURA, Provider, a_provider
from tests.relying_party import Browser

DAY = 86_400
TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}\Z")


def published(provider: Provider) -> set[str]:
    """The kids that a relying party sees."""
    return {key["kid"] for key in Browser(provider).request("GET", "/.well-known/jwks.json").json()["keys"]}


def kid_of(token: str) -> str:
    return jws.extract_compact(token.encode()).headers()["kid"]


def settled(provider: Provider) -> None:
    """Keys are served from memory for at most a second."""
    time.sleep(0.7)


@pytest.fixture
def alone(own_provider):
    """A provider whose keys nobody else uses, with one person and one application."""
    provider = own_provider()
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    return provider, siti, a


class TestKeyRotation:
    def test_c_230_planned_rotation(self, alone):
        provider, siti, a = alone
        before = a.sign_in(Browser(provider), siti)
        old = kid_of(before.id_token)
        new = json.loads(provider.run("key", "prepare", "--json"))["kid"]
        provider.run("key", "activate", new, code=4)
        settled(provider)
        assert {old, new} <= published(provider)
        still_old = a.sign_in(Browser(provider), siti)
        assert kid_of(still_old.id_token) == old, "a key that was just published does not sign yet"

        provider.clock.forward(DAY)
        waiting = a.sign_in(Browser(provider), siti)
        provider.run("key", "activate", new)
        settled(provider)

        assert kid_of(a.sign_in(Browser(provider), siti).id_token) == new
        assert {old, new} <= published(provider)
        a.validated(waiting.id_token)
        provider.run("key", "retire", old, code=4)
        provider.clock.forward(3600)
        provider.run("key", "retire", old, code=None)  # the worker may have been there first
        settled(provider)
        assert old not in published(provider) and new in published(provider)

    def test_c_230_only_one_successor_at_a_time(self, alone):
        provider, _, _ = alone
        provider.run("key", "prepare")
        provider.run("key", "prepare", code=4)

    def test_c_231_emergency_rotation(self, own_provider):
        provider = own_provider()
        city = City(provider)
        api = city.api("izin")
        scope = f"openid {api.client_id}:read"
        siti, caller = city.person(totp=False), city.client("caller", scope=scope)
        city.build()
        browser = Browser(provider)
        tokens = caller.sign_in(browser, siti, scope=scope)
        renewed = caller.refresh(tokens.refresh_token, resource=f"https://{api.client_id}.test").json()
        leaked = {kid_of(renewed["access_token"]), kid_of(tokens.id_token)}
        assert api.introspect(renewed["access_token"])["active"] is True

        for kid in leaked:
            provider.run("key", "revoke", kid, "--yes")
        settled(provider)

        assert not leaked & published(provider)
        assert api.introspect(renewed["access_token"]) == {"active": False}
        assert caller.userinfo(renewed["access_token"]).status == 401
        page = browser.get(f"/oauth/logout?id_token_hint={tokens.id_token}")
        assert page.page == "sign-out", "a hint by a leaked key proves nothing"
        assert kid_of(caller.sign_in(Browser(provider), siti, scope=scope).id_token) not in leaked
        assert {event["target"] for event in provider.events("key_revoked")} == leaked


class TestCanaries:
    """C-232: no secret in logs, audit, metrics, arguments, environments or temporary files."""

    def test_c_232_canary_search(self, alone):
        provider, siti, a = alone
        browser = Browser(provider)
        tokens = a.sign_in(browser, siti)
        a.refresh(tokens.refresh_token)
        a.introspect(tokens.access_token)
        a.userinfo(tokens.access_token)
        self._fail_everywhere(provider, siti, a, browser)
        secrets = provider.directory / "secrets"
        canaries = {
            "password": siti.password, "client secret": a.client_secret, "access token": tokens.access_token,
            "refresh token": tokens.refresh_token, "id token": tokens.id_token, "kek": (secrets / "kek").read_text(),
            "hash key": (secrets / "hash_key").read_text(), "session cookie": browser.cookies["gapura_sid"],
        }  # fmt: skip
        places = self._places(provider)
        found = [
            (name, place) for name, value in canaries.items() for place in places if value in places[place]
        ]
        assert found == []

    def _fail_everywhere(self, provider, siti, a, browser):
        page = Browser(provider).get(a.url(a.request()))
        Browser(provider).submit(page, page.form("password"), username=siti.password, password=siti.username)
        stranger = Browser(provider)
        page = stranger.get(a.url(a.request()))
        stranger.submit(page, page.form("password"), username=siti.username, password=siti.password + "x")
        a.token("not-a-code", a.request())
        browser.request("GET", "/oauth/authorize?client_id=nope")

    def _places(self, provider) -> dict[str, str]:
        exported = provider.run("audit", "export", "--from", "2020-01-01", "--to", "2100-01-01")
        places = {"log": provider.log, "audit": exported}
        places["metrics"] = urllib3.request("GET", f"http://{provider.metrics}/metrics").data.decode()
        for process in self._family(provider.process.pid):
            for name in ("cmdline", "environ"):
                places[f"{process} {name}"] = (
                    Path(f"/proc/{process}/{name}").read_bytes().decode(errors="replace")
                )
        return places

    def _family(self, pid: int) -> list[int]:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        return [pid, *(member for child in children for member in self._family(child))]


class TestBanners:
    """C-236: generic pages, no stack trace, no version."""

    @pytest.mark.parametrize("path", ["/console", "/tidak-ada", "/static/../idp/app.py", "/.git/config"])
    def test_c_236_unknown_addresses(self, cast, path):
        answer = cast.browser().request("GET", path)
        assert_error_page(answer)
        assert answer.status == 404
        self._assert_no_banner(answer)

    @pytest.mark.parametrize("method", ["PUT", "TRACE", "FOO", "DELETE"])
    def test_c_236_unknown_methods(self, cast, method):
        answer = cast.browser().request(method, "/masuk")
        assert answer.status in (403, 405, 501)
        self._assert_no_banner(answer)

    def _assert_no_banner(self, answer):
        server = answer.headers.get("Server", "")
        assert not re.search(r"\d", server), server
        assert "X-Powered-By" not in answer.headers
        assert not re.search(r"(Werkzeug|Flask|Python|granian)[/ ]\d", answer.text)


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    with a_provider(tmp_path_factory.mktemp("refuses"), started=False) as provider:
        yield provider


class TestRefusesToStart:
    """C-237: one clear line and an exit code, never a half-safe service."""

    def refusal(self, provider: Provider) -> str:
        done = subprocess.run(
            [GAPURA, "serve", "--config", str(provider.config)],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode not in (0, None), done.stdout
        assert "Traceback" not in done.stderr + done.stdout
        return (done.stderr + done.stdout).strip()

    def change(self, provider: Provider, old: str, new: str) -> None:
        text = provider.config.read_text()
        assert old in text
        provider.config.write_text(text.replace(old, new, 1))

    @pytest.fixture
    def installed(self, installation):
        """As `gapura init` left it, and so again after the test."""
        files = [installation.config, *(installation.directory / "secrets").iterdir()]
        kept = [(file, file.read_bytes()) for file in files]
        yield installation
        for file, content in kept:
            file.write_bytes(content)
            file.chmod(0o600)

    def test_c_237_http_issuer_outside_test_and_demo(self, installed):
        self.change(installed, 'environment = "test"', 'environment = "production"')
        assert "http" in self.refusal(installed)

    def test_c_237_test_environment_with_a_public_issuer(self, installed):
        self.change(installed, f'issuer = "{installed.issuer}"', 'issuer = "https://sso.kota.go.id"')
        assert "environment" in self.refusal(installed)

    def test_c_237_unknown_key_names_the_nearest(self, installed):
        self.change(installed, "threads = 8", "treads = 8")
        assert "server.threads" in self.refusal(installed)

    @pytest.mark.parametrize("name", ["kek", "hash_key"])
    def test_c_237_missing_short_and_readable_secrets(self, installed, name):
        file = installed.directory / "secrets" / name
        good = file.read_text()
        file.chmod(0o644)
        assert "chmod 600" in self.refusal(installed)
        file.chmod(0o600)
        file.write_text(good[:20])
        assert "32 bytes" in self.refusal(installed)
        file.write_text("")
        assert "32 bytes" in self.refusal(installed)
        file.unlink()
        assert "gapura init" in self.refusal(installed)

    def test_c_237_a_key_encryption_key_that_opens_nothing(self, installed):
        (installed.directory / "secrets" / "kek").write_text(os.urandom(32).hex())
        assert "kek" in self.refusal(installed)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('environment = "demo"\nissuer = "https://sso.kota.go.id"\n', "loopback"),
        ('issuer = "https://sso.kota.go.id"\n[server]\nbimd = "x"\n', 'did you mean "server.bind"'),
        ('issuer = "https://sso.kota.go.id/"\n', "trailing slash"),
        ('issuer = "https://sso.kota.go.id"\n[passwords]\nargon2_iterations = 0\n', "argon2_iterations"),
        ("issuer = \n", "not TOML"),
    ],
)
def test_c_237_refuse_to_start_wrongly_configured(tmp_path, toml, said):
    config = tmp_path / "config.toml"
    config.write_text(toml)
    done = subprocess.run(
        [GAPURA, "serve", "--config", str(config)], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_c_238_dependencies():
    """Installed with hash checking, and not below the versions that mended what SECURITY.md §0.2 lists."""
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", lock))
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
    pinned = {
        name.lower(): version for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([0-9.]+)", lock)
    }
    floors = {"authlib": (1, 9, 9), "joserfc": (1, 8, 0), "werkzeug": (3, 1, 9)}
    for name, floor in floors.items():
        assert tuple(int(part) for part in pinned[name].split(".")) >= floor, name


def test_c_239_randomness_of_every_kind():
    for kind in Kind:
        values = [mint(kind) for _ in range(2_000)]
        assert len(set(values)) == len(values)
        assert all(len(value) == len(kind.value) + 44 for value in values)
        assert values != sorted(values)


def test_c_239_randomness(cast):
    """At least 256 bits each, no duplicates, no order in time."""
    client = City(cast.provider)
    machine = client.client("mesin", grant_types=["client_credentials"], redirect_uris=[])
    client.build()
    tokens = []
    for _ in range(60):
        answer = machine.post("/oauth/token", {"grant_type": "client_credentials"})
        assert answer.status == 200, answer.text
        tokens.append(answer.json()["access_token"])
    bodies = [token.rsplit("_", 1)[-1] if token.count("_") == 1 else token[3:] for token in tokens]
    assert len(set(tokens)) == len(tokens)
    assert all(len(body) >= 43 for body in bodies)
    assert tokens != sorted(tokens)
    assert len({body[:4] for body in bodies}) > 50, "no common prefix beyond the type tag"
