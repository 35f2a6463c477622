"""Secrets that we must read again, encrypted with AES-256-GCM and bound to the place they are stored in.

The associated data is table, column and row, so a sealed value cannot be moved to another row (R-131).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"


class Unreadable(Exception):
    """A sealed value was moved, altered, or sealed under another key."""


class Sealer:
    """Seals and opens values under the installation's key encryption key."""

    def __init__(self, kek: bytes) -> None:
        self._aead = AESGCM(kek)

    def seal(self, value: bytes, place: str) -> bytes:
        """`place` is `table.column.row`; the same must be given to `open`."""
        nonce = os.urandom(12)
        return _VERSION + nonce + self._aead.encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises Unreadable."""
        try:
            if sealed[:1] != _VERSION:
                raise Unreadable(place)
            return self._aead.decrypt(sealed[1:13], sealed[13:], place.encode())
        except InvalidTag as error:
            raise Unreadable(place) from error
