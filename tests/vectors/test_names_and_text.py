"""Text from outside in one form: length first, then NFKC, and no look-alikes (R-63, R-77)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies

from idp.kernel.text import MAX_NAME, TextRefused, canonical_name, normalise


class TestNormalising:
    def test_gives_one_form_to_what_looks_the_same(self):
        assert normalise("Ａ\ufb01e\u0301", max_characters=20, max_bytes=40) == "Afié"

    def test_counts_before_it_works_on_the_text(self):
        """One character that becomes eighteen must not be multiplied first (CVE-2026-3276)."""
        with pytest.raises(TextRefused) as refusal:
            normalise("\ufdfa" * 11, max_characters=10, max_bytes=1000)
        assert refusal.value.code == "too_long"

    def test_counts_again_after_it(self):
        with pytest.raises(TextRefused) as refusal:
            normalise("\ufdfa", max_characters=10, max_bytes=1000)
        assert refusal.value.code == "too_long"

    def test_counts_bytes_as_well(self):
        with pytest.raises(TextRefused) as refusal:
            normalise("é" * 6, max_characters=10, max_bytes=11)
        assert refusal.value.code == "too_long"

    @pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"], ids=repr)
    def test_refuses_nul_and_half_characters(self, text):
        with pytest.raises(TextRefused) as refusal:
            normalise(text, max_characters=10, max_bytes=100)
        assert refusal.value.code == "malformed"

    @given(strategies.text(max_size=30))
    def test_is_finished_after_one_time(self, text):
        try:
            once = normalise(text, max_characters=200, max_bytes=800)
        except TextRefused as refusal:
            assert refusal.code in ("malformed", "too_long")
        else:
            assert unicodedata.is_normalized("NFKC", once)
            assert normalise(once, max_characters=200, max_bytes=800) == once


class TestANameToSignInWith:
    @pytest.mark.parametrize(
        ("typed", "name"),
        [
            (" Siti@Kota.Test ", "siti@kota.test"),
            ("ｓｉｔｉ", "siti"),
            ("SITI.Aminah+1", "siti.aminah+1"),
            ("198609262015051901", "198609262015051901"),
        ],
    )
    def test_has_one_form(self, typed, name):
        assert canonical_name(typed) == name

    @pytest.mark.parametrize(
        "typed",
        [
            "s\u0456ti@kota.test",
            "siti\u200b",
            "s\u0131ti",
            "",
            " ",
            "siti aminah",
            "siti@",
            "@kota",
            "a@b@c",
            "-siti",
        ],
        ids=ascii,
    )
    def test_that_could_be_taken_for_another_is_refused(self, typed):
        with pytest.raises(TextRefused) as refusal:
            canonical_name(typed)
        assert refusal.value.code == "malformed"

    def test_that_is_too_long_is_refused_not_cut(self):
        assert canonical_name("a" * MAX_NAME) == "a" * MAX_NAME
        with pytest.raises(TextRefused) as refusal:
            canonical_name("a" * (MAX_NAME + 1))
        assert refusal.value.code == "too_long"
