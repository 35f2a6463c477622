"""Client applications: register, change, disable — the one verb behind console, CLI, API and file (decision 15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Permission
from idp.domain.audit.changes import ChangeSet
from idp.domain.audit.events import Event
from idp.domain.clients import credentials
from idp.domain.clients import metadata as rules
from idp.domain.errors import Conflict, Invalid, NotFound
from idp.domain.runtime import epochs
from idp.domain.work import Work
from idp.kernel import jose
from idp.kernel.database import Base, Json, Moment
from idp.kernel.ports import Fetch, OutboundRefused

ACTIVE, DISABLED = "active", "disabled"
_EPOCH_MEMBERS = frozenset({"token_endpoint_auth_method", "jwks", "subject_type", "sector"})


class Client(Base):
    """`metadata_` holds exactly the members of clients.metadata.DEFAULTS. Raising `epoch` ends all it was given."""

    __tablename__ = "client"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    agency: Mapped[str | None] = mapped_column(String(64), index=True)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", Json)
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    disabled_reason: Mapped[str | None] = mapped_column(String(200))


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as the protocol uses it: immutable, kept in process memory between changes (STACK.md §6.5)."""

    client_id: str
    enabled: bool
    epoch: int
    version: int
    members: Mapping[str, Any]
    secrets: tuple[credentials.LiveSecret, ...] = ()
    scopes: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        """Metadata members by their RFC 7591 names."""
        try:
            return self.members[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def is_public(self) -> bool:
        return bool(self.members["token_endpoint_auth_method"] == "none")  # noqa: S105 -- a method

    @property
    def sector_name(self) -> str:
        return "*" if self.members["subject_type"] == "public" else self.members["sector"] or self.client_id


def register(
    work: Work,
    client_id: str,
    given: Mapping[str, Any],
    *,
    secret: str | None = None,
    fetch: Fetch | None = None,
) -> tuple[Client, str | None]:
    """Register a client and return it with its first secret, which is shown once and never again.

    A confidential client that authenticates by secret gets a generated one; `secret` is for fixtures of the test
    and demo environments only. Raises Invalid, Conflict, Forbidden.
    """
    work.demand(Permission.CLIENTS_WRITE, unit=given.get("agency"))
    rules.check_client_id(client_id)
    if work.session.get(Client, client_id) is not None:
        raise Conflict("client_exists", field="client_id", client_id=client_id)
    members = _checked(work, given, fetch)
    client = Client(
        client_id=client_id,
        state=ACTIVE,
        agency=members["agency"],
        metadata_=members,
        epoch=0,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(client)
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    change = ChangeSet.between({}, {n: v for n, v in members.items() if v != rules.DEFAULTS[n]})
    work.record(
        Event("client_registered", client=client_id, unit=members["agency"], after=_recordable(change.after))
    )
    if members["token_endpoint_auth_method"] in rules.SECRET_METHODS:
        return client, credentials.add_secret(work, client_id, secret=secret)
    return client, None


def change(
    work: Work,
    client_id: str,
    given: Mapping[str, Any],
    *,
    version: int | None = None,
    fetch: Fetch | None = None,
) -> ChangeSet:
    """Alter the members in `given` and leave all others as they are (R-114).

    `version` is the one the editor saw: Conflict if somebody changed the client meanwhile.
    """
    client = owned(work, client_id, Permission.CLIENTS_WRITE)
    if version is not None and version != client.version:
        raise Conflict("changed_meanwhile", client_id=client_id)
    members = _checked(work, {**client.metadata_, **given}, fetch)
    altered = ChangeSet.between(client.metadata_, members)
    if altered.is_empty:
        return altered
    if members["agency"] != client.agency:
        work.demand(Permission.CLIENTS_WRITE, unit=members["agency"])
    client.metadata_, client.agency = members, members["agency"]
    client.version, client.updated_at = client.version + 1, work.now
    if _EPOCH_MEMBERS & altered.after.keys():
        client.epoch += 1
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(
        Event(
            "client_changed",
            client=client_id,
            unit=client.agency,
            before=_recordable(altered.before),
            after=_recordable(altered.after),
        )
    )
    return altered


def disable(work: Work, client_id: str, reason: str) -> None:
    """Close the client: nobody enters, and everything it was given ends at once."""
    client = owned(work, client_id, Permission.CLIENTS_WRITE)
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    if client.state == DISABLED:
        raise Conflict("client_disabled", client_id=client_id)
    client.state, client.disabled_at, client.disabled_reason = DISABLED, work.now, reason[:200]
    client.epoch, client.version = client.epoch + 1, client.version + 1
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("client_disabled", client=client_id, unit=client.agency, reason=reason))


def enable(work: Work, client_id: str) -> None:
    client = owned(work, client_id, Permission.CLIENTS_WRITE)
    if client.state == ACTIVE:
        raise Conflict("client_enabled", client_id=client_id)
    client.state, client.disabled_at, client.disabled_reason = ACTIVE, None, None
    client.version += 1
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("client_enabled", client=client_id, unit=client.agency))


def owned(work: Work, client_id: str, permission: Permission) -> Client:
    """The client if the actor may `permission` it; NotFound otherwise, so that its existence stays unknown (C-192)."""
    client = work.session.get(Client, client_id)
    if client is None or not work.actor.powers.may(permission, client.agency):
        raise NotFound("client_unknown", client_id=client_id)
    return client


def listed(work: Work) -> list[Client]:
    """Clients the actor may read, by name."""
    reach = work.actor.powers.reach(Permission.CLIENTS_READ)
    query = select(Client)
    if not reach.everywhere:
        query = query.where(Client.agency.in_(reach.units))
    return sorted(work.session.scalars(query), key=lambda c: str(c.metadata_["client_name"]).casefold())


def view(session: Session, client_id: str) -> ClientView | None:
    """The client as the protocol uses it, or None."""
    client = session.get(Client, client_id, populate_existing=True)
    return None if client is None else as_view(session, client)


def as_view(session: Session, client: Client) -> ClientView:
    members = {**rules.DEFAULTS, **client.metadata_}
    return ClientView(
        client_id=client.client_id,
        enabled=client.state == ACTIVE,
        epoch=client.epoch,
        version=client.version,
        members=members,
        secrets=credentials.live(session, client.client_id),
        scopes=frozenset(members["scope"].split()),
    )


def _checked(work: Work, given: Mapping[str, Any], fetch: Fetch | None) -> dict[str, Any]:
    members = rules.check(given, rehearsal=work.settings.is_rehearsal)
    if members["jwks"] is not None:
        members["jwks"] = _checked_jwks(members["jwks"])
    if fetch is not None and members["backchannel_logout_uri"]:
        try:
            fetch.check(members["backchannel_logout_uri"])
        except OutboundRefused as error:
            raise Invalid("uri_not_reachable_by_policy", field="backchannel_logout_uri") from error
    return members


def _checked_jwks(jwks: Mapping[str, Any]) -> dict[str, Any]:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= 10:
        raise Invalid("jwks_malformed", field="jwks")
    try:
        return {"keys": [jose.public_jwk(key) for key in keys]}
    except jose.JwtRefused as error:
        raise Invalid("jwks_malformed", field="jwks", reason=error.reason) from error


def _recordable(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if not isinstance(value, float)}
