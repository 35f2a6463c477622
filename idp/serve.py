"""The server: granian with our settings, one process per worker, drains on SIGTERM; metrics on a second listener."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from idp import worker
from idp.kernel import orphans
from idp.kernel.logs import configure
from idp.kernel.settings import Settings, set_environment_value
from idp.ops import metrics

SERVED = "GAPURA_SERVED"
"""Tells idp.wsgi that it runs in a child of this server."""


def serve(
    settings: Settings, config: Path, *, bind: str | None, workers: int | None, with_worker: bool
) -> None:
    """Serve until SIGTERM or SIGINT; requests that were accepted are answered before the process ends."""
    host, _, port = (bind or settings.server.bind).rpartition(":")
    set_environment_value("GAPURA_CONFIG", str(config.resolve()))
    set_environment_value(SERVED, "1")
    # Fresh processes: no inherited database connection, and counters that know their directory from the start.
    multiprocessing.set_start_method("spawn", force=True)
    series = tempfile.TemporaryDirectory(prefix="gapura-metrics-") if settings.metrics.bind else None
    if series is not None:
        set_environment_value(metrics.FILES, series.name)
        metrics.start(settings)
    helper = _worker_process(settings) if with_worker else None
    server = Granian(
        "idp.wsgi:application",
        address=host.strip("[]"),
        port=int(port),
        interface=Interfaces.WSGI,
        workers=workers or settings.server.workers,
        blocking_threads=settings.server.threads,
        workers_kill_timeout=10,
        respawn_failed_workers=True,
        log_access=False,
        log_level=LogLevels.warning,
        backlog=1024,
        websockets=False,
    )
    try:
        server.serve()
    finally:
        if helper is not None:
            helper.terminate()
            helper.join(10)
        if series is not None:
            series.cleanup()


def _worker_process(settings: Settings) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(settings,), daemon=True)
    process.start()
    return process


def _work(settings: Settings) -> None:
    orphans.end_with_parent()
    configure(settings.log.level)
    worker.run_until_signal(settings)
