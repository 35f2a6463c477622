"""Client authentication: exactly the registered method, exactly one per request (RFC 6749 §2.3, RFC 7523 §2.2).

Unknown client, wrong secret and wrong method are one answer to strangers; the integration log tells the owner.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote_plus

from flask import request

from idp.domain.audit.events import REFUSED, Event
from idp.domain.clients import credentials
from idp.domain.clients.profiles import PROFILES
from idp.domain.clients.registered import ClientView
from idp.domain.runtime import replay
from idp.kernel import jose
from idp.oidc import parameters as rows
from idp.oidc.errors import OAuthError, invalid_client, invalid_request
from idp.web import context
from idp.web.extensions import db
from idp.web.gate import Parameters

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=5)
_BASIC = re.compile(r"Basic +([A-Za-z0-9+/]+=*)\Z", re.IGNORECASE | re.ASCII)
CHALLENGE = 'Basic realm="gapura", charset="UTF-8"'


@dataclass(frozen=True, slots=True)
class Presented:
    """What the request brought: one method, the client it names, and the credential."""

    method: str
    client_id: str
    credential: str


class ClientRefused(Exception):
    """Authentication failed; `client_id` is known only if the client exists."""

    def __init__(self, error: OAuthError, client_id: str | None, *, used_header: bool) -> None:
        super().__init__(error.error)
        self.error = error
        self.client_id = client_id
        self.used_header = used_header


def authenticate(given: Parameters, *, allow_public: bool = True) -> ClientView:
    """The authenticated client. Raises ClientRefused; the caller commits the audit event that it recorded."""
    header = request.headers.get("Authorization") is not None
    try:
        presented = _presented(given)
    except OAuthError as error:
        raise ClientRefused(error, None, used_header=header) from error
    client = context.catalogue().client(db.session, presented.client_id)  # type: ignore[arg-type]
    try:
        _check(presented, client, allow_public)
    except OAuthError as error:
        known = client.client_id if client else None
        context.work().record(
            Event(
                "authn_client_fail",
                result=REFUSED,
                client=known,
                reason=error.code,
                details={"method": presented.method},
            )
        )
        raise ClientRefused(error, known, used_header=header) from error
    assert client is not None  # noqa: S101 -- checked
    return client


def _presented(given: Parameters) -> Presented:
    if given.repeated or given.too_long or given.malformed or given.body_malformed:
        wrong = sorted(given.repeated | given.too_long | given.malformed)
        raise invalid_request(
            "a parameter is repeated, too long or malformed", code="request_malformed", parameters=wrong
        )
    headers = request.headers.getlist("Authorization")
    found = []
    if headers:
        found.append(_basic(headers))
    if given.get("client_secret") is not None:
        found.append(
            Presented("client_secret_post", given.get("client_id") or "", given.get("client_secret") or "")
        )
    if given.get("client_assertion") is not None or given.get("client_assertion_type") is not None:
        found.append(_assertion(given))
    if not found:
        if given.get("client_id") is None:
            raise invalid_client("client_credentials_missing")
        return Presented("none", given.get("client_id") or "", "")
    if len(found) > 1:
        raise invalid_request("more than one client authentication method", code="client_methods_many")
    named = given.get("client_id")
    if named is not None and named != found[0].client_id:
        raise invalid_request("client_id does not match the credentials", code="client_id_differs")
    return found[0]


def _basic(headers: list[str]) -> Presented:
    match = _BASIC.match(headers[0]) if len(headers) == 1 else None
    if match is None:
        raise invalid_client("basic_malformed")
    try:
        text = base64.b64decode(match[1], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid_client("basic_malformed") from error
    name, colon, secret = text.partition(":")
    if not colon or "\x00" in text:
        raise invalid_client("basic_malformed")
    return Presented("client_secret_basic", unquote_plus(name), unquote_plus(secret))


def _assertion(given: Parameters) -> Presented:
    assertion = given.get("client_assertion")
    if assertion is None or given.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_client("assertion_type")
    try:
        _, claims = jose.peek(assertion)
    except jose.JwtRefused as error:
        raise invalid_client("assertion_malformed", reason=error.reason) from error
    subject = claims.get("sub")
    if not isinstance(subject, str) or len(subject) > 64 or claims.get("iss") != subject:
        raise invalid_client("assertion_identity")
    return Presented("private_key_jwt", subject, assertion)


def _check(presented: Presented, client: ClientView | None, allow_public: bool) -> None:
    registered = client.token_endpoint_auth_method if client else None
    secrets = client.secrets if client else ()
    if presented.method.startswith("client_secret"):
        fits = credentials.matches(context.runtime().vault.digests, secrets, presented.credential) is not None
    else:
        fits = True
    if client is None or not client.enabled:
        raise invalid_client("client_unknown_or_closed")
    if presented.method != registered:
        raise invalid_client("client_method", sent=presented.method, registered=registered)
    if presented.method == "none" and not allow_public:
        raise invalid_client("client_method", sent="none", registered=registered)
    if not fits or (presented.method.startswith("client_secret") and not presented.credential):
        raise invalid_client("client_secret_wrong")
    if presented.method == "private_key_jwt":
        _check_assertion(presented.credential, client)


def _check_assertion(assertion: str, client: ClientView) -> None:
    work = context.work()
    issuer = work.settings.issuer
    audiences = {issuer}
    if PROFILES[client.profile].accepts_token_endpoint_audience:
        audiences |= {issuer + rows.TOKEN, issuer + request.path}
    try:
        verified = jose.verify(
            assertion,
            keys=client.jwks["keys"],
            algorithms=jose.ALGORITHMS,
            typ=[None, "JWT", "client-authentication+jwt"],
            issuer=client.client_id,
            audience=audiences,
            now=work.now,
            skew_seconds=10,
            max_lifetime_seconds=int(ASSERTION_LIFETIME.total_seconds()),
        )
    except jose.JwtRefused as error:
        raise invalid_client("assertion_refused", reason=error.reason) from error
    claims = verified.claims
    if not isinstance(claims.get("aud"), str):
        raise invalid_client("assertion_refused", reason="aud must be one string")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise invalid_client("assertion_refused", reason="jti is missing")
    keep_until = work.now + ASSERTION_LIFETIME + timedelta(seconds=60)
    if not replay.first_use(work, f"assertion:{client.client_id}", jti, keep_until):
        raise invalid_client("assertion_replayed")
