"""argon2id behind a bounded queue (decision 11, SECURITY.md §4.9).

PyNaCl's libsodium computes the same bytes as argon2-cffi in about half the time for p=1; argon2-cffi stays the
reference for the encoded form and for parameters that libsodium does not take.
"""

from __future__ import annotations

import base64
import hmac
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
import nacl.pwhash.argon2id as sodium
from prometheus_client import Counter, Histogram

from idp.kernel.settings import Passwords

HASHES = Counter("gapura_password_hashes_total", "Password hashes computed")
SECONDS = Histogram("gapura_password_hash_seconds", "Time to compute a password hash")
HASH_BYTES, SALT_BYTES = 32, 16


class Busy(Exception):
    """The hashing queue is full; the caller answers 503 with Retry-After, and nothing was counted."""


class Hasher:
    """Computes and checks hashes with at most `hashing_slots` at a time in this process."""

    def __init__(self, settings: Passwords) -> None:
        self._memory_kib = settings.argon2_memory_kib
        self._iterations = settings.argon2_iterations
        self._slots = threading.BoundedSemaphore(settings.hashing_slots)
        self._waiting = threading.BoundedSemaphore(settings.hashing_queue)
        self._wait_seconds = settings.hashing_wait_seconds
        self._reference = argon2.PasswordHasher()
        self._dummy = self._encoded("not a password of anybody", os.urandom(SALT_BYTES))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the slots. Raises Busy when the queue is full or the wait too long."""
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            if not self._slots.acquire(timeout=self._wait_seconds):
                raise Busy
        finally:
            self._waiting.release()
        try:
            yield
        finally:
            self._slots.release()

    def hash(self, password: str) -> str:
        """The encoded argon2id string of `password`. Raises Busy."""
        with self.place():
            return self._encoded(password, os.urandom(SALT_BYTES))

    def matches(self, password: str, encoded: str | None) -> bool:
        """Whether `password` fits; with None the same work is done against nobody's hash. Raises Busy."""
        with self.place():
            fits = self._check(password, encoded or self._dummy)
        return fits and encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Whether the parameters of `encoded` are not those of the settings."""
        parameters = argon2.extract_parameters(encoded)
        return (parameters.memory_cost, parameters.time_cost, parameters.parallelism) != (
            self._memory_kib,
            self._iterations,
            1,
        )

    def _check(self, password: str, encoded: str) -> bool:
        parameters = argon2.extract_parameters(encoded)
        if parameters.parallelism != 1 or parameters.type is not argon2.Type.ID:
            return self._check_by_reference(password, encoded)
        salt, expected = (_decode(part) for part in encoded.split("$")[-2:])
        if len(salt) != SALT_BYTES:
            return self._check_by_reference(password, encoded)
        raw = _timed(password, salt, len(expected), parameters.time_cost, parameters.memory_cost)
        return hmac.compare_digest(raw, expected)

    def _check_by_reference(self, password: str, encoded: str) -> bool:
        HASHES.inc()
        try:
            return self._reference.verify(encoded, password)
        except argon2.exceptions.VerificationError:
            return False

    def _encoded(self, password: str, salt: bytes) -> str:
        raw = _timed(password, salt, HASH_BYTES, self._iterations, self._memory_kib)
        cost = f"m={self._memory_kib},t={self._iterations},p=1"
        return f"$argon2id$v=19${cost}${_encode(salt)}${_encode(raw)}"


def _timed(password: str, salt: bytes, size: int, iterations: int, memory_kib: int) -> bytes:
    HASHES.inc()
    started = time.perf_counter()
    raw = sodium.kdf(size, password.encode(), salt, opslimit=iterations, memlimit=memory_kib * 1024)
    SECONDS.observe(time.perf_counter() - started)
    return bytes(raw)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
