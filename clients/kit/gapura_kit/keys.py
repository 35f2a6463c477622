"""The provider's public keys: fetched, kept, renewed (OpenID Connect Discovery 1.0 §4, RFC 7517)."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from .errors import KeysUnavailable, UnknownKey
from .strict_json import parse_object

FRESH_SECONDS = 3600
STALE_SECONDS = 24 * 3600
RETRY_SECONDS = 60
FIRST_RETRY_SECONDS = 5

_MAX_DOCUMENT_BYTES = 262_144
_MAX_KEYS = 50
_CONNECT_SECONDS = 3.0
_DOCUMENT_SECONDS = 5.0
_MIN_RSA_BITS = 2048
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}

PublicKey = RSAKey | ECKey


class _Unusable(Exception):
    """What the provider answered is no key set of this issuer."""


@dataclass(frozen=True)
class _KeySet:
    keys: tuple[PublicKey, ...]
    fetched_at: float

    def find(self, kid: str, alg: str) -> PublicKey | None:
        for key in self.keys:
            if key.kid == kid and key.key_type == _KEY_TYPES[alg] and key.get("alg") in (None, alg):
                return key
        return None


class ProviderKeys:
    """The signature keys of one issuer, safe to share between threads.

    A set is fresh for an hour. A key it does not hold makes us fetch again, but at most once a minute, so
    that invented ``kid`` values cannot be used to flood the provider. When fetching fails, the last set goes
    on serving until it is a day old; without any set the next try comes after
    five seconds. ``issuer`` must be https, unless its host is this machine.
    """

    def __init__(
        self,
        issuer: str,
        *,
        http: urllib3.PoolManager | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _require_secure(issuer)
        self.issuer = issuer
        self._http = http or urllib3.PoolManager()
        self._clock = clock
        self._set: _KeySet | None = None
        self._tried_at = float("-inf")
        self._fetching = threading.Lock()

    def find(self, kid: str, alg: str) -> PublicKey:
        """The key with this ``kid`` that may verify ``alg``.

        Raises ``UnknownKey``, or ``KeysUnavailable`` when there is no set to look into.
        """
        current = self._current()
        key = current.find(kid, alg)
        if key is None:
            renewed = self._renew(current)
            key = renewed.find(kid, alg) if renewed else None
        if key is None:
            raise UnknownKey(f"no key {kid!r:.100} for {alg}")
        return key

    def _current(self) -> _KeySet:
        known = self._set
        if known is None or self._age(known) >= FRESH_SECONDS:
            known = self._renew(known) or known
        if known is None or self._age(known) >= STALE_SECONDS:
            raise KeysUnavailable(f"no keys of {self.issuer}")
        return known

    def _age(self, known: _KeySet) -> float:
        return self._clock() - known.fetched_at

    def _renew(self, seen: _KeySet | None) -> _KeySet | None:
        """A newer set than ``seen``, or ``None``. Those who hold a set do not wait for another's fetch."""
        if not self._fetching.acquire(blocking=seen is None or self._age(seen) >= STALE_SECONDS):
            return None
        try:
            if self._set is not seen:
                return self._set
            pause = RETRY_SECONDS if seen else FIRST_RETRY_SECONDS
            if self._clock() - self._tried_at < pause:
                return None
            self._tried_at = self._clock()
            self._set = _KeySet(self._fetch(), self._clock())
            return self._set
        except (_Unusable, urllib3.exceptions.HTTPError, ValueError, OSError):
            return None
        finally:
            self._fetching.release()

    def _fetch(self) -> tuple[PublicKey, ...]:
        metadata = self._document(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != self.issuer:
            raise _Unusable("the discovery document is another issuer's")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise _Unusable("the discovery document names no jwks_uri")
        _require_secure(jwks_uri)
        keys = self._document(jwks_uri).get("keys")
        if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
            raise _Unusable("not a key set of reasonable size")
        usable = tuple(key for key in map(_public_key, keys) if key is not None)
        if not usable:
            raise _Unusable("the key set holds no signature key")
        return usable

    def _document(self, url: str) -> dict[str, Any]:
        deadline = time.monotonic() + _DOCUMENT_SECONDS
        response = self._http.request(
            "GET",
            url,
            headers={"Accept": "application/json"},
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_DOCUMENT_SECONDS),
            preload_content=False,
            decode_content=False,
        )
        try:
            if response.status != 200:
                raise _Unusable(f"{url} answered {response.status}")
            body = b""
            while chunk := response.read1(16_384):
                body += chunk
                if len(body) > _MAX_DOCUMENT_BYTES or time.monotonic() > deadline:
                    raise _Unusable(f"{url} is too large or too slow")
            return parse_object(body)
        finally:
            response.close()


def _public_key(data: object) -> PublicKey | None:
    """The key, or ``None`` for one we have no use for: a set may hold kinds that we do not know (RFC 7517 §5)."""
    if not isinstance(data, dict) or not isinstance(data.get("kid"), str) or data.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.raw_value.key_size >= _MIN_RSA_BITS else None
    return key if isinstance(key, ECKey) and data.get("crv") == "P-256" else None


def _require_secure(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    ours = host in ("localhost", "127.0.0.1", "::1") or host.endswith((".localhost", ".test"))
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and ours)):
        raise ValueError(f"{url} must be https")
