"""Grants as administrators read them: with the names behind their ids, inside the units they look after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from idp.domain.access import state
from idp.domain.access.grants import Grant
from idp.domain.access.model import Holder
from idp.domain.access.roles import Role
from idp.domain.actors import Permission
from idp.domain.city import units
from idp.domain.city.positions import Position
from idp.domain.city.units import Unit
from idp.domain.clients.registered import Client
from idp.domain.errors import NotFound
from idp.domain.governance import directory
from idp.domain.work import Work


@dataclass(frozen=True, slots=True)
class Filter:
    """`client_id` may be PLATFORM for roles on Gapura itself."""

    client_id: str | None = None
    holder: Holder | None = None
    holder_id: str | None = None
    unit: str | None = None
    with_ended: bool = False


PLATFORM = "-"


@dataclass(frozen=True, slots=True)
class Holding:
    """A grant with names. `client_name` is None for a role on Gapura itself."""

    grant: Grant
    role_name: str
    role_title: str
    client_id: str | None
    client_name: str | None
    holder_name: str
    given_by: str | None
    limited_to: str | None = None


def query(work: Work, chosen: Filter) -> Select[*tuple[Any, ...]]:
    """Rows (Grant, Role) that fit, of those the actor may read; not ordered."""
    found = select(Grant, Role).join(Role, Role.id == Grant.role_id)
    reach = work.actor.powers.reach(Permission.GRANTS_READ)
    if not reach.everywhere:
        found = found.where(_standing_in(work, reach.units), Role.client_id.is_not(None))
    if chosen.client_id == PLATFORM:
        found = found.where(Role.client_id.is_(None))
    elif chosen.client_id:
        found = found.where(Role.client_id == chosen.client_id)
    if chosen.holder and chosen.holder_id:
        found = found.where(Grant.holder == chosen.holder.value, Grant.holder_id == chosen.holder_id)
    if chosen.unit:
        found = found.where(
            _standing_in(work, units.tree(work.session, state.today(work)).codes_within(chosen.unit))
        )
    return found if chosen.with_ended else found.where(Grant.ended_at.is_(None))


def with_names(work: Work, rows: Iterable[Any]) -> list[Holding]:
    """The rows of `query` with the names of holders, givers and applications."""
    pairs = [(row[0], row[1]) for row in rows]
    persons = directory.names_of(
        work,
        [g.holder_id for g, _ in pairs if g.holder == Holder.PERSON] + [g.given_by for g, _ in pairs],
    )
    posts = _titles(work, [g.holder_id for g, _ in pairs if g.holder == Holder.POSITION])
    tree = units.tree(work.session, state.today(work))
    unit_names = {code: node.name for code, node in tree.by_code.items()}
    names = {Holder.PERSON: persons, Holder.POSITION: posts, Holder.UNIT: unit_names}
    clients = {
        client.client_id: str(client.metadata_["client_name"])
        for client in work.session.scalars(
            select(Client).where(
                Client.client_id.in_({role.client_id for _, role in pairs if role.client_id})
            )
        )
    }
    return [
        Holding(
            grant,
            role.name,
            role.title,
            role.client_id,
            clients.get(role.client_id or ""),
            names[Holder(grant.holder)].get(grant.holder_id, grant.holder_id),
            persons.get(grant.given_by or "", grant.given_by),
            unit_names.get(grant.constraint_unit or "", grant.constraint_unit),
        )
        for grant, role in pairs
    ]


def one(work: Work, grant_id: str) -> Holding:
    """A grant that the actor may read. Raises NotFound."""
    row = work.session.execute(query(work, Filter(with_ended=True)).where(Grant.id == grant_id)).first()
    if row is None:
        raise NotFound("grant_unknown")
    return with_names(work, [row])[0]


def _standing_in(work: Work, codes: Iterable[str]) -> Any:
    """Holders that stand in one of the units: people, positions, and the units themselves."""
    codes = sorted(codes)
    on = state.today(work)
    positions = select(Position.id).join(Unit, Unit.id == Position.unit_id).where(Unit.code.in_(codes))
    return (
        ((Grant.holder == Holder.UNIT.value) & Grant.holder_id.in_(codes))
        | ((Grant.holder == Holder.POSITION.value) & Grant.holder_id.in_(positions))
        | ((Grant.holder == Holder.PERSON.value) & Grant.holder_id.in_(directory.in_units(codes, on)))
    )


def _titles(work: Work, position_ids: list[str]) -> dict[str, str]:
    if not position_ids:
        return {}
    rows = work.session.execute(select(Position.id, Position.title).where(Position.id.in_(position_ids)))
    return {position_id: title for position_id, title in rows}
