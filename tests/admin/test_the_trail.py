"""The audit explorer: sentences, filters in the address, who sees what, exports without formulas."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from idp.admin.oversight.sentences import SENTENCES
from idp.domain.accounts import totp
from idp.domain.actors import Actor, ActorKind
from idp.domain.audit.events import EVENTS, Event
from idp.domain.audit.rows import AuditEvent, append
from idp.domain.governance import reading


def sentences_of(page):
    text = re.sub(r"<details.*?</details>", "", page[page.index("g-events") :], flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


class TestTheSentences:
    def test_every_type_of_event_has_one(self):
        assert set(SENTENCES) == set(EVENTS)


class TestWhoSeesWhat:
    @pytest.fixture(autouse=True)
    def _a_sign_in(self, console):
        siti = console.id_of("siti")
        console.run(lambda work: work.record(Event("authn_login_fail", result="refused", subject=siti)))

    def test_the_auditor_sees_sign_ins_of_people(self, console):
        assert "Percobaan masuk sebagai Siti Aminah ditolak." in sentences_of(
            console.role("auditor").get("/konsol/audit").text
        )

    def test_the_administrator_does_not(self, console):
        """DOMAIN.md C11."""
        page = console.role("sso_admin").get("/konsol/audit?peristiwa=authn_login_fail").text
        assert "Percobaan masuk" not in sentences_of(page)
        assert "Tidak ada peristiwa yang cocok" in page

    def test_nor_in_an_export(self, console):
        lines = console.role("sso_admin").get("/konsol/audit/ekspor?bentuk=jsonl").data.splitlines()
        names = {json.loads(line)["event"]["name"] for line in lines}
        assert names
        assert not {name for name in names if name.startswith(reading.PERSONAL_PREFIXES)}

    def test_reading_is_itself_an_event_that_says_what_was_asked(self, console):
        console.role("auditor").get("/konsol/audit?pegawai=siti&hasil=refused")
        event = console.events("audit_read")[0]
        assert event.subject_id == console.id_of("siti")
        assert json.loads(event.leaf)["details"]["result"] == "refused"

    def test_exporting_is_an_event_that_says_how_much(self, console):
        console.role("auditor").get("/konsol/audit/ekspor?bentuk=csv&peristiwa=unit_added")
        details = json.loads(console.events("audit_exported")[0].leaf)["details"]
        assert details == {"filter_name": "unit_added", "format": "csv", "rows": 3}


class TestTheFilters:
    """UX.md §4.3: names instead of ids, and a link is the query."""

    @pytest.mark.parametrize(
        "typed", ["siti", "198609262015051001", "19860926 201505 1 001", "siti@kota.test", "Siti Am"]
    )
    def test_a_person_is_found_by_whatever_people_know(self, shared_console, typed):
        page = shared_console.role("auditor").get("/konsol/audit", query_string={"pegawai": typed}).text
        found = sentences_of(page)
        assert "menambahkan Siti Aminah" in found
        assert "menambahkan Budi" not in found

    def test_an_ambiguous_name_is_an_error_at_its_field_and_nothing_is_shown(self, shared_console):
        answer = shared_console.role("auditor").get("/konsol/audit?pegawai=a")
        assert answer.status_code == 422
        assert "Lebih dari satu pegawai cocok" in answer.text

    def test_days_are_days_of_the_city(self, shared_console):
        today = shared_console.run(lambda work: work.now.date()).isoformat()
        auditor = shared_console.role("auditor")
        assert "menambahkan unit" in sentences_of(
            auditor.get(f"/konsol/audit?peristiwa=unit_added&dari={today}").text
        )
        past = auditor.get("/konsol/audit?peristiwa=unit_added&sampai=2020-01-01").text
        assert "menambahkan unit" not in sentences_of(past)

    def test_an_impossible_day_is_refused_at_its_field(self, shared_console):
        answer = shared_console.role("auditor").get("/konsol/audit?dari=2026-02-31")
        assert answer.status_code == 422
        assert "Tanggal ini tidak dapat dibaca" in answer.text

    def test_pages_follow_one_another_without_gap_or_repetition(self, console):
        console.run(lambda work: [work.record(Event("backup_created", target=str(n))) for n in range(120)])
        auditor, path, seen = console.role("auditor"), "/konsol/audit?peristiwa=backup_created", []
        while path:
            page = auditor.get(path).text
            seen += [int(n) for n in re.findall(r"&#34;target&#34;: &#34;(\d+)&#34;", page)]
            following = re.search(r'href="([^"]*setelah=[^"]*)"', page)
            path = following[1].replace("&amp;", "&") if following else None
        assert seen == list(range(119, -1, -1))

    @pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "e30", "W3RydWVd", "WyJhIl0", "A" * 500])
    def test_a_forged_place_in_the_list_is_refused(self, shared_console, cursor):
        assert shared_console.role("auditor").get(f"/konsol/audit?setelah={cursor}").status_code == 422


class TestExports:
    """C-210: RFC 4180 quoting and a leading apostrophe."""

    VALUES = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a"b,c')

    def test_no_cell_is_a_formula_and_the_original_can_be_read_back(self, console):
        def write(work):
            for value in self.VALUES:
                work.record(Event("backup_created", reason=value))

        console.run(write)
        answer = console.role("auditor").get("/konsol/audit/ekspor?bentuk=csv&peristiwa=backup_created")
        assert answer.mimetype == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
        assert len(rows) == len(self.VALUES)
        assert not [
            cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")
        ]
        assert [row["reason"].removeprefix("'") for row in rows][::-1] == list(self.VALUES)

    def test_jsonl_holds_exactly_what_the_filter_finds(self, console):
        answer = console.role("auditor").get("/konsol/audit/ekspor?bentuk=jsonl&peristiwa=unit_added")
        events = [json.loads(line)["event"] for line in answer.data.splitlines()]
        assert [event["target"] for event in events] == ["dinkes", "disdukcapil-yan", "disdukcapil"]

    def test_no_secret_is_in_any_export(self, console):
        """C-202."""
        secret = console.run(
            lambda work: totp.open_secret(work, totp.active(work.session, console.id_of("siti"))[0])
        )
        body = console.role("auditor").get("/konsol/audit/ekspor?bentuk=jsonl").text
        assert secret not in body
        assert "$argon2" not in body


class TestHostileText:
    """C-206: whatever is stored is shown as text."""

    PAYLOADS = ('"><svg onload=alert(1)>', "';alert(1)//", "{{7*7}}", "<img src=x onerror=alert(1)>")

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_it_runs_nowhere_in_the_console(self, console, payload):
        siti = console.id_of("siti")
        admin, auditor = console.role("sso_admin"), console.role("auditor")
        admin.post(f"/konsol/pegawai/{siti}/ubah", plain_name=payload, email="siti@kota.test")
        admin.post("/konsol/unit/baru", code="jahat", name=payload, kind="agency", valid_from="2026-01-01")
        admin.post("/konsol/aplikasi/perizinan/peran", name="p1", title=payload)
        admin.post(
            "/konsol/akses/beri", role="perizinan|operator", holder="person", person="siti", reason=payload,
            valid_from="2026-01-01",
        )  # fmt: skip
        members = {
            "client_name": payload,
            "agency": "disdukcapil",
            "kind": "web",
            "version": "1",
            "purpose": payload,
        }
        members |= {
            "environment": "production",
            "access_default": "deny",
            "redirect_uris": "https://perizinan.test/cb",
        }
        admin.post("/konsol/aplikasi/perizinan/ubah", **members, description=payload)
        actor = Actor(ActorKind.PERSON, siti, user_agent=payload)
        console.run(
            lambda work: append(work.session, actor, work.now, Event("password_changed", reason=payload))
        )
        paths = [
            "/konsol/pegawai", f"/konsol/pegawai/{siti}", f"/konsol/pegawai/{siti}/akses", "/konsol/unit",
            "/konsol/unit/jahat", "/konsol/akses", "/konsol/aplikasi", "/konsol/aplikasi/perizinan",
            "/konsol/aplikasi/perizinan/ubah", "/konsol/aplikasi/perizinan/peran", "/konsol/akses/beri",
            "/konsol/aplikasi/perizinan/pratinjau?pegawai=siti", f"/konsol/pegawai?q={payload}",
        ]  # fmt: skip
        pages = [admin.get(path).text for path in paths] + [auditor.get("/konsol/audit").text]
        for page in pages:
            assert "<svg onload" not in page
            assert "<img src=x" not in page
        assert payload.replace("&", "&amp;").split("<")[0] in pages[0].replace("&#39;", "'").replace(
            "&#34;", '"'
        )
        if "7*7" in payload:
            assert not [page for page in pages if ">49<" in page]


class TestTheRows:
    def test_no_address_of_the_console_changes_or_removes_an_event(self, console):
        """C-205."""
        before = console.run(lambda work: work.session.query(AuditEvent).count())
        admin = console.role("sso_admin")
        for method in ("delete", "put", "patch", "post"):
            answer = getattr(admin.client, method)("/konsol/audit", base_url="http://localhost:8123")
            assert answer.status_code in (403, 405)
        assert console.run(lambda work: work.session.query(AuditEvent).count()) >= before
