"""RP-initiated logout: the question where it is due, the end of the session, and the answer of each application.

OpenID Connect RP-Initiated Logout 1.0 §2 and §3. A hint counts only if it is of the session at hand (C-172).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, make_response, redirect, render_template, request, url_for

from idp.domain.authorizations import families
from idp.domain.clients.registered import ClientView
from idp.domain.runtime import outbox
from idp.domain.sessions import interactions
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.sso import Sso
from idp.oidc import hints
from idp.oidc.authorize.notice import Shown, shown
from idp.web import context, csrf
from idp.web.browser import attach, browser, known_browser
from idp.web.cookies import clear_cookie
from idp.web.errors import error_page
from idp.web.extensions import db
from idp.web.gate import Parameters
from idp.web.headers import allow_form_target
from idp.web.i18n import sentence


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for: who it is and where to go afterwards, as far as both could be verified."""

    client: ClientView | None
    continue_uri: str | None
    hint_fits: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one application answered: confirmed, pending or failed."""

    client_name: str
    state: str


def respond(given: Parameters) -> Response:
    """The end session endpoint, GET and POST; also the answer of its own confirmation page."""
    if given.get("decision") is not None:
        return _decided(given)
    wish = _wish(given)
    if wish is None:
        return error_page("request_malformed", sentence("request_malformed"), 400)
    sso = context.sso()
    if (
        request.method == "POST"
        and sso is None
        and request.headers.get("Origin") is not None
        and not csrf.same_origin()
    ):
        return redirect(url_for("oidc.end_session", **_carried(given)), 303)
    if sso is None or wish.hint_fits:
        return sign_out(sso, wish)
    return _ask(sso, wish)


def sign_out(sso: Sso | None, wish: Wish | None) -> Response:
    """End the session of this browser, if there is one, and go where the client asked or to our own result page."""
    sso = sso or context.sso()
    topic = None
    if sso is not None:
        work = context.work()
        families.revoke_of_session(work, sso.id)
        topic = sessions.end(work, sso.id, "signed_out")
        context.commit_hot()
    context.forget_sso()
    target = wish.continue_uri if wish is not None else None
    response = _to(target) if target else redirect(url_for("oidc.signed_out", t=topic), 303)
    clear_cookie(response, "sid")
    return attach(response)


def result(topic: str) -> Response:
    """Each application that confirmed, and each that did not (UX.md §3.5)."""
    jobs = outbox.by_topic(context.work().session, topic) if topic else []
    outcomes = [_outcome(job) for job in jobs]
    pending = any(outcome.state == "pending" for outcome in outcomes)
    response = make_response(
        render_template("oidc/signed_out.html", results=outcomes, continue_uri=None, refresh=pending)
    )
    if pending:
        response.headers["Refresh"] = "2"
    return response


def _decided(given: Parameters) -> Response:
    csrf.protect()
    interaction = interactions.exactly(context.work(), known_browser(), given.get("t"))
    stored = interaction.request.get("logout", {}) if interaction is not None else {}
    client = context.catalogue().client(db.session, stored["client_id"]) if stored.get("client_id") else None  # type: ignore[arg-type]
    if given.get("decision") != "approve":
        return redirect(url_for("account.launcher"), 303)
    return sign_out(None, Wish(client, stored.get("continue_uri"), hint_fits=True))


def _wish(given: Parameters) -> Wish | None:
    """None for a request that cannot be read at all."""
    if given.repeated or given.too_long or given.malformed or given.body_malformed:
        return None
    hint_text = given.get("id_token_hint")
    hint = hints.read(hint_text) if hint_text is not None else None
    named = given.get("client_id")
    if hint_text is not None and (hint is None or (named is not None and named != hint.client_id)):
        return Wish(None, None, hint_fits=False)
    client_id = hint.client_id if hint else named
    client = context.catalogue().client(db.session, client_id) if client_id else None  # type: ignore[arg-type]
    uri = given.get("post_logout_redirect_uri")
    if uri is not None and (client is None or uri not in client.post_logout_redirect_uris):
        return Wish(client, None, hint_fits=False)
    sso = context.sso()
    fits = (
        hint is not None
        and client is not None
        and sso is not None
        and hints.person_of(hint, client) == sso.person_id
        and (hint.sid is None or hint.sid == sso.sid)
    )
    return Wish(
        client, _with_state(uri, given.get("state")) if uri and (fits or hint or client) else None, fits
    )


def _ask(sso: Sso, wish: Wish) -> Response:
    stored = {
        "logout": {
            "client_id": wish.client.client_id if wish.client else None,
            "continue_uri": wish.continue_uri,
        }
    }
    interaction = interactions.begin(
        context.work(), browser(), return_to=url_for("account.launcher"), request=stored,
        client_id=wish.client.client_id if wish.client else None,
    )  # fmt: skip
    context.commit_hot()
    if wish.continue_uri:
        allow_form_target(wish.continue_uri)
    seen: Shown | None = shown(wish.client) if wish.client else None
    page = render_template("oidc/signout.html", client=seen, t=interaction.id, sso=sso)
    return make_response(page)


def _carried(given: Parameters) -> dict[str, str]:
    return {
        name: value for name, value in given.values.items() if name not in ("decision", "csrf_token", "t")
    }


def _with_state(uri: str, state: str | None) -> str:
    if state is None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}state={quote(state, safe='')}"


def _to(uri: str) -> Response:
    response = Response(status=303, headers={"Location": uri, "Cache-Control": "no-store"})
    response.autocorrect_location_header = False
    return response


def _outcome(job: outbox.Job) -> Outcome:
    client = context.catalogue().client(db.session, job.lane)  # type: ignore[arg-type]
    name = client.client_name if client else job.lane
    if client is not None and not client.backchannel_logout_uri:
        return Outcome(name, "failed")
    if job.done_at is not None:
        return Outcome(name, "confirmed")
    waited = (context.work().now - job.created_at).total_seconds()
    return Outcome(name, "failed" if job.attempts > 1 or waited > 15 else "pending")
