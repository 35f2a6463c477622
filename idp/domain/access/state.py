"""Rows → State: what `decide` is given, now or as of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.domain.access.decide import decide
from idp.domain.access.grants import Grant
from idp.domain.access.model import ClientFacts, Decision, GrantFact, Holder, PersonFacts, PostFact, State
from idp.domain.access.roles import Role
from idp.domain.accounts.accounts import Account
from idp.domain.actors import PERMISSIONS_OF, Permission, PlatformRole, Powers, Reach
from idp.domain.city import placements, units
from idp.domain.clients.registered import ClientView
from idp.domain.work import Work


def today(work: Work) -> date:
    """The day in the city: grants end at midnight there, not in UTC."""
    return work.now.astimezone(ZoneInfo(work.settings.city.timezone)).date()


def load(work: Work, person_id: str, client: ClientFacts, as_of: date | None = None) -> State:
    """The facts about a person and a client on a day (default: today in the city)."""
    on = as_of or today(work)
    person = _person(work.session, person_id, on)
    return State(person, client, tuple(_grants(work.session, person, client.client_id)), on)


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


_ACCOUNT_STATE = select(Account.state)


def _person(session: Session, person_id: str, on: date) -> PersonFacts:
    state = session.execute(_ACCOUNT_STATE.where(Account.person_id == person_id)).scalar_one_or_none()
    posts = placements.posts(session, person_id, on)
    tree = units.tree(session, on) if any(post.unit_id for post in posts) else units.Tree(())
    return PersonFacts(
        person_id,
        state or "none",
        bool(posts),
        tuple(_post(post, tree) for post in posts),
    )


def _post(post: placements.Post, tree: units.Tree) -> PostFact:
    path = tree.path(post.unit_id)
    return PostFact(
        post.position_id,
        post.title,
        path[-1].code if path else None,
        tuple(node.code for node in path),
    )


_GRANTS = select(
    Grant.id, Role.client_id, Role.name, Grant.holder, Grant.holder_id, Grant.valid_from, Grant.valid_to,
    Grant.ended_at, Grant.constraint_unit, Grant.constraint_descendants, Grant.reason, Grant.given_by,
).join(Role, Role.id == Grant.role_id)  # fmt: skip


def _grants(session: Session, person: PersonFacts, client_id: str | None) -> Iterable[GrantFact]:
    positions = [post.position_id for post in person.posts if post.position_id]
    codes = {code for post in person.posts for code in post.unit_and_above}
    reaching = (Grant.holder == Holder.PERSON.value) & (Grant.holder_id == person.person_id)
    if positions:
        reaching |= (Grant.holder == Holder.POSITION.value) & Grant.holder_id.in_(positions)
    if codes:
        reaching |= (Grant.holder == Holder.UNIT.value) & Grant.holder_id.in_(codes)
    rows = session.execute(_GRANTS.where(Role.client_id == client_id, reaching).order_by(Grant.valid_from, Grant.id))
    for row in rows:
        yield GrantFact(
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
