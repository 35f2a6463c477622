"""People: the list, the person page, and why somebody has access."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import explanation, words
from idp.admin.city import places
from idp.admin.forms import Form
from idp.admin.frame import show
from idp.domain.access import state
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts, recovery_codes, totp
from idp.domain.actors import Permission as P
from idp.domain.city import placements, units
from idp.domain.city.people import Person
from idp.domain.governance import directory, holdings
from idp.domain.sessions import sso as sessions
from idp.web import context
from idp.web.forms import argument
from idp.web.guards import needs
from idp.web.i18n import datetime_wib, day, grouped_nip
from idp.web.paging import filtered_url, page_of


@needs(P.PEOPLE_READ)
def index() -> Response:
    work = context.work()
    search = directory.Search(
        argument("q"), argument("unit") or None, argument("status") or None, argument("faktor") == "tanpa"
    )
    page = page_of(
        work.session,
        directory.query(work, search),
        [Person.plain_name, Person.id],
        lambda row: (row[0].plain_name, row[0].id),
    )
    return show(
        "people",
        search=search,
        listing=page,
        lines=directory.lines(work, page.rows),
        chips=_chips(search),
        units=places.choices(P.PEOPLE_READ, gettext("Semua unit")),
        states=[("", gettext("Semua")), *words.options(words.ACCOUNT_STATES)],
        words=words,
    )


def _chips(search: directory.Search) -> list[tuple[str, str]]:
    found = []
    if search.text:
        found.append((f"“{search.text}”", filtered_url(q=None)))
    if search.unit:
        found.append((places.name_of(search.unit), filtered_url(unit=None)))
    if search.state:
        found.append((words.word(words.ACCOUNT_STATES, search.state), filtered_url(status=None)))
    if search.without_second_factor:
        found.append((gettext("tanpa faktor kedua"), filtered_url(faktor=None)))
    return found


@needs(P.PEOPLE_READ)
def person(person_id: str) -> Response:
    work = context.work()
    found, unit = directory.seen(work, person_id, P.PEOPLE_READ)
    account = accounts.get(work.session, person_id)
    chosen = holdings.Filter(holder=Holder.PERSON, holder_id=person_id)
    held = (
        work.session.execute(holdings.query(work, chosen)).all()
        if work.actor.powers.holds(P.GRANTS_READ)
        else []
    )
    return show(
        "person",
        person=found,
        account=account,
        unit=unit,
        facts=_facts(found),
        account_facts=_account_facts(account),
        holdings=holdings.with_names(work, held),
        may_write=work.actor.powers.may(P.PEOPLE_WRITE, unit),
        words=words,
    )


def _facts(found: Person) -> list[tuple[str, Any]]:
    work = context.work()
    on = state.today(work)
    tree = units.tree(work.session, on)
    rows: list[tuple[str, Any]] = [
        (gettext("Email dinas"), found.email),
        (gettext("Telepon dinas"), found.phone),
    ]
    for post in placements.posts(work.session, found.id, on):
        rows += [
            (gettext("NIP"), grouped_nip(post.number)),
            (gettext("Status kepegawaian"), words.word(words.EMPLOYMENT, post.status)),
            (gettext("Golongan"), post.grade),
            (gettext("Jabatan"), post.title),
            (gettext("Unit kerja"), " › ".join(node.name for node in tree.path(post.unit_id))),
        ]
        if post.employed_to:
            rows.append((gettext("Berakhir"), day(post.employed_to)))
    return rows


def _account_facts(account: accounts.Account) -> list[tuple[str, Any]]:
    work = context.work()
    generators = totp.active(work.session, account.person_id)
    left = recovery_codes.left(work.session, account.person_id)
    rows: list[tuple[str, Any]] = [
        (gettext("Nama pengguna"), account.username),
        (
            gettext("Faktor kedua"),
            gettext("aplikasi autentikator terpasang") if generators else gettext("belum ada"),
        ),
        (gettext("Kode pemulihan tersisa"), left),
        (gettext("Sesi berjalan"), len(sessions.live_of(work, account.person_id))),
        (gettext("Masuk terakhir"), datetime_wib(account.last_sign_in_at)),
    ]
    if account.disabled_at:
        rows.append(
            (
                gettext("Dinonaktifkan"),
                f"{datetime_wib(account.disabled_at)}: {account.disabled_reason or '–'}",
            )
        )
    return rows


@needs(P.GRANTS_READ)
def access(person_id: str) -> Response:
    """Why does this person have access, application by application, today or on another day?"""
    work = context.work()
    found, _ = directory.seen(work, person_id, P.GRANTS_READ)
    form = Form("pada")
    day_asked = None
    with form.attempt():
        day_asked = form.day("pada")
    on = day_asked or state.today(work)
    return show("person_access", form=form, person=found, on=on, answers=explanation.answers(person_id, on))
