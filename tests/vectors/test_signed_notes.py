"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), by the product and by the offline verifier."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idp.domain.transparency import checkpoint
from idp.domain.transparency.checkpoint import Checkpoint, CheckpointRefused

# The example in the documentation of Go's package golang.org/x/mod/sumdb/note.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
PUBLISHED_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)

NAME = "masuk.kota.test/audit"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
VKEY = checkpoint.verifier_key(NAME, PUBLIC)
POINT = Checkpoint(NAME, 8, bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"))
NOTE = checkpoint.sign(POINT, NAME, KEY)
ROOT_LINE = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="


class TestThePublishedNote:
    def test_key_has_its_published_form(self):
        name, identifier, public = checkpoint.parse_verifier_key(PUBLISHED_KEY)
        assert (name, identifier.hex()) == ("PeterNeumann", "c74f20a3")
        assert checkpoint.verifier_key(name, public) == PUBLISHED_KEY

    def test_signature_carries_the_key_id_and_verifies(self, offline):
        _, identifier, public = checkpoint.parse_verifier_key(PUBLISHED_KEY)
        raw = base64.b64decode(PUBLISHED_SIGNATURE)
        assert raw[:4] == identifier
        assert offline.signature_is_valid(public, PUBLISHED_TEXT.encode(), raw[4:])


class TestACheckpoint:
    def test_is_origin_size_and_root_and_one_line_of_signature(self):
        body, _, signature = NOTE.partition("\n\n")
        assert body.split("\n") == [NAME, "8", ROOT_LINE]
        assert signature.startswith(f"\u2014 {NAME} ")
        assert signature.endswith("\n")

    def test_is_believed_by_both_verifiers(self, offline):
        assert checkpoint.verify(NOTE, VKEY) == POINT
        assert offline.checkpoint(NOTE, VKEY) == (NAME, 8, POINT.root)

    def test_with_the_signature_of_a_witness_as_well_is_believed(self, offline):
        other = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
        line = checkpoint.sign(POINT, "witness.test", other).partition("\n\n")[2]
        both = NOTE.replace("\n\n", f"\n\n{line}")
        assert checkpoint.verify(both, VKEY) == POINT
        assert offline.checkpoint(both, VKEY)[1] == 8

    @pytest.mark.parametrize(
        "change",
        [
            lambda note: note.replace("\n8\n", "\n9\n"),
            lambda note: note.replace("Xcna", "Ycna"),
            lambda note: note.replace(NAME, "masuk.kota.test/other", 1),
            lambda note: note.replace("\n\n", "\nmore\n\n"),
            lambda note: note.partition("\n\n")[0],
            lambda note: note[:-10] + "\n",
            lambda note: note.replace(f"\u2014 {NAME}", "- name"),
        ],
        ids=["size", "root", "origin", "extension", "no signature", "short signature", "no dash"],
    )
    def test_that_was_changed_is_believed_by_neither(self, offline, change):
        changed = change(NOTE)
        assert changed != NOTE
        with pytest.raises(CheckpointRefused):
            checkpoint.verify(changed, VKEY)
        with pytest.raises((offline.Broken, ValueError)):
            offline.checkpoint(changed, VKEY)

    def test_of_another_key_with_the_same_name_is_not_believed(self):
        other = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
        with pytest.raises(CheckpointRefused):
            checkpoint.verify(checkpoint.sign(POINT, NAME, other), VKEY)


class TestWhatIsNoCheckpoint:
    @pytest.mark.parametrize(
        "body",
        [
            "",
            "origin\n8",
            f"\n8\n{ROOT_LINE}",
            f"origin\n08\n{ROOT_LINE}",
            f"origin\n-1\n{ROOT_LINE}",
            f"origin\n{'9' * 5000}\n{ROOT_LINE}",
            f"origin\n\u0668\n{ROOT_LINE}",
            "origin\n8\nAAAA",
            "origin\n8\nnot base64",
        ],
        ids=[
            "nothing",
            "no root",
            "no origin",
            "zero in front",
            "negative",
            "huge",
            "arabic",
            "short",
            "garbage",
        ],
    )
    def test_is_refused(self, body):
        with pytest.raises(CheckpointRefused):
            checkpoint.parse(body)

    @pytest.mark.parametrize("origin", ["", "a\n9\nb"])
    def test_is_never_signed(self, origin):
        """An origin with a line break would let its owner choose the size and root that are read."""
        with pytest.raises(CheckpointRefused):
            checkpoint.sign(Checkpoint(origin, 1, bytes(32)), NAME, KEY)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
    def test_is_not_signed_under_a_name_that_breaks_the_line(self, name):
        with pytest.raises(CheckpointRefused):
            checkpoint.sign(POINT, name, KEY)

    @pytest.mark.parametrize(
        "vkey", ["", "x", "x+00000000+AQ==", VKEY[:-4], VKEY.replace("+", "-", 1), "a+b+c"]
    )
    def test_key_that_is_none_is_refused(self, vkey):
        with pytest.raises(CheckpointRefused):
            checkpoint.verify(NOTE, vkey)
