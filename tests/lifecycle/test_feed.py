"""Reading files of HR as they come: DOMAIN.md §2.2 and §4 D1."""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import Workbook

from idp.domain.errors import Invalid
from idp.domain.lifecycle.feed import Sheet, guess_mapping, read, understand

TODAY = date(2026, 11, 24)
NIP = "198609262015051901"
PPPK_PART_TIME = "199009132025242914"


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
        sheet = read("p.csv", csv_of("NIP;NIK;Nama;Unit", f"{NIP};3271012609860001;Siti;dinkes"))
        assert sheet.left_out == ("NIK",)
        assert all("3271012609860001" not in row.cells.values() for row in sheet.rows)


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

    def test_without_a_needed_column_says_which(self):
        with pytest.raises(Invalid) as refusal:
            understood(read("p.csv", csv_of("NIP;Nama", f"{NIP};Siti")))
        assert refusal.value.values["column"] == "unit_code"

    def test_longer_than_allowed_is_refused(self):
        with pytest.raises(Invalid) as refusal:
            read("p.csv", csv_of("NIP;Nama;Unit", *["1;2;3"] * 4), max_rows=3)
        assert refusal.value.code == "file_too_long"
