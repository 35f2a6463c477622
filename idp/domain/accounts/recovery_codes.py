"""Recovery codes: ten at a time, 80 random bits each, stored as keyed digests, each used once (R-67)."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.opaque import Kind

COUNT = 10
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CHARACTERS = 16


class RecoveryCode(Base):
    """`ended_at` closes a whole set when a new one is made."""

    __tablename__ = "recovery_code"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def make(work: Work, person_id: str) -> list[str]:
    """A new set, shown once; the set before is dead."""
    work.session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.person_id == person_id, RecoveryCode.ended_at.is_(None))
        .values(ended_at=work.now)
        .execution_options(synchronize_session=False)
    )
    codes = [_random() for _ in range(COUNT)]
    for code in codes:
        work.session.add(
            RecoveryCode(digest=_digest(work, person_id, code), person_id=person_id, created_at=work.now)
        )
    work.session.flush()
    work.record(Event("recovery_codes_made", subject=person_id, details={"count": COUNT}))
    return codes


def use(work: Work, person_id: str, code: str) -> bool:
    """Spend a code: of any number of concurrent calls exactly one is true."""
    spent = (
        update(RecoveryCode)
        .where(
            RecoveryCode.digest == _digest(work, person_id, code),
            RecoveryCode.person_id == person_id,
            RecoveryCode.used_at.is_(None),
            RecoveryCode.ended_at.is_(None),
        )
        .values(used_at=work.now)
        .returning(RecoveryCode.digest)
        .execution_options(synchronize_session=False)
    )
    if work.session.execute(spent).first() is None:
        return False
    work.record(
        Event("recovery_code_used", subject=person_id, details={"left": left(work.session, person_id)})
    )
    return True


def left(session: Session, person_id: str) -> int:
    """How many codes can still be used."""
    query = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.used_at.is_(None),
            RecoveryCode.ended_at.is_(None),
        )
    )
    return session.scalar(query) or 0


def _random() -> str:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    return "-".join(code[at : at + 4] for at in range(0, _CHARACTERS, 4))


def _digest(work: Work, person_id: str, code: str) -> str:
    squeezed = "".join(c for c in code.upper() if c.isalnum())[:64]
    return work.vault.digests.of(Kind.RECOVERY, f"{person_id}:{squeezed}")
