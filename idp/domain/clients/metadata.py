"""Client metadata by the names of RFC 7591 and OpenID Connect Registration, and its rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from idp.domain.clients.profiles import PROFILES
from idp.domain.errors import Invalid

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query", "form_post")
ENVIRONMENTS = ("sandbox", "production")
MAX_URIS, MAX_URI = 20, 512
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{1,63}\Z", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z", re.ASCII)
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")

DEFAULTS: Mapping[str, Any] = {
    "client_name": "",
    "description": None,
    "agency": None,
    "purpose": None,
    "contacts": [],
    "profile": "standard",
    "environment": "sandbox",
    "application_type": "web",
    "token_endpoint_auth_method": "client_secret_basic",
    "redirect_uris": [],
    "post_logout_redirect_uris": [],
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "response_modes": ["query", "form_post"],
    "scope": "openid",
    "subject_type": "pairwise",
    "sector": None,
    "jwks": None,
    "id_token_signed_response_alg": "RS256",
    "backchannel_logout_uri": None,
    "backchannel_logout_session_required": True,
    "client_uri": None,
    "policy_uri": None,
    "tos_uri": None,
    "initiate_login_uri": None,
    "default_acr": None,
    "skip_notice": False,
    "first_party": True,
    "access_default": "deny",
    "legacy_until": None,
    "allowed_origins": [],
}
"""Every member a client has, with its default. Nothing else is stored."""

_LISTS = (
    "contacts", "redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types",
    "response_modes", "allowed_origins",
)  # fmt: skip
_LINKS = ("client_uri", "policy_uri", "tos_uri")


def check_client_id(client_id: str) -> str:
    """Raises Invalid."""
    if not _CLIENT_ID.match(client_id):
        raise Invalid("client_id_malformed", field="client_id")
    return client_id


def check(given: Mapping[str, Any], *, rehearsal: bool = False) -> dict[str, Any]:
    """Complete, checked metadata; raises Invalid naming the field. `rehearsal`: test and demo environments."""
    unknown = given.keys() - DEFAULTS.keys()
    if unknown:
        raise Invalid("client_member_unknown", field=min(unknown))
    metadata = {name: given.get(name, default) for name, default in DEFAULTS.items()}
    _check_types(metadata)
    _one_of(metadata, "profile", PROFILES)
    _one_of(metadata, "environment", ENVIRONMENTS)
    _one_of(metadata, "application_type", ("web", "native"))
    _one_of(metadata, "token_endpoint_auth_method", AUTH_METHODS)
    _one_of(metadata, "subject_type", ("pairwise", "public"))
    _one_of(metadata, "access_default", ("allow", "deny"))
    _one_of(metadata, "id_token_signed_response_alg", ("RS256", "ES256", "PS256"))
    _all_of(metadata, "grant_types", GRANT_TYPES)
    _all_of(metadata, "response_types", RESPONSE_TYPES)
    _all_of(metadata, "response_modes", RESPONSE_MODES)
    if not metadata["client_name"].strip():
        raise Invalid("name_missing", field="client_name")
    _check_scope(metadata)
    _check_uris(metadata, rehearsal)
    _check_authentication(metadata)
    return metadata


def check_redirect_uri(uri: str, *, native: bool, sandbox: bool) -> None:
    """R-03: absolute https, or RFC 8252 loopback and private-use schemes for native applications."""
    parts = _plain_uri(uri, "redirect_uris")
    loopback = parts.netloc.split(":")[0] in _LOOPBACK or parts.netloc.startswith("[::1]")
    if parts.scheme == "https" and parts.netloc:
        return
    if parts.scheme == "http" and loopback and (native or sandbox):
        return
    if native and "." in parts.scheme and not parts.netloc and parts.path.startswith("/"):
        return
    raise Invalid("redirect_uri_scheme", field="redirect_uris", uri=uri)


def redirect_uri_matches(registered: Sequence[str], presented: str, *, native: bool) -> bool:
    """Simple string comparison; only loopback addresses of native applications may vary the port (R-01)."""
    if presented in registered:
        return True
    if not native:
        return False
    bare = _without_loopback_port(presented)
    return bare is not None and any(_without_loopback_port(uri) == bare for uri in registered)


def _check_types(metadata: dict[str, Any]) -> None:
    for name, default in DEFAULTS.items():
        value = metadata[name]
        if name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise Invalid("client_member_type", field=name)
            if len(set(value)) != len(value):
                raise Invalid("client_member_repeated", field=name)
        elif name == "jwks":
            if value is not None and not isinstance(value, dict):
                raise Invalid("client_member_type", field=name)
        elif isinstance(default, bool):
            if not isinstance(value, bool):
                raise Invalid("client_member_type", field=name)
        elif name == "default_acr":
            if value not in (None, 1, 2):
                raise Invalid("client_member_type", field=name)
        elif value is not None and (not isinstance(value, str) or len(value) > 2000 or "\x00" in value):
            raise Invalid("client_member_type", field=name)


def _check_scope(metadata: dict[str, Any]) -> None:
    tokens = (metadata["scope"] or "").split(" ") if metadata["scope"] else []
    if any(not _SCOPE.match(token) for token in tokens) or len(tokens) > 50:
        raise Invalid("scope_malformed", field="scope")
    metadata["scope"] = " ".join(dict.fromkeys(tokens))


def _check_uris(metadata: dict[str, Any], rehearsal: bool) -> None:
    native = metadata["application_type"] == "native"
    sandbox = metadata["environment"] == "sandbox" or rehearsal
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        if len(metadata[name]) > MAX_URIS:
            raise Invalid("too_many_uris", field=name, maximum=MAX_URIS)
        for uri in metadata[name]:
            try:
                check_redirect_uri(uri, native=native, sandbox=sandbox)
            except Invalid as error:
                raise Invalid(error.code, **{**error.values, "field": name}) from error
    if "authorization_code" in metadata["grant_types"] and not metadata["redirect_uris"]:
        raise Invalid("redirect_uri_missing", field="redirect_uris")
    for name in (*_LINKS, "backchannel_logout_uri", "initiate_login_uri"):
        if metadata[name] is not None:
            parts = _plain_uri(metadata[name], name)
            if parts.scheme != "https" and not (sandbox and parts.scheme == "http"):
                raise Invalid("uri_scheme", field=name, uri=metadata[name])
            if not parts.netloc:
                raise Invalid("uri_malformed", field=name, uri=metadata[name])
    for origin in metadata["allowed_origins"]:
        parts = _plain_uri(origin, "allowed_origins")
        if parts.path or parts.query or parts.scheme not in ("https", "http") or not parts.netloc:
            raise Invalid("uri_malformed", field="allowed_origins", uri=origin)


def _check_authentication(metadata: dict[str, Any]) -> None:
    method = metadata["token_endpoint_auth_method"]
    if method == "private_key_jwt" and not metadata["jwks"]:
        raise Invalid("jwks_missing", field="jwks")
    if method == "none" and "client_credentials" in metadata["grant_types"]:
        raise Invalid("public_client_credentials", field="grant_types")
    if metadata["profile"] == "legacy" and method == "none":
        raise Invalid("legacy_must_be_confidential", field="profile")
    if "refresh_token" in metadata["grant_types"] and "authorization_code" not in metadata["grant_types"]:
        raise Invalid("refresh_without_code", field="grant_types")


def _plain_uri(uri: str, field: str):  # type: ignore[no-untyped-def]
    if not uri or len(uri) > MAX_URI or not uri.isascii() or any(c in uri for c in ' "<>\\^`{|}*'):
        raise Invalid("uri_malformed", field=field, uri=uri[:100])
    if any(ord(character) < 0x21 for character in uri):
        raise Invalid("uri_malformed", field=field, uri="")
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise Invalid("uri_malformed", field=field, uri=uri) from error
    if "#" in uri or "@" in parts.netloc or not uri.startswith(parts.scheme + ":") or not parts.scheme:
        raise Invalid("uri_malformed", field=field, uri=uri)
    if not _SCHEME.match(parts.scheme) or parts.netloc != parts.netloc.lower():
        raise Invalid("uri_malformed", field=field, uri=uri)
    if any(segment in (".", "..") for segment in parts.path.split("/")):
        raise Invalid("uri_malformed", field=field, uri=uri)
    return parts


def _without_loopback_port(uri: str) -> str | None:
    match = re.match(r"http://(127\.0\.0\.1|\[::1\])(:\d{1,5})?(/[^#]*)?\Z", uri, re.ASCII)
    return f"http://{match[1]}{match[3] or ''}" if match else None


def _one_of(metadata: Mapping[str, Any], name: str, allowed: Any) -> None:
    if metadata[name] not in allowed:
        raise Invalid("client_member_value", field=name, value=str(metadata[name])[:60])


def _all_of(metadata: Mapping[str, Any], name: str, allowed: Sequence[str]) -> None:
    for value in metadata[name]:
        if value not in allowed:
            raise Invalid("client_member_value", field=name, value=value[:60])
