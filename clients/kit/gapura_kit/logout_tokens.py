"""Logout tokens: the provider tells us that a session is over (OpenID Connect Back-Channel Logout 1.0)."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import ClaimInvalid, ReplayedToken, WrongAudience
from .keys import ProviderKeys
from .signed import ALGORITHMS, MAX_LEEWAY_SECONDS, SignedTokens, text_claim

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True)
class LogoutToken:
    """Whose sessions end: those of one sign-in (``sid``), or all of one person (``sub`` alone).

    At least one of the two is present.
    """

    sub: str | None
    sid: str | None
    jti: str


class Replays(Protocol):
    """Remembers which logout tokens were used. With several processes, keep it where all of them look."""

    def first_use(self, jti: str, until: float) -> bool:
        """Whether ``jti`` is new; remembers it until the moment ``until`` (seconds since 1970)."""

    def forget(self, jti: str) -> None:
        """Let the token be used again, because acting on it failed."""


class MemoryReplays:
    """``Replays`` of a single process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def first_use(self, jti: str, until: float) -> bool:
        """See ``Replays``; entries whose time has passed are dropped on the way."""
        now = self._clock()
        with self._lock:
            self._until = {seen: end for seen, end in self._until.items() if end > now}
            if jti in self._until:
                return False
            self._until[jti] = until
            return True

    def forget(self, jti: str) -> None:
        """See ``Replays``."""
        with self._lock:
            self._until.pop(jti, None)


class LogoutTokens:
    """Validates the logout tokens that one provider sends to one client (Back-Channel Logout 1.0 §2.6).

    ``leeway`` (at most 60) and ``max_lifetime`` are seconds; §2.4 recommends at most two minutes of life.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        leeway: float = MAX_LEEWAY_SECONDS,
        max_lifetime: float = 600,
        algorithms: Sequence[str] = ALGORITHMS,
        keys: ProviderKeys | None = None,
        replays: Replays | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client_id = client_id
        self.replays = replays or MemoryReplays(clock)
        self._signed = SignedTokens(
            keys=keys or ProviderKeys(issuer, clock=clock),
            typ="logout+jwt",
            max_lifetime=max_lifetime,
            leeway=leeway,
            algorithms=tuple(algorithms),
            clock=clock,
        )

    def validate(self, token: str) -> LogoutToken:
        """Whose sessions are to end. Each token is accepted once.

        Raises a subclass of ``InvalidToken``, or ``KeysUnavailable``.
        """
        claims = self._signed.verify(token)
        audience = claims.get("aud")
        if audience not in (self.client_id, [self.client_id]):
            raise WrongAudience(f"aud is {audience!r:.200}")
        _check_event(claims)
        # An ID token has a nonce; a logout token must not, so that neither passes for the other (§2.4).
        if "nonce" in claims:
            raise ClaimInvalid("nonce is present")
        sub = text_claim(claims, "sub") if "sub" in claims else None
        sid = text_claim(claims, "sid") if "sid" in claims else None
        if sub is None and sid is None:
            raise ClaimInvalid("neither sub nor sid is present")
        jti = text_claim(claims, "jti")
        if not self.replays.first_use(jti, claims["exp"] + self._signed.leeway):
            raise ReplayedToken("this logout token was used before")
        return LogoutToken(sub=sub, sid=sid, jti=jti)


def _check_event(claims: dict[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise ClaimInvalid("events does not name a back-channel logout")
