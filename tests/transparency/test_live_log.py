"""A log that grows while it is verified is intact (P4)."""

from __future__ import annotations

import threading


def test_verification_beside_a_busy_sealer_finds_nothing_wrong(either_town):
    provider = either_town.provider
    siti, a = either_town.person(totp=False), either_town.client("a")
    either_town.build()
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            a.sign_in(either_town.browser(), siti)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        verdicts = [provider.run("audit", "verify") for _ in range(6)]
    finally:
        stop.set()
        thread.join()
    assert all(verdict.startswith("Intact") for verdict in verdicts)
