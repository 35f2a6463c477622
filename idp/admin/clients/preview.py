"""What a chosen person's data would look like at the application, endpoint by endpoint, before anybody signs in."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import explanation
from idp.admin.forms import Form
from idp.admin.frame import show
from idp.domain.access import state
from idp.domain.accounts import accounts, subjects
from idp.domain.actors import Permission as P
from idp.domain.clients import registered
from idp.domain.clients.registered import ClientView
from idp.domain.errors import Invalid
from idp.domain.governance import directory
from idp.domain.release import claims, values
from idp.web import context
from idp.web.guards import needs


@needs(P.CLIENTS_READ)
def preview(client_id: str) -> Response:
    """The person is looked for among those the actor may read."""
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_READ)
    form = Form("pegawai")
    shown: dict[str, Any] = {}
    if form["pegawai"]:
        with form.attempt():
            shown = _shown(registered.as_view(work.session, found), form["pegawai"])
    return show("client_preview", form=form, client=found, shown=shown)


def _shown(client: ClientView, typed: str) -> dict[str, Any]:
    work = context.work()
    account = accounts.find(work.session, typed)
    if account is None:
        raise Invalid("person_unknown", field="pegawai")
    person, _ = directory.seen(work, account.person_id, P.PEOPLE_READ)
    decision = state.decide_for(work, account.person_id, client)
    places = (
        (gettext("ID Token"), claims.in_id_token(client.scopes, None, client.scopes)),
        (gettext("UserInfo"), claims.in_userinfo(client.scopes, None, client.scopes)),
    )
    subject = subjects.find(work.session, account.person_id, client.sector_name)
    return {
        "person": person,
        "answer": explanation.answer(client.client_id, str(client.client_name), decision),
        "endpoints": [
            (name, _rows(values.values_of(work, account.person_id, decision, names - {"sub"}), subject))
            for name, names in places
        ],
    }


def _rows(found: dict[str, Any], subject: str | None) -> list[tuple[str, str]]:
    first = [("sub", subject or gettext("dibuat saat pertama masuk"))]
    return first + [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
        for name, value in sorted(found.items())
    ]
