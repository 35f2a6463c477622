"""Activation codes and the first administrator's link: minted once, spent once, stored as keyed digests."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.accounts import accounts
from idp.domain.actors import ActorKind, Permission
from idp.domain.audit.events import Event
from idp.domain.errors import Forbidden
from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.opaque import Kind

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CHARACTERS = 16


class Ticket(Base):
    """One one-time code; a newer one for the same person and purpose ends the older."""

    __tablename__ = "ticket"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    issued_by: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    spent_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def issue_activation(work: Work, person_id: str, *, unit: str | None) -> tuple[str, datetime]:
    """A code `XXXX-XXXX-XXXX-XXXX` (80 bits) and its end, to be handed over in person (R-74).

    Whoever issues it cannot be the person. Raises Forbidden, NotFound.
    """
    work.demand(Permission.PEOPLE_WRITE, unit=unit)
    if work.actor.kind == ActorKind.PERSON and work.actor.id == person_id:
        raise Forbidden("not_for_oneself")
    accounts.get(work.session, person_id)
    lifetime = work.settings.lifetimes.span("activation")
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    _issue(work, person_id, "activation", _digest(work, person_id, code), lifetime)
    work.record(Event("activation_code_issued", subject=person_id, unit=unit))
    return "-".join(code[at : at + 4] for at in range(0, _CHARACTERS, 4)), work.now + lifetime


def is_valid(work: Work, person_id: str, code: str) -> bool:
    """Whether the code could be spent now; changes nothing."""
    return (
        work.session.execute(select(Ticket.digest).where(*_usable(work, person_id, code))).first() is not None
    )


def spend_activation(work: Work, person_id: str, code: str) -> bool:
    """Of any number of concurrent calls exactly one is true; expiry is part of the same statement."""
    spent = (
        update(Ticket)
        .where(*_usable(work, person_id, code))
        .values(spent_at=work.now)
        .returning(Ticket.digest)
        .execution_options(synchronize_session=False)
    )
    if work.session.execute(spent).first() is None:
        return False
    work.record(Event("activation_code_used", subject=person_id))
    return True


def _usable(work: Work, person_id: str, code: str):  # type: ignore[no-untyped-def]
    return (
        Ticket.digest == _digest(work, person_id, code),
        Ticket.person_id == person_id,
        Ticket.purpose == "activation",
        Ticket.spent_at.is_(None),
        Ticket.ended_at.is_(None),
        Ticket.expires_at > work.now,
    )


def _issue(work: Work, person_id: str, purpose: str, digest: str, lifetime: timedelta) -> None:
    work.session.execute(
        update(Ticket)
        .where(Ticket.person_id == person_id, Ticket.purpose == purpose, Ticket.spent_at.is_(None))
        .values(ended_at=work.now)
        .execution_options(synchronize_session=False)
    )
    work.session.add(
        Ticket(
            digest=digest,
            person_id=person_id,
            purpose=purpose,
            issued_by=work.actor.id,
            created_at=work.now,
            expires_at=work.now + lifetime,
        )
    )
    work.session.flush()


def _digest(work: Work, person_id: str, code: str) -> str:
    squeezed = "".join(c for c in code.upper() if c.isalnum())[:64]
    return work.vault.digests.of(Kind.ACTIVATION, f"{person_id}:{squeezed}")
