"""The canonical form of an event: what the tree commits to. Pure.

Version 1. The form of a leaf never changes without a new version number (decision 9).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.kernel.canonical import canonical

VERSION = 1
SALT_BYTES = 32
_COMMITMENT = b"\x02"


def moment(at: datetime) -> str:
    """UTC with microseconds, always 27 characters."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def commitment(salt: bytes, value: Any) -> str:
    """Base64 of SHA-256(0x02 ‖ salt ‖ canonical value)."""
    return base64.b64encode(hashlib.sha256(_COMMITMENT + salt + canonical(value)).digest()).decode()


def form(facts: Mapping[str, Any], commitments: Mapping[str, str]) -> bytes:
    """The leaf's bytes: RFC 8785 JSON of the facts that are present, and the commitments to personal values."""
    body: dict[str, Any] = {"v": VERSION}
    body |= {name: value for name, value in facts.items() if value is not None and value != {}}
    if commitments:
        body["personal"] = dict(commitments)
    return canonical(body)
