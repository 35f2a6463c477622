"""The demo city, as somebody who just cloned the repository meets it (HARNESS.md §1)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pyotp
import pytest

from idp.demo import city
from idp.demo.browser import Browser, WalkFailed, free_ports
from idp.demo.run import DemoFailed, run, running, set_up
from idp.domain.city import nip

GAPURA = str(Path(sys.executable).with_name("gapura"))
PLACES = city.Addresses(*(f"http://localhost:{port}" for port in range(8000, 8004)))
SECRETS = {name: f"rahasia-{name}" for name in (city.PERIZINAN, city.EOFFICE, city.API)}


class TestTheCheck:
    """`scripts/run --check`: one whole sign-in through both applications, the API, and sign-out everywhere."""

    def test_walks_through_and_says_each_step(self):
        done = subprocess.run(
            [GAPURA, "dev", "demo", "--check"], capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for step in (
            "the password of siti was accepted",
            "Perizinan lists the permits that API Izin gave for the access token",
            "single sign-on",
            "e-Office was told over the back channel",
            "a new visit asks for the password again",
        ):
            assert step in done.stdout


class TestTheCity:
    """Plainly fictitious people: no number that a register of the city has reached."""

    DOCUMENT = city.document(PLACES, SECRETS)

    def test_every_number_can_exist_and_ends_beyond_those_in_use(self):
        numbers = [person["nip"] for person in self.DOCUMENT["people"] if person["nip"]]
        assert len(set(numbers)) == len(numbers)
        assert all(nip.parse(text, today=date(2026, 11, 24)) for text in numbers)
        assert all(900 <= int(text[15:]) <= 999 for text in numbers)

    def test_everybody_works_in_a_unit_that_exists(self):
        codes = {unit["code"] for unit in self.DOCUMENT["units"]}
        assert {person["unit"] for person in self.DOCUMENT["people"]} <= codes
        assert {unit["parent"] for unit in self.DOCUMENT["units"]} - {None} <= codes

    def test_every_persona_can_sign_in_with_a_second_factor(self):
        people = {person["username"]: person for person in self.DOCUMENT["people"]}
        for persona in city.PERSONAS:
            assert people[persona.username]["password"] == city.PASSWORD
            assert len(pyotp.TOTP(people[persona.username]["totp_secret"]).now()) == 6


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo city that was set up and is not running."""
    directory = tmp_path_factory.mktemp("demo")
    ports = free_ports(4)
    set_up(directory, ports)
    return directory, ports


class TestASecondStart:
    def test_is_quick_and_keeps_the_data(self, demo):
        directory, ports = demo
        seeded = (directory / "seeded.json").read_bytes()
        begun = time.monotonic()
        set_up(directory, ports)
        assert time.monotonic() - begun < 20
        assert (directory / "seeded.json").read_bytes() == seeded

    def test_finds_what_was_generated_in_one_file_that_others_cannot_read(self, demo):
        path = demo[0] / "seeded.json"
        seeded = json.loads(path.read_text())
        assert path.stat().st_mode & 0o077 == 0
        siti = next(person for person in seeded["people"] if person["username"] == "siti")
        assert set(siti["subjects"]) >= {city.PERIZINAN, city.EOFFICE}

    def test_serves_all_four_and_stops_them_on_the_way_out(self, demo):
        directory, ports = demo
        with running(directory, ports) as addresses:
            browser = Browser()
            assert browser.get(addresses.perizinan).name == "home"
            assert browser.get(addresses.eoffice).name == "home"
            assert browser.get(f"{addresses.api}/permits").status == 401
            assert browser.get(f"{addresses.issuer}/healthz").status == 200
        with pytest.raises(WalkFailed, match="refused"):
            browser.get(addresses.perizinan)

    def test_without_its_secrets_says_which_program_did_not_start(self, demo):
        directory, ports = demo
        secret = directory / f"{city.PERIZINAN}.secret"
        kept = secret.read_text()
        secret.unlink()
        try:
            with pytest.raises(DemoFailed, match="perizinan did not start"), running(directory, ports):
                pass
        finally:
            secret.write_text(kept)


class TestTheReset:
    def test_leaves_a_folder_alone_that_holds_no_demo(self, tmp_path, capsys):
        (tmp_path / "surat.txt").write_text("penting")
        assert run(tmp_path, check=False, reset=True) == 1
        assert "holds no demo city" in capsys.readouterr().err
        assert (tmp_path / "surat.txt").exists()
