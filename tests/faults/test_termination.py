"""SIGTERM while busy: what was accepted is answered, the exit code is 0 (F-42)."""

from __future__ import annotations

import signal
import socket
import threading
import time

from tests.provider import Provider


class Caller(threading.Thread):
    """One request after the other on new connections; `broken` are those that were accepted and not answered."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(daemon=True)
        self.host, port = provider.address.split(":")
        self.port = int(port)
        self.name_sent = provider.issuer.split("://")[1]
        self.answered = self.refused = 0
        self.broken: list[str] = []

    def run(self) -> None:
        request = f"GET /masuk HTTP/1.1\r\nHost: {self.name_sent}\r\nConnection: close\r\n\r\n".encode()
        while not self.refused:
            try:
                connection = socket.create_connection((self.host, self.port), timeout=10)
            except ConnectionError:
                self.refused += 1
                return
            with connection:
                try:
                    connection.sendall(request)
                    answer = b""
                    while data := connection.recv(65536):
                        answer += data
                except OSError as error:
                    self.broken.append(type(error).__name__)
                    continue
            if answer.startswith(b"HTTP/1.1 "):
                self.answered += 1
            else:
                self.broken.append(f"{len(answer)} bytes")


class TestABusyProvider:
    def test_drains_and_ends_with_code_0(self, own_provider):
        provider = own_provider()
        callers = [Caller(provider) for _ in range(4)]
        for caller in callers:
            caller.start()
        time.sleep(1.5)
        began = time.monotonic()
        assert provider.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 15
        for caller in callers:
            caller.join(5)
        assert sum(caller.answered for caller in callers) > 20
        # A connection that waited in the listen queue may be reset; one that was being served may not.
        assert sum(len(caller.broken) for caller in callers) <= len(callers)
