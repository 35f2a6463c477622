"""grant_type=client_credentials: an application on its own behalf, for an API (RFC 6749 §4.4)."""

from __future__ import annotations

from idp.domain.audit.events import Event
from idp.domain.authorizations import families
from idp.domain.authorizations.families import Family
from idp.domain.clients.registered import ClientView
from idp.domain.release import claims as claim_table
from idp.domain.runtime import epochs
from idp.kernel.database import new_id
from idp.oidc.errors import OAuthError
from idp.oidc.token_endpoint import issue
from idp.web import context
from idp.web.gate import Parameters


def exchange(given: Parameters, client: ClientView) -> issue.Pending:
    """Raises OAuthError. Scopes about a person are never granted here (R-32)."""
    snapshot = issue.snapshot()
    own = client.scopes - claim_table.SCOPES.keys()
    asked = given.get("scope")
    wanted = frozenset(asked.split()) if asked else own
    if asked and not wanted & own:
        raise OAuthError(
            "invalid_scope", "none of the scopes is registered for this client", facts={"sent": asked}
        )
    granted = wanted & own
    resource = given.get("resource")
    if resource is None:
        apis = {api.identifier for api in snapshot.apis.values() if api.scopes & granted}
        if len(apis) > 1:
            raise OAuthError(
                "invalid_target", "the scopes belong to several resources; name one with resource"
            )
        resource = next(iter(apis), None)
    api = issue.target_api(resource, granted, snapshot)
    work = context.work()
    lifetimes = work.settings.lifetimes
    family = Family(
        id=new_id(),
        client_id=client.client_id,
        client_epoch=client.epoch,
        person_id=None,
        session_id=None,
        sid=None,
        scope=" ".join(sorted(granted)),
        request={},
        offline=False,
        account_epoch=None,
        global_epoch=epochs.current(work.session, epochs.GLOBAL),
        absolute_until=work.now + lifetimes.span("access_token" if api is None else "jwt_access_token"),
        revoked_at=None,
    )
    families.begin(work, family)
    work.record(
        Event(
            "authn_token_issued",
            client=client.client_id,
            target=family.id,
            details={"grant": "client_credentials"},
        )
    )
    return issue.record(
        client,
        snapshot,
        family,
        scope=family.scope,
        api=api,
        decision=None,
        refresh_token=None,
        with_id_token=False,
    )
