"""Clients, signing keys and APIs as immutable objects in process memory (STACK.md §6.5).

Writers raise the configuration epoch in their transaction; readers compare it at most twice a second, so a change
is in force on every node within a second. State that security hangs on (sessions, accounts, grants) is never here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from idp.domain.clients import registered, resource_servers
from idp.domain.clients.registered import ClientView
from idp.domain.runtime import epochs, keys
from idp.kernel.jose import SigningKey
from idp.kernel.sealed import Sealer

CHECK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Api:
    """A registered resource server."""

    identifier: str
    client_id: str | None
    scopes: frozenset[str]


@dataclass(frozen=True)
class Snapshot:
    """Everything as of one configuration epoch. `verifying` are public JWKs, also of retired keys."""

    epoch: int = -1
    signers: Mapping[str, SigningKey] = field(default_factory=dict)
    published: tuple[Mapping[str, Any], ...] = ()
    apis: Mapping[str, Api] = field(default_factory=dict)

    def api_of_scope(self, scope: str) -> Api | None:
        return next((api for api in self.apis.values() if scope in api.scopes), None)

    def apis_of_client(self, client_id: str) -> frozenset[str]:
        """Audiences whose tokens a client may introspect."""
        return frozenset(api.identifier for api in self.apis.values() if api.client_id == client_id)


class Catalogue:
    """One per process; thread-safe."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._lock = threading.Lock()
        self._checked_at = 0.0
        self._snapshot = Snapshot()
        self._clients: dict[str, ClientView] = {}
        self._imported: dict[str, SigningKey] = {}

    def snapshot(self, session: Session) -> Snapshot:
        """The current snapshot, read again if the configuration epoch has moved."""
        if time.monotonic() - self._checked_at > CHECK_EVERY_SECONDS:
            with self._lock:
                if time.monotonic() - self._checked_at > CHECK_EVERY_SECONDS:
                    self._refresh(session)
        return self._snapshot

    def last_known(self) -> Snapshot:
        """Without asking the database: what JWKS and discovery are served from when it is away (P7)."""
        return self._snapshot

    def client(self, session: Session, client_id: str) -> ClientView | None:
        self.snapshot(session)
        view = self._clients.get(client_id)
        if view is None:
            view = registered.view(session, client_id)
            if view is not None:
                self._clients[client_id] = view
        return view

    def expire(self) -> None:
        """Look at the epoch again at the next use; called after a write of this process."""
        self._checked_at = 0.0

    def postpone(self) -> None:
        """The database is away: serve what is known and ask again later."""
        self._checked_at = time.monotonic()

    def _refresh(self, session: Session) -> None:
        epoch = epochs.current(session, epochs.CONFIGURATION)
        if epoch != self._snapshot.epoch:
            self._clients = {}
            self._snapshot = self._read(session, epoch)
        self._checked_at = time.monotonic()

    def _read(self, session: Session, epoch: int) -> Snapshot:
        rows = keys.listed(session)
        for key in rows:
            if key.state == keys.KeyState.SIGNING and key.kid not in self._imported:
                self._imported[key.kid] = keys.open_private(key, self._sealer)
        signers = {k.algorithm: self._imported[k.kid] for k in rows if k.state == keys.KeyState.SIGNING}
        published = tuple(k.public for k in rows if k.state in keys.IN_JWKS)
        apis = {
            server.identifier: Api(server.identifier, server.client_id, frozenset(server.scopes))
            for server in resource_servers.listed(session)
        }
        return Snapshot(epoch, signers, published, apis)
