"""Lines of the integration log, written beside the request that they are about.

Waiting for the write would tell strangers which clients exist (R-44), and losing a line loses no truth.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from idp.domain.clients import integration_log

MAX_WAITING = 1000
MAX_BATCH = 100
log = structlog.get_logger("gapura.refusals")


class RefusalWriter:
    """One thread per process, started with the first line."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, engine: Engine, line: dict[str, Any]) -> None:
        """Hand over a line; dropped when too many wait."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            log.warning("integration_log_full")
            return
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, args=(engine,), daemon=True)
                    self._thread.start()

    def _run(self, engine: Engine) -> None:
        while True:
            lines = [self._waiting.get()]
            while len(lines) < MAX_BATCH and not self._waiting.empty():
                lines.append(self._waiting.get_nowait())
            try:
                with Session(engine) as session, session.begin():
                    for line in lines:
                        integration_log.write(session, **line)
            except Exception as error:
                log.warning("integration_log_lost", lines=len(lines), error=type(error).__name__)
