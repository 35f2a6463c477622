"""clients/verify as an auditor runs it: one file, the standard library alone, an exit status and a position (SECURITY.md §4.7)."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idp.domain.audit.leaf import commitment
from idp.domain.transparency import checkpoint, merkle
from idp.kernel.canonical import canonical

SCRIPT = Path(__file__).resolve().parents[2] / "clients/verify/gapura_verify.py"
ORIGIN = "masuk.kota.test/audit"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = checkpoint.verifier_key(ORIGIN, KEY.public_key().public_bytes_raw())
SALT = b"\x05" * 32
Lines = list[dict[str, Any]]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Log:
    """A log of `size` events, of which the third carries a personal value."""

    def __init__(self, size: int, *, first_kind: str = "signed_in") -> None:
        self.size = size
        self.leaves = [canonical({"v": 1, "kind": "signed_in", "number": n}) for n in range(size)]
        self.leaves[0] = canonical({"v": 1, "kind": first_kind, "number": 0})
        self.leaves[2] = canonical({"v": 1, "personal": {"name": commitment(SALT, "Siti")}})
        self.nodes: dict[tuple[int, int], bytes] = {}
        for at, leaf in enumerate(self.leaves):
            for level, index, value in merkle.append(self.read, at, merkle.leaf_hash(leaf)):
                self.nodes[level, index] = value

    def read(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def export(self, first: int = 0) -> Lines:
        point = checkpoint.Checkpoint(ORIGIN, self.size, merkle.root(self.read, self.size))
        lines: Lines = [
            {
                "kind": "manifest", "version": 1, "origin": ORIGIN, "from": None, "to": None, "first": first,
                "count": self.size - first, "checkpoint": checkpoint.sign(point, ORIGIN, KEY), "vkey": VKEY,
            }
        ]  # fmt: skip
        for at in range(first, self.size):
            proof = [b64(step) for step in merkle.inclusion_proof(self.read, at, self.size)]
            lines.append({"kind": "event", "index": at, "leaf": b64(self.leaves[at]), "proof": proof})
            if at == 2:
                lines[-1]["openings"] = {"name": {"salt": b64(SALT), "value": "Siti"}}
        return lines


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Write the lines as a file and run the script over it, without any installed package."""

    def of(lines: Lines | str, *arguments: str) -> tuple[int, str]:
        text = lines if isinstance(lines, str) else "".join(f"{json.dumps(line)}\n" for line in lines)
        path = tmp_path / "export.jsonl"
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-I", "-S", str(SCRIPT), str(path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    return of


class TestAnIntactExport:
    @pytest.mark.parametrize("first", [0, 3, 10])
    def test_is_said_to_be_intact(self, run, first):
        status, output = run(Log(11).export(first), "--vkey", VKEY)
        assert (status, output) == (0, f"Intact: {11 - first} events, log of 11 events, origin {ORIGIN}\n")

    def test_checked_with_its_own_key_says_what_that_is_worth(self, run):
        status, output = run(Log(4).export())
        assert status == 0
        assert "no --vkey was given" in output

    def test_stays_intact_when_a_personal_value_was_erased(self, run):
        lines = Log(4).export()
        del lines[3]["openings"]
        assert run(lines, "--vkey", VKEY)[0] == 0


def change_leaf(lines: Lines) -> None:
    lines[5]["leaf"] = b64(b'{"kind":"forged"}')


def change_value(lines: Lines) -> None:
    lines[3]["openings"]["name"]["value"] = "Budi"


def change_salt(lines: Lines) -> None:
    lines[3]["openings"]["name"]["salt"] = b64(b"\x06" * 32)


def invent_value(lines: Lines) -> None:
    lines[4]["openings"] = {"name": {"salt": b64(SALT), "value": "Siti"}}


def drop_line(lines: Lines) -> None:
    del lines[5]


def swap_lines(lines: Lines) -> None:
    lines[5], lines[6] = lines[6], lines[5]


def cut_end(lines: Lines) -> None:
    del lines[-1]


def add_line(lines: Lines) -> None:
    lines.append(lines[-1])


def break_base64(lines: Lines) -> None:
    lines[5]["leaf"] = f" {lines[5]['leaf']}"


def break_proof(lines: Lines) -> None:
    lines[5]["proof"] = None


def break_event(lines: Lines) -> None:
    lines[5] = ["not", "an", "object"]  # type: ignore[call-overload]


class TestAChangedExport:
    @pytest.mark.parametrize(
        ("change", "position"),
        [
            (change_leaf, 4), (change_value, 2), (change_salt, 2), (invent_value, 3), (drop_line, 4),
            (swap_lines, 4), (cut_end, 10), (add_line, 11), (break_base64, 4), (break_proof, 4), (break_event, 4),
        ],
    )  # fmt: skip
    def test_is_broken_at_the_first_wrong_position(self, run, change, position):
        lines = Log(11).export()
        change(lines)
        status, output = run(lines, "--vkey", VKEY)
        assert status == 1
        assert output.startswith(f"BROKEN at position {position}: ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("checkpoint", None),
            ("checkpoint", "text"),
            ("origin", "other"),
            ("version", 2),
            ("kind", "event"),
        ],
    )
    def test_of_its_manifest_is_broken_before_the_first_event(self, run, name, value):
        lines = Log(4).export()
        lines[0][name] = value
        status, output = run(lines, "--vkey", VKEY)
        assert status == 1
        assert output.startswith("BROKEN at position -1: ")

    @pytest.mark.parametrize("text", ["", "[]\n", "null\n", "{", "[" * 100_000])
    def test_into_something_else_is_broken_and_no_crash(self, run, text):
        assert run(text)[0] == 1

    def test_and_signed_again_by_somebody_else_fails_against_the_kept_key(self, run):
        lines = Log(4).export()
        thief = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
        point = checkpoint.parse(lines[0]["checkpoint"].partition("\n\n")[0])
        lines[0]["checkpoint"] = checkpoint.sign(point, ORIGIN, thief)
        lines[0]["vkey"] = checkpoint.verifier_key(ORIGIN, thief.public_key().public_bytes_raw())
        assert run(lines)[0] == 0
        assert run(lines, "--vkey", VKEY)[0] == 1

    def test_that_does_not_exist_is_wrong_usage_and_not_broken(self, run):
        status, _ = run(Log(4).export(), "--since", "absent.jsonl", "--consistency", "absent.json")
        assert status == 2


class TestAgainstAnOlderExport:
    def since(self, tmp_path: Path, older: Log, newer: Log) -> list[str]:
        old, proof = tmp_path / "old.jsonl", tmp_path / "proof.json"
        old.write_text("".join(f"{json.dumps(line)}\n" for line in older.export()), encoding="utf-8")
        steps = merkle.consistency_proof(newer.read, older.size, newer.size)
        proof.write_text(
            json.dumps({"first": older.size, "second": newer.size, "proof": [b64(step) for step in steps]}),
            encoding="utf-8",
        )
        return ["--vkey", VKEY, "--since", str(old), "--consistency", str(proof)]

    @pytest.mark.parametrize("size", [3, 4, 7, 11])
    def test_a_log_that_only_grew_is_intact(self, run, tmp_path, size):
        assert run(Log(11).export(), *self.since(tmp_path, Log(size), Log(11)))[0] == 0

    @pytest.mark.parametrize("size", [3, 4, 7, 11])
    def test_a_log_that_was_rewritten_is_found(self, run, tmp_path, size):
        rewritten = Log(11, first_kind="nothing_happened")
        status, output = run(rewritten.export(), *self.since(tmp_path, Log(size), rewritten))
        assert status == 1
        assert output == f"BROKEN at position {size}: the log was rewritten since the older export\n"
