"""Units: a stable code, and dated versions of name and place in the tree (DOMAIN.md §2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Permission
from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, Invalid, NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id


class UnitKind(StrEnum):
    AGENCY = "agency"
    SECTION = "section"
    DISTRICT = "district"
    WARD = "ward"
    TECHNICAL_UNIT = "technical_unit"


class Unit(Base):
    """A node of the organisation tree; its identity survives renames and moves."""

    __tablename__ = "unit"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Moment)


class UnitVersion(Base):
    """Name and parent of a unit from `valid_from` to `valid_to`, both days included; closed, never overwritten."""

    __tablename__ = "unit_version"

    id: Mapped[Id]
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Node:
    """A unit as it is on one day."""

    id: str
    code: str
    kind: str
    name: str
    parent_id: str | None


class Tree:
    """All units as they are on one day."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.by_id = {node.id: node for node in nodes}
        self.by_code = {node.code: node for node in self.by_id.values()}

    def path(self, unit_id: str | None) -> list[Node]:
        """From the top of the tree down to the unit; empty when there is none."""
        steps: list[Node] = []
        while unit_id is not None and unit_id in self.by_id and len(steps) < len(self.by_id):
            steps.append(self.by_id[unit_id])
            unit_id = steps[-1].parent_id
        return steps[::-1]

    def agency(self, unit_id: str | None) -> Node | None:
        """The nearest agency at or above the unit, otherwise the top of its branch."""
        path = self.path(unit_id)
        agencies = [node for node in path if node.kind == UnitKind.AGENCY]
        return agencies[-1] if agencies else (path[0] if path else None)

    def children(self, unit_id: str | None) -> list[Node]:
        return sorted((n for n in self.by_id.values() if n.parent_id == unit_id), key=lambda n: n.name)

    def codes_within(self, code: str) -> frozenset[str]:
        """The unit and all units below it; empty for an unknown code."""
        if code not in self.by_code:
            return frozenset()
        within, waiting = set(), [self.by_code[code].id]
        while waiting:
            unit_id = waiting.pop()
            if self.by_id[unit_id].code not in within:
                within.add(self.by_id[unit_id].code)
                waiting += [child.id for child in self.by_id.values() if child.parent_id == unit_id]
        return frozenset(within)


def tree(session: Session, on: date) -> Tree:
    """The tree as it is `on` a day."""
    in_force = (UnitVersion.valid_from <= on) & (
        UnitVersion.valid_to.is_(None) | (UnitVersion.valid_to >= on)
    )
    rows = session.execute(
        select(Unit.id, Unit.code, Unit.kind, UnitVersion.name, UnitVersion.parent_id)
        .join(UnitVersion, UnitVersion.unit_id == Unit.id)
        .where(in_force)
    )
    return Tree(Node(*row) for row in rows)


def by_code(session: Session, code: str) -> Unit:
    """Raises NotFound."""
    unit = session.scalars(select(Unit).where(Unit.code == code)).first()
    if unit is None:
        raise NotFound("unit_unknown", unit=code)
    return unit


def add(work: Work, *, code: str, name: str, kind: str, parent: str | None, valid_from: date) -> Unit:
    """Add a unit below the unit with code `parent`. Raises Conflict, Invalid, NotFound, Forbidden."""
    work.demand(Permission.UNITS_WRITE, unit=parent)
    if kind not in set(UnitKind):
        raise Invalid("unit_kind_unknown", field="kind", kind=kind)
    if not code or len(code) > 64 or not code.isascii() or code != code.strip().lower():
        raise Invalid("unit_code_malformed", field="code")
    if not name.strip():
        raise Invalid("name_missing", field="name")
    if work.session.scalars(select(Unit).where(Unit.code == code)).first() is not None:
        raise Conflict("unit_exists", field="code", unit=code)
    above = by_code(work.session, parent).id if parent else None
    unit = Unit(id=new_id(), code=code, kind=kind, created_at=work.now)
    work.session.add(unit)
    work.session.flush()
    _open_version(work, unit, name, above, valid_from)
    work.record(
        Event("unit_added", unit=code, target=code, after={"name": name, "kind": kind, "parent": parent})
    )
    return unit


def change(work: Work, code: str, *, name: str, parent: str | None, valid_from: date) -> None:
    """Give a unit another name or place from a day on; the version before stays readable.

    Raises Invalid when the unit would stand below itself.
    """
    work.demand(Permission.UNITS_WRITE, unit=code)
    unit = by_code(work.session, code)
    now_in_force = tree(work.session, valid_from)
    above = by_code(work.session, parent).id if parent else None
    if parent and parent in now_in_force.codes_within(code):
        raise Invalid("unit_below_itself", field="parent", unit=code)
    before = now_in_force.by_code.get(code)
    if before and before.name == name and before.parent_id == above:
        return
    _close_version(work, unit.id, valid_from)
    _open_version(work, unit, name, above, valid_from)
    old_parent = now_in_force.by_id[before.parent_id].code if before and before.parent_id else None
    work.record(
        Event(
            "unit_changed",
            unit=code,
            target=code,
            before={"name": before.name if before else None, "parent": old_parent},
            after={"name": name, "parent": parent, "valid_from": valid_from.isoformat()},
        )
    )


def _open_version(work: Work, unit: Unit, name: str, parent_id: str | None, valid_from: date) -> None:
    work.session.add(
        UnitVersion(
            id=new_id(),
            unit_id=unit.id,
            name=name.strip(),
            parent_id=parent_id,
            valid_from=valid_from,
            recorded_at=work.now,
        )
    )
    work.session.flush()


def _close_version(work: Work, unit_id: str, new_from: date) -> None:
    open_versions = select(UnitVersion).where(UnitVersion.unit_id == unit_id, UnitVersion.valid_to.is_(None))
    for version in work.session.scalars(open_versions):
        if version.valid_from >= new_from:
            work.session.delete(version)
        else:
            version.valid_to = date.fromordinal(new_from.toordinal() - 1)
    work.session.flush()
