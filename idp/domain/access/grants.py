"""Grants: dated rows with reason, source and giver; closed, never overwritten (decision 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.access import roles
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.actors import INCOMPATIBLE, ActorKind, Permission, PlatformRole
from idp.domain.audit.events import Event
from idp.domain.city import people, placements, positions, units
from idp.domain.clients.registered import Client
from idp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id


class Grant(Base):
    """A role given to a person, a position or a unit (`holder_id`: person id, position id, unit code).

    `constraint_unit` limits what the role reaches inside the application, and for platform roles on Gapura.
    """

    __tablename__ = "grant"
    __table_args__ = (
        Index("ix_grant_holder", "holder", "holder_id"),
        Index("ix_grant_role_id", "role_id"),
    )

    id: Mapped[Id]
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id"))
    holder: Mapped[str] = mapped_column(String(16))
    holder_id: Mapped[str] = mapped_column(String(64))
    constraint_unit: Mapped[str | None] = mapped_column(String(64))
    constraint_descendants: Mapped[bool] = mapped_column(Boolean, default=True)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200))
    letter_number: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(32))
    given_by: Mapped[str | None] = mapped_column(String(128))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by: Mapped[str | None] = mapped_column(String(128))
    end_reason: Mapped[str | None] = mapped_column(String(200))


@dataclass(frozen=True, slots=True)
class Offer:
    """What is to be given: role of a client (None: of Gapura) to a holder, from a day to a day, for a reason."""

    client_id: str | None
    role: str
    holder: Holder
    holder_id: str
    reason: str
    valid_from: date | None = None
    valid_to: date | None = None
    constraint_unit: str | None = None
    constraint_descendants: bool = True
    letter_number: str | None = None
    source: str = "console"


def give(work: Work, offer: Offer) -> Grant:
    """Give a role.

    The giver needs GRANTS_WRITE in the holder's unit (PLATFORM_GRANT for platform roles), never gives to
    themselves, and never gives more than they hold (R-111). Raises Forbidden, Invalid, NotFound, Conflict.
    """
    role = roles.get(work.session, offer.client_id, offer.role)
    unit = holder_unit(work, offer.holder, offer.holder_id)
    _check_offer(work, offer)
    _check_giver(work, offer, unit)
    if offer.client_id is not None and work.session.get(Client, offer.client_id) is None:
        raise NotFound("client_unknown", client_id=offer.client_id)
    valid_from = offer.valid_from or work.today
    _check_not_held(work, role.id, offer, valid_from)
    grant = Grant(
        id=new_id(),
        role_id=role.id,
        holder=offer.holder.value,
        holder_id=offer.holder_id,
        constraint_unit=offer.constraint_unit,
        constraint_descendants=offer.constraint_descendants,
        valid_from=valid_from,
        valid_to=offer.valid_to,
        reason=offer.reason.strip()[:200],
        letter_number=offer.letter_number,
        source=offer.source,
        given_by=work.actor.id,
        recorded_at=work.now,
    )
    work.session.add(grant)
    work.session.flush()
    work.record(
        Event(
            "grant_given",
            subject=offer.holder_id if offer.holder is Holder.PERSON else None,
            client=offer.client_id,
            unit=unit,
            target=grant.id,
            reason=grant.reason,
            after={
                "role": offer.role,
                "holder": offer.holder.value,
                "holder_id": offer.holder_id,
                "constraint_unit": offer.constraint_unit,
                "valid_from": valid_from.isoformat(),
                "valid_to": offer.valid_to.isoformat() if offer.valid_to else None,
            },
        )
    )
    return grant


def end(work: Work, grant_id: str, reason: str) -> Grant:
    """Close a grant now. Effect: the next token, and UserInfo at once (R-30)."""
    grant = work.session.get(Grant, grant_id)
    if grant is None:
        raise NotFound("grant_unknown")
    role = work.session.get_one(roles.Role, grant.role_id)
    unit = holder_unit(work, Holder(grant.holder), grant.holder_id)
    permission = Permission.PLATFORM_GRANT if role.client_id is None else Permission.GRANTS_WRITE
    work.demand(permission, unit=None if role.client_id is None else unit)
    if grant.ended_at is not None:
        raise Conflict("grant_ended")
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    if role.client_id is None and role.name == PlatformRole.SSO_ADMIN:
        _check_admin_remains(work, grant)
    grant.ended_at, grant.ended_by, grant.end_reason = work.now, work.actor.id, reason.strip()[:200]
    work.session.flush()
    work.record(
        Event(
            "grant_ended",
            subject=grant.holder_id if grant.holder == Holder.PERSON else None,
            client=role.client_id,
            unit=unit,
            target=grant.id,
            reason=grant.end_reason,
            before={"role": role.name, "holder": grant.holder, "holder_id": grant.holder_id},
        )
    )
    return grant


def of_role(session: Session, role_id: str) -> list[Grant]:
    return list(
        session.scalars(select(Grant).where(Grant.role_id == role_id).order_by(Grant.recorded_at.desc()))
    )


def holder_unit(work: Work, holder: Holder, holder_id: str) -> str | None:
    """The unit code in which the holder stands today. Raises NotFound for a holder that does not exist."""
    today = work.today
    if holder is Holder.UNIT:
        return units.by_code(work.session, holder_id).code
    if holder is Holder.POSITION:
        unit_id: str | None = positions.get(work.session, holder_id).unit_id
    else:
        people.get(work.session, holder_id)
        posts = placements.posts(work.session, holder_id, today)
        unit_id = posts[0].unit_id if posts else None
    node = units.tree(work.session, today).by_id.get(unit_id or "")
    return node.code if node else None


def _check_offer(work: Work, offer: Offer) -> None:
    if not offer.reason.strip():
        raise Invalid("reason_missing", field="reason")
    if offer.valid_to is not None and offer.valid_to < (offer.valid_from or work.today):
        raise Invalid("ends_before_it_begins", field="valid_to")
    if offer.constraint_unit is not None:
        units.by_code(work.session, offer.constraint_unit)


def _check_giver(work: Work, offer: Offer, unit: str | None) -> None:
    if work.actor.kind == ActorKind.PERSON and _reaches_actor(work, offer):
        raise Forbidden("not_for_oneself")
    if offer.client_id is not None:
        work.demand(Permission.GRANTS_WRITE, unit=unit)
        if offer.constraint_unit is not None:
            work.demand(Permission.GRANTS_WRITE, unit=offer.constraint_unit)
        return
    work.demand(Permission.PLATFORM_GRANT)
    if offer.holder is not Holder.PERSON:
        raise Invalid("platform_role_to_person_only", field="holder")
    if offer.role == PlatformRole.UNIT_ADMIN and offer.constraint_unit is None:
        raise Invalid("unit_admin_needs_unit", field="constraint_unit")
    held = platform_roles_of(work.session, offer.holder_id, work.today)
    for other in held:
        if frozenset({PlatformRole(offer.role), other}) in INCOMPATIBLE:
            raise Conflict("roles_incompatible", role=offer.role, other=other.value)


def _reaches_actor(work: Work, offer: Offer) -> bool:
    if offer.holder is Holder.PERSON:
        return offer.holder_id == work.actor.id
    posts = placements.posts(work.session, work.actor.id or "", work.today)
    if offer.holder is Holder.POSITION:
        return any(post.position_id == offer.holder_id for post in posts)
    tree = units.tree(work.session, work.today)
    return any(offer.holder_id in {node.code for node in tree.path(post.unit_id)} for post in posts)


def _check_not_held(work: Work, role_id: str, offer: Offer, valid_from: date) -> None:
    same = select(Grant.id).where(
        Grant.role_id == role_id,
        Grant.holder == offer.holder.value,
        Grant.holder_id == offer.holder_id,
        Grant.ended_at.is_(None),
        Grant.constraint_unit == offer.constraint_unit,
        Grant.valid_to.is_(None) | (Grant.valid_to >= valid_from),
    )
    if offer.valid_to is not None:
        same = same.where(Grant.valid_from <= offer.valid_to)
    if work.session.execute(same).first() is not None:
        raise Conflict("grant_exists", role=offer.role)


def platform_roles_of(session: Session, person_id: str, on: date) -> set[PlatformRole]:
    """Platform roles that the person holds on a day."""
    rows = session.execute(
        select(roles.Role.name)
        .join(Grant, Grant.role_id == roles.Role.id)
        .where(
            roles.Role.client_id.is_(None),
            Grant.holder == Holder.PERSON.value,
            Grant.holder_id == person_id,
            Grant.ended_at.is_(None),
            Grant.valid_from <= on,
            Grant.valid_to.is_(None) | (Grant.valid_to >= on),
        )
    )
    return {PlatformRole(name) for (name,) in rows}


def _check_admin_remains(work: Work, ending: Grant) -> None:
    """R-115: at least one active administrator always remains."""
    today = work.today
    others = work.session.execute(
        select(Grant.id)
        .join(accounts.Account, accounts.Account.person_id == Grant.holder_id)
        .where(
            Grant.role_id == ending.role_id,
            Grant.id != ending.id,
            Grant.ended_at.is_(None),
            Grant.valid_from <= today,
            Grant.valid_to.is_(None) | (Grant.valid_to >= today),
            accounts.Account.state == accounts.AccountState.ACTIVE,
        )
    ).first()
    if others is None:
        raise Conflict("last_administrator")
