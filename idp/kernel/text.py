"""Text from outside: the length is checked before anything is normalised (CVE-2026-3276, R-63, R-103)."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 254
_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]*(@[a-z0-9-]+(\.[a-z0-9-]+)*)?\Z", re.ASCII)


class TextRefused(ValueError):
    """`code` says why: too_long, malformed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normalise(text: str, *, max_characters: int, max_bytes: int) -> str:
    """NFKC of `text`. Raises TextRefused for over-long text, NUL and lone surrogates, before normalising."""
    if len(text) > max_characters:
        raise TextRefused("too_long")
    if "\x00" in text:
        raise TextRefused("malformed")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise TextRefused("malformed") from error
    if size > max_bytes:
        raise TextRefused("too_long")
    normal = unicodedata.normalize("NFKC", text)
    if len(normal) > max_characters or len(normal.encode()) > max_bytes:
        raise TextRefused("too_long")
    return normal


def canonical_name(text: str) -> str:
    """The one form in which usernames and e-mail addresses are compared: NFKC, case-folded, ASCII only (R-77).

    Raises TextRefused for anything outside the alphabet, so that look-alikes cannot exist.
    """
    name = normalise(text.strip()[: MAX_NAME + 1], max_characters=MAX_NAME, max_bytes=4 * MAX_NAME).casefold()
    if not _NAME.match(name):
        raise TextRefused("malformed")
    return name
