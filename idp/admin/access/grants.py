"""Giving and ending access: by application, person, position and unit."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import words
from idp.admin.access import holders
from idp.admin.city import places
from idp.admin.forms import Form
from idp.admin.frame import choose, done, show
from idp.domain.access import grants, roles, state
from idp.domain.access.grants import Grant, Offer
from idp.domain.access.model import Holder
from idp.domain.actors import Permission as P
from idp.domain.actors import PlatformRole
from idp.domain.errors import Invalid
from idp.domain.governance import holdings
from idp.web import context
from idp.web.forms import argument
from idp.web.guards import needs
from idp.web.paging import filtered_url, page_of

OFFER = (
    "role", "holder", "person", "position", "unit", "valid_from", "valid_to", "constraint_unit", "reason",
    "letter_number",
)  # fmt: skip


@needs(P.GRANTS_READ)
def index() -> Response:
    work = context.work()
    chosen = holdings.Filter(
        client_id=argument("aplikasi") or None,
        unit=argument("unit") or None,
        with_ended=argument("berakhir") == "ya",
    )
    page = page_of(
        work.session,
        holdings.query(work, chosen),
        [Grant.recorded_at, Grant.id],
        lambda row: (row[0].recorded_at.isoformat(), row[0].id),
        descending=True,
    )
    return show(
        "grants",
        chosen=chosen,
        listing=page,
        holdings=holdings.with_names(work, page.rows),
        chips=_chips(chosen),
        clients=[("", gettext("Semua")), *holders.clients(), (holdings.PLATFORM, gettext("Gapura sendiri"))],
        units=places.choices(P.GRANTS_READ, gettext("Semua unit")),
        words=words,
    )


def _chips(chosen: holdings.Filter) -> list[tuple[str, str]]:
    found = []
    if chosen.client_id:
        name = dict(holders.clients()).get(chosen.client_id, chosen.client_id)
        found.append(
            (gettext("Gapura sendiri") if name == holdings.PLATFORM else name, filtered_url(aplikasi=None))
        )
    if chosen.unit:
        found.append((places.name_of(chosen.unit), filtered_url(unit=None)))
    if chosen.with_ended:
        found.append((gettext("termasuk yang berakhir"), filtered_url(berakhir=None)))
    return found


@needs(P.GRANTS_WRITE, fresh=True)
def give() -> Response:
    """A role of an application, to a person, a position or a whole unit."""
    work = context.work()
    form = Form(*OFFER, holder="person", valid_from=state.today(work).isoformat())
    if form.posted:
        with form.attempt({"holder_id": form["holder"]}):
            grants.give(work, _offer(form))
            return done("grant_given", "admin.grants")
    return show(
        "grant_give",
        form=form,
        roles=[choose(), *holders.roles_of_clients()],
        units=places.choices(P.GRANTS_WRITE),
        everywhere=places.choices(P.GRANTS_WRITE, gettext("Tanpa batas unit")),
        positions=[choose(), *holders.positions(P.GRANTS_WRITE)],
        kinds=words.options(words.HOLDERS),
    )


def _offer(form: Form) -> Offer:
    if "|" not in form["role"]:
        raise Invalid("role_missing", field="role")
    client_id, role = form["role"].split("|", 1)
    kind = form["holder"] if form["holder"] in set(Holder) else "person"
    return Offer(
        client_id=client_id,
        role=role,
        holder=Holder(kind),
        holder_id=holders.found(kind, form[kind]),
        reason=form["reason"],
        valid_from=form.day("valid_from"),
        valid_to=form.day("valid_to"),
        constraint_unit=form.optional("constraint_unit"),
        letter_number=form.optional("letter_number"),
    )


@needs(P.PLATFORM_GRANT, fresh=True)
def give_platform() -> Response:
    """A role on Gapura itself; to a person only."""
    work = context.work()
    form = Form("role", "person", "constraint_unit", "valid_from", "valid_to", "reason", "letter_number",
                valid_from=state.today(work).isoformat())  # fmt: skip
    if form.posted:
        with form.attempt({"holder_id": "person"}):
            grants.give(work, _platform_offer(form))
            return done("grant_given", "admin.grants", aplikasi=holdings.PLATFORM)
    return show(
        "grant_platform",
        form=form,
        roles=[choose(), *words.options(words.PLATFORM_ROLES)],
        units=places.choices(P.PLATFORM_GRANT, gettext("Seluruh kota")),
    )


def _platform_offer(form: Form) -> Offer:
    if form["role"] not in set(PlatformRole):
        raise Invalid("role_missing", field="role")
    roles.ensure_platform_roles(context.work().session, context.work().now)
    return Offer(
        client_id=None,
        role=form["role"],
        holder=Holder.PERSON,
        holder_id=holders.found("person", form["person"]),
        reason=form["reason"],
        valid_from=form.day("valid_from"),
        valid_to=form.day("valid_to"),
        constraint_unit=form.optional("constraint_unit"),
        letter_number=form.optional("letter_number"),
    )


@needs(P.GRANTS_WRITE, P.PLATFORM_GRANT, fresh=True)
def end(grant_id: str) -> Response:
    work = context.work()
    holding = holdings.one(work, grant_id)
    form = Form("reason")
    if form.posted:
        with form.attempt():
            grants.end(work, grant_id, form["reason"])
            return done("grant_ended", "admin.grants")
    given_by_oneself = holding.grant.given_by == work.actor.id
    return show("grant_end", form=form, holding=holding, own=given_by_oneself, words=words)
