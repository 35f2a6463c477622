"""The Config OP plan (CONFORMANCE.md §5) and what every run looks at first (§3.1)."""

from __future__ import annotations

from joserfc.jwk import KeySet

KNOWN = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint",
    "revocation_endpoint", "end_session_endpoint", "scopes_supported", "response_types_supported",
    "response_modes_supported", "grant_types_supported", "acr_values_supported", "subject_types_supported",
    "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported", "claim_types_supported", "claims_supported",
    "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "prompt_values_supported", "display_values_supported", "ui_locales_supported", "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported", "backchannel_logout_supported",
    "backchannel_logout_session_supported",
}  # fmt: skip


def test_oidcc_discovery_endpoint_verification(suite):
    answer = suite.client.wire().request("GET", "/.well-known/openid-configuration")
    document = answer.json()

    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert document["issuer"] == suite.provider.issuer
    assert all(v.startswith("https://") for n, v in document.items() if n.endswith(("_endpoint", "jwks_uri")))
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"pairwise", "public"} & set(document["subject_types_supported"])
    assert "openid" in document["scopes_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert set(document) <= KNOWN, f"unknown members warn: {set(document) - KNOWN}"


def test_jwks_holds_public_keys_only_each_with_kid_alg_and_use(suite):
    keys = suite.client.wire().request("GET", "/.well-known/jwks.json").json()["keys"]

    assert KeySet.import_key_set({"keys": keys})
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert {"kty", "kid", "alg", "use"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["kty"] in ("RSA", "EC")


def test_discovery_and_jwks_are_cacheable_and_answer_not_modified(suite):
    wire = suite.client.wire()
    for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
        answer = wire.request("GET", path)
        assert "max-age=" in answer.headers["Cache-Control"]
        again = wire.request("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.text) == (304, "")
