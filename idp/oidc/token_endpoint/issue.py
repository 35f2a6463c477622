"""What all grant types share: which access token, which claims, what is written down, and the response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.domain.access.model import Decision
from idp.domain.accounts import subjects
from idp.domain.authorizations import access_tokens
from idp.domain.authorizations.families import Family
from idp.domain.clients.registered import ClientView
from idp.domain.release import claims as claim_table
from idp.domain.release import ledger, values
from idp.kernel import failpoints
from idp.oidc.errors import OAuthError
from idp.oidc.token_endpoint import mint
from idp.web import context
from idp.web.catalogue import Api, Snapshot
from idp.web.extensions import db


@dataclass(frozen=True, slots=True)
class Pending:
    """Everything recorded and not yet signed: nothing leaves before the commit."""

    client: ClientView
    snapshot: Snapshot
    family: Family
    scope: str
    api: Api | None
    token_value: str
    token_expires_at: Any
    subject: mint.Subject | None
    roles: list[str] | None
    id_token_claims: dict[str, Any] | None
    refresh_token: str | None
    nonce: str | None = None


def snapshot() -> Snapshot:
    return context.catalogue().snapshot(db.session)  # type: ignore[arg-type]


def target_api(resource: str | None, scopes: frozenset[str], now: Snapshot) -> Api | None:
    """The API a token is for: the `resource` asked for (RFC 8707), None for our own endpoints.

    Raises OAuthError `invalid_target`.
    """
    if resource is None:
        return None
    api = now.apis.get(resource)
    if api is None or not api.scopes & scopes:
        raise OAuthError(
            "invalid_target",
            "the resource is unknown, or none of its scopes was granted",
            facts={"sent": resource},
        )
    return api


def record(
    client: ClientView,
    now: Snapshot,
    family: Family,
    *,
    scope: str,
    api: Api | None,
    decision: Decision | None,
    refresh_token: str | None,
    with_id_token: bool,
    nonce: str | None = None,
) -> Pending:
    """Write the access token's row, the subject and the disclosure; sign nothing."""
    work = context.work()
    lifetimes = work.settings.lifetimes
    granted = frozenset(scope.split())
    shown_scope = " ".join(s for s in scope.split() if api is None or s in api.scopes)
    lifetime = lifetimes.span("access_token" if api is None else "jwt_access_token")
    value, expires_at = access_tokens.issue(
        work, family.id, shown_scope if api else scope, api.identifier if api else None, lifetime
    )
    subject, extra, roles = None, None, None
    if family.person_id is not None and decision is not None:
        sub = subjects.subject_for(work, family.person_id, client.sector_name)
        subject = mint.Subject(sub, family.sid, family.request)
        if with_id_token and "openid" in granted:
            names = claim_table.in_id_token(granted, family.request.get("claims"), client.scopes)
            extra = _small(values.values_of(work, family.person_id, decision, names))
            ledger.write(
                work,
                person_id=family.person_id,
                client_id=client.client_id,
                endpoint="token",
                claims=extra.keys(),
                purpose=client.purpose,
            )
        if api is not None and "roles" in granted:
            roles = sorted({role.role for role in decision.roles})
    return Pending(
        client, now, family, shown_scope, api, value, expires_at, subject, roles, extra, refresh_token, nonce
    )


def respond(pending: Pending, *, hit: str) -> dict[str, Any]:
    """After the commit: sign and answer (RFC 6749 §5.1, OIDC Core §3.1.3.3)."""
    failpoints.hit(f"{hit}.after_commit_before_reply")
    work = context.work()
    token = pending.token_value
    if pending.api is not None:
        token = mint.access_token(
            pending.client,
            pending.snapshot,
            audience=pending.api.identifier,
            scope=pending.scope,
            jti=pending.token_value,
            expires_at=pending.token_expires_at,
            subject=pending.subject,
            roles=pending.roles,
        )
    body: dict[str, Any] = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int((pending.token_expires_at - work.now).total_seconds()),
        "scope": pending.scope,
    }
    if pending.refresh_token is not None:
        body["refresh_token"] = pending.refresh_token
    if pending.id_token_claims is not None and pending.subject is not None:
        body["id_token"] = mint.id_token(
            pending.client,
            pending.snapshot,
            pending.subject,
            token,
            pending.id_token_claims,
            nonce=pending.nonce,
        )
    return body


def _small(found: dict[str, Any]) -> dict[str, Any]:
    """Roles beyond the cap stay at UserInfo: the ID Token stays small (DOMAIN.md §5.2)."""
    if len(found.get("roles", ())) > claim_table.MAX_ROLES_IN_ID_TOKEN:
        return {name: value for name, value in found.items() if name not in ("roles", "roles_flat")}
    return found
