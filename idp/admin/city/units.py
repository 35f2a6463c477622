"""The organisation tree, one unit, and its changes from a day on."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import words
from idp.admin.city import places
from idp.admin.forms import Form
from idp.admin.frame import done, show
from idp.domain.access import state
from idp.domain.access.model import Holder
from idp.domain.actors import Permission as P
from idp.domain.city import positions, units
from idp.domain.city.people import Person
from idp.domain.errors import NotFound
from idp.domain.governance import directory, holdings
from idp.web import context
from idp.web.guards import needs
from idp.web.paging import page_of


def _node(code: str, permission: P) -> units.Node:
    """The unit as it is today. Raises NotFound when the actor may not know of it."""
    node = places.tree().by_code.get(code)
    if node is None or not context.work().actor.powers.may(permission, code):
        raise NotFound("unit_unknown", unit=code)
    return node


@needs(P.UNITS_READ)
def index() -> Response:
    rows = places.visible(P.UNITS_READ)
    return show("units", rows=rows, words=words, may_write=context.work().actor.powers.holds(P.UNITS_WRITE))


@needs(P.UNITS_READ)
def unit(code: str) -> Response:
    work = context.work()
    node = _node(code, P.UNITS_READ)
    tree = places.tree()
    page = page_of(
        work.session,
        directory.query(work, directory.Search(unit=code)),
        [Person.plain_name, Person.id],
        lambda row: (row[0].plain_name, row[0].id),
    )
    chosen = holdings.Filter(holder=Holder.UNIT, holder_id=code)
    held = (
        work.session.execute(holdings.query(work, chosen)).all()
        if work.actor.powers.holds(P.GRANTS_READ)
        else []
    )
    return show(
        "unit",
        node=node,
        path=tree.path(node.id),
        children=tree.children(node.id),
        positions=directory.positions_of(work, node.id),
        listing=page,
        lines=directory.lines(work, page.rows),
        holdings=holdings.with_names(work, held),
        may_write=work.actor.powers.may(P.UNITS_WRITE, code),
        words=words,
    )


@needs(P.UNITS_WRITE, fresh=True)
def add() -> Response:
    work = context.work()
    form = Form(
        "code",
        "name",
        "kind",
        "parent",
        "valid_from",
        valid_from=state.today(work).isoformat(),
        kind="section",
    )
    if form.posted:
        with form.attempt():
            made = units.add(
                work,
                code=form["code"],
                name=form["name"],
                kind=form["kind"],
                parent=form.optional("parent"),
                valid_from=form.day("valid_from") or state.today(work),
            )
            return done("unit_added", "admin.unit", code=made.code)
    return show(
        "unit_add",
        form=form,
        kinds=words.options(words.UNIT_KINDS),
        parents=places.choices(P.UNITS_WRITE, gettext("Paling atas")),
    )


@needs(P.UNITS_WRITE, fresh=True)
def change(code: str) -> Response:
    work = context.work()
    node = _node(code, P.UNITS_WRITE)
    above = places.tree().by_id.get(node.parent_id or "")
    form = Form(
        "name", "parent", "valid_from",
        name=node.name, parent=above.code if above else "", valid_from=state.today(work).isoformat(),
    )  # fmt: skip
    if form.posted:
        with form.attempt():
            units.change(
                work,
                code,
                name=form["name"],
                parent=form.optional("parent"),
                valid_from=form.day("valid_from") or state.today(work),
            )
            return done("unit_changed", "admin.unit", code=code)
    return show(
        "unit_change", form=form, node=node, parents=places.choices(P.UNITS_WRITE, gettext("Paling atas"))
    )


@needs(P.UNITS_WRITE, fresh=True)
def add_position(code: str) -> Response:
    work = context.work()
    node = _node(code, P.UNITS_WRITE)
    form = Form("title", "position_type", "valid_from", valid_from=state.today(work).isoformat())
    if form.posted:
        with form.attempt():
            positions.add(
                work,
                unit=code,
                title=form["title"],
                position_type=form.optional("position_type"),
                valid_from=form.day("valid_from"),
            )
            return done("position_added", "admin.unit", code=code)
    types = [("", gettext("Tidak disebut")), *words.options(words.POSITION_TYPES)]
    return show("position_add", form=form, node=node, types=types)
