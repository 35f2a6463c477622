"""Rows → State: what `decide` is given, now or as of a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Date, String, bindparam, select
from sqlalchemy.orm import Session

from idp.domain.access.decide import decide
from idp.domain.access.grants import Grant
from idp.domain.access.model import ClientFacts, Decision, GrantFact, Holder, PersonFacts, PostFact, State
from idp.domain.access.roles import Role
from idp.domain.accounts.accounts import Account
from idp.domain.actors import PERMISSIONS_OF, Permission, PlatformRole, Powers, Reach
from idp.domain.city import units
from idp.domain.city.employment import Employment
from idp.domain.city.placements import Placement
from idp.domain.city.positions import Position
from idp.domain.city.units import Unit
from idp.domain.clients.registered import ClientView
from idp.domain.work import Work
from idp.kernel.prepared import Prepared


def today(work: Work) -> date:
    """The day in the city."""
    return work.today


def load(work: Work, person_id: str, client: ClientFacts, as_of: date | None = None) -> State:
    """The facts about a person and a client on a day (default: today in the city)."""
    on = as_of or today(work)
    person, held = _person(work.session, person_id, on)
    found = _grants(work.session, person_id, client.client_id)
    if any(grant.holder is Holder.UNIT for grant in found) and held:
        person = _with_units_above(person, held, units.tree(work.session, on))
    return State(person, client, found, on)


def facts_of(client: ClientView) -> ClientFacts:
    return ClientFacts(client.client_id, client.enabled, client.members["access_default"])


def decide_for(work: Work, person_id: str, client: ClientView, as_of: date | None = None) -> Decision:
    """Load the facts and decide."""
    return decide(load(work, person_id, facts_of(client), as_of))


def powers_of(work: Work, person_id: str) -> Powers:
    """What a person may do on Gapura itself, from the platform roles that `decide` finds."""
    decision = decide(load(work, person_id, ClientFacts(None)))
    held: dict[Permission, Reach] = {}
    tree: units.Tree | None = None
    for role in decision.roles:
        if role.constraint_unit is None:
            reach = Reach(everywhere=True)
        else:
            tree = tree or units.tree(work.session, today(work))
            within = tree.codes_within(role.constraint_unit)
            reach = Reach(units=within if role.constraint_descendants else frozenset({role.constraint_unit}))
        for permission in PERMISSIONS_OF[PlatformRole(role.role)]:
            held[permission] = held.get(permission, Reach()) | reach
    return Powers(held)


def _person(session: Session, person_id: str, on: date) -> tuple[PersonFacts, list[PostRow]]:
    rows = [PostRow(*row) for row in _POSTS.all(session, person_id=person_id, on=on)]
    employed = [row for row in rows if row.employment_id is not None]
    held = [row for row in employed if row.position_id is not None]
    posts = tuple(PostFact(r.position_id, r.title, r.unit, (r.unit,) if r.unit else ()) for r in held)
    state = rows[0].account_state if rows else "none"
    return PersonFacts(person_id, state, bool(employed), posts), held


def _with_units_above(person: PersonFacts, held: list[PostRow], tree: units.Tree) -> PersonFacts:
    posts = tuple(
        PostFact(r.position_id, r.title, r.unit, tuple(node.code for node in tree.path(r.unit_id)))
        for r in held
    )
    return replace(person, posts=posts)


@dataclass(frozen=True, slots=True)
class PostRow:
    """The account's state, and one employment with its post in force, as far as there is one."""

    account_state: str
    employment_id: str | None
    position_id: str | None
    title: str | None
    unit_id: str | None
    unit: str | None


_ON = bindparam("on", type_=Date)
_PERSON_ID = bindparam("person_id", type_=String)
_POSTS = Prepared(
    select(Account.state, Employment.id, Position.id, Position.title, Unit.id, Unit.code)
    .select_from(Account)
    .outerjoin(
        Employment,
        (Employment.person_id == Account.person_id)
        & Employment.ended_at.is_(None)
        & (Employment.valid_from <= _ON)
        & (Employment.valid_to.is_(None) | (Employment.valid_to >= _ON)),
    )
    .outerjoin(
        Placement,
        (Placement.employment_id == Employment.id)
        & (Placement.valid_from <= _ON)
        & (Placement.valid_to.is_(None) | (Placement.valid_to >= _ON)),
    )
    .outerjoin(Position, Position.id == Placement.position_id)
    .outerjoin(Unit, Unit.id == Position.unit_id)
    .where(Account.person_id == _PERSON_ID)
)

_GRANT_COLUMNS = (
    Grant.id, Role.client_id, Role.name, Grant.holder, Grant.holder_id, Grant.valid_from, Grant.valid_to,
    Grant.ended_at, Grant.constraint_unit, Grant.constraint_descendants, Grant.reason, Grant.given_by,
)  # fmt: skip
_HELD_POSITIONS = (
    select(Placement.position_id)
    .join(Employment, Employment.id == Placement.employment_id)
    .where(Employment.person_id == _PERSON_ID)
)
_REACHING = (
    ((Grant.holder == Holder.PERSON.value) & (Grant.holder_id == _PERSON_ID))
    | ((Grant.holder == Holder.POSITION.value) & Grant.holder_id.in_(_HELD_POSITIONS))
    | (Grant.holder == Holder.UNIT.value)
)
_GRANTS_OF = select(*_GRANT_COLUMNS).join(Role, Role.id == Grant.role_id).where(_REACHING)
_CLIENT_GRANTS = Prepared(
    _GRANTS_OF.where(Role.client_id == bindparam("client_id", type_=String)).order_by(
        Grant.valid_from, Grant.id
    )
)
_PLATFORM_GRANTS = Prepared(_GRANTS_OF.where(Role.client_id.is_(None)).order_by(Grant.valid_from, Grant.id))


def _grants(session: Session, person_id: str, client_id: str | None) -> tuple[GrantFact, ...]:
    """Grants that could reach the person; those of units are all read, `decide` tells which do."""
    if client_id is None:
        rows = _PLATFORM_GRANTS.all(session, person_id=person_id)
    else:
        rows = _CLIENT_GRANTS.all(session, person_id=person_id, client_id=client_id)
    return tuple(
        GrantFact(
            grant_id=row[0],
            client_id=row[1],
            role=row[2],
            holder=Holder(row[3]),
            holder_id=row[4],
            valid_from=row[5],
            valid_to=row[6],
            ended=row[7] is not None,
            constraint_unit=row[8],
            constraint_descendants=row[9],
            reason=row[10],
            given_by=row[11],
        )
        for row in rows
    )
