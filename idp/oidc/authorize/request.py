"""The authorization request: its checks in their order, one line and one error each (OIDC Core §3.1.2.2).

Until client and redirect URI are known to belong together, nothing may redirect (R-04): those refusals are pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from idp.domain.accounts import assurance
from idp.domain.clients import metadata
from idp.domain.clients.registered import ClientView
from idp.domain.release import claims as claim_table
from idp.kernel.settings import Settings
from idp.oidc.errors import OAuthError, invalid_request
from idp.web.catalogue import Snapshot
from idp.web.gate import Parameters

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*\Z", re.ASCII)
_VISIBLE = re.compile(r"[\x20-\x7e]+\Z", re.ASCII)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MAX_AGE_LIMIT = 10**9


class PageError(Exception):
    """A refusal that must be a page of ours: client or redirect URI are not to be trusted."""

    def __init__(self, code: str, client_id: str | None = None, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.client_id = client_id
        self.facts = facts


class RedirectError(Exception):
    """A refusal that goes back to the validated redirect URI."""

    def __init__(self, target: Target, error: OAuthError) -> None:
        super().__init__(error.error)
        self.target = target
        self.error = error


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how the answer goes."""

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated request. Everything after this uses it, never the raw parameters."""

    target: Target
    scopes: tuple[str, ...]
    dropped_scopes: tuple[str, ...]
    nonce: str | None = None
    code_challenge: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str | None = None
    id_token_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    level: int = 1
    essential_level: int | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    def frozen(self) -> dict[str, Any]:
        """As JSON, for the stored transaction."""
        value = asdict(self)
        value["prompt"] = sorted(self.prompt)
        return value

    @classmethod
    def thawed(cls, value: Mapping[str, Any]) -> AuthorizationRequest:
        members = dict(value)
        members["target"] = Target(**members["target"])
        members["prompt"] = frozenset(members["prompt"])
        for name in ("scopes", "dropped_scopes", "ui_locales"):
            members[name] = tuple(members[name])
        return cls(**members)


def check_target(parameters: Parameters, client: ClientView | None) -> Target:
    """Client and redirect URI, before anything may redirect. Raises PageError."""
    broken = (parameters.repeated | parameters.too_long | parameters.malformed) & {
        "client_id",
        "redirect_uri",
    }
    if broken or parameters.body_malformed:
        raise PageError("request_malformed", parameters=sorted(broken))
    if client is None or not client.enabled:
        raise PageError(
            "client_unknown", client.client_id if client else None, enabled=bool(client and client.enabled)
        )
    if "authorization_code" not in client.grant_types:
        raise PageError("client_has_no_sign_in", client.client_id)
    presented = parameters.get("redirect_uri")
    registered = client.redirect_uris
    if presented is None:
        raise PageError("redirect_uri_missing", client.client_id, registered=registered)
    native = client.application_type == "native"
    if not metadata.redirect_uri_matches(registered, presented, native=native):
        facts = {"sent": presented, "registered": registered, "difference": difference(presented, registered)}
        raise PageError("redirect_uri_mismatch", client.client_id, **facts)
    if parameters.too_long | parameters.malformed:
        raise PageError(
            "request_malformed",
            client.client_id,
            parameters=sorted(parameters.too_long | parameters.malformed),
        )
    mode = parameters.get("response_mode") or "query"
    state = parameters.get("state")
    return Target(client.client_id, presented, mode if mode in client.response_modes else "query", state)


def check(
    parameters: Parameters, client: ClientView, target: Target, snapshot: Snapshot, settings: Settings
) -> AuthorizationRequest:
    """Everything else. Raises RedirectError."""
    try:
        return _check(parameters, client, target, snapshot, settings)
    except OAuthError as error:
        raise RedirectError(target, error) from error


def _check(
    parameters: Parameters, client: ClientView, target: Target, snapshot: Snapshot, settings: Settings
) -> AuthorizationRequest:
    if parameters.repeated:
        raise invalid_request(
            "a parameter occurs more than once",
            code="parameter_repeated",
            parameters=sorted(parameters.repeated),
        )
    _check_unsupported(parameters)
    _check_response(parameters, client)
    _check_pkce(parameters, client, settings)
    scopes, dropped = _scopes(parameters, client, snapshot)
    prompt = _prompt(parameters)
    wanted = _claims(parameters)
    level, essential = _levels(parameters, client, wanted, settings)
    return AuthorizationRequest(
        target=target,
        scopes=scopes,
        dropped_scopes=dropped,
        nonce=_visible(parameters, "nonce"),
        code_challenge=parameters.get("code_challenge"),
        prompt=prompt,
        max_age=_max_age(parameters),
        login_hint=parameters.get("login_hint"),
        id_token_hint=parameters.get("id_token_hint"),
        ui_locales=tuple((parameters.get("ui_locales") or "").split())[:5],
        level=level,
        essential_level=essential,
        claims=wanted,
    )


def _check_unsupported(parameters: Parameters) -> None:
    if parameters.get("request") is not None:
        raise OAuthError("request_not_supported", "request objects are not supported")
    if parameters.get("request_uri") is not None:
        raise OAuthError("request_uri_not_supported", "request_uri is not supported")
    if parameters.get("registration") is not None:
        raise OAuthError("registration_not_supported", "the registration parameter is not supported")


def _check_response(parameters: Parameters, client: ClientView) -> None:
    response_type = parameters.get("response_type")
    if response_type is None:
        raise invalid_request("response_type is missing", code="response_type_missing")
    if response_type not in metadata.RESPONSE_TYPES:
        raise OAuthError(
            "unsupported_response_type", "only response_type=code is supported", facts={"sent": response_type}
        )
    if response_type not in client.response_types:
        raise OAuthError("unauthorized_client", "the client is not registered for this response_type")
    mode = parameters.get("response_mode")
    if mode is not None and mode not in client.response_modes:
        raise invalid_request(
            "response_mode is not registered for this client",
            code="response_mode",
            sent=mode,
            registered=client.response_modes,
        )
    if mode == "form_post" and not client_scheme_is_web(parameters.get("redirect_uri") or ""):
        raise invalid_request("form_post needs an http or https redirect URI", code="response_mode")


def client_scheme_is_web(uri: str) -> bool:
    return uri.startswith(("https://", "http://"))


def _check_pkce(parameters: Parameters, client: ClientView, settings: Settings) -> None:
    """RFC 7636 §4.3, RFC 9700 §2.1.1: S256 always; the documented exception is the legacy profile with a nonce."""
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None and method is None:
        if client.profile != "legacy":
            raise invalid_request("code_challenge is required (PKCE with S256)", code="pkce_missing")
        if parameters.get("nonce") is None and not settings.protocol.front_channel:
            raise invalid_request("a legacy client without PKCE must send a nonce", code="nonce_missing")
        return
    if method != "S256":
        raise invalid_request("code_challenge_method must be S256", code="pkce_method", sent=method)
    if challenge is None or not _CHALLENGE.match(challenge):
        raise invalid_request("code_challenge must be 43 base64url characters", code="pkce_challenge")


def _scopes(
    parameters: Parameters, client: ClientView, snapshot: Snapshot
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unknown scopes are ignored, known but unapproved ones dropped (decision 17).

    Without `openid` it is a plain OAuth 2.0 request: no ID Token, no UserInfo.
    """
    raw = parameters.get("scope")
    if raw is None or not _SCOPE.match(raw):
        raise OAuthError("invalid_scope", "scope is missing or malformed", code="scope_malformed")
    wanted = list(dict.fromkeys(raw.split(" ")))
    known = claim_table.SCOPES.keys() | {s for api in snapshot.apis.values() for s in api.scopes}
    granted = tuple(s for s in wanted if s in known and s in client.scopes)
    if not granted:
        raise OAuthError(
            "invalid_scope",
            "none of the scopes is registered for this client",
            code="scope_unapproved",
            facts={"sent": raw},
        )
    return granted, tuple(s for s in wanted if s not in granted)


def _prompt(parameters: Parameters) -> frozenset[str]:
    values = frozenset((parameters.get("prompt") or "").split())
    if values - PROMPTS:
        raise invalid_request(
            "prompt has an unknown value", code="prompt_unknown", sent=" ".join(sorted(values))
        )
    if "none" in values and len(values) > 1:
        raise invalid_request("prompt=none cannot be combined", code="prompt_combined")
    return values


def _max_age(parameters: Parameters) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > MAX_AGE_LIMIT:
        raise invalid_request("max_age must be a number of seconds", code="max_age")
    return int(text)


def _visible(parameters: Parameters, name: str) -> str | None:
    value = parameters.get(name)
    if value is not None and not _VISIBLE.match(value):
        raise invalid_request(f"{name} must be printable ASCII", code=f"{name}_malformed")
    return value


def _claims(parameters: Parameters) -> dict[str, Any]:
    """OIDC Core §5.5; members that we do not know are ignored."""
    text = parameters.get("claims")
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_request("claims is not JSON", code="claims_malformed") from error
    if not isinstance(value, dict):
        raise invalid_request("claims must be a JSON object", code="claims_malformed")
    places: dict[str, Any] = {}
    for place in ("id_token", "userinfo"):
        members = value.get(place)
        if members is None:
            continue
        if not isinstance(members, dict):
            raise invalid_request("claims must hold objects", code="claims_malformed")
        places[place] = {
            n: m if isinstance(m, dict) else None for n, m in members.items() if n.isascii() and len(n) <= 64
        }
    return places


def _levels(
    parameters: Parameters, client: ClientView, wanted: Mapping[str, Any], settings: Settings
) -> tuple[int, int | None]:
    """The level to reach: the client's minimum, a voluntary acr_values, an essential acr (OIDC Core §5.5.1.1)."""
    level = client.default_acr or settings.protocol.default_acr
    voluntary = [
        assurance.acr_level(settings.issuer, value) for value in (parameters.get("acr_values") or "").split()
    ]
    known = [value for value in voluntary if value is not None]
    if known:
        level = max(level, known[0])
    member = (wanted.get("id_token") or {}).get("acr")
    if not isinstance(member, Mapping):
        return level, None
    values = member.get("values") if isinstance(member.get("values"), list) else [member.get("value")]
    named = [assurance.acr_level(settings.issuer, v) for v in values or [] if isinstance(v, str)]
    levels = [value for value in named if value is not None]
    if member.get("essential") is True and any(isinstance(v, str) for v in values or []):
        if not levels:
            raise OAuthError(
                "unmet_authentication_requirements", "the requested acr is not supported", code="acr_unmet"
            )
        return max(level, min(levels)), min(levels)
    return (max(level, levels[0]), None) if levels else (level, None)


def difference(sent: str, registered: list[str]) -> str:
    """In words: how the redirect URI that was sent differs from the nearest registered one."""
    for uri in registered:
        if sent == uri + "/" or sent + "/" == uri:
            return "trailing slash"
        if sent.replace("http://", "https://", 1) == uri or sent.replace("https://", "http://", 1) == uri:
            return "scheme (http or https)"
        if sent.lower() == uri.lower():
            return "upper and lower case"
        if sent.split("?", maxsplit=1)[0] == uri.split("?")[0]:
            return "query"
    hosts = {uri.split("/")[2] for uri in registered if uri.count("/") >= 2}
    if sent.count("/") >= 2 and sent.split("/")[2] in hosts:
        return "path"
    return "host"
