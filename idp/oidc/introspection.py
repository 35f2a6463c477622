"""Token introspection (RFC 7662): only for tokens meant for the caller, never why one is inactive (R-36)."""

from __future__ import annotations

from typing import Any

from flask import Response

from idp.domain.accounts import assurance, subjects
from idp.domain.authorizations import access_tokens, families
from idp.domain.authorizations.access_tokens import Live
from idp.domain.clients.registered import ClientView
from idp.kernel import jose
from idp.kernel.opaque import Kind, shaped
from idp.oidc.errors import invalid_request, json_response
from idp.oidc.token_endpoint.mint import ACCESS_TOKEN_TYP
from idp.web import context
from idp.web.catalogue import Snapshot
from idp.web.extensions import db
from idp.web.gate import Parameters

INACTIVE = {"active": False}


def respond(given: Parameters, client: ClientView) -> Response:
    """Raises OAuthError when there is no token parameter."""
    token = given.get("token")
    if token is None:
        raise invalid_request("token is missing", code="token_missing")
    snapshot = context.catalogue().snapshot(db.session)  # type: ignore[arg-type]
    if shaped(token, Kind.REFRESH_TOKEN):
        return json_response(_refresh_token(token, client))
    live = find(token, snapshot)
    if live is None or not _is_meant_for(live, client, snapshot):
        return json_response(INACTIVE)
    return json_response(_described(live))


def find(token: str, snapshot: Snapshot) -> Live | None:
    """A live access token by its opaque value, or by the jti of one of our JWTs."""
    work = context.work()
    if shaped(token, Kind.ACCESS_TOKEN):
        live = access_tokens.find_live(work, token)
        return live if live is not None and live.audience is None else None
    jti = jwt_id(token, snapshot)
    return access_tokens.find_live(work, jti) if jti else None


def jwt_id(token: str, snapshot: Snapshot) -> str | None:
    """The jti of a JWT access token of ours, None for anything else."""
    work = context.work()
    try:
        verified = jose.verify(
            token,
            keys=snapshot.published,
            algorithms=jose.ALGORITHMS,
            typ=[ACCESS_TOKEN_TYP, f"application/{ACCESS_TOKEN_TYP}"],
            issuer=work.settings.issuer,
            audience=None,
            now=work.now,
            skew_seconds=0,
        )
    except jose.JwtRefused:
        return None
    jti = verified.claims.get("jti")
    return jti if isinstance(jti, str) and shaped(jti, Kind.ACCESS_TOKEN) else None


def _is_meant_for(live: Live, client: ClientView, snapshot: Snapshot) -> bool:
    if live.audience is None:
        return live.client_id == client.client_id
    return live.audience in snapshot.apis_of_client(client.client_id)


def _described(live: Live) -> dict[str, Any]:
    settings = context.settings()
    body: dict[str, Any] = {
        "active": True,
        "client_id": live.client_id,
        "scope": live.scope,
        "token_type": "Bearer",
        "iss": settings.issuer,
        "iat": int(live.issued_at.timestamp()),
        "exp": int(live.expires_at.timestamp()),
        "sub": live.client_id,
    }
    if live.audience is not None:
        body["aud"] = live.audience
    if live.person_id is not None:
        of = context.catalogue().client(db.session, live.client_id)  # type: ignore[arg-type]
        sector = of.sector_name if of else live.client_id
        body["sub"] = subjects.find(context.work().session, live.person_id, sector)
        body["acr"] = assurance.acr(settings.issuer, live.request["level"])
        body["auth_time"] = live.request["auth_time"]
        if live.sid:
            body["sid"] = live.sid
    return body


def _refresh_token(token: str, client: ClientView) -> dict[str, Any]:
    work = context.work()
    found = families.find(work, token)
    if (
        found is None
        or found.family.client_id != client.client_id
        or not families.is_usable(work, found, client.epoch)
    ):
        return dict(INACTIVE)
    family = found.family
    return {
        "active": True,
        "client_id": family.client_id,
        "scope": family.scope,
        "iss": work.settings.issuer,
        "exp": int(family.absolute_until.timestamp()),
    }
