"""The installation's root secrets: files that only the service account may read.

`kek` opens sealed values, `hash_key` keys the digests of opaque secrets. Purpose keys are derived from the
latter by HKDF so that a value made for one purpose fails for another.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .settings import SettingsError

KEY_BYTES = 32
FILES = ("kek", "hash_key")


@dataclass(frozen=True, repr=False)
class RootSecrets:
    """Key encryption key and digest key, 32 bytes each."""

    kek: bytes
    hash_key: bytes

    def purpose_key(self, purpose: str) -> bytes:
        """32 bytes for `purpose`, independent of every other purpose's."""
        return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(
            self.hash_key
        )


def create(directory: Path) -> None:
    """Make the files that are missing, mode 0600; existing ones are never touched."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in FILES:
        try:
            handle = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES))


def read(directory: Path) -> RootSecrets:
    """Raises SettingsError for a missing, short or world-readable file (SECURITY.md C-237)."""
    values = {}
    for name in FILES:
        path = directory / name
        try:
            mode, text = path.stat().st_mode, path.read_text().strip()
        except OSError as error:
            raise SettingsError(f"secrets: {path}: {error.strerror}; run `gapura init`") from error
        if mode & 0o077:
            raise SettingsError(f"secrets: {path} is readable by others; chmod 600 it")
        try:
            values[name] = bytes.fromhex(text)
        except ValueError as error:
            raise SettingsError(f"secrets: {path} is not hexadecimal") from error
        if len(values[name]) != KEY_BYTES:
            raise SettingsError(f"secrets: {path} must hold {KEY_BYTES} bytes in hexadecimal")
    return RootSecrets(**values)
