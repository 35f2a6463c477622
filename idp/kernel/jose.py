"""The only JWT code: `sign` and one `verify` for every kind of token (decision 14, R-50 to R-54).

Compact JWS only, asymmetric algorithms only, the key is always ours to choose: nothing in a token's header names
where a key comes from.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

ALGORITHMS = ("RS256", "ES256", "PS256")
MAX_BYTES = 16_384
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z", re.ASCII)
_FORBIDDEN_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "zip", "enc", "b64"})
_REGISTRY = JWSRegistry(algorithms=list(ALGORITHMS))


class JwtRefused(Exception):
    """The token is not acceptable; `reason` is for logs and the client's integration log, never for strangers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verified:
    """A token whose signature and claims were checked."""

    header: dict[str, Any]
    claims: dict[str, Any]


class SigningKey:
    """One private key, imported once per process, for one algorithm."""

    __slots__ = ("_header_cache", "_private", "algorithm", "kid", "public_jwk")

    def __init__(self, private_jwk: Mapping[str, Any], algorithm: str) -> None:
        key = _import(private_jwk)
        self.algorithm = algorithm
        self.kid = thumbprint(private_jwk)
        self._private = key.private_key
        self.public_jwk = {
            **_public_members(key.as_dict(private=False)),
            "kid": self.kid,
            "alg": algorithm,
            "use": "sig",
        }
        self._header_cache: dict[str, bytes] = {}

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """A compact JWS with `alg`, `kid` and `typ`."""
        header = self._header_cache.get(typ)
        if header is None:
            header = _encode(orjson.dumps({"alg": self.algorithm, "kid": self.kid, "typ": typ}))
            self._header_cache[typ] = header
        message = header + b"." + _encode(orjson.dumps(claims))
        return (message + b"." + _encode(_raw_signature(self._private, self.algorithm, message))).decode()


def generate(algorithm: str, rsa_bits: int = 2048) -> dict[str, Any]:
    """A new private JWK for `algorithm` (one of ALGORITHMS)."""
    key: RSAKey | ECKey
    key = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(rsa_bits)
    return dict(key.as_dict(private=True))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 thumbprint (SHA-256) of a JWK."""
    return str(_import(jwk).thumbprint())


def public_jwk(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The public members of a client's JWK. Raises JwtRefused for symmetric, private, weak or malformed keys."""
    if not isinstance(jwk, Mapping) or any(name in jwk for name in ("d", "p", "q", "dp", "dq", "qi", "k")):
        raise JwtRefused("a key must be public and asymmetric")
    try:
        key = _import(jwk)
        if isinstance(key, RSAKey) and key.public_key.key_size < 2048:
            raise JwtRefused("RSA keys need at least 2048 bits")
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise JwtRefused("a key cannot be read") from error
    kept = _public_members(key.as_dict(private=False))
    return kept | {name: jwk[name] for name in ("kid", "alg", "use") if isinstance(jwk.get(name), str)}


def peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims without any verification, only to choose whose keys to try. Raises JwtRefused."""
    if len(token) > MAX_BYTES:
        raise JwtRefused("too long")
    if not _COMPACT.match(token):
        raise JwtRefused("not a compact JWS")
    header, claims, _ = token.split(".")
    return _parse(header), _parse(claims)


def verify(
    token: str,
    *,
    keys: Sequence[Mapping[str, Any]],
    algorithms: Iterable[str],
    typ: Iterable[str | None],
    issuer: str | None,
    audience: Iterable[str] | None,
    now: datetime,
    skew_seconds: int = 10,
    max_lifetime_seconds: int | None = None,
    accept_expired: bool = False,
) -> Verified:
    """Check signature and claims of a compact JWS and return it.

    `keys` are public JWKs; a `kid` in the header selects by it, otherwise by algorithm. `typ` lists the accepted
    header values (None: absent). `audience` must contain the token's `aud`, or one of its values.
    Raises JwtRefused for anything else, also for duplicate JSON members and unknown `crit` (RFC 7515 §4.1.11).
    """
    header, claims = peek(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in set(algorithms) or algorithm not in ALGORITHMS:
        raise JwtRefused("algorithm is not accepted")
    if "crit" in header or _FORBIDDEN_HEADERS & header.keys():
        raise JwtRefused("header member is not accepted")
    kind = header.get("typ")
    if kind is not None and not isinstance(kind, str):
        raise JwtRefused("typ must be text")
    if (kind.lower() if kind else None) not in {t.lower() if t else None for t in typ}:
        raise JwtRefused("typ is not accepted")
    _check_signature(token, _candidates(header, algorithm, keys), algorithm)
    _check_claims(claims, issuer, audience)
    _check_times(claims, now, skew_seconds, max_lifetime_seconds, accept_expired)
    return Verified(header, claims)


def half_hash(value: str) -> str:
    """`at_hash` and `c_hash` for our SHA-256 algorithms (OIDC Core §3.1.3.6)."""
    return _encode(hashlib.sha256(value.encode("ascii")).digest()[:16]).decode()


def _candidates(
    header: Mapping[str, Any], algorithm: str, keys: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    kty = "EC" if algorithm == "ES256" else "RSA"
    fitting = [k for k in keys if k.get("kty") == kty and k.get("alg", algorithm) == algorithm]
    fitting = [k for k in fitting if k.get("use", "sig") == "sig"]
    kid = header.get("kid")
    if kid is not None:
        if not isinstance(kid, str) or len(kid) > 256:
            raise JwtRefused("kid is malformed")
        fitting = [k for k in fitting if k.get("kid", kid) == kid]
    if not fitting:
        raise JwtRefused("no key fits")
    return fitting[:8]


def _check_signature(token: str, candidates: Sequence[Mapping[str, Any]], algorithm: str) -> None:
    for jwk in candidates:
        try:
            jws.deserialize_compact(token, _import(jwk), algorithms=[algorithm], registry=_REGISTRY)
        except (JoseError, ValueError, InvalidSignature):
            continue
        return
    raise JwtRefused("signature does not verify")


def _check_claims(claims: Mapping[str, Any], issuer: str | None, audience: Iterable[str] | None) -> None:
    if issuer is not None and claims.get("iss") != issuer:
        raise JwtRefused("iss is not the expected one")
    if audience is not None:
        named = claims.get("aud")
        values = named if isinstance(named, list) else [named]
        if not all(isinstance(v, str) for v in values) or not set(values) & set(audience):
            raise JwtRefused("aud is not the expected one")


def _check_times(
    claims: Mapping[str, Any], now: datetime, skew: int, max_lifetime: int | None, accept_expired: bool
) -> None:
    moment = now.timestamp()
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
            raise JwtRefused(f"{name} is not a time")
    expiry = claims.get("exp")
    if expiry is None:
        raise JwtRefused("exp is missing")
    if not accept_expired and expiry + skew < moment:
        raise JwtRefused("expired")
    if max_lifetime is not None and expiry > moment + max_lifetime + skew:
        raise JwtRefused("exp is too far away")
    for name in ("iat", "nbf"):
        if claims.get(name, 0) > moment + skew:
            raise JwtRefused(f"{name} is in the future")


def _import(jwk: Mapping[str, Any]) -> RSAKey | ECKey:
    if jwk.get("kty") == "RSA":
        return RSAKey.import_key(dict(jwk))
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        return ECKey.import_key(dict(jwk))
    raise JwtRefused("key type is not supported")


def _public_members(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}


def _raw_signature(private: Any, algorithm: str, message: bytes) -> bytes:
    if algorithm == "ES256":
        r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 -- narrowed for mypy
    if algorithm == "PS256":
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
        return private.sign(message, pss, hashes.SHA256())
    return private.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _parse(part: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise JwtRefused("not a JSON object") from error
    if not isinstance(value, dict):
        raise JwtRefused("not a JSON object")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate member")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(name)
