"""Check an export without the database: inclusion of every event in a signed checkpoint, openings, no gap in a period.

The same rules, written again from the standard library alone, stand in clients/verify for people who do not trust us.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from idp.domain.audit import leaf as leaves
from idp.domain.transparency import merkle
from idp.domain.transparency.checkpoint import Checkpoint, CheckpointRefused
from idp.domain.transparency.checkpoint import verify as verify_note


@dataclass(frozen=True, slots=True)
class ExportVerdict:
    """How many events were checked; if something is wrong, the position (leaf index, -1: the manifest) and why."""

    checked: int
    position: int | None = None
    reason: str | None = None


def verify_export(lines: Iterable[str], vkey: str | None = None) -> ExportVerdict:
    """`vkey` is the key the auditor kept; without it the manifest's own is believed."""
    checked = 0
    manifest: dict[str, Any] | None = None
    checkpoint: Checkpoint | None = None
    try:
        for line in filter(str.strip, lines):
            entry = json.loads(line)
            if manifest is None:
                manifest = entry
                checkpoint = verify_note(entry["checkpoint"], vkey or entry["vkey"])
                continue
            assert checkpoint is not None  # noqa: S101 -- set with the manifest
            if entry["index"] != manifest["first"] + checked:
                return ExportVerdict(
                    checked, manifest["first"] + checked, "an event is missing or out of order"
                )
            reason = _wrong_with(entry, checkpoint)
            if reason is not None:
                return ExportVerdict(checked, entry["index"], reason)
            checked += 1
    except (KeyError, TypeError, ValueError, binascii.Error, CheckpointRefused) as error:
        return ExportVerdict(
            checked, -1 if manifest is None or not checked else checked, f"unreadable: {error}"
        )
    if manifest is None:
        return ExportVerdict(0, -1, "no manifest")
    if checked != manifest["count"]:
        return ExportVerdict(checked, (manifest["first"] or 0) + checked, "events are missing at the end")
    return ExportVerdict(checked)


def _wrong_with(entry: dict[str, Any], checkpoint: Checkpoint) -> str | None:
    leaf = base64.b64decode(entry["leaf"], validate=True)
    proof = [base64.b64decode(step, validate=True) for step in entry["proof"]]
    hashed = merkle.leaf_hash(leaf)
    if not merkle.verify_inclusion(hashed, entry["index"], checkpoint.size, proof, checkpoint.root):
        return "the event is not in the signed log"
    personal = json.loads(leaf).get("personal", {})
    for name, opening in (entry.get("openings") or {}).items():
        if leaves.commitment(base64.b64decode(opening["salt"]), opening["value"]) != personal.get(name):
            return f"the value of {name} differs from its commitment"
    return None
