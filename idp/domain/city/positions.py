"""Positions: posts in a unit, held or vacant, with days in force."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Permission
from idp.domain.audit.events import Event
from idp.domain.city import units
from idp.domain.errors import Invalid, NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id

TYPES = ("managerial", "functional", "executing")


class Position(Base):
    """A post; `position_type` is one of TYPES, `position_level` and `echelon` as HR writes them."""

    __tablename__ = "position"

    id: Mapped[Id]
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    position_type: Mapped[str | None] = mapped_column(String(32))
    position_level: Mapped[str | None] = mapped_column(String(64))
    echelon: Mapped[str | None] = mapped_column(String(16))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(Moment)


def get(session: Session, position_id: str) -> Position:
    """Raises NotFound."""
    position = session.get(Position, position_id)
    if position is None:
        raise NotFound("position_unknown")
    return position


def find(session: Session, unit_id: str, title: str) -> Position | None:
    """The position of that title in the unit that is still in force."""
    return session.scalars(
        select(Position).where(
            Position.unit_id == unit_id, Position.title == title, Position.valid_to.is_(None)
        )
    ).first()


def add(
    work: Work, *, unit: str, title: str, position_type: str | None = None, valid_from: date | None = None
) -> Position:
    """Add a position to the unit with code `unit`. Raises Invalid, NotFound, Forbidden."""
    work.demand(Permission.UNITS_WRITE, unit=unit)
    if not title.strip():
        raise Invalid("name_missing", field="title")
    if position_type is not None and position_type not in TYPES:
        raise Invalid("position_type_unknown", field="position_type")
    position = Position(
        id=new_id(),
        unit_id=units.by_code(work.session, unit).id,
        title=title.strip(),
        position_type=position_type,
        valid_from=valid_from or work.today,
        recorded_at=work.now,
    )
    work.session.add(position)
    work.session.flush()
    work.record(Event("position_added", unit=unit, target=position.id, after={"title": position.title}))
    return position
