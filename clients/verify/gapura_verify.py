#!/usr/bin/env python3
"""Verify an audit export of Gapura without Gapura: one file, the standard library alone.

    python3 gapura_verify.py EXPORT.jsonl [--vkey VKEY] [--since OLD.jsonl] [--consistency PROOF.json]

Keep the log's verifier key (vkey) on paper or in another unit's files, and pass it: an export that brings its own
key proves only that it agrees with itself.

The export is JSON Lines. First the manifest:
    {"kind": "manifest", "version": 1, "origin", "from", "to", "first", "count", "checkpoint", "vkey"}
`checkpoint` is a signed note (C2SP tlog-checkpoint, Ed25519). Then one line per event, without gap:
    {"kind": "event", "index", "leaf": base64, "proof": [base64, ...], "openings": {name: {"salt", "value"}}}
`leaf` are the canonical bytes of the event; its leaf hash is SHA-256(0x00 | leaf); `proof` is the inclusion proof of
RFC 9162 §2.1.3 towards the checkpoint's root. An opening must give the commitment that stands in the leaf under
"personal": base64 of SHA-256(0x02 | salt | canonical JSON of the value). An erased opening is no error.

With --since, the log must extend the checkpoint of an older export; --consistency is the proof that
`gapura audit consistency FIRST SECOND` prints: {"first", "second", "proof": [base64, ...]}.

Exit status: 0 intact; 1 broken, with the first broken position (-1: the manifest); 2 wrong usage or a file that cannot
be opened.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys

# ── Ed25519, verification only (RFC 8032 §5.1.7) ─────────────────────────────────────────────────────────────────────
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y: int, sign: int) -> int:
    """The x of a point from its y and the sign bit."""
    if y >= P:
        raise ValueError("not a point")
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x_squared == 0:
        if sign:
            raise ValueError("not a point")
        return 0
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - x_squared) % P:
        raise ValueError("not a point")
    return P - x if (x & 1) != sign else x


def point(encoded: bytes) -> tuple[int, int, int, int]:
    """Decode 32 bytes to extended coordinates."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = recover_x(y, sign)
    return x, y, 1, x * y % P


def add(p, q):
    """Addition in extended coordinates."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, p):
    """Double and add."""
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, p)
        p = add(p, p)
        scalar >>= 1
    return result


def equal(p, q) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point(BASE_Y.to_bytes(32, "little"))


def signature_is_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is by the owner of `public`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    try:
        key, nonce = point(public), point(signature[:32])
    except ValueError:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return equal(multiply(scalar, BASE), add(nonce, multiply(challenge, key)))


UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def decode(text: str) -> bytes:
    """Strict base64: nothing is skipped, so that no byte of an export can change unnoticed."""
    return base64.b64decode(text, validate=True)


# ── Checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────
class Broken(Exception):
    """`position` is a leaf index, or -1 for the manifest."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position


def checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a note signed by `vkey`. Raises Broken."""
    name, identifier, encoded = vkey.split("+", 2)
    raw = decode(encoded)
    if raw[:1] != b"\x01" or hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != identifier:
        raise Broken(-1, "the verifier key is malformed")
    body, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        parts = line.split(" ")
        if len(parts) == 3 and parts[0] == "\u2014" and parts[1] == name:
            signature = decode(parts[2])
            if signature[:4].hex() == identifier and signature_is_valid(
                raw[1:], f"{body}\n".encode(), signature[4:]
            ):
                origin, size, root = body.split("\n")[:3]
                return origin, int(size), decode(root)
    raise Broken(-1, "the checkpoint is not signed by this key")


# ── Proofs (RFC 9162 §2.1.3.2 and §2.1.4.2) ──────────────────────────────────────────────────────────────────────────
def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether the leaf stands at `index` in the tree of `size` leaves with that root."""
    if not 0 <= index < size:
        return False
    position, last, value = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for sibling in proof:
        if last == 0:
            return False
        if position % 2 or position == last:
            value = node(sibling, value)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            value = node(value, sibling)
        position, last = position // 2, last // 2
    return last == 0 and value == root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, proof: list[bytes]) -> bool:
    """Whether the tree of `second` leaves begins with the tree of `first` leaves."""
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    position, last = first - 1, second - 1
    while position % 2:
        position, last = position // 2, last // 2
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            old, new = node(step, old), node(step, new)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            new = node(new, step)
        position, last = position // 2, last // 2
    return last == 0 and old == first_root and new == second_root


# ── The export ───────────────────────────────────────────────────────────────────────────────────────────────────────
def read(path: str) -> tuple[dict, list[dict]]:
    """Manifest and events of a file. Raises Broken."""
    lines: list[dict] = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            if line.strip():
                try:
                    lines.append(json.loads(line))
                except ValueError as error:
                    raise Broken(number - 1, f"line {number + 1} is not JSON") from error
    if not lines or not isinstance(lines[0], dict) or lines[0].get("kind") != "manifest":
        raise Broken(-1, "there is no manifest")
    if lines[0].get("version") != 1:
        raise Broken(-1, "the export is of a version that this program does not know")
    return lines[0], lines[1:]


def check_event(event: dict, position: int, size: int, root: bytes) -> None:
    """Inclusion of one event, and its openings. Raises Broken or, for what cannot be read, one of UNREADABLE."""
    if event.get("kind") != "event" or event.get("index") != position:
        raise Broken(position, "an event is missing or out of order")
    leaf = decode(event["leaf"])
    if not is_included(leaf, position, size, [decode(step) for step in event["proof"]], root):
        raise Broken(position, "the event is not in the signed log")
    personal = json.loads(leaf).get("personal", {})
    for name, opening in (event.get("openings") or {}).items():
        value = json.dumps(opening["value"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        made = hashlib.sha256(b"\x02" + decode(opening["salt"]) + value.encode()).digest()
        if base64.b64encode(made).decode() != personal.get(name):
            raise Broken(position, f"the value of {name} differs from its commitment")


def verify(path: str, vkey: str | None) -> tuple[int, tuple[str, int, bytes]]:
    """How many events are intact, and the checkpoint they are under. Raises Broken."""
    manifest, events = read(path)
    signed = checkpoint(manifest["checkpoint"], vkey or manifest["vkey"])
    if manifest["origin"] != signed[0]:
        raise Broken(-1, "the manifest names another log than the checkpoint")
    for count, event in enumerate(events):
        position = manifest["first"] + count
        try:
            check_event(event, position, signed[1], signed[2])
        except UNREADABLE as error:
            raise Broken(position, f"the event is unreadable ({error})") from error
    if len(events) != manifest["count"]:
        raise Broken((manifest["first"] or 0) + len(events), "events are missing at the end")
    return len(events), signed


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export")
    parser.add_argument("--vkey", help="the log's key, as you kept it")
    parser.add_argument("--since", help="an older export that this log must extend")
    parser.add_argument("--consistency", help="the proof for --since")
    options = parser.parse_args(arguments)
    if bool(options.since) != bool(options.consistency):
        parser.error("--since and --consistency go together")
    try:
        count, newest = verify(options.export, options.vkey)
        if options.since:
            manifest, _ = read(options.since)
            older = checkpoint(manifest["checkpoint"], options.vkey or manifest["vkey"])
            if older[0] != newest[0]:
                raise Broken(-1, "the older export is of another log")
            with open(options.consistency, encoding="utf-8") as file:
                proof = [decode(step) for step in json.load(file)["proof"]]
            if not extends(older[1], newest[1], older[2], newest[2], proof):
                raise Broken(older[1], "the log was rewritten since the older export")
    except Broken as broken:
        print(f"BROKEN at position {broken.position}: {broken}")
        return 1
    except OSError as error:
        print(f"Cannot open: {error}", file=sys.stderr)
        return 2
    except UNREADABLE as error:
        print(f"BROKEN at position -1: unreadable ({error})")
        return 1
    if not options.vkey:
        print("Note: no --vkey was given, so the export was checked against the key it brought along.")
    print(f"Intact: {count} events, log of {newest[1]} events, origin {newest[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
