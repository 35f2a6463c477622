"""What administrators do with a person: add, change, place, end, close, open, hand over a code."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import words
from idp.admin.city import places
from idp.admin.forms import Form
from idp.admin.frame import done, show
from idp.domain.access import state
from idp.domain.accounts import accounts, tickets
from idp.domain.actors import Permission as P
from idp.domain.audit.events import Event
from idp.domain.city import placements
from idp.domain.errors import Invalid
from idp.domain.governance import directory
from idp.domain.lifecycle import moves
from idp.domain.lifecycle.authority import demand_over
from idp.domain.lifecycle.moves import NewPerson
from idp.domain.sessions import sso as sessions
from idp.web import context
from idp.web.guards import needs

DATA = ("plain_name", "title_before", "title_after", "email", "phone")
POST = ("unit", "position")


def _needed(form: Form, name: str) -> date:
    found = form.day(name)
    if found is None:
        raise Invalid("date_missing", field=name)
    return found


@needs(P.PEOPLE_WRITE, fresh=True)
def add() -> Response:
    today = state.today(context.work()).isoformat()
    form = Form(
        *DATA, *POST, "nip", "username", "employment_status", "valid_from", "valid_to",
        valid_from=today, employment_status="pns",
    )  # fmt: skip
    if form.posted:
        with form.attempt():
            person_id = moves.join(context.work(), _new_person(form))
            return done("person_added", "admin.person", person_id=person_id)
    return show(
        "person_add",
        form=form,
        units=places.choices(P.PEOPLE_WRITE),
        statuses=words.options(words.EMPLOYMENT),
    )


def _new_person(form: Form) -> NewPerson:
    if not form["unit"]:
        raise Invalid("unit_missing", field="unit")
    return NewPerson(
        plain_name=form["plain_name"],
        employment_status=form["employment_status"],
        unit=form["unit"],
        valid_from=_needed(form, "valid_from"),
        title_before=form.optional("title_before"),
        title_after=form.optional("title_after"),
        username=form.optional("username"),
        nip=form.optional("nip"),
        email=form.optional("email"),
        phone=form.optional("phone"),
        position=form.optional("position"),
        valid_to=form.day("valid_to"),
    )


@needs(P.PEOPLE_WRITE, fresh=True)
def change(person_id: str) -> Response:
    work = context.work()
    person, _ = directory.seen(work, person_id, P.PEOPLE_WRITE)
    form = Form(*DATA, **{name: getattr(person, name) for name in DATA})
    if form.posted:
        with form.attempt():
            moves.change_data(work, person_id, **{name: form[name] for name in DATA})
            return done("person_changed", "admin.person", person_id=person_id)
    return show("person_change", form=form, person=person)


@needs(P.PEOPLE_WRITE, fresh=True)
def place(person_id: str) -> Response:
    work = context.work()
    person, unit = directory.seen(work, person_id, P.PEOPLE_WRITE)
    form = Form(
        "unit", "position", "valid_from", "decree", valid_from=state.today(work).isoformat(), unit=unit
    )
    if form.posted:
        with form.attempt():
            if not form["unit"]:
                raise Invalid("unit_missing", field="unit")
            moves.place(
                work,
                person_id,
                form["unit"],
                form.optional("position"),
                _needed(form, "valid_from"),
                form.optional("decree"),
            )
            return done("person_placed", "admin.person", person_id=person_id)
    posts = placements.posts(work.session, person_id, state.today(work))
    return show("person_place", form=form, person=person, posts=posts, units=places.choices(P.PEOPLE_WRITE))


@needs(P.PEOPLE_WRITE, fresh=True)
def leave(person_id: str) -> Response:
    work = context.work()
    person, _ = directory.seen(work, person_id, P.PEOPLE_WRITE)
    form = Form("on", "reason", on=state.today(work).isoformat())
    if form.posted:
        with form.attempt():
            moves.leave(work, person_id, _needed(form, "on"), form["reason"])
            return done("person_left", "admin.person", person_id=person_id)
    return show("person_leave", form=form, person=person)


@needs(P.PEOPLE_WRITE, fresh=True)
def disable(person_id: str) -> Response:
    work = context.work()
    person, _ = directory.seen(work, person_id, P.PEOPLE_WRITE)
    form = Form("reason")
    if form.posted:
        with form.attempt():
            moves.disable(work, person_id, form["reason"])
            return done("person_disabled", "admin.person", person_id=person_id)
    return show("person_disable", form=form, person=person, running=len(sessions.live_of(work, person_id)))


@needs(P.PEOPLE_WRITE, fresh=True, back="admin.person")
def enable(person_id: str) -> Response:
    work = context.work()
    directory.seen(work, person_id, P.PEOPLE_WRITE)
    moves.enable(work, person_id)
    return done("person_enabled", "admin.person", person_id=person_id)


@needs(P.PEOPLE_WRITE, fresh=True, back="admin.person")
def issue_code(person_id: str) -> Response:
    """The slip is this response: the code is kept nowhere and never shown again (R-74)."""
    work = context.work()
    person, _ = directory.seen(work, person_id, P.PEOPLE_WRITE)
    unit = demand_over(work, person_id)
    code, until = tickets.issue_activation(work, person_id, unit=unit)
    context.commit()
    posts = placements.posts(work.session, person_id, state.today(work))
    return show(
        "person_slip",
        person=person,
        username=accounts.get(work.session, person_id).username,
        number=posts[0].number if posts else None,
        unit_name=places.name_of(unit) if unit else gettext("tanpa unit"),
        code=code,
        until=until,
        address=f"{context.settings().issuer}/masuk/aktivasi",
    )


@needs(P.PEOPLE_WRITE, fresh=True, back="admin.person")
def end_sessions(person_id: str) -> Response:
    work = context.work()
    directory.seen(work, person_id, P.PEOPLE_WRITE)
    unit = demand_over(work, person_id)
    accounts.raise_epoch(work, person_id)
    ended = sessions.end_all(work, person_id, "ended_by_administrator")
    work.record(Event("sessions_ended_everywhere", subject=person_id, unit=unit, details={"sessions": ended}))
    return done("sessions_ended", "admin.person", person_id=person_id)
