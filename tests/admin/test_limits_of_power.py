"""Nobody gives themselves power, reaches another agency, or sets what has no field (C-189, C-191, C-192, R-111)."""

from __future__ import annotations

from typing import ClassVar

import pytest

from idp.domain.access import grants, state
from idp.domain.access.grants import Grant, Offer
from idp.domain.access.model import Holder
from idp.domain.accounts.accounts import Account
from idp.domain.city.people import Person
from idp.domain.clients import registered


@pytest.fixture
def unit_admin(console):
    return console.role("unit_admin")


@pytest.fixture
def sso_admin(console):
    return console.role("sso_admin")


@pytest.fixture
def developer(console):
    """Dewi looks after the applications of one agency."""
    person_id = console.id_of("dewi")
    offer = Offer(None, "developer", Holder.PERSON, person_id, "uji", constraint_unit="disdukcapil")
    console.run(lambda work: grants.give(work, offer))
    return console.visitor("dewi")


def held(console, username):
    person_id = console.id_of(username)
    return console.run(lambda work: sorted(state.powers_of(work, person_id).by_permission))


class TestSelfPromotion:
    """C-189."""

    def test_a_unit_admin_cannot_give_a_role_on_gapura_to_anybody(self, console, unit_admin):
        before = held(console, "siti")
        for username in ("budi", "siti"):
            answer = unit_admin.post(
                "/konsol/akses/gapura", role="sso_admin", person=username, reason="x", valid_from="2026-01-01"
            )
            assert answer.status_code == 403
        assert held(console, "siti") == before
        assert len(console.events("authz_forbidden")) == 2

    def test_a_unit_admin_cannot_smuggle_a_platform_role_through_the_form_of_applications(
        self, console, unit_admin
    ):
        for role in ("|sso_admin", "-|sso_admin", "None|sso_admin"):
            answer = unit_admin.post(
                "/konsol/akses/beri", role=role, holder="person", person="siti", reason="x"
            )
            assert answer.status_code in (403, 422)
        assert console.events("grant_given")[0].actor_kind == "operator"

    def test_an_administrator_cannot_give_a_role_to_themselves(self, console, sso_admin):
        for path, fields in (
            ("/konsol/akses/gapura", {"role": "auditor"}),
            ("/konsol/akses/beri", {"role": "perizinan|operator", "holder": "person"}),
            ("/konsol/akses/beri", {"role": "perizinan|operator", "holder": "unit", "unit": "disdukcapil"}),
        ):
            assert sso_admin.post(path, person="admin", reason="x", **fields).status_code == 403
        assert console.events("authz_forbidden")[0].reason == "not_for_oneself"

    def test_a_unit_admin_cannot_take_over_an_administrator_of_the_city_by_an_activation_code(
        self, console, unit_admin
    ):
        answer = unit_admin.post(f"/konsol/pegawai/{console.id_of('admin')}/kode")
        assert answer.status_code == 403
        assert console.events("activation_code_issued") == []

    def test_a_unit_admin_cannot_disable_the_administrator_of_the_city(self, console, unit_admin):
        answer = unit_admin.post(f"/konsol/pegawai/{console.id_of('admin')}/nonaktifkan", reason="x")
        assert answer.status_code == 403
        assert console.events("account_disabled") == []


class TestOwnUnitsOnly:
    """DOMAIN.md B1: own unit and those below it; elsewhere nobody is even known to exist."""

    def test_the_list_holds_the_people_of_the_unit_and_below(self, unit_admin):
        page = unit_admin.get("/konsol/pegawai").text
        assert "Siti Aminah" in page
        assert "Rina Kesehatan" not in page

    def test_people_of_other_agencies_are_not_found(self, console, unit_admin):
        rina = console.id_of("rina")
        assert unit_admin.get(f"/konsol/pegawai/{rina}").status_code == 404
        assert unit_admin.get(f"/konsol/pegawai/{rina}/akses").status_code == 404
        assert unit_admin.post(f"/konsol/pegawai/{rina}/kode").status_code == 404
        assert unit_admin.post(f"/konsol/pegawai/{rina}/nonaktifkan", reason="x").status_code == 404
        assert unit_admin.get("/konsol/unit/dinkes").status_code == 404

    def test_access_is_not_given_to_people_of_other_agencies(self, console, unit_admin):
        answer = unit_admin.post(
            "/konsol/akses/beri", role="perizinan|operator", holder="person", person="rina", reason="x"
        )
        assert answer.status_code == 403

    def test_a_person_is_not_added_to_another_agency(self, console, unit_admin):
        answer = unit_admin.post(
            "/konsol/pegawai/baru",
            plain_name="Baru",
            employment_status="non_asn",
            unit="dinkes",
            valid_from="2026-01-01",
        )
        assert answer.status_code == 403
        assert console.run(lambda work: work.session.query(Person).filter_by(plain_name="Baru").count()) == 0


class TestOwnApplicationsOnly:
    """C-192: dewi owns applications of her agency; another agency's are not found."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("get", ""), ("get", "/ubah"), ("post", "/ubah"), ("post", "/rahasia"), ("get", "/catatan"),
            ("get", "/pratinjau"), ("get", "/tutup"), ("post", "/tutup"), ("post", "/buka"), ("get", "/peran"),
            ("post", "/peran"), ("post", "/rahasia/x/cabut"),
        ],
    )  # fmt: skip
    def test_an_application_of_another_agency_is_not_found(self, developer, method, path):
        assert getattr(developer, method)(f"/konsol/aplikasi/puskesmas{path}").status_code == 404

    def test_the_list_holds_her_own(self, developer):
        page = developer.get("/konsol/aplikasi").text
        assert "Perizinan" in page
        assert "Puskesmas" not in page

    def test_a_new_secret_of_her_own_is_shown_once(self, console, developer):
        page = developer.post("/konsol/aplikasi/perizinan/rahasia").text
        assert "OIDC_CLIENT_SECRET=" in page
        assert "OIDC_CLIENT_SECRET=" not in developer.get("/konsol/aplikasi/perizinan").text

    def test_an_application_cannot_be_handed_to_another_agency(self, console, developer):
        answer = developer.post(
            "/konsol/aplikasi/perizinan/ubah", client_name="Perizinan", agency="dinkes", kind="web", version="1",
            environment="production", access_default="deny", redirect_uris="https://perizinan.test/cb",
        )  # fmt: skip
        assert answer.status_code == 403
        assert (
            console.run(lambda work: registered.view(work.session, "perizinan")).members["agency"]
            == "disdukcapil"
        )


class TestMassAssignment:
    """C-191: fields that a form does not have are not read."""

    EXTRA: ClassVar[dict[str, str]] = {
        "role": "sso_admin", "roles": "sso_admin", "is_admin": "true", "status": "active", "state": "active",
        "epoch": "0", "username": "diganti", "id": "1", "person_id": "1", "second_factor_required": "false",
        "email_verified": "true", "account[state]": "active", "fixture_claims": "{}",
    }  # fmt: skip

    def test_a_change_of_a_persons_data_changes_nothing_else(self, console, sso_admin):
        siti = console.id_of("siti")
        before = console.run(lambda work: vars(work.session.get(Account, siti)).copy())
        answer = sso_admin.post(
            f"/konsol/pegawai/{siti}/ubah", plain_name="Siti A.", email="siti@kota.test", **self.EXTRA
        )
        assert answer.status_code == 303
        person = console.run(lambda work: work.session.get(Person, siti))
        after = console.run(lambda work: vars(work.session.get(Account, siti)).copy())
        assert person.plain_name == "Siti A."
        assert {k: v for k, v in after.items() if k[0] != "_"} == {
            k: v for k, v in before.items() if k[0] != "_"
        }
        assert console.run(lambda work: work.session.query(Grant).filter_by(holder_id=siti).count()) == 0

    def test_members_of_an_application_without_a_field_stay(self, console, sso_admin):
        before = console.run(lambda work: registered.view(work.session, "perizinan")).members
        answer = sso_admin.post(
            "/konsol/aplikasi/perizinan/ubah", client_name="Perizinan Baru", agency="disdukcapil", kind="web",
            version="1", environment="production", access_default="deny", redirect_uris="https://perizinan.test/cb",
            scopes="openid", epoch="99", state="disabled", first_party="false", subject_type="public",
            sector="puskesmas", legacy_until="2030-01-01", default_acr="1",
        )  # fmt: skip
        assert answer.status_code == 303
        after = console.run(lambda work: registered.view(work.session, "perizinan"))
        assert after.members["client_name"] == "Perizinan Baru"
        for member in ("subject_type", "sector", "first_party", "legacy_until"):
            assert after.members[member] == before[member]
        assert (after.epoch, after.enabled) == (0, True)


class TestTwoEditors:
    def test_the_second_is_told_and_loses_nothing_that_was_typed(self, console, sso_admin):
        fields = {
            "agency": "disdukcapil", "kind": "web", "version": "1", "environment": "production",
            "access_default": "deny", "redirect_uris": "https://perizinan.test/cb", "default_acr": "1",
        }  # fmt: skip
        path = "/konsol/aplikasi/perizinan/ubah"
        assert sso_admin.post(path, client_name="Pertama", **fields).status_code == 303
        answer = sso_admin.post(path, client_name="Kedua", **fields)
        assert answer.status_code == 422
        assert "Kedua" in answer.text
        assert "Seseorang mengubahnya" in answer.text
