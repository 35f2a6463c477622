"""The citizen number and the family card number in files of HR: recognised so that they are never taken (decision 6). Pure.

Both are 16 digits: an area, a date as DDMMYY (40 is added to a woman's day), a serial (DOMAIN.md §2.2). A NIP that lost
two digits cannot be mistaken for one, because its century stands where the month would be.
"""

from __future__ import annotations

import re

WITHHELD = "•" * 16
"""Stands where a citizen number stood."""

_WORDS = frozenset({"nik", "ktp", "ektp", "kk", "nonik", "noktp", "nokk", "kependudukan"})
_PHRASE = re.compile(r"\bkartu (keluarga|tanda penduduk)\b")
_NUMBER = re.compile(r"(?<!\d)[1-9]\d{5}(?:0[1-9]|[12456]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}(?!\d)", re.ASCII)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.\u00a0-]+(?=\d)")


def is_named(heading: str) -> bool:
    """Whether a column's heading says that it holds such numbers, however it is spelled."""
    plain = " ".join(re.findall(r"[a-z0-9]+", heading.casefold()))
    return not _WORDS.isdisjoint(plain.split()) or _PHRASE.search(plain) is not None


def is_in(cell: str) -> bool:
    """Whether a cell holds such a number, alone or inside other text, grouped or not."""
    return len(cell) >= len(WITHHELD) and (
        _NUMBER.search(cell) is not None or _NUMBER.search(_BETWEEN_DIGITS.sub("", cell)) is not None
    )
