"""Who may act on whom: the unit, the power the other person holds, oneself, and the last administrator."""

from __future__ import annotations

from sqlalchemy import select

from idp.domain.access import grants, roles, state
from idp.domain.access.grants import Grant
from idp.domain.access.model import Holder
from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.actors import ActorKind, Permission, PlatformRole, Powers
from idp.domain.errors import Conflict, Forbidden
from idp.domain.work import Work

_OF_CONSEQUENCE = frozenset(
    {
        Permission.PEOPLE_WRITE,
        Permission.UNITS_WRITE,
        Permission.IMPORT_RUN,
        Permission.GRANTS_WRITE,
        Permission.PLATFORM_GRANT,
        Permission.CLIENTS_WRITE,
        Permission.KEYS_WRITE,
    }
)
"""Permissions that change something for others; merely reading is no power over anybody."""


def demand_over(work: Work, person_id: str) -> str | None:
    """PEOPLE_WRITE where the person works, and no less power than the person holds (R-111); returns the unit code.

    Raises NotFound, Forbidden.
    """
    unit = grants.holder_unit(work, Holder.PERSON, person_id)
    work.demand(Permission.PEOPLE_WRITE, unit=unit)
    if work.actor.kind is ActorKind.PERSON and not covers(
        work.actor.powers, state.powers_of(work, person_id)
    ):
        work.refuse("person_holds_more_power", Permission.PEOPLE_WRITE)
        raise Forbidden("person_holds_more_power")
    return unit


def covers(mine: Powers, theirs: Powers) -> bool:
    """Whether every permission in `theirs` is held in `mine`, at least as widely. Reading is no power over others."""
    for permission, reach in theirs.by_permission.items():
        if permission not in _OF_CONSEQUENCE:
            continue
        own = mine.reach(permission)
        if not own.everywhere and (reach.everywhere or not reach.units <= own.units):
            return False
    return True


def keep_an_administrator(work: Work, leaving: str) -> None:
    """Raise Conflict if nobody else who can sign in is administrator (R-115)."""
    today = state.today(work)
    if PlatformRole.SSO_ADMIN not in grants.platform_roles_of(work.session, leaving, today):
        return
    role = roles.get(work.session, None, PlatformRole.SSO_ADMIN)
    others = select(Grant.id).join(Account, Account.person_id == Grant.holder_id).where(
        Grant.role_id == role.id,
        Grant.holder == Holder.PERSON.value,
        Grant.holder_id != leaving,
        Grant.ended_at.is_(None),
        Grant.valid_from <= today,
        Grant.valid_to.is_(None) | (Grant.valid_to >= today),
        Account.state == AccountState.ACTIVE.value,
    )  # fmt: skip
    if work.session.execute(others).first() is None:
        raise Conflict("last_administrator")


def forbid_oneself(work: Work, person_id: str) -> None:
    """Raise Forbidden if the actor is the person: nobody closes, opens or ends themselves."""
    if work.actor.kind is ActorKind.PERSON and work.actor.id == person_id:
        raise Forbidden("not_for_oneself")
