"""An encrypted stream in chunks: AES-256-GCM under a key from a passphrase; any changed bit or cut is refused (F-32).

File: magic, length and JSON of the header, then chunks of cipher text. A chunk's nonce is a random prefix, its number,
and whether it is the last, so chunks cannot be dropped, swapped or appended; the header is associated data of each.
"""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Iterable, Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"GAPURA-BACKUP\n"
CHUNK = 65536
_TAG, _PREFIX, _MAX_HEADER = 16, 7, 4096
COST = {"n": 2**15, "r": 8, "p": 1}
"""scrypt: 32 MiB and a tenth of a second per try."""


class ArchiveRefused(Exception):
    """Not an archive of ours, damaged, or sealed with another passphrase."""


def write(
    target: IO[bytes],
    passphrase: bytes,
    plain: Iterable[bytes],
    facts: dict[str, Any],
    cost: dict[str, int] = COST,
) -> None:
    """Encrypt `plain` into `target`. `facts` stand readable in the header: no secret, nothing personal."""
    salt, prefix = os.urandom(16), os.urandom(_PREFIX)
    kdf: dict[str, Any] = cost | {"salt": base64.b64encode(salt).decode()}
    header = facts | {"version": 1, "kdf": kdf, "prefix": base64.b64encode(prefix).decode()}
    encoded = json.dumps(header, sort_keys=True).encode()
    aead = AESGCM(_key(passphrase, salt, cost))
    target.write(MAGIC + struct.pack(">I", len(encoded)) + encoded)
    number, pending = 0, b""
    for piece in plain:
        pending += piece
        while len(pending) > CHUNK:
            target.write(aead.encrypt(_nonce(prefix, number, last=False), pending[:CHUNK], encoded))
            number, pending = number + 1, pending[CHUNK:]
    target.write(aead.encrypt(_nonce(prefix, number, last=True), pending, encoded))


def header(source: IO[bytes]) -> dict[str, Any]:
    """The readable facts; `source` stands behind them afterwards. Raises ArchiveRefused."""
    return _read_header(source)[0]


def read(source: IO[bytes], passphrase: bytes) -> Iterator[bytes]:
    """Plain text, piece by piece. Raises ArchiveRefused, possibly after true pieces: use nothing before the end."""
    facts, encoded = _read_header(source)
    try:
        prefix = base64.b64decode(facts["prefix"], validate=True)
        salt = base64.b64decode(facts["kdf"]["salt"], validate=True)
        aead = AESGCM(_key(passphrase, salt, facts["kdf"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveRefused("the header is damaged") from error
    number, piece = 0, source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG)
        try:
            yield aead.decrypt(_nonce(prefix, number, last=not following), piece, encoded)
        except (InvalidTag, ValueError) as error:
            raise ArchiveRefused("damaged, cut, or sealed with another passphrase") from error
        if not following:
            return
        number, piece = number + 1, following


def _read_header(source: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    if source.read(len(MAGIC)) != MAGIC:
        raise ArchiveRefused("not a backup of Gapura")
    size = source.read(4)
    length = struct.unpack(">I", size)[0] if len(size) == 4 else 0
    encoded = source.read(length) if 0 < length <= _MAX_HEADER else b""
    try:
        facts = json.loads(encoded)
    except ValueError as error:
        raise ArchiveRefused("the header is damaged") from error
    if len(encoded) != length or not isinstance(facts, dict):
        raise ArchiveRefused("the header is damaged")
    if facts.get("version") != 1:
        raise ArchiveRefused(f"version {facts.get('version')} is not known here; install a later version")
    return facts, encoded


def _key(passphrase: bytes, salt: bytes, parameters: dict[str, Any]) -> bytes:
    """Parameters of a file are believed only up to a cost that cannot hang the machine."""
    n, r, p = (parameters[name] for name in ("n", "r", "p"))
    if not all(type(number) is int for number in (n, r, p)) or n * r * p > 2**20:
        raise ValueError("scrypt parameters")
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, last)
