"""The disclosure ledger: which application received which claims of whom, when, and for what purpose — names, never
values (UU PDP art. 31 and 32)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment
from idp.kernel.prepared import Prepared


class Disclosure(Base):
    """One release at the token or UserInfo endpoint."""

    __tablename__ = "disclosure"
    __table_args__ = (
        Index("ix_disclosure_person_id_id", "person_id", "id"),
        Index("ix_disclosure_client_id_id", "client_id", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    person_id: Mapped[str] = mapped_column(String(32))
    client_id: Mapped[str] = mapped_column(String(64))
    endpoint: Mapped[str] = mapped_column(String(16))
    claims: Mapped[list[Any]] = mapped_column(Json)
    purpose: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Moment)


_COLUMNS = ("person_id", "client_id", "endpoint", "claims", "purpose", "at")
_INSERT = Prepared(insert(Disclosure).values({name: bindparam(name) for name in _COLUMNS}).inline())


def write(
    work: Work, *, person_id: str, client_id: str, endpoint: str, claims: Iterable[str], purpose: str | None
) -> None:
    """Record a release; without claims there is nothing to record."""
    names = sorted(claims)
    if not names:
        return
    _INSERT.later(
        work.session,
        person_id=person_id,
        client_id=client_id,
        endpoint=endpoint,
        claims=names,
        purpose=(purpose or "")[:200] or None,
        at=work.now,
    )


def of_person(session: Session, person_id: str, limit: int = 500) -> list[Disclosure]:
    return list(
        session.scalars(
            select(Disclosure)
            .where(Disclosure.person_id == person_id)
            .order_by(Disclosure.id.desc())
            .limit(limit)
        )
    )
