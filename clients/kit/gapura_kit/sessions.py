"""Sessions of an application, kept on its own side so that somebody else can end them."""

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    handle_digest TEXT PRIMARY KEY, sub TEXT NOT NULL, sid TEXT, data TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS session_sub ON session (sub);
CREATE INDEX IF NOT EXISTS session_sid ON session (sid);
"""
_LOCKS = 64


class SessionStore:
    """Sessions in one SQLite file, which several processes may share.

    The browser holds a handle, the store only its digest: whoever reads the file cannot continue a session.
    ``lifetime`` is in seconds and counts from the sign-in.
    """

    def __init__(
        self, path: str, *, lifetime: float = 12 * 3600, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._lifetime = lifetime
        self._clock = clock
        self._locks = tuple(threading.RLock() for _ in range(_LOCKS))
        with self._open() as connection:
            connection.executescript(_SCHEMA)

    def begin(self, sub: str, sid: str | None, data: Mapping[str, Any]) -> str:
        """Start a session and return the handle for the browser. ``data`` must be JSON."""
        handle = secrets.token_urlsafe(32)
        now = self._clock()
        row = (_digest(handle), sub, sid, json.dumps(data), now + self._lifetime)
        with self._open() as connection:
            connection.execute("DELETE FROM session WHERE expires_at <= ?", (now,))
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
        return handle

    def read(self, handle: str | None) -> dict[str, Any] | None:
        """The data of a session, or ``None`` when there is none, or none any more."""
        if not handle:
            return None
        with self._open() as connection:
            row = connection.execute(
                "SELECT data FROM session WHERE handle_digest = ? AND expires_at > ?",
                (_digest(handle), self._clock()),
            ).fetchone()
        return json.loads(row[0]) if row else None

    def update(self, handle: str, data: Mapping[str, Any]) -> None:
        """Replace the data of a session; nothing happens if it has ended meanwhile."""
        with self._open() as connection:
            connection.execute(
                "UPDATE session SET data = ? WHERE handle_digest = ?", (json.dumps(data), _digest(handle))
            )

    def end(self, handle: str | None) -> None:
        """End one session, as when the person signs out here."""
        with self._open() as connection:
            connection.execute("DELETE FROM session WHERE handle_digest = ?", (_digest(handle or ""),))

    def end_for(self, sub: str | None, sid: str | None) -> int:
        """End what a logout token names and return how many sessions that were.

        With a ``sid`` those of that sign-in, and only of this ``sub`` if both are given; with a ``sub`` alone
        every session of the person (OpenID Connect Back-Channel Logout 1.0 §2.7).
        """
        if not sub and not sid:
            return 0
        with self._open() as connection:
            ended = connection.execute(
                "DELETE FROM session WHERE (:sub IS NULL OR sub = :sub) AND (:sid IS NULL OR sid = :sid)",
                {"sub": sub or None, "sid": sid or None},
            )
            return ended.rowcount

    def lock(self, handle: str) -> AbstractContextManager[object]:
        """Hold it while a refresh token is used; the thread that holds it may take it again.

        Two requests of one session that send the same refresh token look like theft to the provider, which
        then revokes the whole family (RFC 9700 §4.14.2).
        """
        return self._locks[int(_digest(handle), 16) % _LOCKS]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5)) as connection, connection:
            yield connection


def _digest(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()
