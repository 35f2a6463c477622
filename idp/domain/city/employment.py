"""Employment: one tie to HR with its own number and dates (DOMAIN.md §2.2)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.kernel.database import Base, Id, Moment


class EmploymentStatus(StrEnum):
    PNS = "pns"
    CPNS = "cpns"
    PPPK = "pppk"
    PPPK_PART_TIME = "pppk_part_time"
    NON_ASN = "non_asn"
    OFFICIAL = "official"
    EXTERNAL = "external"


class Employment(Base):
    """`number` is the NIP or NI PPPK as a string of 18 digits, None for those who have none.

    Rows are closed (`ended_at`), never overwritten: a PPPK who becomes CPNS has two under one person.
    """

    __tablename__ = "employment"
    __table_args__ = (
        Index(
            "uq_employment_number_open",
            "number",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND number IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND number IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    number: Mapped[str | None] = mapped_column(String(18))
    status: Mapped[str] = mapped_column(String(32))
    grade: Mapped[str | None] = mapped_column(String(16))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(32), default="console")
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def open_for(session: Session, person_id: str) -> Employment | None:
    """The employment that has not been closed, if there is one."""
    return session.scalars(
        select(Employment)
        .where(Employment.person_id == person_id, Employment.ended_at.is_(None))
        .order_by(Employment.valid_from.desc())
    ).first()


def by_number(session: Session, number: str) -> Employment | None:
    return session.scalars(
        select(Employment).where(Employment.number == number, Employment.ended_at.is_(None))
    ).first()
