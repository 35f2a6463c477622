"""Every OIDC and OAuth address on one screen."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError

from idp.domain.audit.events import REFUSED, Event
from idp.domain.authorizations import consents
from idp.domain.clients.registered import ClientView
from idp.domain.sessions import interactions
from idp.kernel import failpoints
from idp.oidc import introspection, revocation
from idp.oidc import parameters as rows
from idp.oidc import userinfo as userinfo_endpoint
from idp.oidc.authorize import flow
from idp.oidc.authorize.request import AuthorizationRequest, PageError, RedirectError, check, check_target
from idp.oidc.authorize.response import refuse
from idp.oidc.client_auth import CHALLENGE, ClientRefused, authenticate
from idp.oidc.errors import OAuthError, error_response, invalid_request, json_response, note
from idp.oidc.logout import rp_initiated
from idp.oidc.token_endpoint import authorization_code, client_credentials, issue, refresh_token
from idp.web import context, csrf
from idp.web.browser import known_browser
from idp.web.errors import error_page, is_outage
from idp.web.extensions import db
from idp.web.forms import argument, field
from idp.web.gate import Parameters

bp = Blueprint("oidc", __name__)

GRANTS: dict[str, Callable[[Parameters, ClientView], issue.Pending]] = {
    "authorization_code": authorization_code.exchange,
    "refresh_token": refresh_token.exchange,
    "client_credentials": client_credentials.exchange,
}


def given() -> Parameters:
    """What the gate read of this request."""
    found: Parameters = request.environ["gapura.parameters"]
    return found


@bp.route(rows.AUTHORIZE, methods=["GET", "POST"])
def authorize() -> Response:
    """OIDC Core §3.1.2.1. A POST from another site carries no Lax cookies, so it becomes a GET on ours (C-129)."""
    client = _client(given().get("client_id"))
    target = check_target(given(), client)
    assert client is not None  # noqa: S101 -- check_target looked
    snapshot = issue.snapshot()
    checked = check(given(), client, target, snapshot, context.settings())
    if request.method == "POST":
        return redirect(url_for("oidc.authorize", **given().values), 303)
    return flow.Flow(checked, client).proceed()


@bp.get("/oauth/lanjut")
def resume() -> Response:
    """Where a sign-in returns to: the stored request goes on. A stale one leads to the list of applications."""
    interaction = interactions.exactly(context.work(), known_browser(), argument("t"))
    if interaction is None or not interaction.request or interaction.finished_at is not None:
        return redirect(url_for("account.launcher"), 303)
    checked = AuthorizationRequest.thawed(interaction.request)
    client = _client(checked.target.client_id)
    if (
        client is None
        or not client.enabled
        or checked.target.redirect_uri not in _still_registered(client, checked)
    ):
        raise PageError("client_unknown", checked.target.client_id)
    return flow.Flow(checked, client, interaction).proceed()


@bp.post("/oauth/pemberitahuan")
def decide() -> Response:
    """The answer to the notice or consent page."""
    csrf.protect()
    work = context.work()
    interaction = interactions.exactly(work, known_browser(), field("t"))
    sso = context.sso()
    if interaction is None or not interaction.request or interaction.finished_at is not None or sso is None:
        return redirect(url_for("account.launcher"), 303)
    checked = AuthorizationRequest.thawed(interaction.request)
    client = _client(checked.target.client_id)
    if client is None or interaction.person_id != sso.person_id:
        return redirect(url_for("account.launcher"), 303)
    if field("decision") != "approve":
        return deny(interaction, checked)
    kind = consents.NOTICE if client.first_party else consents.CONSENT
    consents.give(context.work(), sso.person_id, client.client_id, kind, frozenset(checked.scopes))
    interaction.approved_at = context.work().now
    context.commit_hot()
    return redirect(url_for("oidc.resume", t=interaction.id), 303)


@bp.get("/oauth/batal")
def cancelled() -> Response:
    """Where a cancelled sign-in leads: access_denied to the client that asked."""
    interaction = interactions.exactly(context.work(), known_browser(), argument("t"))
    if interaction is None or not interaction.request or interaction.finished_at is None:
        return redirect(url_for("account.launcher"), 303)
    checked = AuthorizationRequest.thawed(interaction.request)
    return refuse(checked.target, OAuthError("access_denied", "the person cancelled"))


def deny(interaction: interactions.Interaction, checked: AuthorizationRequest) -> Response:
    """The person declined: end the transaction and tell the client."""
    work = context.work()
    if not interactions.finish(work, interaction.id):
        return redirect(url_for("account.launcher"), 303)
    work.record(
        Event(
            "authz_denied_by_person",
            result=REFUSED,
            subject=interaction.person_id,
            client=checked.target.client_id,
        )
    )
    context.commit_hot()
    return refuse(checked.target, OAuthError("access_denied", "the person declined"))


@bp.post(rows.TOKEN)
def token() -> Response:
    """RFC 6749 §3.2. Commits on success and on refusal alike; tokens are signed after the commit."""
    client = authenticate(given())
    context.act_as(context.client_actor(client.client_id))
    grant_type = given().get("grant_type")
    if grant_type is None:
        raise invalid_request("grant_type is missing", code="grant_type_missing")
    exchange = GRANTS.get(grant_type)
    if exchange is None:
        raise OAuthError("unsupported_grant_type", "the grant type is not supported")
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", "the client is not registered for this grant type")
    pending = exchange(given(), client)
    point = "refresh" if grant_type == "refresh_token" else "token"
    failpoints.hit(f"{point}.before_commit")
    context.commit_hot()
    return json_response(issue.respond(pending, hit=point))


@bp.route(rows.USERINFO, methods=["GET", "POST"])
def userinfo() -> Response:
    return userinfo_endpoint.respond(given())


@bp.post(rows.INTROSPECT)
def introspect() -> Response:
    client = authenticate(given(), allow_public=False)
    response = introspection.respond(given(), client)
    context.commit_hot()
    return response


@bp.post(rows.REVOKE)
def revoke() -> Response:
    client = authenticate(given())
    context.act_as(context.client_actor(client.client_id))
    return revocation.respond(given(), client)


@bp.route(rows.END_SESSION, methods=["GET", "POST"])
def end_session() -> Response:
    return rp_initiated.respond(given())


@bp.get("/keluar/hasil")
def signed_out() -> Response:
    return rp_initiated.result(argument("t"))


@bp.post("/keluar")
def sign_out_everything() -> Response:
    """The button on Gapura's own pages."""
    csrf.protect()
    return rp_initiated.sign_out(None, None)


@bp.errorhandler(PageError)
def _page_error(error: PageError) -> Response:
    context.rollback()
    shown = {
        "client_unknown": gettext("Aplikasi yang mengirim Anda ke sini tidak terdaftar atau sedang ditutup."),
        "client_has_no_sign_in": gettext("Aplikasi ini tidak terdaftar untuk masuk."),
    }.get(
        error.code,
        gettext("Aplikasi mengirim permintaan yang tidak kami kenali. Ini bukan kesalahan Anda."),
    )
    note(
        error.client_id,
        "authorize",
        OAuthError(
            "invalid_request", "the request was refused with a page", code=error.code, facts=error.facts
        ),
    )
    return error_page(error.code, shown, 400, details=_details(error))


def _details(error: PageError) -> list[tuple[str, str]]:
    """For developers: what was sent. Registered values are shown only in the sandbox (UX.md §6.3)."""
    found = [("error", error.code)]
    if "sent" in error.facts:
        found.append(("redirect_uri", str(error.facts["sent"])[:200]))
    client = context.catalogue().client(db.session, error.client_id) if error.client_id else None  # type: ignore[arg-type]
    if client is not None and client.environment == "sandbox" and "difference" in error.facts:
        found.append((gettext("Perbedaan"), str(error.facts["difference"])))
    return found


@bp.errorhandler(RedirectError)
def _redirect_error(error: RedirectError) -> Response:
    context.rollback()
    note(error.target.client_id, "authorize", error.error)
    return refuse(error.target, error.error)


@bp.errorhandler(ClientRefused)
def _client_refused(refused: ClientRefused) -> Response:
    context.commit_hot()
    note(refused.client_id, request.path.rsplit("/", 1)[-1], refused.error)
    unauthorized = refused.error.status == 401
    return error_response(refused.error, challenge=CHALLENGE if unauthorized else None)


@bp.errorhandler(OAuthError)
def _oauth_error(error: OAuthError) -> Response:
    """Counters and revocations of a refusal survive: the door commits (ARCHITECTURE.md §0 no. 5)."""
    context.commit_hot()
    actor = context.work().actor
    note(actor.id if actor.kind == "client" else None, request.path.rsplit("/", 1)[-1], error)
    if request.path == rows.USERINFO:
        response = make_response(b"", error.status)
        response.headers["WWW-Authenticate"] = userinfo_endpoint.challenge(error)
        response.headers["Content-Type"] = "application/json"
        response.headers["Cache-Control"] = "no-store"
        return response
    return error_response(error)


@bp.errorhandler(DBAPIError)
def _database_away(error: DBAPIError) -> Response:
    if (
        request.path not in rows.ROWS
        or request.path in (rows.AUTHORIZE, rows.END_SESSION)
        or not is_outage(error)
    ):
        raise error
    context.rollback()
    response = json_response(
        {"error": "temporarily_unavailable", "error_description": "try again in a moment"}, 503
    )
    response.headers["Retry-After"] = "5"
    return response


@bp.after_request
def _cors(response: Response) -> Response:
    """Registered origins of public clients at token, revocation and UserInfo (R-12, C-073)."""
    row = rows.ROWS.get(request.path)
    origin = request.headers.get("Origin")
    if row is None or not row.cors or origin is None:
        return response
    client = _client(given().get("client_id"))
    if client is not None and client.is_public and origin in client.allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response


def _client(client_id: str | None) -> ClientView | None:
    return context.catalogue().client(db.session, client_id) if client_id else None  # type: ignore[arg-type]


def _still_registered(client: ClientView, checked: AuthorizationRequest) -> tuple[str, ...]:
    """Loopback ports of native applications vary, so only the others are compared again."""
    if client.application_type == "native":
        return (checked.target.redirect_uri,)
    return tuple(client.redirect_uris)
