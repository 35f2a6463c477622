"""The worker (being built)."""

from __future__ import annotations

import threading

from idp.kernel.settings import Settings


def run(settings: Settings, stop: threading.Event) -> None:
    stop.wait()
