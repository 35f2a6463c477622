"""Who may see a page of the console, and how fresh the proof must be (DOMAIN.md §5.5, SECURITY.md C-188, C-198)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from idp.domain.access import state
from idp.domain.actors import Permission
from idp.domain.audit.events import REFUSED, Event
from idp.domain.sessions import interactions
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.sso import Sso
from idp.web import context
from idp.web.browser import browser
from idp.web.errors import error_page
from idp.web.i18n import sentence

View = Callable[..., Response]
CONSOLE_LEVEL = 2
MAX_RETURN = 200


def needs(*permissions: Permission, fresh: bool = False, back: str | None = None) -> Callable[[View], View]:
    """Guard a view: one of `permissions` must be held somewhere (none named: any power at all on Gapura).

    The session must have been proven with a second factor and be inside the console's own limits. `fresh` demands a
    proof of the last 15 minutes; a POST is then answered with a sign-in that returns to the page at its own address,
    or to the endpoint `back` with the same values. The view must still ask the verb whether the unit is covered.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**values: Any) -> Response:
            refusal = _admission(permissions, fresh, back)
            return refusal if refusal is not None else view(**values)

        guarded.permissions, guarded.fresh = permissions, fresh  # type: ignore[attr-defined]
        return guarded

    return decorate


def _admission(permissions: tuple[Permission, ...], fresh: bool, back: str | None) -> Response | None:
    """None when the view may run; the request's actor then holds the person's powers."""
    sso = context.sso()
    if sso is None:
        return _to_sign_in(back, prove_again=False)
    work = context.work()
    powers = state.powers_of(work, sso.person_id)
    context.act_as(dataclasses.replace(work.actor, powers=powers))
    wanted = permissions or tuple(powers.by_permission)
    if not any(powers.holds(permission) for permission in wanted):
        return refused(permissions[0] if permissions else None)
    if sso.level < CONSOLE_LEVEL:
        return _to_sign_in(back, prove_again=False)
    if not _is_recent(sso, fresh):
        return _to_sign_in(back, prove_again=True)
    g.console_person = sso.person_id
    if sessions.touch(context.work(), sso):
        context.commit_hot()
    return None


def _is_recent(sso: Sso, fresh: bool) -> bool:
    lifetimes, now = context.settings().lifetimes, context.work().now
    proven_for = now - sso.auth_time
    return (
        now - sso.last_seen_at <= lifetimes.span("console_idle")
        and proven_for <= lifetimes.span("console_absolute")
        and (not fresh or proven_for <= lifetimes.span("fresh_authentication"))
    )


def refused(permission: Permission | None, code: str = "permission_missing") -> Response:
    """The 403 page; the attempt stays in the audit trail."""
    work = context.work()
    if permission is None:
        work.record(Event("authz_forbidden", result=REFUSED, reason=code))
    else:
        work.refuse(code, permission)
    context.commit_hot()
    return error_page(code, sentence(code), 403)


def _to_sign_in(back: str | None, *, prove_again: bool) -> Response:
    interaction = interactions.begin(
        context.work(),
        browser(),
        return_to=_return_path(back),
        level_wanted=CONSOLE_LEVEL,
        request={"fresh": True} if prove_again else {},
    )
    context.commit_hot()
    return redirect(url_for("signin.form", t=interaction.id), 303)


def _return_path(back: str | None) -> str:
    """A path of ours that can be asked for with GET."""
    if request.method in ("GET", "HEAD"):
        path = request.full_path.rstrip("?")
        return path if len(path) <= MAX_RETURN else request.path[:MAX_RETURN]
    if back is None:
        return request.path[:MAX_RETURN]
    taken = next(current_app.url_map.iter_rules(back)).arguments
    return url_for(back, **{n: v for n, v in (request.view_args or {}).items() if n in taken})[:MAX_RETURN]
