"""Rows for the request gate: each protocol endpoint's methods, parameters and their greatest lengths (R-103)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.web.gate import Row

AUTHORIZE, TOKEN, USERINFO = "/oauth/authorize", "/oauth/token", "/oauth/userinfo"
INTROSPECT, REVOKE, END_SESSION = "/oauth/introspect", "/oauth/revoke", "/oauth/logout"
DISCOVERY, JWKS = "/.well-known/openid-configuration", "/.well-known/jwks.json"
SERVER_METADATA = "/.well-known/oauth-authorization-server"

_CLIENT = {"client_id": 64, "client_secret": 512, "client_assertion": 16_384, "client_assertion_type": 128}

AUTHORIZATION_REQUEST = {
    "client_id": 64, "redirect_uri": 512, "response_type": 64, "response_mode": 32, "scope": 1024, "state": 2048,
    "nonce": 512, "code_challenge": 128, "code_challenge_method": 16, "prompt": 64, "max_age": 10,
    "login_hint": 254, "ui_locales": 100, "claims_locales": 100, "acr_values": 256, "claims": 4096,
    "id_token_hint": 8192, "display": 16, "request": 16_384, "request_uri": 512, "registration": 1024,
}  # fmt: skip

ROWS: Mapping[str, Row] = {
    AUTHORIZE: Row(frozenset({"GET", "POST"}), AUTHORIZATION_REQUEST),
    TOKEN: Row(
        frozenset({"POST"}),
        _CLIENT
        | {
            "grant_type": 128, "code": 128, "redirect_uri": 512, "code_verifier": 256, "refresh_token": 128,
            "scope": 1024, "resource": 255,
        },
        cors=True,
    ),
    USERINFO: Row(frozenset({"GET", "POST"}), {"access_token": 16_384}, cors=True),
    INTROSPECT: Row(frozenset({"POST"}), _CLIENT | {"token": 16_384, "token_type_hint": 64}),
    REVOKE: Row(frozenset({"POST"}), _CLIENT | {"token": 16_384, "token_type_hint": 64}, cors=True),
    END_SESSION: Row(
        frozenset({"GET", "POST"}),
        {
            "id_token_hint": 8192, "logout_hint": 254, "client_id": 64, "post_logout_redirect_uri": 512,
            "state": 2048, "ui_locales": 100, "decision": 16, "csrf_token": 256, "t": 64,
        },
    ),
}  # fmt: skip
