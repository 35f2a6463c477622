"""A small issuer on this machine whose keys, answers and tokens a test decides, and a clock that it moves."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, Key, RSAKey

import clients  # noqa: F401 - puts the kit on the path

AUDIENCE = "https://api.test"
CLIENT_ID = "perizinan"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Clock:
    """Seconds since 1970, moved by the test."""

    offset: float = 0

    def __call__(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds


@dataclass
class LocalIssuer:
    """``documents`` maps a path to (status, headers, body); ``asked`` lists the paths in order."""

    url: str
    clock: Clock
    keys: list[Key] = field(default_factory=list)
    documents: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def publish(self, *keys: Key) -> None:
        self.keys = list(keys)
        published = [{**key.as_dict(private=False), "use": "sig"} for key in keys]
        self.answer("/jwks.json", {"keys": published})
        self.answer(
            "/.well-known/openid-configuration", {"issuer": self.url, "jwks_uri": f"{self.url}/jwks.json"}
        )

    def answer(
        self, path: str, body: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.documents[path] = (status, headers or {}, text)

    def go_away(self) -> None:
        for path in list(self.documents):
            self.answer(path, {}, status=503)

    def access_claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.clock())
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "s-1", "client_id": CLIENT_ID, "jti": "t-1",
            "iat": now, "exp": now + 600, "scope": "permits:read", "roles": ["verifikator"],
            "acr": "urn:acr:2", "auth_time": now - 5, "sid": "sid-1",
        }  # fmt: skip
        return _changed(claims, changes)

    def logout_claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.clock())
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "sub": "s-1", "sid": "sid-1", "jti": "l-1",
            "iat": now, "exp": now + 120, "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        return _changed(claims, changes)

    def access_token(
        self, header: dict[str, Any] | None = None, key: Key | None = None, **changes: Any
    ) -> str:
        return self.sign(self.access_claims(**changes), {"typ": "at+jwt", **(header or {})}, key)

    def logout_token(
        self, header: dict[str, Any] | None = None, key: Key | None = None, **changes: Any
    ) -> str:
        return self.sign(self.logout_claims(**changes), {"typ": "logout+jwt", **(header or {})}, key)

    def sign(self, claims: dict[str, Any], header: dict[str, Any], key: Key | None = None) -> str:
        """Sign whatever header and claims the test wants, however wrong they are."""
        key = key or self.keys[0]
        full = {"alg": "RS256" if key.key_type == "RSA" else "ES256", "kid": key.kid, **header}
        signed = f"{_encoded(json.dumps(full).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{_encoded(_signature(key, full['alg'], signed.encode()))}"


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _signature(key: Key, alg: str, content: bytes) -> bytes:
    if isinstance(key, ECKey):
        r, s = decode_dss_signature(key.private_key.sign(content, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if alg == "PS256" else padding.PKCS1v15()
    return key.private_key.sign(content, scheme, hashes.SHA256())


def _changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**claims, **changes}
    return {name: value for name, value in merged.items() if value is not ...}


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-1"})


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(rsa_key: RSAKey, clock: Clock) -> Iterator[LocalIssuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            local.asked.append(self.path)
            status, headers, body = local.documents.get(self.path, (404, {}, b"{}"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    local = LocalIssuer(f"http://127.0.0.1:{server.server_port}", clock)
    local.publish(rsa_key)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield local
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def access_tokens(issuer: LocalIssuer, clock: Clock) -> Any:
    from gapura_kit import AccessTokens

    return AccessTokens(issuer.url, AUDIENCE, clock=clock)


@pytest.fixture
def logout_tokens(issuer: LocalIssuer, clock: Clock) -> Any:
    from gapura_kit import LogoutTokens

    return LogoutTokens(issuer.url, CLIENT_ID, clock=clock)
