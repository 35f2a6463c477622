"""The offline verifier's Ed25519 against the vectors of RFC 8032 §7.1, and against forgeries."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings, strategies

VECTORS = [  # public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]  # fmt: skip
ORDER = 2**252 + 27742317777372353535851937790883648493


class TestPublishedSignatures:
    @pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
    def test_verify(self, offline, public, message, signature):
        assert offline.signature_is_valid(*map(bytes.fromhex, (public, message, signature)))

    @pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
    def test_do_not_verify_another_message(self, offline, public, message, signature):
        assert not offline.signature_is_valid(*map(bytes.fromhex, (public, message + "00", signature)))


class TestForgeries:
    def test_a_second_form_of_a_valid_signature_is_refused(self, offline):
        """S must be below the group's order (RFC 8032 §5.1.7), or anybody could make a second signature."""
        public, message, signature = map(bytes.fromhex, VECTORS[1])
        second = int.from_bytes(signature[32:], "little") + ORDER
        assert not offline.signature_is_valid(public, message, signature[:32] + second.to_bytes(32, "little"))

    @pytest.mark.parametrize("public", [b"", b"\xff" * 32, (2).to_bytes(32, "little"), b"\x00" * 31])
    def test_a_key_that_is_no_point_is_refused(self, offline, public):
        assert not offline.signature_is_valid(public, b"", bytes.fromhex(VECTORS[0][2]))

    @settings(max_examples=15, deadline=None)
    @given(strategies.binary(min_size=32, max_size=32), strategies.binary(max_size=80), strategies.data())
    def test_one_changed_bit_is_found(self, offline, seed, message, data):
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        assert offline.signature_is_valid(public, message, signature)
        bit = data.draw(strategies.integers(0, 511))
        changed = (int.from_bytes(signature, "little") ^ (1 << bit)).to_bytes(64, "little")
        assert not offline.signature_is_valid(public, message, changed)
