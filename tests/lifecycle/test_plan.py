"""Verdicts, brakes and the file of refused rows: DOMAIN.md §4 D1, D2."""

from __future__ import annotations

import csv
import io
import time
from datetime import date, timedelta

from idp.domain.lifecycle.brakes import brakes
from idp.domain.lifecycle.feed import FeedRow, Problem, guess_mapping, read, understand
from idp.domain.lifecycle.plan import Current, Snapshot, Verdict, plan, refused_file

TODAY = date(2026, 11, 24)
SITI, BUDI = "198609262015051901", "198709262015051902"
KNOWN = {
    SITI: Current("p1", "Siti Aminah", "pns", "dinkes", position_title="Perawat"),
    BUDI: Current("p2", "Budi", "pns", "dinkes"),
}
CITY = Snapshot(KNOWN, frozenset({"dinkes", "dpmptsp"}))


def a_row(nip: str = SITI, **overrides) -> FeedRow:
    values = {
        "number": 2, "nip": nip, "plain_name": "Siti Aminah", "employment_status": "pns", "unit_code": "dinkes",
        "position_title": "Perawat",
    }  # fmt: skip
    return FeedRow(**{**values, **overrides})


def verdicts(*rows: FeedRow, mode: str = "delta") -> list[Verdict]:
    return [item.verdict for item in plan(rows, [], CITY, mode=mode).planned]


class TestOneRow:
    def test_equal_to_the_city_changes_nothing(self):
        assert verdicts(a_row()) == [Verdict.SAME]

    def test_with_another_unit_is_a_change_that_names_before_and_after(self):
        made = plan([a_row(unit_code="dpmptsp")], [], CITY, mode="delta")
        assert made.planned[0].changes == {"unit_code": ("dinkes", "dpmptsp")}

    def test_of_an_unknown_person_is_new(self):
        assert verdicts(a_row("199009132025242914", plain_name="Rani")) == [Verdict.NEW]

    def test_no_longer_active_is_ending(self):
        assert verdicts(a_row(active=False)) == [Verdict.ENDING]

    def test_an_absent_cell_leaves_what_is_known(self):
        assert verdicts(a_row(position_title=None, email=None)) == [Verdict.SAME]


class TestUnknownUnits:
    def test_are_listed_once_however_many_rows_name_them(self):
        rows = [a_row(unit_code="entah", number=n) for n in (2, 3, 4)]
        made = plan(rows, [], CITY, mode="delta")
        assert made.unknown_units == ("entah",)
        assert made.count(Verdict.REFUSED) == 3


class TestAFullFile:
    def test_ends_who_is_absent(self):
        assert verdicts(a_row(), mode="full") == [Verdict.SAME, Verdict.ENDING]

    def test_with_refused_rows_takes_nobody_for_absent(self):
        problem = Problem(3, "NIP", "1.98E+17", "nip_spreadsheet_exponent")
        made = plan([a_row()], [problem], CITY, mode="full")
        assert made.count(Verdict.ENDING) == 0


class TestTheBrake:
    def test_holds_a_file_that_would_end_more_than_two_percent(self):
        made = plan([a_row()], [], CITY, mode="full")
        assert [brake.code for brake in brakes(made, 40, 2.0)] == ["too_many_ending"]

    def test_lets_an_ordinary_month_pass(self):
        made = plan([a_row()], [], CITY, mode="full")
        assert brakes(made, 100, 2.0) == []


class TestTheRefusedRows:
    """A file that can be mended and read again."""

    def test_hold_the_same_columns_and_the_problem_and_read_again(self):
        content = f"NIP;Nama;Unit\r\n1.98609E+17;=HYPERLINK(1);dinkes\r\n{BUDI};Budi;dinkes\r\n".encode()
        sheet = read("p.csv", content)
        _, problems = understand(sheet, guess_mapping(sheet.columns), TODAY)

        refused = refused_file(sheet, problems, {"nip_spreadsheet_exponent": "Excel mengubah NIP ini"})

        text = refused.decode("utf-8-sig")
        assert text.splitlines()[0] == "NIP;Nama;Unit;masalah"
        assert "'=HYPERLINK(1)" in text and "Excel mengubah NIP ini" in text and BUDI not in text
        mended = refused.replace(b"1.98609E+17", SITI.encode())
        again = read("mended.csv", mended)
        rows, problems = understand(again, guess_mapping(again.columns), TODAY)
        assert problems == []
        assert (rows[0].nip, rows[0].plain_name) == (SITI, "=HYPERLINK(1)")

    def test_can_hold_formulas_anywhere_without_a_spreadsheet_running_them(self):
        """C-210: a leading apostrophe, also in headings and in our own column; reading it again gives the original."""
        content = b'NIP;Nama;Unit;=1+1;-x\r\n1;@SUM(A1);+62;"\tx";"\ry"\r\n'
        sheet = read("p.csv", content)
        problems = [Problem(2, "=1+1", "x", "cell_malformed")]

        refused = refused_file(sheet, problems, {})

        cells = [cell for line in csv.reader(io.StringIO(refused.decode("utf-8-sig"), newline=""), delimiter=";")
                 for cell in line]  # fmt: skip
        assert [cell for cell in cells if cell[:1] in set("=+-@\t\r\n")] == []
        again = read("p.csv", refused)
        assert (again.columns, again.rows) == (sheet.columns, sheet.rows)
        assert refused_file(again, problems, {}) == refused

    def test_hold_no_citizen_number(self):
        sheet = read("p.csv", b"NIP;Nama;Unit;Catatan\r\n1;Siti;dinkes;KTP 3271012609860001\r\n2;a;b;c\r\n")
        _, problems = understand(sheet, guess_mapping(sheet.columns), TODAY)
        assert b"3271012609860001" not in refused_file(sheet, problems, {})


class TestThirteenThousandRows:
    def test_are_read_and_planned_in_less_than_five_seconds(self):
        rows = [
            f"{date(1975, 1, 1) + timedelta(days=n % 9000):%Y%m%d}2015051{900 + n // 9000};Siti {n};opd-{n % 50};"
            f"Perawat;01/10/2025;s{n}@kota.test"
            for n in range(13_000)
        ]
        content = "\r\n".join(["NIP;Nama;Unit;Jabatan;TMT;Email", *rows]).encode()
        city = Snapshot({}, frozenset(f"opd-{n}" for n in range(50)))

        begun = time.process_time()
        sheet = read("p.csv", content)
        understood, problems = understand(sheet, guess_mapping(sheet.columns), TODAY)
        made = plan(understood, problems, city, mode="full")

        assert time.process_time() - begun < 5
        assert made.count(Verdict.NEW) == 13_000

    def test_a_second_time_are_all_the_same(self):
        content = "\r\n".join(
            ["NIP;Nama;Unit;Jabatan;Email;s.d."]
            + [
                f"198609262015051{n};Siti {n};dinkes;Perawat;s{n}@kota.test;31/12/2026"
                for n in range(901, 999)
            ]
        ).encode()
        sheet = read("p.csv", content)
        rows, _ = understand(sheet, guess_mapping(sheet.columns), TODAY)
        applied = {
            row.nip: Current(
                f"p{row.number}", row.plain_name, row.employment_status, row.unit_code,
                position_title=row.position_title, email=row.email, valid_to=row.valid_to,
            )
            for row in rows
        }  # fmt: skip
        made = plan(rows, [], Snapshot(applied, frozenset({"dinkes"})), mode="full")
        assert {item.verdict for item in made.planned} == {Verdict.SAME}
        assert brakes(made, len(applied), 2.0) == []
