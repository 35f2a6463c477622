"""Signed checkpoints in the C2SP tlog-checkpoint form: a signed note over origin, size and root (decision 9).

A note is text: origin line, size, base64 root, an empty line, and signature lines `— NAME BASE64` whose bytes are a
four-byte key id and an Ed25519 signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "\u2014"
_KEY_SIZE = 32
_ROOT_SIZE = hashlib.sha256().digest_size
_SIZES = 2**63
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)


class CheckpointRefused(ValueError):
    """The text is not a checkpoint, or not signed by the expected key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint commits to."""

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The three lines that are signed. Raises CheckpointRefused for what they cannot hold."""
        if (
            not self.origin
            or "\n" in self.origin
            or len(self.root) != _ROOT_SIZE
            or not 0 <= self.size < _SIZES
        ):
            raise CheckpointRefused("not a checkpoint")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def key_id(name: str, public_key: bytes) -> bytes:
    """The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """The vkey text that an auditor keeps: `NAME+ID+BASE64`. Raises CheckpointRefused for an unusable name."""
    _check_name(name)
    encoded = base64.b64encode(_ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{encoded}"


def sign(checkpoint: Checkpoint, name: str, private_key: Ed25519PrivateKey) -> str:
    """The signed note. Raises CheckpointRefused for a key name that a note cannot hold."""
    _check_name(name)
    public = private_key.public_key().public_bytes_raw()
    signature = key_id(name, public) + private_key.sign(checkpoint.body())
    return f"{checkpoint.body().decode()}\n{_DASH} {name} {base64.b64encode(signature).decode()}\n"


def verify(note: str, vkey: str) -> Checkpoint:
    """The checkpoint of a note that carries a valid signature by `vkey`. Raises CheckpointRefused."""
    name, identifier, public = parse_verifier_key(vkey)
    body, separator, signatures = note.partition("\n\n")
    if not separator:
        raise CheckpointRefused("no signature")
    for line in signatures.split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != _DASH or parts[1] != name:
            continue
        raw = _decode(parts[2])
        if raw[:4] != identifier:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{body}\n".encode())
        except InvalidSignature as error:
            raise CheckpointRefused("signature does not verify") from error
        return parse(body)
    raise CheckpointRefused("not signed by this key")


def parse(body: str) -> Checkpoint:
    """Read the three lines of a checkpoint's body. Raises CheckpointRefused."""
    lines = body.split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.match(lines[1]):
        raise CheckpointRefused("not a checkpoint")
    root = _decode(lines[2])
    if len(root) != _ROOT_SIZE:
        raise CheckpointRefused("not a checkpoint")
    return Checkpoint(lines[0], int(lines[1]), root)


def parse_verifier_key(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id and public key. Raises CheckpointRefused."""
    parts = vkey.split("+", 2)
    if len(parts) != 3:
        raise CheckpointRefused("not a verifier key")
    raw = _decode(parts[2])
    if raw[:1] != _ED25519 or len(raw) != 1 + _KEY_SIZE or key_id(parts[0], raw[1:]).hex() != parts[1]:
        raise CheckpointRefused("not a verifier key")
    return parts[0], bytes.fromhex(parts[1]), raw[1:]


def _check_name(name: str) -> None:
    """A note's lines are split at spaces and a verifier key at plus signs (C2SP signed-note)."""
    if not name or "+" in name or any(map(str.isspace, name)):
        raise CheckpointRefused("not a key name")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointRefused("not base64") from error
