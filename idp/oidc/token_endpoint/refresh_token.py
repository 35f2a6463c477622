"""grant_type=refresh_token: rotation with reuse detection; roles as of now (RFC 6749 §6, RFC 9700 §4.14.2)."""

from __future__ import annotations

from idp.domain.access import state
from idp.domain.audit.events import Event
from idp.domain.authorizations import families
from idp.domain.authorizations.families import Rotation
from idp.domain.clients.profiles import PROFILES
from idp.domain.clients.registered import ClientView
from idp.kernel import failpoints
from idp.oidc.errors import OAuthError, invalid_grant, invalid_request
from idp.oidc.token_endpoint import issue
from idp.web import context
from idp.web.gate import Parameters


def exchange(given: Parameters, client: ClientView) -> issue.Pending:
    """Raises OAuthError; the caller commits in any case."""
    token = given.get("refresh_token")
    if token is None:
        raise invalid_request("refresh_token is missing", code="refresh_token_missing")
    work = context.work()
    found = families.find(work, token)
    if found is None:
        raise invalid_grant("the refresh token is unknown", code="refresh_token_unknown")
    if found.family.client_id != client.client_id:
        families.revoke(work, found.family.id, "presented_by_another_client", event="authn_token_reuse")
        raise invalid_grant("the refresh token is unknown", code="refresh_token_of_another_client")
    scope = _narrowed(given.get("scope"), found.family.scope)
    snapshot = issue.snapshot()
    api = issue.target_api(given.get("resource"), frozenset(scope.split()), snapshot)
    failpoints.hit("refresh.before_claim")
    rotation, successor = families.rotate(
        work, found, client.epoch, spends=PROFILES[client.profile].rotates_refresh_tokens
    )
    if rotation is Rotation.AGAIN:
        families.revoke(work, found.family.id, "refresh_token_reused", event="authn_token_reuse")
        raise invalid_grant(
            "the refresh token was already used; its family is revoked", code="refresh_token_reused"
        )
    if rotation is Rotation.DEAD:
        raise invalid_grant(
            "the refresh token has expired, was revoked, or its session has ended", code="refresh_token_dead"
        )
    failpoints.hit("refresh.after_claim")
    decision = state.decide_for(work, found.family.person_id or "", client)
    if not decision.allowed:
        raise invalid_grant("the person no longer has access", code="no_access")
    work.record(
        Event(
            "authn_token_refreshed",
            subject=found.family.person_id,
            client=client.client_id,
            target=found.family.id,
        )
    )
    return issue.record(
        client,
        snapshot,
        found.family,
        scope=scope,
        api=api,
        decision=decision,
        refresh_token=successor,
        with_id_token=True,
    )


def _narrowed(asked: str | None, granted: str) -> str:
    """Scope can only narrow, for this access token; the refresh token keeps the whole (R-27)."""
    if asked is None:
        return granted
    wanted = asked.split()
    if not wanted or not set(wanted) <= set(granted.split()):
        raise OAuthError(
            "invalid_scope", "scope exceeds what was granted", facts={"sent": asked, "granted": granted}
        )
    return " ".join(scope for scope in granted.split() if scope in wanted)
