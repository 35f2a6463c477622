"""Access tokens (RFC 9068) and ID Tokens (OIDC Core §2): header, claims, hashes. Signed after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.domain.accounts import assurance
from idp.domain.clients.registered import ClientView
from idp.kernel import jose
from idp.web.catalogue import Snapshot
from idp.web.context import settings, work

ACCESS_TOKEN_TYP, ID_TOKEN_TYP = "at+jwt", "JWT"

ACCESS_TOKEN_ALGORITHM = "ES256"  # noqa: S105 -- ten times cheaper to sign than RS256, docs/adr/0009


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is about: `sub` in the client's sector and what the session knew."""

    sub: str
    sid: str | None
    request: Mapping[str, Any]


def id_token(
    client: ClientView,
    snapshot: Snapshot,
    subject: Subject,
    access_token: str,
    extra: Mapping[str, Any],
    *,
    nonce: str | None,
) -> str:
    """`auth_time`, `acr` and `amr` are of the last active authentication (DOMAIN.md §5.5)."""
    now = int(work().now.timestamp())
    issuer = settings().issuer
    request = subject.request
    claims: dict[str, Any] = dict(extra)
    claims |= {
        "iss": issuer,
        "sub": subject.sub,
        "aud": client.client_id,
        "iat": now,
        "exp": now + settings().lifetimes.id_token_seconds,
        "auth_time": request["auth_time"],
        "acr": assurance.acr(issuer, request["level"]),
        "amr": assurance.amr(request["factors"]),
        "at_hash": jose.half_hash(access_token),
    }
    if subject.sid:
        claims["sid"] = subject.sid
    if nonce is not None:
        claims["nonce"] = nonce
    return snapshot.signers[client.id_token_signed_response_alg].sign(claims, ID_TOKEN_TYP)


def access_token(
    client: ClientView,
    snapshot: Snapshot,
    *,
    audience: str,
    scope: str,
    jti: str,
    expires_at: datetime,
    subject: Subject | None,
    roles: list[str] | None,
) -> str:
    """An `at+jwt` for one resource server. For client_credentials `sub` is the client itself (RFC 9068 §2.2)."""
    issuer = settings().issuer
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject.sub if subject else client.client_id,
        "client_id": client.client_id,
        "iat": int(work().now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": jti,
        "scope": scope,
    }
    if subject is not None:
        claims |= {
            "auth_time": subject.request["auth_time"],
            "acr": assurance.acr(issuer, subject.request["level"]),
            "amr": assurance.amr(subject.request["factors"]),
        }
        if subject.sid:
            claims["sid"] = subject.sid
        if roles is not None:
            claims["roles"] = roles
    return snapshot.signers[ACCESS_TOKEN_ALGORITHM].sign(claims, ACCESS_TOKEN_TYP)
