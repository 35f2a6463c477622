"""`sub` per person and sector: a stored random value, stable, never reassigned (decision 6, DOMAIN.md §5.1)."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.prepared import Prepared

PUBLIC_SECTOR = "*"


class Subject(Base):
    """The public subject of a person has the sector `*`."""

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("sub", "sector"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sector: Mapped[str] = mapped_column(String(255), primary_key=True)
    sub: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment)


_SUB = Prepared(
    select(Subject.sub).where(
        Subject.person_id == bindparam("person_id", type_=String),
        Subject.sector == bindparam("sector", type_=String),
    )
)


def find(session: Session, person_id: str, sector: str) -> str | None:
    row = _SUB.first(session, person_id=person_id, sector=sector)
    return row[0] if row else None


def subject_for(work: Work, person_id: str, sector: str) -> str:
    """The person's `sub` in `sector`, made at first need; concurrent first needs agree on one value."""
    found = find(work.session, person_id, sector)
    if found is not None:
        return found
    insert = postgresql_insert if work.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    work.session.execute(
        insert(Subject)
        .values(person_id=person_id, sector=sector, sub=secrets.token_urlsafe(16), created_at=work.now)
        .on_conflict_do_nothing()
    )
    made = find(work.session, person_id, sector)
    assert made is not None  # noqa: S101 -- it was inserted by us or by the one we conflicted with
    return made


def person_of(session: Session, sub: str, sector: str) -> str | None:
    """The person whose `sub` in `sector` this is."""
    return session.execute(
        select(Subject.person_id).where(Subject.sub == sub, Subject.sector == sector)
    ).scalar_one_or_none()
