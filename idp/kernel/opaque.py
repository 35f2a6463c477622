"""Typed secrets that we hand out: `tag_` and 43 base64url characters, stored only as keyed digests.

The tag is part of the digest, so a secret of one kind can never be found as another, and whoever can write the
database but lacks the key cannot insert one that works (SECURITY.md §4.2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from enum import StrEnum

_SHAPE = re.compile(r"([a-z]{2,4})_[A-Za-z0-9_-]{43}\Z", re.ASCII)


class Kind(StrEnum):
    """What a secret is for; the value is its visible tag."""

    CODE = "ac"
    REFRESH_TOKEN = "rt"  # noqa: S105 -- a tag, not a secret
    ACCESS_TOKEN = "at"  # noqa: S105
    SESSION = "sid"
    BROWSER = "tx"
    DEVICE = "dev"
    ACTIVATION = "act"
    RECOVERY = "rec"
    CLIENT_SECRET = "cs"  # noqa: S105
    BOOTSTRAP = "adm"


def mint(kind: Kind) -> str:
    """A new secret of 256 random bits."""
    return f"{kind.value}_{secrets.token_urlsafe(32)}"


def shaped(secret: str, kind: Kind) -> bool:
    """Whether `secret` could be of `kind`; says nothing about whether it exists."""
    match = _SHAPE.match(secret)
    return match is not None and match[1] == kind.value


class Digests:
    """Keyed digests of opaque secrets under one installation's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: Kind, secret: str) -> str:
        """HMAC-SHA-256 over tag, NUL and secret, as 64 hexadecimal characters."""
        message = kind.value.encode() + b"\x00" + secret.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def label(self, purpose: str, text: str) -> str:
        """A keyed pseudonym of `text`, for counters and logs that must not hold the text itself."""
        return hmac.new(self._key, f"{purpose}\x00{text}".encode(), hashlib.sha256).hexdigest()[:32]
