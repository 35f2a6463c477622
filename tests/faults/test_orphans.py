"""A killed server leaves no process behind that still answers on its port."""

from __future__ import annotations

import signal
import time

import urllib3


def test_children_end_with_a_server_that_was_killed(own_provider):
    provider = own_provider()
    assert provider.process is not None
    provider.process.send_signal(signal.SIGKILL)
    provider.process.wait(5)

    deadline = time.monotonic() + 15
    answering = True
    while answering and time.monotonic() < deadline:
        time.sleep(0.3)
        try:
            urllib3.request("GET", f"http://{provider.address}/healthz", timeout=1, retries=False)
        except urllib3.exceptions.HTTPError:
            answering = False

    assert not answering
