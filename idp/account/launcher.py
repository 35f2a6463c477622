"""`/` is the launcher: the applications that this person may open, with search (UX.md §3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from werkzeug.wrappers import Response

from idp.account.present import present
from idp.account.present import show as render
from idp.domain.access import state
from idp.domain.access.decide import decide
from idp.domain.city import units
from idp.domain.clients.registered import ACTIVE, Client, as_view
from idp.domain.sessions.sso import SessionClient, SsoSession
from idp.web import context


@dataclass(frozen=True, slots=True)
class App:
    """An application as the launcher shows it."""

    name: str
    agency: str | None
    description: str | None
    launch_url: str
    last_used: datetime | None


def show(query: str) -> Response:
    here = present()
    apps = [app for app in _apps(here.sso.person_id) if _matches(app, query)]
    return render("account/launcher.html", here, apps=apps, q=query)


def _apps(person_id: str) -> list[App]:
    """By last use, then by name; a sandbox is not shown."""
    work = context.work()
    tree = units.tree(work.session, state.today(work))
    used = _last_used(person_id)
    found = []
    for client in work.session.scalars(select(Client).where(Client.state == ACTIVE)):
        view = as_view(work.session, client)
        url = view.initiate_login_uri or view.client_uri
        if url is None or "authorization_code" not in view.grant_types:
            continue
        if not decide(state.load(work, person_id, state.facts_of(view))).allowed:
            continue
        node = tree.by_code.get(view.agency or "")
        found.append(
            App(
                view.client_name, node.name if node else None, view.description, url, used.get(view.client_id)
            )
        )
    found.sort(key=lambda app: app.name.casefold())
    return sorted(found, key=lambda app: app.last_used.timestamp() if app.last_used else 0, reverse=True)


def _last_used(person_id: str) -> dict[str, datetime]:
    rows = context.work().session.execute(
        select(SessionClient.client_id, func.max(SessionClient.last_at))
        .join(SsoSession, SsoSession.id == SessionClient.session_id)
        .where(SsoSession.person_id == person_id)
        .group_by(SessionClient.client_id)
    )
    return {client_id: at for client_id, at in rows}


def _matches(app: App, query: str) -> bool:
    words = query.casefold().split()
    text = f"{app.name} {app.agency or ''} {app.description or ''}".casefold()
    return all(word in text for word in words)
