"""Token revocation (RFC 7009): own tokens only, idempotent; a refresh token takes its whole family along (R-37)."""

from __future__ import annotations

from flask import Response

from idp.domain.audit.events import Event
from idp.domain.authorizations import access_tokens, families
from idp.domain.clients.registered import ClientView
from idp.kernel.opaque import Kind, shaped
from idp.oidc import introspection
from idp.oidc.errors import invalid_request
from idp.web import context
from idp.web.extensions import db
from idp.web.gate import Parameters


def respond(given: Parameters, client: ClientView) -> Response:
    """200 also for unknown tokens (§2.2). Raises OAuthError when there is no token parameter."""
    token = given.get("token")
    if token is None:
        raise invalid_request("token is missing", code="token_missing")
    work = context.work()
    if shaped(token, Kind.REFRESH_TOKEN):
        found = families.find(work, token)
        if found is not None and found.family.client_id == client.client_id:
            families.revoke(work, found.family.id, "revoked_by_client", event="authn_token_revoked")
    else:
        value = token if shaped(token, Kind.ACCESS_TOKEN) else None
        if value is None:
            value = introspection.jwt_id(token, context.catalogue().snapshot(db.session))  # type: ignore[arg-type]
        owner = access_tokens.family_of(work, value) if value else None
        if value is not None and owner is not None and owner[1] == client.client_id:
            access_tokens.revoke(work, value)
            work.record(Event("authn_token_revoked", client=client.client_id, target=owner[0]))
    context.commit_hot()
    return Response(status=200, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
