"""The one byte form of what is hashed or signed (RFC 8785; decision 9: the format of a leaf never changes)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies

from idp.kernel.canonical import LARGEST_INTEGER, canonical

TEXTS = strategies.text(strategies.characters(exclude_categories=["Cs"]))
NAMES = strategies.text(strategies.characters(max_codepoint=0x7F))
VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | TEXTS,
    lambda inner: strategies.lists(inner) | strategies.dictionaries(NAMES, inner),
    max_leaves=20,
)


class TestTheExamplesOfTheRfc:
    """RFC 8785 §3.2.2 and §3.2.3, without the numbers that have a fraction, which are refused."""

    def test_escapes_only_what_json_cannot_hold(self):
        assert canonical('€$\u000f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()

    def test_literals_stand_bare_and_close_together(self):
        assert canonical({"literals": [None, True, False]}) == b'{"literals":[null,true,false]}'

    def test_names_are_sorted_at_every_depth(self):
        value = {"b": {"2": 1, "10": 2, "1": 3}, "\r": "Carriage Return", "1": "One", "a": []}
        assert canonical(value) == (b'{"\\r":"Carriage Return","1":"One","a":[],"b":{"1":3,"10":2,"2":1}}')


class TestTheStandardLibrary:
    """clients/verify has nothing else to compute a commitment with."""

    @given(VALUES)
    def test_writes_the_same_bytes(self, value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert canonical(value) == text.encode()

    @given(VALUES)
    def test_reads_back_the_value(self, value):
        assert json.loads(canonical(value)) == value


class TestAValueWithoutOneForm:
    @pytest.mark.parametrize(
        "value",
        [
            1.0,
            float("nan"),
            float("inf"),
            datetime(2026, 11, 24, tzinfo=UTC),
            b"x",
            {1, 2},
            {1: "x"},
            {"é": 1},
        ],
        ids=repr,
    )
    def test_is_refused_wherever_it_stands(self, value):
        with pytest.raises(TypeError):
            canonical({"inside": [value]})

    def test_text_with_half_a_character_is_refused(self):
        with pytest.raises(TypeError):
            canonical("\ud800")

    @pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, 198609262015051001])
    def test_integer_that_javascript_would_round_is_refused(self, value):
        """A NIP as a number becomes another person's (DOMAIN.md §2.2)."""
        with pytest.raises(ValueError, match="every JSON reader"):
            canonical([value])
