"""Who is at these pages: a session is required, and for changes of authenticators a fresh one (R-73)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from idp.domain.access import state
from idp.domain.accounts import totp
from idp.domain.city import people
from idp.domain.city.people import Person
from idp.domain.sessions import interactions
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.sso import Sso
from idp.web import context
from idp.web.browser import browser


@dataclass(frozen=True, slots=True)
class Present:
    """The person and the running session."""

    sso: Sso
    person: Person


class SignInFirst(Exception):
    """Carries the redirect to the sign-in pages."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def present(*, fresh: bool = False) -> Present:
    """The signed-in person; raises SignInFirst, which leads to the sign-in pages and back.

    `fresh`: proven within the last 15 minutes, at the account's highest level.
    """
    sso = context.sso()
    if sso is None:
        raise SignInFirst(_to_sign_in(fresh=False, level=1))
    work = context.work()
    if fresh:
        highest = 2 if totp.active(work.session, sso.person_id) else 1
        if (
            work.now - sso.auth_time > work.settings.lifetimes.span("fresh_authentication")
            or sso.level < highest
        ):
            raise SignInFirst(_to_sign_in(fresh=True, level=highest))
    if sessions.touch(work, sso):
        context.commit_hot()
    return Present(sso, people.get(work.session, sso.person_id))


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, for the frame of the page."""

    name: str
    is_admin: bool
    shared: bool = False


def show(template: str, here: Present, **variables: Any) -> Response:
    """Render a page of the signed-in person."""
    powers = state.powers_of(context.work(), here.sso.person_id)
    viewer = Viewer(here.person.name, bool(powers.by_permission))
    idle = context.settings().lifetimes.session_idle_seconds
    return make_response(
        render_template(template, viewer=viewer, person=here.person, idle_seconds=idle, **variables)
    )


def _to_sign_in(*, fresh: bool, level: int) -> Response:
    back = request.path if request.method == "GET" else url_for("account.security")
    interaction = interactions.begin(
        context.work(),
        browser(),
        return_to=back[:200],
        level_wanted=level,
        request={"fresh": True} if fresh else {},
    )
    context.commit_hot()
    return redirect(url_for("signin.form", t=interaction.id), 303)
