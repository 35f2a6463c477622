"""UserInfo: one lookup, claims by scope and request, the first answer of a token enters the ledger (OIDC Core §5.3)."""

from __future__ import annotations

import re

from flask import Response, request

from idp.domain.access import state
from idp.domain.accounts import subjects
from idp.domain.authorizations import access_tokens
from idp.domain.release import claims as claim_table
from idp.domain.release import ledger, values
from idp.kernel.opaque import Kind, shaped
from idp.oidc.errors import OAuthError, json_response
from idp.web import context
from idp.web.extensions import db
from idp.web.gate import Parameters

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)\Z", re.IGNORECASE | re.ASCII)


def respond(given: Parameters) -> Response:
    """Raises OAuthError for misuse of the transport; an unusable token is 401 with a challenge (RFC 6750 §3)."""
    token = bearer_token(given)
    work = context.work()
    live = access_tokens.find_live(work, token) if shaped(token, Kind.ACCESS_TOKEN) else None
    if live is None or live.audience is not None or live.person_id is None:
        raise OAuthError("invalid_token", "the access token is not valid here", status=401)
    if "openid" not in live.scope.split():
        raise OAuthError("insufficient_scope", "the scope openid is required", status=403)
    client = context.catalogue().client(db.session, live.client_id)  # type: ignore[arg-type]
    if client is None:
        raise OAuthError("invalid_token", "the access token is not valid here", status=401)
    decision = state.decide_for(work, live.person_id, client)
    if not decision.allowed:
        raise OAuthError("invalid_token", "the person no longer has access", status=401)
    granted = frozenset(live.scope.split())
    names = claim_table.in_userinfo(granted, live.request.get("claims"), client.scopes)
    body = {"sub": subjects.subject_for(work, live.person_id, client.sector_name)}
    body |= values.values_of(work, live.person_id, decision, names - {"sub"})
    if live.disclosed_at is None and access_tokens.first_disclosure(work, live.digest):
        ledger.write(
            work,
            person_id=live.person_id,
            client_id=live.client_id,
            endpoint="userinfo",
            claims=body.keys() - {"sub"},
            purpose=client.purpose,
        )
    context.commit_hot()
    return json_response(body)


def bearer_token(given: Parameters) -> str:
    """From the Authorization header only (R-34)."""
    headers = request.headers.getlist("Authorization")
    if (
        given.get("access_token") is not None
        or "access_token" in given.repeated
        or "access_token" in given.too_long
    ):
        raise OAuthError("invalid_request", "send the access token in the Authorization header", status=400)
    if len(headers) > 1:
        raise OAuthError("invalid_request", "more than one Authorization header", status=400)
    if not headers:
        raise OAuthError("missing_token", "an access token is required", status=401)
    match = _BEARER.match(headers[0])
    if match is None:
        raise OAuthError("invalid_token", "the access token is malformed", status=401)
    return match[1]


def challenge(error: OAuthError) -> str:
    """RFC 6750 §3; no error code when no token was sent (§3.1)."""
    if error.error == "missing_token":
        return 'Bearer realm="gapura"'
    return f'Bearer realm="gapura", error="{error.error}", error_description="{error.description}"'
