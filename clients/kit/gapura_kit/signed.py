"""Signed tokens: from the string to verified claims, whatever kind of token it is."""

import binascii
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from .errors import (
    AlgorithmNotAllowed,
    BadSignature,
    ClaimInvalid,
    LifetimeTooLong,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenTooLarge,
    WrongIssuer,
    WrongTokenType,
)
from .keys import ProviderKeys
from .strict_json import parse_object

ALGORITHMS = ("RS256", "ES256", "PS256")
MAX_TOKEN_CHARACTERS = 16_384
MAX_LEEWAY_SECONDS = 60

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MAX_KID_CHARACTERS = 200


@dataclass(frozen=True)
class SignedTokens:
    """How one kind of token is verified: which ``typ``, which algorithms, which times.

    ``typ`` is the media type without ``application/``. ``leeway`` and ``max_lifetime`` are seconds; a
    leeway above 60 raises ``ValueError``, for it would only hide a clock that is wrong.
    """

    keys: ProviderKeys
    typ: str
    max_lifetime: float
    leeway: float
    algorithms: Sequence[str]
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        if not 0 <= self.leeway <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"leeway must lie between 0 and {MAX_LEEWAY_SECONDS} seconds")
        if not set(self.algorithms) <= set(ALGORITHMS):
            raise ValueError(f"algorithms must be some of {', '.join(ALGORITHMS)}")

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token whose type, signature, issuer and times are right.

        Who the token is for is left to the caller. Raises a subclass of ``InvalidToken``, or
        ``KeysUnavailable``.
        """
        header, claims = self._read(token)
        self._check_header(header)
        self._check_signature(token, header)
        if claims.get("iss") != self.keys.issuer:
            raise WrongIssuer(f"iss is {claims.get('iss')!r:.200}")
        self._check_times(claims)
        return claims

    def _read(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenTooLarge(f"{len(token)} characters")
        if not _COMPACT.fullmatch(token):
            raise MalformedToken("not a compact JWS")
        header, payload, _ = token.split(".")
        try:
            return parse_object(_decoded(header)), parse_object(_decoded(payload))
        except ValueError as error:
            raise MalformedToken(str(error)) from error

    def _check_header(self, header: dict[str, Any]) -> None:
        if header.get("alg") not in self.algorithms:
            raise AlgorithmNotAllowed(f"alg is {header.get('alg')!r:.50}")
        # Media types compare without regard to case and may leave out "application/" (RFC 7515 §4.1.9).
        typ = header.get("typ")
        if not isinstance(typ, str) or typ.lower().removeprefix("application/") != self.typ:
            raise WrongTokenType(f"typ is {typ!r:.50}, not {self.typ}")
        # We understand no extension, and b64 (RFC 7797) would change what is signed.
        if "crit" in header or "b64" in header:
            raise MalformedToken("critical headers are not understood")
        kid = header.get("kid")
        if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID_CHARACTERS:
            raise MalformedToken("kid is missing or not a short string")

    def _check_signature(self, token: str, header: dict[str, Any]) -> None:
        key = self.keys.find(header["kid"], header["alg"])
        registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
        try:
            jws.deserialize_compact(token, key, registry=registry)
        except (JoseError, ValueError) as error:
            raise BadSignature("the signature does not verify") from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock()
        expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
        if now >= expires + self.leeway:
            raise TokenExpired(f"expired {now - expires:.0f} s ago")
        if issued > now + self.leeway:
            raise TokenNotYetValid(f"issued {issued - now:.0f} s in the future")
        if "nbf" in claims and _moment(claims, "nbf") > now + self.leeway:
            raise TokenNotYetValid("nbf lies in the future")
        if expires - issued > self.max_lifetime:
            raise LifetimeTooLong(f"lives {expires - issued:.0f} s")


def text_claim(claims: dict[str, Any], name: str) -> str:
    """A claim that must be a non-empty string; raises ``ClaimInvalid``."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise ClaimInvalid(f"{name} is missing or not a string")
    return value


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimInvalid(f"{name} is missing or not a number")
    try:
        seconds = float(value)
    except OverflowError as error:
        raise ClaimInvalid(f"{name} is out of range") from error
    if not math.isfinite(seconds):
        raise ClaimInvalid(f"{name} is out of range")
    return seconds


def _decoded(segment: str) -> bytes:
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
