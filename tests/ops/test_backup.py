"""Backups are consistent, proven, and restored so that nothing handed out before works again (F-31 to F-33)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import City
from tests.provider import GAPURA, Provider


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("kuda benar baterai staples")
    return file


def gapura(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GAPURA, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **(environment or {})},
    )  # fmt: skip


def move(provider: Provider, directory: Path) -> None:
    """Serve what was restored to `directory` at the same address."""
    provider.stop()
    config = provider.config.read_text()
    provider.directory = directory
    restored = provider.config.read_text()
    assert [line for line in restored.splitlines() if "url" not in line and "directory" not in line] == [
        line for line in config.splitlines() if "url" not in line and "directory" not in line
    ]
    provider.start()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
class TestARestoredInstallation:
    def test_lets_people_sign_in_and_voids_everything_of_before(
        self, own_provider, tmp_path, passphrase, database
    ):
        """F-33; from either database to SQLite."""
        provider = own_provider(database)
        city = City(provider)
        siti, client = city.person(totp=False), city.client()
        city.build()
        browser = city.browser()
        tokens = client.sign_in(browser, siti, scope="openid offline_access", prompt="consent")
        pending, answer = client.authorize(browser)
        code = client.code_of(pending, answer)
        out = tmp_path / "daily.gapura"
        provider.run("backup", "create", "--out", str(out), "--passphrase-file", str(passphrase))
        target = tmp_path / "restored"
        done = gapura("backup", "restore", out, "--to", target, "--passphrase-file", passphrase, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["audit"]["intact"]
        assert (target / "gapura.db").stat().st_mode & 0o077 == 0
        move(provider, target)
        assert client.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
        assert client.token(code, pending).json()["error"] == "invalid_grant"
        assert client.userinfo(tokens.access_token).status == 401
        _, again = client.authorize(browser, prompt="none")
        assert again.callback()["error"] == "login_required"
        assert client.sign_in(city.browser(), siti).claims["sub"] == tokens.claims["sub"]
        assert provider.events("backup_restored")
        provider.run("audit", "verify")


class TestABackup:
    @pytest.fixture
    def place(self, own_provider) -> Provider:
        return own_provider(started=False)

    def test_is_made_and_proven_without_any_option_but_the_file(self, place, tmp_path):
        out = tmp_path / "daily.gapura"
        place.run("backup", "create", "--out", str(out))
        assert out.stat().st_mode & 0o077 == 0
        assert b"Administrator" not in out.read_bytes()
        proven = json.loads(place.run("backup", "verify", str(out), "--json"))
        assert proven["audit"]["intact"]
        assert proven["audit"]["checked"] > 0
        assert place.events("backup_created")

    def test_holds_every_row(self, place, tmp_path, passphrase):
        out, target = tmp_path / "daily.gapura", tmp_path / "restored"
        place.run("backup", "create", "--out", str(out), "--passphrase-file", str(passphrase))
        assert (
            gapura("backup", "restore", out, "--to", target, "--passphrase-file", passphrase).returncode == 0
        )
        rows = []
        for file in (place.directory / "gapura.db", target / "gapura.db"):
            engine = create_engine(f"sqlite:///{file}")
            with engine.connect() as connection:
                rows.append(
                    {
                        table: connection.execute(text(f'SELECT * FROM "{table}" ORDER BY 1')).fetchall()
                        for table in (
                            "person",
                            "account",
                            "signing_key",
                            "role",
                            "grant",
                            "tree_node",
                            "checkpoint",
                        )
                    }
                )
            engine.dispose()
        before, after = rows
        for table in ("person", "account", "signing_key", "role", "grant"):
            assert after[table] == before[table]
        assert set(before["tree_node"]) <= set(after["tree_node"])

    def test_that_was_damaged_is_refused_and_leaves_nothing_behind(self, place, tmp_path, passphrase):
        """F-32."""
        out, target = tmp_path / "daily.gapura", tmp_path / "restored"
        place.run("backup", "create", "--out", str(out), "--passphrase-file", str(passphrase))
        content = bytearray(out.read_bytes())
        content[-100] ^= 1
        out.write_bytes(content)
        for command in (("verify", out), ("restore", out, "--to", target)):
            done = gapura("backup", *command, "--passphrase-file", passphrase)
            assert done.returncode == 1
            assert "refused" in done.stderr
        assert not target.exists()

    def test_is_not_restored_over_an_installation_unless_told_and_then_that_is_kept(
        self, place, tmp_path, passphrase
    ):
        out = tmp_path / "daily.gapura"
        place.run("backup", "create", "--out", str(out), "--passphrase-file", str(passphrase))
        arguments = ("backup", "restore", out, "--to", place.directory, "--passphrase-file", passphrase)
        assert gapura(*arguments).returncode == 4
        assert gapura(*arguments, "--yes").returncode == 0
        (aside,) = place.directory.parent.glob(f"{place.directory.name}.before-*")
        assert (aside / "gapura.db").exists()

    def test_with_a_passphrase_that_can_be_guessed_is_not_made(self, place, tmp_path):
        short = tmp_path / "short"
        short.write_text("rahasia")
        place.run("backup", "create", "--out", str(tmp_path / "x"), "--passphrase-file", str(short), code=2)

    @pytest.mark.parametrize("point", ["backup.mid", "restore.mid"])
    def test_that_is_killed_midway_leaves_no_half_copy(self, place, tmp_path, passphrase, point):
        """SECURITY §3.4."""
        out, target = tmp_path / "daily.gapura", tmp_path / "restored"
        crash = {"GAPURA_FAILPOINTS": f"{point}=crash"}
        create = ("backup", "create", "--config", place.config, "--out", out, "--passphrase-file", passphrase)
        restore = ("backup", "restore", out, "--to", target, "--passphrase-file", passphrase)
        if point == "backup.mid":
            assert gapura(*create, environment=crash).returncode < 0
            assert not out.exists()
        assert gapura(*create).returncode == 0
        if point == "restore.mid":
            assert gapura(*restore, environment=crash).returncode < 0
            assert not target.exists()
        assert gapura(*restore).returncode == 0
