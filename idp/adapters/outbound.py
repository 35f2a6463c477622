"""The only way out (decision 14, R-102): https to registered addresses, resolved and checked at connect time.

The connection goes to the very address that was checked, without redirects, bounded in time and size.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from urllib.parse import urlencode, urlsplit

import urllib3
from prometheus_client import Counter

from idp.kernel.ports import Answer, OutboundFailed, OutboundRefused
from idp.kernel.settings import Settings

REQUESTS = Counter("gapura_outbound_requests_total", "Requests to other servers", ["result"])
PORTS = frozenset({80, 443})


class Outbound:
    """Fetch of kernel.ports."""

    def __init__(self, settings: Settings) -> None:
        self._outbound = settings.outbound
        self._allow = [ipaddress.ip_network(entry, strict=False) for entry in settings.outbound.allow]
        self._rehearsal = settings.is_rehearsal
        self._tls = ssl.create_default_context(
            cafile=str(settings.outbound.ca_file) if settings.outbound.ca_file else None
        )

    def get(self, url: str) -> Answer:
        return self._send("GET", url, None)

    def post_form(self, url: str, fields: dict[str, str]) -> Answer:
        return self._send("POST", url, urlencode(fields).encode())

    def check(self, url: str) -> None:
        """Scheme, port and, when the host is an address or resolves, the network. Raises OutboundRefused."""
        host, port, _ = self._parts(url)
        try:
            self._addresses(host, port)
        except OutboundFailed:
            return

    def _send(self, method: str, url: str, body: bytes | None) -> Answer:
        try:
            answer = self._attempt(method, url, body)
        except OutboundRefused:
            REQUESTS.labels("refused").inc()
            raise
        except OutboundFailed:
            REQUESTS.labels("failed").inc()
            raise
        REQUESTS.labels("answered").inc()
        return answer

    def _attempt(self, method: str, url: str, body: bytes | None) -> Answer:
        host, port, https = self._parts(url)
        address, connect_port = self._addresses(host, port)[0]
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, "User-Agent": "gapura", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        limit = self._outbound.timeout_seconds
        deadline = time.monotonic() + limit
        timeout = urllib3.Timeout(connect=min(2.0, limit), read=limit)
        pool: urllib3.HTTPConnectionPool
        if https:
            pool = urllib3.HTTPSConnectionPool(
                address,
                connect_port,
                ssl_context=self._tls,
                server_hostname=host,
                assert_hostname=host,
                timeout=timeout,
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, connect_port, timeout=timeout)
        try:
            response = pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            return Answer(
                response.status, response.headers.get("Content-Type", ""), self._read(response, deadline)
            )
        except urllib3.exceptions.HTTPError as error:
            raise OutboundFailed(type(error).__name__) from error
        finally:
            pool.close()

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        received = b""
        try:
            while chunk := response.read1(16_384):
                received += chunk
                if len(received) > self._outbound.max_bytes:
                    raise OutboundFailed("answer too large")
                if time.monotonic() > deadline:
                    raise OutboundFailed("answer too slow")
        finally:
            response.close()
        return received

    def _parts(self, url: str) -> tuple[str, int, bool]:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise OutboundRefused("malformed address") from error
        host = parts.hostname
        mapped = host is not None and self._mapped(parts.netloc, host) is not None
        if host is None or parts.scheme not in ("https", "http") or "@" in parts.netloc:
            raise OutboundRefused("scheme or host")
        if parts.scheme == "http" and not self._rehearsal:
            raise OutboundRefused("http")
        port = port or (443 if parts.scheme == "https" else 80)
        if port not in PORTS and not mapped and not self._rehearsal:
            raise OutboundRefused("port")
        return host, port, parts.scheme == "https"

    def _mapped(self, netloc: str, host: str) -> str | None:
        return self._outbound.resolve.get(netloc) or self._outbound.resolve.get(host)

    def _addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """Checked addresses of the host. Raises OutboundRefused if any of them may not be reached."""
        mapped = self._mapped(f"{host}:{port}", host)
        if mapped is not None:
            name, _, text = mapped.rpartition(":")
            host, port = name.strip("[]"), int(text)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed("host does not resolve") from error
        addresses = [(str(entry[4][0]), port) for entry in found]
        for address, _ in addresses:
            self._check_address(address)
        return addresses

    def _check_address(self, text: str) -> None:
        address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allow):
            return
        if not address.is_global or address.is_multicast:
            raise OutboundRefused("private or reserved network")
