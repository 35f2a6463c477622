"""The request gate: what must be true of a request before any framework code sees it (SECURITY.md §4.11).

Host, scheme, sizes, methods and the parameters of protocol endpoints. A door hands in its rows; JWKS and discovery
are answered here from ready bytes.
"""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote_plus

import structlog

from idp.kernel.settings import Settings

MAX_BODY, MAX_QUERY, MAX_FIELDS = 65_536, 32_768, 100
MAX_COOKIES = 8_192
UPLOAD_BODY = 21 * 1024 * 1024
HEALTH = frozenset({"/healthz", "/readyz"})
FORM = "application/x-www-form-urlencoded"

StartResponse = Callable[..., Any]
log = structlog.get_logger("gapura.request")


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint: methods, where parameters are read from, and each parameter's greatest length."""

    methods: frozenset[str]
    caps: Mapping[str, int]
    cors: bool = False


@dataclass(slots=True)
class Parameters:
    """Parameters of a protocol request. Empty values count as absent (RFC 6749 §3.1).

    `repeated`, `too_long` and `malformed` name what was wrong; the door answers in its own form.
    """

    values: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    too_long: set[str] = field(default_factory=set)
    malformed: set[str] = field(default_factory=set)
    body_malformed: bool = False

    def get(self, name: str) -> str | None:
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Ready:
    """A response whose bytes are ready before the request comes."""

    body: bytes
    content_type: str
    etag: str
    max_age: int


class Gate:
    """WSGI middleware; `rows` by path, `ready` gives ready bytes by path or None."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        settings: Settings,
        rows: Mapping[str, Row],
        ready: Callable[[str], Ready | None],
        uploads: str,
    ) -> None:
        self._app = app
        self._https = settings.is_https
        self._host = settings.issuer_host
        self._rows = rows
        self._ready = ready
        self._uploads = uploads
        self._trusted = [
            ipaddress.ip_network(entry, strict=False) for entry in settings.server.trusted_proxies
        ]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        environ["gapura.request_id"] = request_id = secrets.token_hex(8)
        https = self._resolve_peer(environ)
        if path in HEALTH:
            return self._app(environ, start_response)
        if environ.get("HTTP_HOST", "").lower() != self._host:
            return _plain(start_response, "400 Bad Request", "unknown host", request_id)
        row = self._rows.get(path)
        if self._https and not https:
            if row is not None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                return _plain(start_response, "400 Bad Request", "https is required", request_id)
            return self._to_https(environ, start_response)
        ready = self._ready(path)
        if ready is not None:
            return _serve_ready(environ, start_response, ready)
        refusal = self._refusal(environ, path, row)
        if refusal is not None:
            return _plain(start_response, refusal[0], refusal[1], request_id, refusal[2])
        if row is not None:
            environ["gapura.parameters"] = _read(environ, row)
        return self._logged(environ, start_response, path, request_id)

    def _logged(
        self, environ: dict[str, Any], start_response: StartResponse, path: str, request_id: str
    ) -> Iterable[bytes]:
        started = time.perf_counter()
        status_line = ["500"]

        def started_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            status_line[0] = status
            headers.append(("X-Request-Id", request_id))
            return start_response(status, headers, exc_info)

        result = self._app(environ, started_response)
        log.info(
            "request",
            request_id=request_id,
            method=environ["REQUEST_METHOD"],
            path=path[:256],
            status=int(status_line[0][:3]),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )
        return result

    def _resolve_peer(self, environ: dict[str, Any]) -> bool:
        """The true peer's address; whether the browser came by https. Forwarded headers count only from listed
        proxies, and from the right (R-101)."""
        peer = environ.get("REMOTE_ADDR", "")
        scheme = environ.get("wsgi.url_scheme", "http")
        if self._is_trusted(peer):
            for hop in reversed(
                [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            ):
                if not hop:
                    break
                peer = hop if _is_address(hop) else peer
                if not self._is_trusted(peer):
                    break
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", scheme).rsplit(",", 1)[-1].strip().lower()
        environ["gapura.address"] = peer
        environ["wsgi.url_scheme"] = scheme if scheme in ("http", "https") else "http"
        return bool(scheme == "https")

    def _is_trusted(self, address: str) -> bool:
        if not self._trusted or not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._trusted)

    def _to_https(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        target = f"https://{self._host}{environ.get('SCRIPT_NAME', '')}/"
        start_response("308 Permanent Redirect", [("Location", target), ("Content-Length", "0")])
        return [b""]

    def _refusal(
        self, environ: dict[str, Any], path: str, row: Row | None
    ) -> tuple[str, str, list[tuple[str, str]]] | None:
        method = environ["REQUEST_METHOD"]
        if row is not None and method not in row.methods and not (method == "OPTIONS" and row.cors):
            return "405 Method Not Allowed", "method not allowed", [("Allow", ", ".join(sorted(row.methods)))]
        if len(environ.get("QUERY_STRING", "")) > MAX_QUERY:
            return "414 URI Too Long", "address too long", []
        if (
            len(environ.get("HTTP_COOKIE", "")) > MAX_COOKIES
            or len(environ.get("HTTP_AUTHORIZATION", "")) > MAX_QUERY
        ):
            return "431 Request Header Fields Too Large", "headers too large", []
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return "400 Bad Request", "bad length", []
        cap = UPLOAD_BODY if path.startswith(self._uploads) else MAX_BODY
        if length > cap or length < 0:
            return "413 Content Too Large", "body too large", [("Connection", "close")]
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return "411 Length Required", "length required", [("Connection", "close")]
        return None


def _read(environ: dict[str, Any], row: Row) -> Parameters:
    if environ["REQUEST_METHOD"] == "POST":
        kind = environ.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(raw)
        if kind != FORM:
            return Parameters(body_malformed=bool(raw))
        try:
            text = raw.decode("ascii")
        except UnicodeDecodeError:
            return Parameters(body_malformed=True)
    else:
        text = environ.get("QUERY_STRING", "")
    return parse(text, row.caps)


def parse(text: str, caps: Mapping[str, int]) -> Parameters:
    """Read an urlencoded text by a row's caps. Unknown names are ignored, except when repeated beyond MAX_FIELDS."""
    parameters = Parameters()
    pieces = text.split("&") if text else []
    if len(pieces) > MAX_FIELDS:
        parameters.body_malformed = True
        return parameters
    seen: set[str] = set()
    for piece in pieces:
        raw_name, _, raw_value = piece.partition("=")
        name = unquote_plus(raw_name, errors="replace")
        if name not in caps:
            continue
        if name in seen:
            parameters.repeated.add(name)
            continue
        seen.add(name)
        if len(raw_value) > caps[name] * 3 + 16:
            parameters.too_long.add(name)
            continue
        value = unquote_plus(raw_value, errors="surrogateescape")
        if len(value) > caps[name]:
            parameters.too_long.add(name)
        elif "\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            parameters.malformed.add(name)
        elif value:
            parameters.values[name] = value
    return parameters


def _serve_ready(environ: dict[str, Any], start_response: StartResponse, ready: Ready) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return _plain(
            start_response, "405 Method Not Allowed", "method not allowed", "-", [("Allow", "GET, HEAD")]
        )
    headers = [
        ("Content-Type", ready.content_type),
        ("Cache-Control", f"public, max-age={ready.max_age}"),
        ("ETag", ready.etag),
        ("Access-Control-Allow-Origin", "*"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ]
    if environ.get("HTTP_IF_NONE_MATCH") == ready.etag:
        start_response("304 Not Modified", headers)
        return [b""]
    start_response("200 OK", [*headers, ("Content-Length", str(len(ready.body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else ready.body]


def _plain(
    start_response: StartResponse,
    status: str,
    text: str,
    request_id: str,
    extra: list[tuple[str, str]] | None = None,
) -> Iterable[bytes]:
    body = f'{{"error":"invalid_request","error_description":"{text}","request_id":"{request_id}"}}'.encode()
    start_response(
        status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Request-Id", request_id),
            *(extra or []),
        ],
    )
    return [body]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
