"""The encrypted stream of a backup: any changed bit, cut or swap is refused (F-32)."""

from __future__ import annotations

import io
import os
import random

import pytest

from idp.adapters import archive

PASSPHRASE = b"kuda benar baterai staples"
CHEAP = {"n": 2, "r": 1, "p": 1}
PLAIN = os.urandom(3 * archive.CHUNK + 100)


def sealed(plain: bytes = PLAIN) -> bytes:
    target = io.BytesIO()
    pieces = [plain[at : at + 10_000] for at in range(0, len(plain), 10_000)]
    archive.write(target, PASSPHRASE, pieces, {"made_at": "2026-11-24"}, CHEAP)
    return target.getvalue()


def opened(content: bytes, passphrase: bytes = PASSPHRASE) -> bytes:
    return b"".join(archive.read(io.BytesIO(content), passphrase))


class TestAnArchive:
    @pytest.mark.parametrize(
        "size", [0, 1, archive.CHUNK - 1, archive.CHUNK, archive.CHUNK + 1, 2 * archive.CHUNK]
    )
    def test_opens_to_what_was_sealed(self, size):
        assert opened(sealed(PLAIN[:size])) == PLAIN[:size]

    def test_shows_when_it_was_made_without_the_passphrase(self):
        assert archive.header(io.BytesIO(sealed()))["made_at"] == "2026-11-24"

    def test_does_not_open_with_another_passphrase(self):
        with pytest.raises(archive.ArchiveRefused):
            opened(sealed(), b"another passphrase here")

    def test_is_refused_whichever_single_bit_was_changed(self):
        whole = sealed()
        randomness = random.Random(32)
        start = len(archive.MAGIC) + 4
        places = [randomness.randrange(len(whole)) for _ in range(800)] + [
            randomness.randrange(start + 200) for _ in range(200)
        ]
        for place in places:
            changed = bytearray(whole)
            changed[place] ^= 1 << randomness.randrange(8)
            with pytest.raises(archive.ArchiveRefused):
                opened(bytes(changed))

    def test_is_refused_wherever_it_was_cut_or_lengthened(self):
        whole = sealed()
        body = len(whole) - len(PLAIN) - 4 * 16
        cuts = [0, 10, body, body + archive.CHUNK + 16, body + 2 * (archive.CHUNK + 16), len(whole) - 1]
        for changed in [whole[:cut] for cut in cuts] + [whole + b"x", whole + whole]:
            with pytest.raises(archive.ArchiveRefused):
                opened(changed)

    def test_is_refused_when_chunks_were_swapped(self):
        whole = sealed()
        body, chunk = len(whole) - len(PLAIN) - 4 * 16, archive.CHUNK + 16
        first, second = whole[body : body + chunk], whole[body + chunk : body + 2 * chunk]
        with pytest.raises(archive.ArchiveRefused):
            opened(whole[:body] + second + first + whole[body + 2 * chunk :])
