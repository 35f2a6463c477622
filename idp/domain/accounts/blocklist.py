"""Offline list of common and breached passwords, and words that a password may not be built from (R-62).

`data/common.sha256` holds the first eight bytes of the SHA-256 of each entry, sorted, found by bisection; it is
built by `scripts/blocklist.py` from a list that an operator or the vendored package provides.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

ENTRY_BYTES = 8
FILE = Path(__file__).parent / "data" / "common.sha256"
SHORTEST_WORD = 4
_LEET = str.maketrans("013457@$!", "oieastasi")


class _Entries(Sequence[bytes]):
    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed) // ENTRY_BYTES

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._packed[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES]


def entry(password: str) -> bytes:
    """What stands in the list for `password`: case is folded."""
    return hashlib.sha256(password.casefold().encode()).digest()[:ENTRY_BYTES]


def is_common(password: str) -> bool:
    """Whether the password, or the password without trailing digits and marks, is on the list."""
    trimmed = password.rstrip("0123456789!?.*#@-_ ")
    return _listed(password) or (len(trimmed) >= SHORTEST_WORD and _listed(trimmed))


def found_word(password: str, words: Iterable[str]) -> str | None:
    """A word that makes up most of the password, or None.

    Letters swapped for look-alike digits count. What is left beside the words must still be long enough to be a
    password of its own.
    """
    folded = password.casefold().translate(_LEET)
    rest = folded
    hit: str | None = None
    for word in words:
        plain = word.casefold()
        if len(plain) >= SHORTEST_WORD and plain.translate(_LEET) in rest:
            hit = hit or word
            rest = rest.replace(plain.translate(_LEET), "")
    remaining = rest.strip("0123456789 .-_!oieas")
    return hit if hit is not None and len(remaining) < 8 else None


def _listed(password: str) -> bool:
    entries = _entries()
    wanted = entry(password)
    at = bisect_left(entries, wanted)
    return at < len(entries) and entries[at] == wanted


@cache
def _entries() -> _Entries:
    return _Entries(FILE.read_bytes())
