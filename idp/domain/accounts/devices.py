"""Browsers on which a person has fully signed in before: the trusted lane of throttling (SECURITY.md §4.8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.opaque import Kind, mint, shaped


class KnownDevice(Base):
    """Digest of the device cookie, per person."""

    __tablename__ = "known_device"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)


def is_known(work: Work, cookie: str | None, person_id: str | None) -> bool:
    """Whether this browser was used by this very person before."""
    if cookie is None or person_id is None or not shaped(cookie, Kind.DEVICE):
        return False
    digest = work.vault.digests.of(Kind.DEVICE, cookie)
    found = select(KnownDevice.digest).where(KnownDevice.digest == digest, KnownDevice.person_id == person_id)
    return work.session.execute(found).first() is not None


def remember(work: Work, cookie: str | None, person_id: str) -> str:
    """Note a full sign-in on this browser; returns the cookie's value, a new one if there was none."""
    value = cookie if cookie is not None and shaped(cookie, Kind.DEVICE) else mint(Kind.DEVICE)
    digest = work.vault.digests.of(Kind.DEVICE, value)
    row = work.session.get(KnownDevice, (digest, person_id))
    if row is None:
        work.session.add(
            KnownDevice(digest=digest, person_id=person_id, created_at=work.now, last_seen_at=work.now)
        )
    else:
        row.last_seen_at = work.now
    return value
