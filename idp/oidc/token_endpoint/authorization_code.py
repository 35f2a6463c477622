"""grant_type=authorization_code: every check on the code first, then it is spent, then tokens (RFC 6749 §4.1.3)."""

from __future__ import annotations

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp.domain.access import state
from idp.domain.audit.events import Event
from idp.domain.authorizations import codes, families
from idp.domain.authorizations.codes import CodeRow, Spend
from idp.domain.authorizations.families import Family
from idp.domain.clients.registered import ClientView
from idp.kernel import failpoints
from idp.kernel.opaque import Kind, shaped
from idp.oidc.errors import invalid_grant, invalid_request
from idp.oidc.token_endpoint import issue
from idp.web import context
from idp.web.gate import Parameters

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z", re.ASCII)


def exchange(given: Parameters, client: ClientView) -> issue.Pending:
    """Raises OAuthError; the caller commits in any case, so that counters and revocations survive."""
    row = _checked(given, client)
    scopes = frozenset(row.request["scope"].split())
    snapshot = issue.snapshot()
    api = issue.target_api(given.get("resource"), scopes, snapshot)
    work = context.work()
    failpoints.hit("token.before_claim")
    spent = codes.spend(work, row, client.epoch)
    if spent is Spend.AGAIN:
        families.revoke(work, row.family_id, "code_reused", event="authn_token_reuse")
        raise invalid_grant(
            "the code was already used; everything issued from it is revoked", code="code_reused"
        )
    if spent is Spend.DEAD:
        raise invalid_grant("the code has expired or its session has ended", code="code_dead")
    failpoints.hit("token.after_claim")
    decision = state.decide_for(work, row.person_id, client)
    if not decision.allowed:
        raise invalid_grant("the person no longer has access", code="no_access")
    family = _family(row, client)
    families.begin(work, family)
    refresh = families.issue(work, family) if "refresh_token" in client.grant_types else None
    work.record(
        Event(
            "authn_token_issued",
            subject=row.person_id,
            client=client.client_id,
            target=family.id,
            details={"sid": row.sid},
        )
    )
    return issue.record(
        client,
        snapshot,
        family,
        scope=family.scope,
        api=api,
        decision=decision,
        refresh_token=refresh,
        with_id_token=True,
        nonce=row.request["nonce"],
    )


def _checked(given: Parameters, client: ClientView) -> CodeRow:
    """Nothing is spent here: a stranger's replay, or a wrong verifier, revokes nothing (R-21)."""
    code, redirect_uri = given.get("code"), given.get("redirect_uri")
    if code is None:
        raise invalid_request("code is missing", code="code_missing")
    if redirect_uri is None:
        raise invalid_request("redirect_uri is missing", code="redirect_uri_missing")
    row = codes.find(context.work(), code) if shaped(code, Kind.CODE) else None
    if row is None or row.client_id != client.client_id:
        raise invalid_grant(
            "the code is unknown to this client",
            code="code_unknown" if row is None else "code_of_another_client",
        )
    if row.redirect_uri != redirect_uri:
        raise invalid_grant(
            "redirect_uri differs from the authorization request",
            code="redirect_uri_differs",
            sent=redirect_uri,
            expected=row.redirect_uri,
        )
    _check_verifier(given.get("code_verifier"), row)
    return row


def _check_verifier(verifier: str | None, row: CodeRow) -> None:
    """RFC 7636 §4.6; RFC 9700 §4.8.2: a verifier without a challenge is a downgrade."""
    if row.code_challenge is None:
        if verifier is not None:
            raise invalid_grant("code_verifier was sent but no challenge", code="pkce_downgrade")
        return
    if verifier is None or not _VERIFIER.match(verifier):
        codes.count_failed_try(context.work(), row)
        raise invalid_grant("code_verifier is missing or malformed", code="pkce_verifier_malformed")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), row.code_challenge):
        codes.count_failed_try(context.work(), row)
        raise invalid_grant("code_verifier does not match the challenge", code="pkce_verifier_wrong")


def _family(row: CodeRow, client: ClientView) -> Family:
    work = context.work()
    scopes = row.request["scope"].split()
    offline = "offline_access" in scopes and bool(row.request.get("consented"))
    if not offline:
        scopes = [scope for scope in scopes if scope != "offline_access"]
    lifetime = "offline_refresh_absolute" if offline else "refresh_absolute"
    return Family(
        id=row.family_id,
        client_id=client.client_id,
        client_epoch=client.epoch,
        person_id=row.person_id,
        session_id=row.session_id,
        sid=row.sid,
        scope=" ".join(scopes),
        request={name: row.request[name] for name in ("claims", "auth_time", "factors", "level")},
        offline=offline,
        account_epoch=row.account_epoch,
        global_epoch=row.global_epoch,
        absolute_until=work.now + work.settings.lifetimes.span(lifetime),
        revoked_at=None,
    )
