"""NIP and NI PPPK (DOMAIN.md §2.2)."""

from __future__ import annotations

from datetime import date

import pytest

from idp.domain.city.nip import NipKind, NipRefused, looks_like_nip, parse

TODAY = date(2026, 11, 24)


class TestANumberOfACivilServant:
    def test_any_spacing_is_the_same_number(self):
        spellings = [
            "198609262015051901",
            "19860926 201505 1 901",
            "19860926.201505.1.901",
            "'198609262015051901",
        ]
        assert {parse(text, today=TODAY).value for text in spellings} == {"198609262015051901"}

    def test_is_grouped_as_in_letters_and_masked_without_birthday(self):
        number = parse("198609262015051901", today=TODAY)
        assert number.grouped() == "19860926 201505 1 901"
        assert "0926" not in number.masked()

    def test_looks_like_one_in_the_sign_in_field(self):
        assert looks_like_nip(" 19860926 201505 1 901 ")
        assert not looks_like_nip("siti@kota.test")


class TestANumberOfAContract:
    """The two digits in the month's place are no month, seen as 21 and up."""

    @pytest.mark.parametrize("middle", ["21", "22", "24", "29"])
    def test_is_accepted(self, middle):
        assert parse(f"199009132025{middle}2914", today=TODAY).kind is NipKind.NI_PPPK

    @pytest.mark.parametrize("middle", ["00", "13", "20", "30", "99"])
    def test_outside_the_range_is_refused(self, middle):
        with pytest.raises(NipRefused) as refusal:
            parse(f"199009132025{middle}2914", today=TODAY)
        assert refusal.value.code == "month_invalid"


class TestAnAgeThatCannotBe:
    @pytest.mark.parametrize("born", ["19390101", "20200101"])
    def test_is_refused(self, born):
        with pytest.raises(NipRefused) as refusal:
            parse(f"{born}2015051901"[:18], today=TODAY)
        assert refusal.value.code in ("birth_date_invalid", "year_invalid")


class TestANumberThatASpreadsheetMangled:
    """Excel keeps 15 digits (DOMAIN.md §2.2): the sentence must say so, whatever else is wrong with the number."""

    @pytest.mark.parametrize("text", ["1.98609E+17", "1,98609E+17", "'1.98609e+17", " 1.98609E17 ", "2E+17"])
    def test_as_a_power_is_recognised(self, text):
        with pytest.raises(NipRefused) as refusal:
            parse(text, today=TODAY)
        assert refusal.value.code == "spreadsheet_exponent"

    def test_by_rounding_is_recognised(self):
        with pytest.raises(NipRefused) as refusal:
            parse("198609262015051000", today=TODAY)
        assert refusal.value.code == "spreadsheet_rounded"


class TestTextThatIsNoNumber:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "empty"),
            (" . ' ", "empty"),
            ("siti@kota.test", "letters"),
            ("١٩٨٦٠٩٢٦٢٠١٥٠٥١٩٠١", "letters"),
            ("19860926201505190", "wrong_length"),
            ("1986092620150519011", "wrong_length"),
            ("198602302015051901", "birth_date_invalid"),
            ("198609261990051901", "year_invalid"),
            ("198609262030051901", "year_invalid"),
            ("198609262015050901", "sex_invalid"),
            ("198609262015053901", "sex_invalid"),
        ],
    )
    def test_is_refused_with_its_reason(self, text, code):
        with pytest.raises(NipRefused) as refusal:
            parse(text, today=TODAY)
        assert refusal.value.code == code
