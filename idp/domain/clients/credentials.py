"""Client secrets: generated here, shown once, kept as keyed digests; two may live at once (R-43)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, Invalid, NotFound
from idp.domain.runtime import epochs
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id
from idp.kernel.opaque import Digests, Kind, mint

MAX_LIVE = 2


class ClientSecret(Base):
    """One secret of a client; `hint` is its last four characters, to tell two apart."""

    __tablename__ = "client_secret"

    id: Mapped[Id]
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[str | None] = mapped_column(String(128))
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """Id and digest of a secret that is accepted."""

    id: str
    digest: str


def add_secret(work: Work, client_id: str, *, secret: str | None = None) -> str:
    """A further secret, returned once. Raises Conflict when two live already."""
    if secret is not None and not work.settings.is_rehearsal:
        raise Invalid("environment_forbids", field="client_secret")
    if len(live(work.session, client_id)) >= MAX_LIVE:
        raise Conflict("two_secrets_live", client_id=client_id)
    value = secret if secret is not None else mint(Kind.CLIENT_SECRET)
    row = ClientSecret(
        id=new_id(),
        client_id=client_id,
        digest=work.vault.digests.of(Kind.CLIENT_SECRET, value),
        hint=value[-4:],
        created_at=work.now,
        created_by=work.actor.id,
    )
    work.session.add(row)
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("client_secret_added", client=client_id, target=row.id))
    return value


def revoke_secret(work: Work, client_id: str, secret_id: str) -> None:
    """End a secret now; on every node within a second."""
    row = work.session.get(ClientSecret, secret_id)
    if row is None or row.client_id != client_id or row.revoked_at is not None:
        raise NotFound("secret_unknown")
    row.revoked_at = work.now
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("client_secret_revoked", client=client_id, target=secret_id))


def listed(session: Session, client_id: str) -> list[ClientSecret]:
    return list(
        session.scalars(
            select(ClientSecret)
            .where(ClientSecret.client_id == client_id, ClientSecret.revoked_at.is_(None))
            .order_by(ClientSecret.created_at)
        )
    )


def live(session: Session, client_id: str) -> tuple[LiveSecret, ...]:
    return tuple(LiveSecret(row.id, row.digest) for row in listed(session, client_id))


def matches(digests: Digests, secrets: tuple[LiveSecret, ...], presented: str) -> LiveSecret | None:
    """The live secret that `presented` is; the same work is done when there is none."""
    digest = digests.of(Kind.CLIENT_SECRET, presented)
    found = None
    for secret in secrets or (LiveSecret("", "0" * 64),):
        if hmac.compare_digest(secret.digest, digest):
            found = secret
    return found
