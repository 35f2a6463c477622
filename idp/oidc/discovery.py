"""Metadata document and JWKS, computed from what is enabled, as bytes that are ready before a request comes.

OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3; RFC 7517 §5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from idp.domain.accounts import assurance
from idp.domain.clients import metadata
from idp.domain.release import claims
from idp.kernel import jose
from idp.kernel.settings import Settings
from idp.oidc import parameters
from idp.web.catalogue import Catalogue, Snapshot
from idp.web.gate import Ready


def document(settings: Settings, snapshot: Snapshot) -> dict[str, Any]:
    """The metadata document."""
    issuer = settings.issuer
    scopes = [*claims.SCOPES, *sorted(s for api in snapshot.apis.values() for s in api.scopes)]
    supported = sorted({name for names in claims.SCOPES.values() for name in names})
    algorithms = list(jose.ALGORITHMS)
    methods = list(metadata.AUTH_METHODS)
    confidential = [method for method in methods if method != "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + parameters.AUTHORIZE,
        "token_endpoint": issuer + parameters.TOKEN,
        "userinfo_endpoint": issuer + parameters.USERINFO,
        "jwks_uri": issuer + parameters.JWKS,
        "introspection_endpoint": issuer + parameters.INTROSPECT,
        "revocation_endpoint": issuer + parameters.REVOKE,
        "end_session_endpoint": issuer + parameters.END_SESSION,
        "scopes_supported": scopes,
        "response_types_supported": list(metadata.RESPONSE_TYPES),
        "response_modes_supported": list(metadata.RESPONSE_MODES),
        "grant_types_supported": list(metadata.GRANT_TYPES),
        "acr_values_supported": [assurance.acr(issuer, level) for level in assurance.LEVELS],
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *supported,
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "sid",
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup"],
        "ui_locales_supported": ["id", "en"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def ready_bytes(
    settings: Settings, catalogue: Catalogue, refresh: Callable[[], None]
) -> Callable[[str], Ready | None]:
    """What the gate asks for ready bytes; they are made anew when the configuration epoch moves.

    `refresh` brings the catalogue up to date and must not raise: without a database the last known bytes serve (P7).
    """
    made: dict[str, Ready] = {}
    epoch = [-2]
    paths = frozenset({parameters.DISCOVERY, parameters.SERVER_METADATA, parameters.JWKS})

    def ready(path: str) -> Ready | None:
        if path not in paths:
            return None
        refresh()
        snapshot = catalogue.last_known()
        if snapshot.epoch != epoch[0]:
            age = settings.lifetimes.jwks_max_age_seconds
            metadata_bytes = _ready(document(settings, snapshot), "application/json", age)
            made[parameters.DISCOVERY] = made[parameters.SERVER_METADATA] = metadata_bytes
            made[parameters.JWKS] = _ready({"keys": list(snapshot.published)}, "application/json", age)
            epoch[0] = snapshot.epoch
        return made[path]

    return ready


def _ready(value: Any, content_type: str, max_age: int) -> Ready:
    body = orjson.dumps(value)
    return Ready(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"', max_age)
