"""What a refused command says: a sentence, the code to search for, nothing on stdout (UX.md §7.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idp.cli.messages import MESSAGES, explain
from idp.domain.errors import Conflict, NotFound

SOURCES = Path(__file__).resolve().parents[2] / "idp"


class TestARefusal:
    def test_is_a_sentence_with_the_code_and_its_values(self, gapura):
        refused = gapura("unit", "show", "bulan")
        assert refused.out == ""
        assert (
            refused.err == "gapura: there is no such unit; see gapura unit list (unit_unknown, unit=bulan)\n"
        )

    def test_without_a_sentence_is_its_code(self):
        assert explain(NotFound("never_seen", thing="x")) == "never_seen, thing=x"

    def test_whose_values_do_not_fit_is_its_code(self):
        assert explain(Conflict("roles_incompatible")) == "roles_incompatible"

    @pytest.mark.parametrize("code", sorted(MESSAGES))
    def test_has_only_codes_that_can_happen(self, code):
        """A sentence for a code that nothing raises is a leftover."""
        stem = re.sub(r"^nip_", "", code)
        texts = (path.read_text() for path in SOURCES.rglob("*.py") if path.name != "messages.py")
        assert any(f'"{code}"' in text or f'NipRefused("{stem}")' in text for text in texts)
