"""Access tokens in JWT form, at the resource server (RFC 9068)."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ClaimInvalid, InsufficientScope, InvalidToken, WrongAudience
from .keys import ProviderKeys
from .roles import role_names
from .signed import ALGORITHMS, MAX_LEEWAY_SECONDS, SignedTokens, text_claim


@dataclass(frozen=True)
class AccessToken:
    """What a valid access token says.

    ``sub`` is the person as this API knows them, or the client itself when no person is behind the request.
    ``auth_time`` is in seconds since 1970, UTC. ``acr``, ``auth_time`` and ``sid`` are ``None`` when the
    token does not carry them. ``claims`` holds everything, unchanged.
    """

    sub: str
    client_id: str
    scope: frozenset[str]
    roles: tuple[str, ...]
    acr: str | None
    auth_time: int | None
    sid: str | None
    claims: Mapping[str, Any]


class AccessTokens:
    """Validates the access tokens of one provider for one API (RFC 9068 §4).

    ``issuer`` is the provider, ``audience`` the identifier under which the API is registered there.
    ``leeway`` (at most 60) and ``max_lifetime`` are seconds. Make one per process: it holds the key cache,
    and is safe to use from several threads.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        leeway: float = MAX_LEEWAY_SECONDS,
        max_lifetime: float = 600,
        algorithms: Sequence[str] = ALGORITHMS,
        keys: ProviderKeys | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not audience:
            raise ValueError("an API without an audience would accept the tokens of every other API")
        self.audience = audience
        self._signed = SignedTokens(
            keys=keys or ProviderKeys(issuer, clock=clock),
            typ="at+jwt",
            max_lifetime=max_lifetime,
            leeway=leeway,
            algorithms=tuple(algorithms),
            clock=clock,
        )

    def validate(self, token: str, scopes: Iterable[str] = ()) -> AccessToken:
        """What the token says, if it is good here and carries all of ``scopes``.

        Raises a subclass of ``InvalidToken`` (401), ``InsufficientScope`` (403) or ``KeysUnavailable``
        (503); each knows its ``status`` and its ``www_authenticate()``.
        """
        claims = self._signed.verify(token)
        # RFC 9068 allows a list. A token that several APIs accept can be replayed by each of them at the
        # others, so Gapura never issues one and we never take one.
        if claims.get("aud") != self.audience:
            raise WrongAudience(f"aud is {claims.get('aud')!r:.200}")
        if "cnf" in claims:
            raise InvalidToken("bound to a key whose possession a bearer cannot prove (RFC 9449 §6)")
        access = _access_token(claims)
        needed = tuple(scopes)
        if not access.scope.issuperset(needed):
            raise InsufficientScope(needed)
        return access


def _access_token(claims: dict[str, Any]) -> AccessToken:
    text_claim(claims, "jti")
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise ClaimInvalid("scope is not a string")
    auth_time = claims.get("auth_time")
    if auth_time is not None and (isinstance(auth_time, bool) or not isinstance(auth_time, int)):
        raise ClaimInvalid("auth_time is not a whole number")
    return AccessToken(
        sub=text_claim(claims, "sub"),
        client_id=text_claim(claims, "client_id"),
        scope=frozenset(scope.split()),
        roles=role_names(claims),
        acr=text_claim(claims, "acr") if "acr" in claims else None,
        auth_time=auth_time,
        sid=text_claim(claims, "sid") if "sid" in claims else None,
        claims=claims,
    )
