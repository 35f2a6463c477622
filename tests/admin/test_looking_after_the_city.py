"""What administrators do all day, from form to page: people, units, access, applications, keys."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import ClassVar

import pytest

from idp.domain.access import state
from idp.domain.accounts import accounts, tickets
from idp.domain.city import units
from idp.domain.clients import credentials, integration_log, registered
from idp.domain.runtime import keys
from idp.domain.sessions import sso


@pytest.fixture
def admin(console):
    return console.role("sso_admin")


def landed(answer):
    """The page name of the address that a form led to."""
    assert answer.status_code == 303, html.unescape(re.sub(r"<[^>]+>", " ", answer.text))[-1500:]
    return answer.headers["Location"]


class TestPeople:
    @pytest.mark.parametrize("typed", ["siti am", "1986 0926 2015", "198609262015051001", "SITI@kota"])
    def test_are_found_by_name_number_or_mail(self, shared_console, typed):
        page = shared_console.role("sso_admin").get("/konsol/pegawai", query_string={"q": typed}).text
        assert "Siti Aminah" in page
        assert "Budi Santoso" not in page

    def test_wildcards_of_the_database_are_plain_characters(self, shared_console):
        """C-212."""
        for typed in ("%", "_", "' OR 1=1 --"):
            page = shared_console.role("sso_admin").get("/konsol/pegawai", query_string={"q": typed}).text
            assert "Siti Aminah" not in page

    def test_join_with_a_code_that_works_and_is_shown_once(self, console, admin):
        where = landed(
            admin.post(
                "/konsol/pegawai/baru", plain_name="Nur Hayati", employment_status="pppk", unit="dinkes",
                position="Bidan", valid_from="2026-01-01", nip="19900101 202121 2 001", email="nur@kota.test",
            )
        )  # fmt: skip
        person_id = where.split("/")[3].split("?")[0]
        slip = admin.post(f"/konsol/pegawai/{person_id}/kode")
        code = re.search(r'id="activation-code">([A-Z2-9-]{19})<', slip.text)[1]
        assert slip.headers["Cache-Control"] == "no-store"
        assert "1990••••202121•001" in slip.text
        assert console.run(lambda work: tickets.is_valid(work, person_id, code))
        assert code not in admin.get(f"/konsol/pegawai/{person_id}").text

    def test_a_refused_form_says_why_at_the_field_and_keeps_what_was_typed(self, admin):
        answer = admin.post(
            "/konsol/pegawai/baru", plain_name="Nur", employment_status="pns", unit="dinkes", nip="1,98501E+17",
            valid_from="2026-01-01",
        )  # fmt: skip
        assert answer.status_code == 422
        assert 'href="#nip"' in answer.text
        assert 'value="Nur"' in answer.text
        assert 'value="1,98501E+17"' in answer.text

    def test_disabling_needs_a_reason_and_ends_sessions(self, console, admin):
        siti = console.id_of("siti")
        visitor = console.visitor("siti")
        path = f"/konsol/pegawai/{siti}/nonaktifkan"
        assert "Isi alasannya" in admin.post(path, reason=" ").text
        landed(admin.post(path, reason="cuti di luar tanggungan"))
        assert visitor.get("/").status_code == 303
        landed(admin.post(f"/konsol/pegawai/{siti}/aktifkan"))
        assert console.run(lambda work: accounts.get(work.session, siti).state) != "disabled"

    def test_all_sessions_of_a_person_end_at_once(self, console, admin):
        """C-120."""
        siti, visitor = console.id_of("siti"), console.visitor("siti")
        assert visitor.get("/keamanan").status_code == 200
        landed(admin.post(f"/konsol/pegawai/{siti}/sesi"))
        assert visitor.get("/keamanan").status_code == 303
        assert console.run(lambda work: sso.live_of(work, siti)) == []


class TestUnits:
    def test_grow_below_one_another_and_are_renamed_from_a_day_on(self, console, admin):
        landed(
            admin.post(
                "/konsol/unit/baru",
                code="dinkes-uptd",
                name="UPTD Lama",
                kind="technical_unit",
                parent="dinkes",
            )
        )
        landed(
            admin.post(
                "/konsol/unit/dinkes-uptd/ubah", name="UPTD Baru", parent="dinkes", valid_from="2031-01-01"
            )
        )
        now, later = console.run(
            lambda work: [units.tree(work.session, day).by_code["dinkes-uptd"].name
                          for day in (state.today(work), state.today(work).replace(year=2031, month=2, day=1))]
        )  # fmt: skip
        assert (now, later) == ("UPTD Lama", "UPTD Baru")

    def test_none_can_stand_below_itself(self, admin):
        answer = admin.post(
            "/konsol/unit/disdukcapil/ubah", name="X", parent="disdukcapil-yan", valid_from="2026-01-01"
        )
        assert answer.status_code == 422
        assert "tidak dapat berada di bawah dirinya sendiri" in answer.text


class TestAccess:
    OFFER: ClassVar[dict[str, str]] = {
        "role": "perizinan|operator",
        "reason": "Petugas loket",
        "valid_from": "2026-01-01",
    }

    def test_through_a_unit_is_explained_with_giver_and_reason(self, console, admin):
        landed(admin.post("/konsol/akses/beri", holder="unit", unit="disdukcapil-yan", **self.OFFER))
        page = html.unescape(admin.get(f"/konsol/pegawai/{console.id_of('siti')}/akses").text)
        assert "Peran operator berlaku lewat unit kerja (Bidang Pelayanan)" in page
        assert "Alasan: Petugas loket. Diberikan oleh Ayu Administrator." in page

    def test_given_directly_is_said_so(self, console, admin):
        landed(admin.post("/konsol/akses/beri", holder="person", person="siti", **self.OFFER))
        page = html.unescape(admin.get(f"/konsol/pegawai/{console.id_of('siti')}/akses").text)
        assert "Peran operator diberikan langsung kepadanya, sejak 1 Januari 2026." in page

    def test_is_explained_as_of_another_day(self, console, admin):
        """DOMAIN.md E5."""
        landed(admin.post("/konsol/akses/beri", holder="person", person="siti", **self.OFFER))
        page = html.unescape(admin.get(f"/konsol/pegawai/{console.id_of('siti')}/akses?pada=2025-06-01").text)
        assert "baru berlaku mulai 1 Januari 2026" in page

    def test_ends_with_a_reason(self, console, admin):
        landed(admin.post("/konsol/akses/beri", holder="person", person="siti", **self.OFFER))
        path = re.search(
            r'href="(/konsol/akses/\w+/akhiri)"', admin.get("/konsol/akses?aplikasi=perizinan").text
        )[1]
        assert admin.post(path, reason="").status_code == 422
        landed(admin.post(path, reason="mutasi"))
        decision = console.run(
            lambda work: state.decide_for(
                work, console.id_of("siti"), registered.view(work.session, "perizinan")
            )
        )
        assert not decision.allowed

    def test_a_second_gift_of_the_same_role_is_refused_in_words(self, admin):
        landed(admin.post("/konsol/akses/beri", holder="person", person="siti", **self.OFFER))
        answer = admin.post("/konsol/akses/beri", holder="person", person="siti", **self.OFFER)
        assert answer.status_code == 422
        assert "sudah diberikan untuk masa itu" in answer.text


class TestApplications:
    FORM: ClassVar[dict[str, str]] = {
        "client_name": "e-Kinerja Kota", "kind": "web", "environment": "sandbox", "access_default": "deny",
        "redirect_uris": "https://ekin.test/cb\nhttps://ekin.test/cb2", "scopes": "profile", "agency": "dinkes",
    }  # fmt: skip

    def test_registration_shows_the_secret_once_with_lines_for_env(self, console, admin):
        page = html.unescape(admin.post("/konsol/aplikasi/baru", **self.FORM).text)
        secret = re.search(r"OIDC_CLIENT_SECRET=(\S+)", page)[1]
        assert "OIDC_CLIENT_ID=e-kinerja-kota" in page
        client = console.run(lambda work: registered.view(work.session, "e-kinerja-kota"))
        digests = console.run(lambda work: credentials.matches(work.vault.digests, client.secrets, secret))
        assert digests is not None
        assert client.scope == "openid profile"
        assert client.redirect_uris == ["https://ekin.test/cb", "https://ekin.test/cb2"]
        assert secret not in admin.get("/konsol/aplikasi/e-kinerja-kota").text

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("redirect_uris", "http://ekin.test/cb"), ("redirect_uris", "https://*.ekin.test/cb"),
            ("redirect_uris", "https://ekin.test/cb#x"), ("client_uri", "javascript:alert(1)"),
            ("policy_uri", "data:text/html,x"), ("tos_uri", "//evil.test"), ("client_name", ""),
            ("client_id", "a b"), ("jwks", "{"), ("kind", "apa"),
        ],
    )  # fmt: skip
    def test_what_the_rules_refuse_stands_at_its_field(self, admin, field, value):
        """C-011, C-207."""
        answer = admin.post("/konsol/aplikasi/baru", **{**self.FORM, field: value})
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text

    @pytest.mark.parametrize(
        ("kind", "method", "application_type"),
        [("web", "client_secret_basic", "web"), ("wordpress", "client_secret_post", "web"), ("spa", "none", "web"),
         ("mobile", "none", "native"), ("machine", "client_secret_basic", "web")],
    )  # fmt: skip
    def test_the_kind_decides_how_it_authenticates(self, console, admin, kind, method, application_type):
        admin.post("/konsol/aplikasi/baru", **{**self.FORM, "kind": kind, "client_id": f"app-{kind}"})
        client = console.run(lambda work: registered.view(work.session, f"app-{kind}"))
        assert (client.token_endpoint_auth_method, client.application_type) == (method, application_type)

    def test_two_secrets_live_during_a_change_and_the_old_one_is_revoked(self, console, admin):
        """C-071."""
        assert admin.post("/konsol/aplikasi/perizinan/rahasia").status_code == 200
        assert admin.post("/konsol/aplikasi/perizinan/rahasia").status_code == 409
        old = console.run(lambda work: credentials.listed(work.session, "perizinan")[0].id)
        landed(admin.post(f"/konsol/aplikasi/perizinan/rahasia/{old}/cabut"))
        assert len(console.run(lambda work: credentials.listed(work.session, "perizinan"))) == 1

    def test_closing_needs_a_reason_and_can_be_undone(self, console, admin):
        assert admin.post("/konsol/aplikasi/perizinan/tutup", reason="").status_code == 422
        landed(admin.post("/konsol/aplikasi/perizinan/tutup", reason="insiden"))
        assert not console.run(lambda work: registered.view(work.session, "perizinan")).enabled
        landed(admin.post("/konsol/aplikasi/perizinan/buka"))
        assert console.run(lambda work: registered.view(work.session, "perizinan")).enabled

    def test_the_preview_shows_each_claim_with_its_value_and_hands_nothing_out(self, console, admin):
        page = html.unescape(
            admin.get("/konsol/aplikasi/perizinan/pratinjau?pegawai=19860926 201505 1 001").text
        )
        assert "198609262015051001" in page
        assert '"code": "disdukcapil"' in page
        assert "siti@kota.test" not in page
        assert "tidak boleh" in page

    def test_the_log_marks_where_the_address_differs(self, console, admin):
        """UX.md §6.3."""
        facts = {"sent": "https://perizinan.test/cb/", "registered": ["https://perizinan.test/cb"]}
        console.run(
            lambda work: integration_log.write(
                work.session, client_id="perizinan", at=work.now, endpoint="authorize", error="invalid_request",
                code="redirect_uri_unregistered", facts=facts, request_id="r1",
            )
        )  # fmt: skip
        assert (
            "https://perizinan.test/cb<mark>/</mark>" in admin.get("/konsol/aplikasi/perizinan/catatan").text
        )


class TestInEnglish:
    def test_every_page_for_reading_speaks_english_to_an_english_browser(self, console, admin):
        wanted = {
            "/konsol/": "Overview", "/konsol/pegawai": "Staff", "/konsol/unit": "Units", "/konsol/akses": "Access",
            "/konsol/aplikasi": "Applications", "/konsol/kunci": "Signing keys", "/konsol/audit": "Audit trail",
        }  # fmt: skip
        for path, heading in wanted.items():
            page = admin.get(path, headers={"Accept-Language": "en"}).text
            assert 'lang="en"' in page
            assert f'<h1 class="govuk-heading-l">{heading}</h1>' in page, path


class TestKeys:
    def test_a_prepared_key_signs_early_only_with_a_confirmation(self, console, admin):
        landed(admin.post("/konsol/kunci/siapkan", algorithm="RS256"))
        kid = console.run(
            lambda work: next(k.kid for k in keys.listed(work.session) if k.state == "published")
        )
        assert admin.post(f"/konsol/kunci/{kid}/aktifkan").status_code == 422
        landed(admin.post(f"/konsol/kunci/{kid}/aktifkan", early="ya"))
        assert console.run(lambda work: keys.get(work.session, kid).state) == "signing"

    def test_after_the_time_of_publication_it_signs_without(self, console):
        kid = console.run(lambda work: keys.prepare(work, "RS256").kid)
        console.forward(timedelta(hours=2))
        landed(console.role("sso_admin").post(f"/konsol/kunci/{kid}/aktifkan"))

    def test_an_emergency_revocation_needs_the_word_and_leaves_a_signing_key(self, console, admin):
        """C-231."""
        kid = console.run(
            lambda work: next(
                k.kid for k in keys.listed(work.session) if k.state == "signing" and k.algorithm == "RS256"
            )
        )
        assert admin.post(f"/konsol/kunci/{kid}/cabut", typed="ya").status_code == 422
        landed(admin.post(f"/konsol/kunci/{kid}/cabut", typed="cabut"))
        states = console.run(
            lambda work: {k.kid: k.state for k in keys.listed(work.session) if k.algorithm == "RS256"}
        )
        assert states.pop(kid) == "destroyed"
        assert list(states.values()) == ["signing"]
