"""People and figures as administrators read them: found by name, number or mail, inside the units they look after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select

from idp.domain.access import state
from idp.domain.access.grants import Grant
from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.accounts.totp import TotpCredential
from idp.domain.actors import Permission, Reach
from idp.domain.city import nip, people, placements, units
from idp.domain.city.employment import Employment
from idp.domain.city.people import Person
from idp.domain.city.placements import Placement
from idp.domain.city.positions import Position
from idp.domain.city.units import Unit
from idp.domain.clients.registered import ACTIVE, Client
from idp.domain.errors import NotFound
from idp.domain.work import Work


@dataclass(frozen=True, slots=True)
class Search:
    """`text` is part of a name or mail address, or a NIP in any spacing; `unit` a code, its sub-units included."""

    text: str = ""
    unit: str | None = None
    state: str | None = None
    without_second_factor: bool = False


_WITH_FACTOR = select(TotpCredential.person_id).where(TotpCredential.ended_at.is_(None))


@dataclass(frozen=True, slots=True)
class Line:
    """A person in a list."""

    person_id: str
    name: str
    username: str
    email: str | None
    state: str
    number: str | None = None
    title: str | None = None
    unit: str | None = None


def in_units(codes: Iterable[str], on: date) -> Select[*tuple[Any, ...]]:
    """Ids of people who hold a post in one of the units on a day."""
    return (
        select(Employment.person_id)
        .join(Placement, Placement.employment_id == Employment.id)
        .join(Position, Position.id == Placement.position_id)
        .join(Unit, Unit.id == Position.unit_id)
        .where(
            Unit.code.in_(sorted(codes)),
            Employment.ended_at.is_(None),
            Placement.valid_from <= on,
            Placement.valid_to.is_(None) | (Placement.valid_to >= on),
        )
    )


def query(work: Work, search: Search) -> Select[*tuple[Any, ...]]:
    """Rows (Person, Account) that fit, of those whom the actor may read; not ordered."""
    on = state.today(work)
    found = select(Person, Account).join(Account, Account.person_id == Person.id)
    reach = work.actor.powers.reach(Permission.PEOPLE_READ)
    if not reach.everywhere:
        found = found.where(Person.id.in_(in_units(reach.units, on)))
    if search.unit:
        found = found.where(
            Person.id.in_(in_units(units.tree(work.session, on).codes_within(search.unit), on))
        )
    if search.state:
        found = found.where(Account.state == search.state)
    if search.without_second_factor:
        found = found.where(Person.id.not_in(_WITH_FACTOR))
    return _with_text(found, search.text.strip())


def _with_text(found: Select[*tuple[Any, ...]], text: str) -> Select[*tuple[Any, ...]]:
    if not text:
        return found
    digits = nip.squeezed(text)
    if digits.isascii() and digits.isdigit() and len(digits) >= 4:
        numbered = select(Employment.person_id).where(
            Employment.number.startswith(digits, autoescape=True), Employment.ended_at.is_(None)
        )
        return found.where(Person.id.in_(numbered))
    part = text.casefold()
    return found.where(
        or_(
            func.lower(Person.plain_name).contains(part, autoescape=True),
            func.lower(Person.email).contains(part, autoescape=True),
            Account.username.contains(part, autoescape=True),
        )
    )


def lines(work: Work, rows: Iterable[Any]) -> list[Line]:
    """The rows of `query` with number, post and unit, read in one statement."""
    rows = list(rows)
    on = state.today(work)
    tree = units.tree(work.session, on)
    posts = {
        person_id: (number, title, unit_id)
        for person_id, number, title, unit_id in work.session.execute(
            select(Employment.person_id, Employment.number, Position.title, Position.unit_id)
            .outerjoin(
                Placement,
                (Placement.employment_id == Employment.id)
                & (Placement.valid_from <= on)
                & (Placement.valid_to.is_(None) | (Placement.valid_to >= on)),
            )
            .outerjoin(Position, Position.id == Placement.position_id)
            .where(Employment.person_id.in_([row[0].id for row in rows]), Employment.ended_at.is_(None))
        )
    }
    found = []
    for person, account in rows:
        number, title, unit_id = posts.get(person.id, (None, None, None))
        node = tree.by_id.get(unit_id or "")
        found.append(
            Line(
                person.id,
                person.name,
                account.username,
                person.email,
                account.state,
                number,
                title,
                node.name if node else None,
            )
        )
    return found


def seen(work: Work, person_id: str, permission: Permission) -> tuple[Person, str | None]:
    """The person and the unit in which the actor may `permission` them.

    Raises NotFound otherwise, so that whoever is elsewhere stays unknown (C-192).
    """
    person = people.get(work.session, person_id)
    on = state.today(work)
    tree = units.tree(work.session, on)
    nodes = [tree.by_id.get(post.unit_id or "") for post in placements.posts(work.session, person_id, on)]
    codes = [node.code for node in nodes if node]
    for code in codes:
        if work.actor.powers.may(permission, code):
            return person, code
    if work.actor.powers.may(permission):
        return person, codes[0] if codes else None
    raise NotFound("person_unknown")


def names_of(work: Work, person_ids: Iterable[str | None]) -> dict[str, str]:
    """Names by person id, for those that exist."""
    wanted = sorted({person_id for person_id in person_ids if person_id})
    if not wanted:
        return {}
    rows = work.session.scalars(select(Person).where(Person.id.in_(wanted)))
    return {person.id: person.name for person in rows}


def positions_of(work: Work, unit_id: str) -> list[tuple[Position, int]]:
    """Positions of a unit in force today, each with how many people hold it."""
    on = state.today(work)
    held = (
        select(Placement.position_id, func.count().label("held"))
        .where(Placement.valid_from <= on, Placement.valid_to.is_(None) | (Placement.valid_to >= on))
        .group_by(Placement.position_id)
        .subquery()
    )
    rows = work.session.execute(
        select(Position, func.coalesce(held.c.held, 0))
        .outerjoin(held, held.c.position_id == Position.id)
        .where(Position.unit_id == unit_id, Position.valid_to.is_(None) | (Position.valid_to >= on))
        .order_by(Position.title)
    )
    return [(row[0], int(row[1])) for row in rows]


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands on the first page; `without_second_factor` counts active accounts."""

    people: int
    invited: int
    disabled: int
    without_second_factor: int
    clients: int
    grants_ending: int


def figures(work: Work) -> Figures:
    """Counts of what the actor may read."""
    on = state.today(work)
    reach = work.actor.powers.reach(Permission.PEOPLE_READ)
    counted = _of_reach(select(Account.state, func.count()), reach, on).group_by(Account.state)
    by_state: dict[str, int] = {row[0]: row[1] for row in work.session.execute(counted)}
    without = _of_reach(select(func.count()).select_from(Account), reach, on).where(
        Account.state == AccountState.ACTIVE, Account.person_id.not_in(_WITH_FACTOR)
    )
    ending = (
        select(func.count())
        .select_from(Grant)
        .where(Grant.ended_at.is_(None), Grant.valid_to >= on, Grant.valid_to <= on + timedelta(days=30))
    )
    clients = select(func.count()).select_from(Client).where(Client.state == ACTIVE)
    return Figures(
        people=sum(by_state.values()),
        invited=by_state.get(AccountState.INVITED, 0),
        disabled=by_state.get(AccountState.DISABLED, 0),
        without_second_factor=work.session.scalar(without) or 0,
        clients=work.session.scalar(clients) or 0,
        grants_ending=work.session.scalar(ending) or 0,
    )


def _of_reach(counted: Select[*tuple[Any, ...]], reach: Reach, on: date) -> Select[*tuple[Any, ...]]:
    return counted if reach.everywhere else counted.where(Account.person_id.in_(in_units(reach.units, on)))
