"""Reading files of HR as they come: DOMAIN.md §2.2 and §4 D1."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from idp.domain.errors import Invalid
from idp.domain.lifecycle.feed import MAX_BYTES, MAX_UNPACKED, Sheet, guess_mapping, read, understand

TODAY = date(2026, 11, 24)
NIP = "198609262015051901"
PPPK_PART_TIME = "199009132025242914"
CITIZEN = "3271012609860001"


def understood(sheet: Sheet):
    return understand(sheet, guess_mapping(sheet.columns), TODAY)


def csv_of(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


class TestIndonesianExcel:
    """Semicolons, cp1252 or a BOM, dates as dd/mm/yyyy, quoted and apostrophed numbers."""

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    def test_is_read_whatever_the_encoding_and_the_delimiter(self, encoding, delimiter):
        content = csv_of(
            delimiter.join(["NIP", "Nama", "Kode Unit", "TMT"]),
            delimiter.join([f"'{NIP}", "Zaïnab Putri", "dinkes", "01/10/2025"]),
            encoding=encoding,
        )

        rows, problems = understood(read("pegawai.csv", content))

        assert problems == []
        assert (rows[0].nip, rows[0].plain_name, rows[0].valid_from) == (
            NIP,
            "Zaïnab Putri",
            date(2025, 10, 1),
        )

    def test_number_with_spaces_and_quotes_is_the_same_number(self):
        rows, _ = understood(read("p.csv", csv_of("NIP;Nama;Unit", '"19860926 201505 1 901";Siti;dinkes')))
        assert rows[0].nip == NIP

    def test_a_part_time_contract_number_is_accepted(self):
        rows, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit", f"{PPPK_PART_TIME};Rani;dinkes")))
        assert problems == []
        assert rows[0].employment_status == "pppk"


class TestNumbersThatASpreadsheetMangled:
    """Excel keeps 15 digits: `1.98609E+17` and a sequence of 000 are refused with that reason."""

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ("1.98609E+17", "nip_spreadsheet_exponent"),
            ("1,98609E+17", "nip_spreadsheet_exponent"),
            ("198609262015051000", "nip_spreadsheet_rounded"),
            ("19860926201505190", "nip_wrong_length"),
            ("19860926201505190A", "nip_letters"),
            ("198613262015051901", "nip_birth_date_invalid"),
            ("198609262015131901", "nip_month_invalid"),
            ("198609262015053901", "nip_sex_invalid"),
            ("", "nip_empty"),
        ],
    )
    def test_is_refused_with_the_reason(self, cell, code):
        rows, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit", f"{cell};Siti;dinkes")))
        assert rows == []
        assert [(problem.row, problem.column, problem.code) for problem in problems] == [(2, "NIP", code)]

    def test_numeric_cell_of_a_workbook_is_refused(self):
        book = Workbook()
        book.active.append(["NIP", "Nama", "Unit"])
        book.active.append([198609262015051901, "Siti", "dinkes"])
        out = io.BytesIO()
        book.save(out)

        _, problems = understood(read("p.xlsx", out.getvalue()))

        assert problems[0].code == "nip_spreadsheet_exponent"

    def test_text_cell_of_a_workbook_is_taken(self):
        book = Workbook()
        book.active.append(["NIP", "Nama", "Unit", "TMT"])
        book.active.append([NIP, "Siti", "dinkes", date(2025, 10, 1)])
        out = io.BytesIO()
        book.save(out)

        rows, problems = understood(read("p.xlsx", out.getvalue()))

        assert problems == []
        assert rows[0].valid_from == date(2025, 10, 1)


class TestTheCitizenNumber:
    """NIK is never stored, accepted or released (decision 6)."""

    def test_its_column_is_left_out_and_named(self):
        sheet = read("p.csv", csv_of("NIP;NIK;Nama;Unit", f"{NIP};{CITIZEN};Siti;dinkes"))
        assert sheet.left_out == ("NIK",)
        assert CITIZEN not in str(sheet)

    @pytest.mark.parametrize(
        "heading",
        ["nik", "No KTP", "NO_KTP", "No. KK", "NO_KK", "NoKTP", "e-KTP", "nik_pegawai", "NIK/No KTP", "Kartu Keluarga",
         "Nomor Induk Kependudukan", "Nomor KTP", "Kartu Tanda Penduduk"],
    )  # fmt: skip
    def test_its_column_is_left_out_however_it_is_called(self, heading):
        sheet = read("p.csv", csv_of(f"NIP;{heading};Nama;Unit", f"{NIP};tidak ada;Siti;dinkes"))
        assert sheet.left_out == (heading,)

    @pytest.mark.parametrize("heading", ["Nikah", "Teknik", "Pangkat", "Klinik", "Kode"])
    def test_a_column_that_only_sounds_like_it_is_read(self, heading):
        assert read("p.csv", csv_of(f"NIP;{heading};Nama;Unit", f"{NIP};x;Siti;dinkes")).left_out == ()

    @pytest.mark.parametrize("number", ["3271012609860001", "3271016609860001", "3271 0126 0986 0001"])
    def test_a_column_is_known_by_what_stands_in_it(self, number):
        sheet = read("p.csv", csv_of("NIP;Identitas;Nama;Unit", f"{NIP};{number};Siti;dinkes"))
        assert sheet.left_out == ("Identitas",)

    @pytest.mark.parametrize(
        ("column", "cells"),
        [
            ("NIP", f"{CITIZEN};Siti;dinkes;"),
            ("Nama", f"{NIP};Siti {CITIZEN};dinkes;"),
            ("HP", f"{NIP};Siti;dinkes;{CITIZEN}"),
            ("Unit", f"{NIP};Siti;'{CITIZEN};"),
        ],
    )
    def test_in_another_column_it_refuses_the_row_and_is_nowhere_to_be_read(self, column, cells):
        sheet = read("p.csv", csv_of("NIP;Nama;Unit;HP", cells))
        rows, problems = understood(sheet)
        assert rows == []
        assert [(problem.column, problem.code) for problem in problems] == [(column, "cell_malformed")]
        assert CITIZEN not in f"{sheet}{problems}"

    @pytest.mark.parametrize("number", [NIP, PPPK_PART_TIME, "19860926 201505 1 901"])
    def test_no_number_of_an_employee_is_taken_for_one(self, number):
        rows, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit", f"{number};Siti;dinkes")))
        assert (len(rows), problems) == (1, [])

    def test_a_number_that_lost_two_digits_is_only_too_short(self):
        _, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit", f"{NIP[:16]};Siti;dinkes")))
        assert [problem.code for problem in problems] == ["nip_wrong_length"]


class TestHeadings:
    def test_the_code_of_a_unit_is_preferred_to_its_name_wherever_it_stands(self):
        for columns in (
            ["NIP", "Nama", "Unit Kerja", "Kode Unit"],
            ["Kode Unit", "NIP", "Unit Kerja", "Nama"],
        ):
            assert guess_mapping(columns) == {"NIP": "nip", "Nama": "plain_name", "Kode Unit": "unit_code"}

    def test_are_known_in_both_languages_and_any_spelling(self):
        columns = [
            "NIP *",
            "NAMA_LENGKAP",
            "Gelar Depan",
            "Jenis Kepegawaian",
            "TMT",
            "s.d.",
            "Email Dinas",
            "HP Dinas",
        ]
        assert list(guess_mapping(columns).values()) == [
            "nip", "plain_name", "title_before", "employment_status", "valid_from", "valid_to", "email", "phone",
        ]  # fmt: skip
        assert guess_mapping(["Name", "Unit code", "Active"]) == {
            "Name": "plain_name",
            "Unit code": "unit_code",
            "Active": "active",
        }

    def test_delimiters_inside_quotes_do_not_count(self):
        sheet = read("p.csv", b'"NIP";"Nama, gelar, dan lain, lain";"Unit"\r\n1;b;z\r\n')
        assert sheet.columns == ("NIP", "Nama, gelar, dan lain, lain", "Unit")


class TestDates:
    @pytest.mark.parametrize(
        "cell", ["01/10/2025", "1/10/2025", "01-10-2025", "2025-10-01", "2025-10-01 00:00:00"]
    )
    def test_are_day_first_or_iso(self, cell):
        rows, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit;TMT", f"{NIP};Siti;dinkes;{cell}")))
        assert problems == []
        assert rows[0].valid_from == date(2025, 10, 1)

    @pytest.mark.parametrize(
        "cell",
        ["31/02/2025", "2025-10-01x", "2025-W40-3", "20251001", "10/2025", "45931", "01/10/25", "1/1/1900"],
    )
    def test_that_can_be_read_two_ways_are_refused(self, cell):
        rows, problems = understood(read("p.csv", csv_of("NIP;Nama;Unit;TMT", f"{NIP};Siti;dinkes;{cell}")))
        assert rows == []
        assert [(problem.column, problem.value, problem.code) for problem in problems] == [
            ("TMT", cell, "date_malformed")
        ]


class TestTwoRowsOfOnePerson:
    def test_the_later_one_is_refused(self):
        sheet = read("p.csv", csv_of("NIP;Nama;Unit", f"{NIP};Siti;dinkes", f"{NIP};Siti;dpmptsp"))
        rows, problems = understood(sheet)
        assert len(rows) == 1
        assert [(problem.row, problem.code) for problem in problems] == [(3, "number_repeated")]


class TestBrokenFiles:
    """One clear error with the row and the reason, nothing half read."""

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("p.csv", b"", "file_empty"),
            ("p.csv", b"NIP;Nama;Unit\r\n", "file_without_rows"),
            ("p.csv", b"NIP;NIP;Nama\r\n1;2;3\r\n", "column_repeated"),
            ("p.csv", b'NIP;Nama;Unit\r\n"1";"x" y;z\r\n', "file_broken"),
            ("p.csv", b"NIP;Nama;Unit\r\n1;2;3;4\r\n", "file_broken"),
            ("p.csv", b"\x00\x01\x02;", "file_not_text"),
            ("p.xlsx", b"PK\x03\x04 not a workbook", "file_broken"),
        ],
    )
    def test_is_refused(self, name, content, code):
        with pytest.raises(Invalid) as refusal:
            read(name, content)
        assert refusal.value.code == code

    def test_too_large_is_refused_before_it_is_read(self):
        with pytest.raises(Invalid) as refusal:
            read("p.csv", b"x" * (MAX_BYTES + 1))
        assert refusal.value.code == "file_too_large"

    def test_small_workbook_that_unpacks_to_gigabytes_is_refused(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts, parts.open("xl/x.xml", "w") as part:
            for _ in range(MAX_UNPACKED // 2**20 + 1):
                part.write(bytes(2**20))
        assert len(out.getvalue()) < 2**20
        with pytest.raises(Invalid) as refusal:
            read("p.xlsx", out.getvalue())
        assert refusal.value.code == "file_too_large"

    def test_damaged_workbook_never_fails_in_another_way(self):
        book = Workbook()
        book.active.append(["NIP", "Nama", "Unit"])
        book.active.append([NIP, "Siti", "dinkes"])
        out = io.BytesIO()
        book.save(out)
        damage, codes = random.Random(1), set()
        for _ in range(150):
            content = bytearray(out.getvalue())
            for _ in range(damage.randint(1, 6)):
                content[damage.randrange(4, len(content))] = damage.randrange(256)
            try:
                read("p.xlsx", bytes(content))
            except Invalid as refusal:
                codes.add(refusal.code)
        assert "file_broken" in codes

    def test_without_a_needed_column_says_which(self):
        with pytest.raises(Invalid) as refusal:
            understood(read("p.csv", csv_of("NIP;Nama", f"{NIP};Siti")))
        assert refusal.value.values["column"] == "unit_code"

    def test_longer_than_allowed_is_refused(self):
        with pytest.raises(Invalid) as refusal:
            read("p.csv", csv_of("NIP;Nama;Unit", *["1;2;3"] * 4), max_rows=3)
        assert refusal.value.code == "file_too_long"
