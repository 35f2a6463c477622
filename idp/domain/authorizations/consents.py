"""What a person was shown, or agreed to, for a client: notices and consents (R-18, DOMAIN.md §1 no. 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.errors import NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment

NOTICE, CONSENT = "notice", "consent"


class Consent(Base):
    """`scopes` already shown or agreed to; asked again when the request goes beyond them."""

    __tablename__ = "consent"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    scopes: Mapped[list[Any]] = mapped_column(Json)
    given_at: Mapped[datetime] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)


_SCOPES = select(Consent.scopes, Consent.kind)


def covered(session: Session, person_id: str, client_id: str, kind: str) -> frozenset[str]:
    """Scopes that need not be shown again. A consent covers a notice, not the other way round."""
    row = session.execute(
        _SCOPES.where(
            Consent.person_id == person_id, Consent.client_id == client_id, Consent.withdrawn_at.is_(None)
        )
    ).first()
    if row is None or (kind == CONSENT and row.kind != CONSENT):
        return frozenset()
    return frozenset(row.scopes)


def give(work: Work, person_id: str, client_id: str, kind: str, scopes: frozenset[str]) -> None:
    row = work.session.get(Consent, (person_id, client_id))
    if row is None:
        work.session.add(
            Consent(
                person_id=person_id, client_id=client_id, kind=kind, scopes=sorted(scopes), given_at=work.now
            )
        )
    else:
        kept = frozenset(row.scopes) if row.withdrawn_at is None else frozenset()
        row.kind, row.scopes, row.given_at, row.withdrawn_at = kind, sorted(kept | scopes), work.now, None
    work.session.flush()
    work.record(
        Event(
            "consent_given" if kind == CONSENT else "notice_seen",
            subject=person_id,
            client=client_id,
            details={"scopes": " ".join(sorted(scopes))},
        )
    )


def withdraw(work: Work, person_id: str, client_id: str) -> None:
    """Raises NotFound."""
    row = work.session.get(Consent, (person_id, client_id))
    if row is None or row.withdrawn_at is not None:
        raise NotFound("consent_unknown")
    row.withdrawn_at = work.now
    work.session.flush()
    work.record(Event("consent_withdrawn", subject=person_id, client=client_id))


def of_person(session: Session, person_id: str) -> list[Consent]:
    return list(
        session.scalars(select(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None)))
    )
