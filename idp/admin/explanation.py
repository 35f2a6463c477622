"""The steps of a decision as sentences: "kenapa dia punya akses ini?"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext

from idp.admin import words
from idp.domain.access import state
from idp.domain.access.model import Decision, Holder, Reason
from idp.domain.city import positions, units
from idp.domain.clients import registered
from idp.domain.clients.registered import Client
from idp.domain.errors import NotFound
from idp.domain.governance import directory
from idp.web import context
from idp.web.i18n import day


def _s(text: str) -> Any:
    return lazy_gettext(text)


SENTENCES: Mapping[str, Any] = {
    "client_disabled": _s("Aplikasi ini sedang ditutup."),
    "account_not_active": _s("Akunnya %(state)s."),
    "not_employed": _s("Pada tanggal itu ia tidak mempunyai hubungan kepegawaian yang berlaku."),
    "grant_holds": _s(
        "Peran %(role)s berlaku lewat %(via)s (%(holder)s), %(span)s. Alasan: %(reason)s. Diberikan oleh %(given_by)s."
    ),
    "grant_holds_directly": _s(
        "Peran %(role)s diberikan langsung kepadanya, %(span)s. Alasan: %(reason)s. Diberikan oleh %(given_by)s."
    ),
    "grant_ended": _s("Peran %(role)s lewat %(via)s (%(holder)s) sudah diakhiri."),
    "grant_not_yet": _s("Peran %(role)s lewat %(via)s (%(holder)s) baru berlaku mulai %(valid_from)s."),
    "grant_expired": _s("Peran %(role)s lewat %(via)s (%(holder)s) berakhir pada %(valid_to)s."),
    "grant_of_another": _s(
        "Peran %(role)s diberikan kepada %(via)s (%(holder)s), yang tidak ditempatinya pada tanggal itu."
    ),
    "role_held": _s("Karena itu ia boleh masuk dengan peran: %(roles)s."),
    "client_open_to_staff": _s("Aplikasi ini terbuka bagi semua pegawai aktif."),
    "no_role": _s("Tidak ada peran yang berlaku, dan aplikasi ini hanya untuk yang diberi peran."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One application: whether the person may enter, and the reasons in the order they were weighed."""

    client_id: str
    client_name: str
    allowed: bool
    roles: tuple[str, ...]
    sentences: tuple[str, ...]


def answers(person_id: str, on: date) -> list[Answer]:
    """For every application, those that let the person in first."""
    work = context.work()
    clients = work.session.query(Client).all()
    found = []
    for client in clients:
        view = registered.as_view(work.session, client)
        decision = state.decide_for(work, person_id, view, on)
        found.append(answer(client.client_id, str(view.client_name), decision))
    return sorted(found, key=lambda one: (not one.allowed, one.client_name.casefold()))


def answer(client_id: str, name: str, decision: Decision) -> Answer:
    told = [reason for reason in decision.reasons if not _is_noise(reason)]
    return Answer(
        client_id,
        name,
        decision.allowed,
        tuple(sorted({role.role for role in decision.roles})),
        tuple(sentence(reason) for reason in told),
    )


def _is_noise(reason: Reason) -> bool:
    """Grants of units where the person does not work explain nothing."""
    return reason.code == "grant_of_another" and reason.values["via"] == Holder.UNIT.value


def sentence(reason: Reason) -> str:
    """One step in words; never more than what the page may show."""
    values = dict(reason.values)
    is_direct = reason.code == "grant_holds" and values["via"] == Holder.PERSON.value
    text = SENTENCES.get("grant_holds_directly" if is_direct else reason.code)
    if text is None:
        return reason.code
    if "via" in values:
        values |= _grant_words(values)
    if "roles" in values:
        values["roles"] = ", ".join(values["roles"])
    if "state" in values:
        values["state"] = words.word(words.ACCOUNT_STATES, values["state"])
    return str(text) % values if "%(" in str(text) else str(text)


def _grant_words(values: Mapping[str, Any]) -> dict[str, str]:
    work = context.work()
    giver = values["given_by"]
    start, end = values["valid_from"], values["valid_to"]
    return {
        "via": words.word(words.HOLDERS, values["via"]),
        "holder": holder_name(Holder(values["via"]), values["holder"]),
        "span": gettext("%(start)s s.d. %(end)s") % {"start": day(start), "end": day(end)}
        if end
        else gettext("sejak %(start)s") % {"start": day(start)},
        "valid_from": day(start),
        "valid_to": day(end),
        "reason": values["reason"] or "–",
        "given_by": directory.names_of(work, [giver]).get(giver or "", giver or "–"),
    }


def holder_name(holder: Holder, holder_id: str) -> str:
    """Name of a person or unit, title of a position; the id when it is gone."""
    work = context.work()
    try:
        if holder is Holder.PERSON:
            return directory.names_of(work, [holder_id]).get(holder_id, holder_id)
        if holder is Holder.POSITION:
            return positions.get(work.session, holder_id).title
        node = units.tree(work.session, state.today(work)).by_code.get(holder_id)
        return node.name if node else holder_id
    except NotFound:
        return holder_id
