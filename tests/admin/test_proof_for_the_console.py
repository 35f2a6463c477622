"""The console asks for a second factor, forgets idle administrators, and wants a fresh proof for changes (C-198)."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from idp.domain.runtime import keys
from idp.domain.sessions.interactions import Interaction
from tests.admin.conftest import ISSUER, PASSWORD, SECRET

CHANGES = [
    "/konsol/kunci/siapkan",
    "/konsol/akses/beri",
    "/konsol/akses/gapura",
    "/konsol/aplikasi/baru",
    "/konsol/pegawai/baru",
    "/konsol/unit/baru",
]


def newest_interaction(console):
    return console.run(
        lambda work: work.session.query(Interaction).order_by(Interaction.created_at.desc()).first()
    )


class TestWithoutASecondFactor:
    def test_the_console_asks_for_it(self, console):
        visitor = console.visitor("admin", factors=("pwd",))
        answer = visitor.get("/konsol/pegawai?q=siti")
        assert answer.status_code == 303
        interaction = newest_interaction(console)
        assert (interaction.level_wanted, interaction.return_to) == (2, "/konsol/pegawai?q=siti")
        assert "fresh" not in interaction.request


class TestTheWayThere:
    """A stranger who asks for a page of the console lands on it after both factors; a change after 20 minutes too."""

    @staticmethod
    def sign_in(visitor, moment, path):
        """Follow the pages of the sign-in from `path`; returns where it ends."""
        page = visitor.client.get(path, base_url=ISSUER, follow_redirects=True)
        for _ in range(2):
            asks_code = 'name="otp"' in page.text
            fields = (
                {"otp": pyotp.TOTP(SECRET).at(moment)}
                if asks_code
                else {"username": "admin", "password": PASSWORD}
            )
            fields |= {
                name: re.search(f'name="{name}" value="([^"]+)"', page.text)[1]
                for name in ("csrf_token", "t")
            }
            page = visitor.client.post(page.request.path, base_url=ISSUER, data=fields, follow_redirects=True)
        return page

    def test_leads_back_to_the_page_that_was_asked_for(self, console):
        visitor = console.visitor()
        page = self.sign_in(visitor, console.run(lambda work: work.now), "/konsol/pegawai?q=siti")
        assert (page.status_code, page.request.full_path) == (200, "/konsol/pegawai?q=siti")
        assert "Siti Aminah" in page.text

    def test_a_change_goes_through_after_the_proof(self, console):
        visitor = console.visitor()
        self.sign_in(visitor, console.run(lambda work: work.now), "/konsol/")
        for _ in range(2):
            console.forward(timedelta(minutes=10))
            visitor.get("/konsol/")
        onward = visitor.post("/konsol/kunci/siapkan", algorithm="RS256").headers["Location"]
        page = self.sign_in(visitor, console.run(lambda work: work.now), onward)
        assert page.request.path == "/konsol/kunci"
        assert visitor.post("/konsol/kunci/siapkan", algorithm="RS256").status_code == 303
        assert console.run(lambda work: [k for k in keys.listed(work.session) if k.state == "published"])


class TestIdle:
    def test_after_15_minutes_the_proof_is_asked_again(self, console):
        visitor = console.role("sso_admin")
        console.forward(timedelta(minutes=16))
        assert visitor.get("/konsol/").status_code == 303
        assert newest_interaction(console).request == {"fresh": True}

    def test_whoever_works_stays_until_8_hours_are_over(self, console):
        visitor = console.role("sso_admin")
        for _ in range(39):
            console.forward(timedelta(minutes=12))
            assert visitor.get("/konsol/").status_code == 200
        console.forward(timedelta(minutes=13))
        assert visitor.get("/konsol/").status_code == 303


class TestChangesWithAProofOf20Minutes:
    """C-198: rotate keys, change roles, export the trail, register an application."""

    @pytest.fixture
    def visitor(self, console):
        visitor = console.role("sso_admin")
        for _ in range(2):
            console.forward(timedelta(minutes=10))
            assert visitor.get("/konsol/").status_code == 200
        return visitor

    def test_reading_goes_on(self, visitor):
        assert visitor.get("/konsol/pegawai").status_code == 200

    @pytest.mark.parametrize("path", CHANGES)
    def test_a_change_demands_a_fresh_proof_first(self, console, visitor, path):
        answer = visitor.post(path, algorithm="RS256")
        assert (answer.status_code, answer.headers["Location"][:6]) == (303, "/masuk")
        interaction = newest_interaction(console)
        assert interaction.request == {"fresh": True}
        assert interaction.level_wanted == 2

    def test_afterwards_it_leads_to_a_page_that_can_be_opened(self, console, visitor):
        visitor.post("/konsol/kunci/siapkan", algorithm="RS256")
        assert newest_interaction(console).return_to == "/konsol/kunci"

    def test_nothing_was_changed(self, console, visitor):
        before = len(console.events("key_prepared"))
        visitor.post("/konsol/kunci/siapkan", algorithm="RS256")
        assert len(console.events("key_prepared")) == before

    def test_an_export_demands_a_fresh_proof(self, visitor):
        assert visitor.get("/konsol/audit/ekspor?bentuk=csv").status_code == 303

    @pytest.mark.parametrize(
        "part", ["nonaktifkan", "aktifkan", "kode", "sesi", "ubah", "tempatkan", "akhiri"]
    )
    def test_what_touches_an_account_demands_a_fresh_proof(self, console, visitor, part):
        siti = console.id_of("siti")
        assert visitor.post(f"/konsol/pegawai/{siti}/{part}", reason="x").status_code == 303
        assert console.events("account_disabled") + console.events("activation_code_issued") == []
