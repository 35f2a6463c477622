"""`id_token_hint`: one of our own ID Tokens, also an expired one, naming a subject and a client (OIDC Core §3.1.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.accounts import subjects
from idp.domain.clients.registered import ClientView
from idp.kernel import jose
from idp.web.context import catalogue, settings, work
from idp.web.extensions import db

ID_TOKEN_TYP = "JWT"  # noqa: S105 -- a header value


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified hint says."""

    client_id: str
    sub: str
    sid: str | None


def read(token: str) -> Hint | None:
    """None for anything that is not an ID Token of ours: access and logout tokens have another `typ`."""
    snapshot = catalogue().snapshot(db.session)  # type: ignore[arg-type]
    try:
        verified = jose.verify(
            token,
            keys=snapshot.published,
            algorithms=jose.ALGORITHMS,
            typ=[ID_TOKEN_TYP],
            issuer=settings().issuer,
            audience=None,
            now=work().now,
            skew_seconds=60,
            accept_expired=True,
        )
    except jose.JwtRefused:
        return None
    claims = verified.claims
    if (
        not isinstance(claims.get("aud"), str)
        or not isinstance(claims.get("sub"), str)
        or "auth_time" not in claims
    ):
        return None
    return Hint(claims["aud"], claims["sub"], claims.get("sid"))


def person_of(hint: Hint, client: ClientView) -> str | None:
    return subjects.person_of(db.session, hint.sub, client.sector_name)  # type: ignore[arg-type]
