"""Class L: administration, as far as it is seen from outside; tests/admin holds roles, routes and limits of power."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.provider import GAPURA, a_database
from tests.relying_party import Browser


def test_c_196_dynamic_registration_off(cast):
    wire = cast.a.wire()
    for path in ("/oauth/register", "/register", "/connect/register"):
        assert wire.request("POST", path, {"a": "b"}).status in (403, 404)
    assert "registration_endpoint" not in cast.a.metadata


class TestFirstStart:
    """C-204: no account with a known password; one code for the first administrator, shown once."""

    def init(self, config) -> dict[str, str]:
        done = subprocess.run(
            [GAPURA, "init", "--config", str(config), "--json"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    @pytest.mark.parametrize("database", ["sqlite", "postgresql"])
    def test_c_204_two_at_once_make_one_administrator(self, tmp_path, database):
        with a_database(tmp_path, database) as url:
            config = tmp_path / "config.toml"
            config.write_text(
                f'environment = "test"\nissuer = "http://localhost:8123"\n[database]\nurl = "{url}"\n'
                f'[secrets]\ndirectory = "{tmp_path}/secrets"\n'
            )
            with ThreadPoolExecutor(2) as pool:
                made = list(pool.map(lambda _: self.init(config), range(2)))
            assert sum("activation_code" in result for result in made) == 1
            assert "activation_code" not in self.init(config), "shown once"

    @pytest.mark.parametrize("password", ["admin", "password", "gapura", "", "changeme"])
    def test_c_204_no_default_password(self, cast, password):
        browser = Browser(cast.provider)
        page = browser.get("/masuk")
        answer = browser.submit(page, page.form("password"), username="admin", password=password)
        assert answer.page == "sign-in"
        assert "gapura_sid" not in browser.cookies
