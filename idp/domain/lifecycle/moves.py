"""Joining, moving, leaving, and closing an account: each one verb over person, employment, post and account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from idp.domain.access import state
from idp.domain.access.grants import Grant
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.accounts.accounts import AccountState
from idp.domain.actors import Permission
from idp.domain.audit.changes import ChangeSet
from idp.domain.audit.events import Event
from idp.domain.city import employment, nip, people, placements, positions, units
from idp.domain.city.employment import Employment, EmploymentStatus
from idp.domain.city.placements import Placement
from idp.domain.errors import Conflict, Invalid
from idp.domain.lifecycle.authority import demand_over, forbid_oneself, keep_an_administrator
from idp.domain.sessions import sso
from idp.domain.work import Work
from idp.kernel.database import new_id
from idp.kernel.text import TextRefused, canonical_name, normalise

DEFAULT_TITLE = "Staf"
_PERSONAL = {"plain_name": 200, "title_before": 60, "title_after": 100, "phone": 32}


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who joins: name, tie to HR, and the first post. `unit` is a code, `nip` as HR writes it."""

    plain_name: str
    employment_status: str
    unit: str
    valid_from: date
    title_before: str | None = None
    title_after: str | None = None
    username: str | None = None
    nip: str | None = None
    email: str | None = None
    phone: str | None = None
    position: str | None = None
    valid_to: date | None = None
    source: str = "console"


def join(work: Work, new: NewPerson) -> str:
    """Add a person with employment, post and an account that waits to be activated; returns the person id.

    Raises Forbidden without PEOPLE_WRITE in the unit, Invalid with the field's name, NotFound for an unknown unit,
    Conflict for a name or number that somebody else has.
    """
    work.demand(Permission.PEOPLE_WRITE, unit=new.unit)
    unit = units.by_code(work.session, new.unit)
    if new.employment_status not in set(EmploymentStatus):
        raise Invalid("employment_status_unknown", field="employment_status")
    if new.valid_to is not None and new.valid_to < new.valid_from:
        raise Invalid("ends_before_it_begins", field="valid_to")
    number = checked_number(work, new.nip)
    if number is not None and employment.by_number(work.session, number) is not None:
        raise Conflict("number_taken", field="nip")
    person = people.Person(
        id=new_id(),
        plain_name=_text("plain_name", new.plain_name) or _missing("plain_name"),
        title_before=_text("title_before", new.title_before),
        title_after=_text("title_after", new.title_after),
        email=checked_email(new.email),
        phone=_text("phone", new.phone),
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(person)
    work.session.flush()
    tie = _employ(work, person.id, new, number)
    accounts.add(work, person.id, new.username)
    accounts.set_name(work, person.id, "email", person.email)
    accounts.set_name(work, person.id, "nip", number)
    after = {"employment_status": new.employment_status, "valid_from": new.valid_from.isoformat()}
    work.record(
        Event(
            "person_added",
            subject=person.id,
            unit=unit.code,
            after=after,
            details={"source": new.source},
            personal={"name": person.name},
        )
    )
    _put(work, person.id, tie.id, unit, new.position or DEFAULT_TITLE, new.valid_from, None)
    return person.id


def change_data(work: Work, person_id: str, **given: str | None) -> ChangeSet:
    """Alter `plain_name`, `title_before`, `title_after`, `email`, `phone`; members not given stay (R-114).

    A changed e-mail address is unverified until its owner proves it. Raises Forbidden, Invalid, Conflict.
    """
    unit = demand_over(work, person_id)
    unknown = given.keys() - {*_PERSONAL, "email"}
    if unknown:
        raise Invalid("member_unknown", field=min(unknown))
    person = people.get(work.session, person_id)
    wanted = {
        name: checked_email(value) if name == "email" else _text(name, value) for name, value in given.items()
    }
    if "plain_name" in wanted and not wanted["plain_name"]:
        _missing("plain_name")
    change = ChangeSet.between({name: getattr(person, name) for name in wanted}, wanted)
    if change.is_empty:
        return change
    for name, value in change.after.items():
        setattr(person, name, value)
    if "email" in change.after:
        person.email_verified = False
        accounts.set_name(work, person_id, "email", person.email)
    person.updated_at = work.now
    work.session.flush()
    work.record(
        Event(
            "person_changed",
            subject=person_id,
            unit=unit,
            details={"members": sorted(change.after)},
            personal={f"before.{name}": value for name, value in change.before.items()}
            | {f"after.{name}": value for name, value in change.after.items()},
        )
    )
    return change


def place(
    work: Work, person_id: str, unit: str, title: str | None, valid_from: date, decree: str | None = None
) -> None:
    """Put a person into a position of the unit with that code from a day on; a missing position is added.

    The giver needs PEOPLE_WRITE where the person is and where the person goes (DOMAIN.md §2.3).
    """
    demand_over(work, person_id)
    work.demand(Permission.PEOPLE_WRITE, unit=unit)
    tie = employment.open_for(work.session, person_id)
    if tie is None:
        raise Conflict("not_employed")
    goal = units.by_code(work.session, unit)
    _put(work, person_id, tie.id, goal, title or DEFAULT_TITLE, valid_from, decree)


def leave(work: Work, person_id: str, on: date, reason: str) -> None:
    """End employment, placements and what was given to the person alone; `on` is the last day.

    From the day after, nobody enters an application as this person; if it has come, sessions end at once.
    """
    unit = demand_over(work, person_id)
    forbid_oneself(work, person_id)
    _text_needed("reason", reason)
    tie = employment.open_for(work.session, person_id)
    if tie is None:
        raise Conflict("not_employed")
    keep_an_administrator(work, person_id)
    end_employment(work, person_id, tie, on, reason)
    work.record(
        Event(
            "employment_ended",
            subject=person_id,
            unit=unit,
            reason=reason.strip()[:200],
            after={"valid_to": on.isoformat()},
        )
    )


def end_employment(work: Work, person_id: str, tie: Employment, on: date, reason: str) -> None:
    """The writes of `leave` without its checks and its event, for imports that check and record by themselves."""
    tie.valid_to = on
    for placement in work.session.scalars(
        select(Placement).where(
            Placement.employment_id == tie.id, Placement.valid_to.is_(None) | (Placement.valid_to > on)
        )
    ):
        placement.valid_to = max(on, placement.valid_from)
    for grant in work.session.scalars(
        select(Grant).where(
            Grant.holder == Holder.PERSON.value,
            Grant.holder_id == person_id,
            Grant.ended_at.is_(None),
            Grant.valid_to.is_(None) | (Grant.valid_to > on),
        )
    ):
        _end_grant(work, grant, on, reason)
    work.session.flush()
    if on <= state.today(work):
        accounts.raise_epoch(work, person_id)
        sso.end_all(work, person_id, "employment_ended")


def disable(work: Work, person_id: str, reason: str) -> int:
    """Close the account now: no sign-in, every session and token ended, each application told. Returns the sessions.

    Not one's own account, and never the last administrator's (R-115).
    """
    unit = demand_over(work, person_id)
    forbid_oneself(work, person_id)
    _text_needed("reason", reason)
    account = accounts.get(work.session, person_id)
    if account.state == AccountState.DISABLED:
        raise Conflict("account_disabled")
    keep_an_administrator(work, person_id)
    before = account.state
    account.state, account.disabled_at = AccountState.DISABLED, work.now
    account.disabled_reason = reason.strip()[:200]
    work.session.flush()
    accounts.raise_epoch(work, person_id)
    ended = sso.end_all(work, person_id, "account_disabled")
    work.record(
        Event(
            "account_disabled",
            subject=person_id,
            unit=unit,
            reason=account.disabled_reason,
            before={"state": before},
            after={"state": AccountState.DISABLED.value},
            details={"sessions": ended},
        )
    )
    return ended


def enable(work: Work, person_id: str) -> AccountState:
    """Open a closed account: active again if it ever signed in, otherwise waiting for activation."""
    unit = demand_over(work, person_id)
    forbid_oneself(work, person_id)
    account = accounts.get(work.session, person_id)
    if account.state != AccountState.DISABLED:
        raise Conflict("account_not_disabled")
    opened = AccountState.ACTIVE if account.last_sign_in_at is not None else AccountState.INVITED
    account.state, account.disabled_at, account.disabled_reason = opened, None, None
    work.session.flush()
    work.record(
        Event(
            "account_enabled",
            subject=person_id,
            unit=unit,
            before={"state": AccountState.DISABLED.value},
            after={"state": opened.value},
        )
    )
    return opened


def checked_number(work: Work, text: str | None) -> str | None:
    """A NIP or NI PPPK as 18 digits. Raises Invalid."""
    if text is None or not text.strip():
        return None
    try:
        return nip.parse(text, today=state.today(work)).value
    except nip.NipRefused as error:
        raise Invalid(f"nip_{error.code}", field="nip") from error


def checked_email(text: str | None) -> str | None:
    """Raises Invalid."""
    if text is None or not text.strip():
        return None
    try:
        name = canonical_name(text)
    except TextRefused as error:
        raise Invalid("email_malformed", field="email") from error
    if "@" not in name:
        raise Invalid("email_malformed", field="email")
    return name


def _employ(work: Work, person_id: str, new: NewPerson, number: str | None) -> Employment:
    tie = Employment(
        id=new_id(),
        person_id=person_id,
        number=number,
        status=new.employment_status,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        source=new.source,
        recorded_at=work.now,
    )
    work.session.add(tie)
    work.session.flush()
    return tie


def _put(
    work: Work,
    person_id: str,
    employment_id: str,
    unit: units.Unit,
    title: str,
    valid_from: date,
    decree: str | None,
) -> None:
    title = _text_needed("position", title)
    position = positions.find(work.session, unit.id, title)
    if position is None:
        position = positions.Position(
            id=new_id(), unit_id=unit.id, title=title[:200], valid_from=valid_from, recorded_at=work.now
        )
        work.session.add(position)
        work.session.flush()
        work.record(Event("position_added", unit=unit.code, target=position.id, after={"title": title}))
    elif position.valid_from > valid_from:
        position.valid_from = valid_from
    placements.place(work, employment_id, position.id, valid_from, decree)
    work.record(
        Event(
            "placement_changed",
            subject=person_id,
            unit=unit.code,
            target=position.id,
            after={
                "unit": unit.code,
                "position": title,
                "valid_from": valid_from.isoformat(),
                "decree": decree,
            },
        )
    )


def _end_grant(work: Work, grant: Grant, on: date, reason: str) -> None:
    """A grant that has still to run ends with the employment; one whose last day has passed is closed."""
    if on < state.today(work):
        grant.ended_at, grant.ended_by, grant.end_reason = work.now, work.actor.id, reason.strip()[:200]
    else:
        grant.valid_to = max(on, grant.valid_from)
    work.record(
        Event("grant_ended", subject=grant.holder_id, target=grant.id, reason=reason.strip()[:200],
              after={"valid_to": on.isoformat()})
    )  # fmt: skip


def _text(name: str, value: str | None) -> str | None:
    limit = _PERSONAL[name]
    try:
        text = normalise((value or "").strip(), max_characters=limit, max_bytes=4 * limit)
    except TextRefused as error:
        raise Invalid("text_malformed", field=name, reason=error.code) from error
    return " ".join(text.split()) or None


def _text_needed(name: str, value: str) -> str:
    if not value.strip():
        raise Invalid("reason_missing" if name == "reason" else "name_missing", field=name)
    return value.strip()


def _missing(field: str) -> Any:
    raise Invalid("name_missing", field=field)
