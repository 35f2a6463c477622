"""Placements: an employment in a position, by decree, from a day to a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.city.employment import Employment
from idp.domain.city.positions import Position
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id


class Placement(Base):
    """Closed (`valid_to`), never overwritten."""

    __tablename__ = "placement"

    id: Mapped[Id]
    employment_id: Mapped[str] = mapped_column(ForeignKey("employment.id"), index=True)
    position_id: Mapped[str] = mapped_column(ForeignKey("position.id"), index=True)
    decree: Mapped[str | None] = mapped_column(String(100))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Post:
    """Where a person works on one day, with the employment behind it."""

    employment_id: str
    number: str | None
    status: str
    grade: str | None
    employed_to: date | None
    position_id: str | None
    title: str | None
    position_type: str | None
    position_level: str | None
    echelon: str | None
    unit_id: str | None
    placed_to: date | None


_POSTS = (
    select(
        Employment.id,
        Employment.number,
        Employment.status,
        Employment.grade,
        Employment.valid_to,
        Position.id,
        Position.title,
        Position.position_type,
        Position.position_level,
        Position.echelon,
        Position.unit_id,
        Placement.valid_to,
        Placement.valid_from,
    )
    .outerjoin(Placement, Placement.employment_id == Employment.id)
    .outerjoin(Position, Position.id == Placement.position_id)
)


def posts(session: Session, person_id: str, on: date) -> list[Post]:
    """Posts of a person in force on a day; one entry without position for an employment without placement."""
    rows = session.execute(
        _POSTS.where(
            Employment.person_id == person_id,
            Employment.ended_at.is_(None),
            Employment.valid_from <= on,
            Employment.valid_to.is_(None) | (Employment.valid_to >= on),
        )
    ).all()
    found = []
    for *fields, placed_from in rows:
        post = Post(*fields)
        in_force = (
            placed_from is not None and placed_from <= on and (post.placed_to is None or post.placed_to >= on)
        )
        found.append(post if in_force else _unplaced(post))
    placed = [post for post in found if post.position_id]
    return placed or found[:1]


def place(
    work: Work, employment_id: str, position_id: str, valid_from: date, decree: str | None = None
) -> None:
    """Put an employment into a position from a day on; the placement before ends the day before."""
    open_rows = select(Placement).where(
        Placement.employment_id == employment_id,
        Placement.valid_to.is_(None) | (Placement.valid_to >= valid_from),
    )
    for placement in work.session.scalars(open_rows):
        if placement.valid_from >= valid_from:
            work.session.delete(placement)
        else:
            placement.valid_to = date.fromordinal(valid_from.toordinal() - 1)
    work.session.add(
        Placement(
            id=new_id(),
            employment_id=employment_id,
            position_id=position_id,
            decree=decree,
            valid_from=valid_from,
            recorded_at=work.now,
        )
    )
    work.session.flush()


def _unplaced(post: Post) -> Post:
    return Post(
        post.employment_id, post.number, post.status, post.grade, post.employed_to,
        None, None, None, None, None, None, None,
    )  # fmt: skip
