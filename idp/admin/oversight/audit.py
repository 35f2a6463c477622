"""The audit explorer: filters are the address, each event is a sentence, reading is itself an event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import make_response
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import explanation, words
from idp.admin.access import holders
from idp.admin.forms import Form
from idp.admin.frame import show
from idp.admin.oversight.sentences import SENTENCES
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.actors import Permission as P
from idp.domain.audit.events import EVENTS
from idp.domain.audit.rows import AuditEvent
from idp.domain.errors import Invalid
from idp.domain.governance import directory, reading
from idp.web import context
from idp.web.guards import needs
from idp.web.paging import filtered_url, page_of

FILTERS = ("peristiwa", "pelaku", "pegawai", "aplikasi", "hasil", "dari", "sampai", "permintaan")


@dataclass(frozen=True, slots=True)
class Shown:
    """An event for people: `raw` is the leaf exactly as it was sealed, set out over lines."""

    id: int
    at: datetime
    name: str
    result: str
    reason: str | None
    sentence: str
    raw: str
    personal: tuple[tuple[str, str], ...]
    request_id: str | None


@needs(P.AUDIT_READ, P.AUDIT_READ_ADMINISTRATIVE)
def index() -> Response:
    work = context.work()
    form = Form(*FILTERS)
    chosen = None
    with form.attempt():
        chosen = _chosen(form)
    if chosen is None:
        return _page(form, [], None)
    page = page_of(
        work.session, reading.query(work, chosen), [AuditEvent.id], lambda row: (row[0].id,), descending=True
    )
    shown = _shown([row[0] for row in page.rows])
    reading.note_reading(work, chosen)
    context.commit_hot()
    return _page(form, shown, page)


def _page(form: Form, events: list[Shown], page: Any) -> Response:
    return show(
        "audit",
        form=form,
        events=events,
        listing=page,
        chips=_chips(form),
        names=[("", gettext("Semua")), *_names()],
        clients=[("", gettext("Semua")), *holders.clients()],
        results=[("", gettext("Semua")), *words.options(words.RESULTS)],
        everything=reading.sees_everything(context.work()),
        csv_url=filtered_url(bentuk="csv").replace("/audit?", "/audit/ekspor?"),
        jsonl_url=filtered_url(bentuk="jsonl").replace("/audit?", "/audit/ekspor?"),
    )


def _names() -> list[tuple[str, str]]:
    everything = reading.sees_everything(context.work())
    return [
        (name, f"{name}: {str(SENTENCES[name]) % _blanks()}")
        for name in EVENTS
        if everything or not name.startswith(reading.PERSONAL_PREFIXES)
    ]


def _blanks() -> dict[str, str]:
    return dict.fromkeys(("actor", "subject", "client", "unit", "target", "role", "holder", "members"), "…")


def _chosen(form: Form) -> reading.Filter:
    return reading.Filter(
        name=form.optional("peristiwa"),
        actor_id=_person_or_code(form, "pelaku"),
        subject_id=_person_or_code(form, "pegawai"),
        client_id=form.optional("aplikasi"),
        result=form.optional("hasil"),
        request_id=form.optional("permintaan"),
        from_day=form.day("dari"),
        to_day=form.day("sampai"),
    )


def _person_or_code(form: Form, name: str) -> str | None:
    """A NIP, mail, user name or part of a name → the person; an id or a client's id as it stands. Raises Invalid."""
    typed = form.optional(name)
    if typed is None:
        return None
    work = context.work()
    account = accounts.find(work.session, typed)
    if account is not None:
        return account.person_id
    found = work.session.execute(directory.query(work, directory.Search(typed)).limit(2)).all()
    if len(found) > 1:
        raise Invalid("person_ambiguous", field=name)
    return found[0][0].id if found else typed


def _chips(form: Form) -> list[tuple[str, str]]:
    return [(f"{form[name]}", filtered_url(**{name: None})) for name in FILTERS if form[name]]


@needs(P.AUDIT_EXPORT, fresh=True)
def export() -> Response:
    """Exactly what the same filter shows, as `bentuk` csv or jsonl."""
    form = Form(*FILTERS, "bentuk")
    kind = "csv" if form["bentuk"] == "csv" else "jsonl"
    body = reading.export(context.work(), _chosen(form), kind)
    context.commit_hot()
    response = make_response(body)
    response.headers["Content-Type"] = "text/csv; charset=utf-8" if kind == "csv" else "application/jsonl"
    response.headers["Content-Disposition"] = f'attachment; filename="jejak-audit.{kind}"'
    return response


def _shown(rows: list[AuditEvent]) -> list[Shown]:
    leaves = [orjson.loads(row.leaf) for row in rows]
    work = context.work()
    names = directory.names_of(work, [i for row in rows for i in (row.actor_id, row.subject_id)])
    clients = dict(holders.clients())
    with_personal = reading.sees_everything(work)
    return [
        Shown(
            row.id,
            row.at,
            row.name,
            row.result,
            row.reason,
            sentence(row, leaf, names, clients),
            json.dumps(leaf, indent=1, ensure_ascii=False),
            tuple((k, str(v)) for k, v in reading.openings(row).items()) if with_personal else (),
            row.request_id,
        )
        for row, leaf in zip(rows, leaves, strict=True)
    ]


def sentence(row: AuditEvent, leaf: dict[str, Any], names: dict[str, str], clients: dict[str, str]) -> str:
    """The event in words, with names instead of ids as far as they are known."""
    change = leaf.get("after") or leaf.get("before") or {}
    actor = names.get(row.actor_id or "") or clients.get(row.actor_id or "") or row.actor_id
    values = {
        "actor": actor or _nobody(row.actor_kind),
        "subject": names.get(row.subject_id or "", row.subject_id or gettext("seseorang")),
        "client": clients.get(row.client_id or "", row.client_id or "Gapura"),
        "unit": row.unit or "–",
        "target": leaf.get("target") or "–",
        "role": change.get("role", "–"),
        "holder": _holder(change, names),
        "members": ", ".join(leaf.get("after") or {}) or "–",
    }
    return str(SENTENCES.get(row.name, row.name)) % values


def _holder(change: dict[str, Any], names: dict[str, str]) -> str:
    kind, holder_id = change.get("holder"), change.get("holder_id")
    if kind not in set(Holder) or not holder_id:
        return "–"
    return names.get(holder_id) or explanation.holder_name(Holder(kind), holder_id)


def _nobody(kind: str) -> str:
    return {
        "system": gettext("Sistem"),
        "operator": gettext("Operator"),
        "anonymous": gettext("Seseorang"),
    }.get(kind, kind)
