"""The worker: delivers what the outbox holds, seals the audit log, and does what falls due.

Two workers never do the same job at the same time: jobs are leased, sealing takes a lock, the rest is idempotent.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

import idp.domain.tables  # noqa: F401 -- every table must be known
from idp.adapters.outbound import Outbound
from idp.domain.actors import SYSTEM
from idp.domain.authorizations import access_tokens, codes, families
from idp.domain.clients import integration_log
from idp.domain.lifecycle import batches
from idp.domain.runtime import keys, outbox, replay, throttle, upkeep
from idp.domain.sessions import interactions
from idp.domain.transparency import log as audit_log
from idp.domain.transparency import verify as verification
from idp.domain.work import Vault, Work, open_vault
from idp.kernel import failpoints
from idp.kernel.clock import Clock
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.settings import Settings
from idp.kernel.settings import failpoints as failpoint_settings
from idp.oidc.logout import backchannel
from idp.web.catalogue import Catalogue

IDLE_SECONDS = 0.2
SEAL_EVERY = timedelta(seconds=1)
PARALLEL, PARALLEL_PER_LANE, IMPORT_ROWS = 32, 4, 200
VERIFY_EVERY = timedelta(hours=24)
log = structlog.get_logger("gapura.worker")


@dataclass
class Worker:
    """One process' worth of jobs."""

    settings: Settings
    engine: Engine
    vault: Vault
    clock: Clock
    catalogue: Catalogue
    fetch: Outbound
    stop: threading.Event
    due: dict[str, datetime] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    busy_lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def work(self) -> Iterator[Work]:
        """One transaction of the system itself."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield Work(session, SYSTEM, self.clock.now(), self.vault, self.settings)

    def turn(self, pool: ThreadPoolExecutor) -> bool:
        """Do what is due; whether there was anything to do."""
        self._schedule(pool)
        jobs = self._lease()
        for job in jobs:
            pool.submit(self._do, job)
        return bool(jobs)

    def _lease(self) -> list[outbox.Job]:
        """Due jobs of lanes that are not full, as many as can start now; a slow application delays only itself."""
        with self.busy_lock:
            room = PARALLEL - self.busy.total()
        if room <= 0:
            return []
        with self.work() as work:
            free = []
            for job in outbox.lease(work.session, work.now, room):
                with self.busy_lock:
                    if self.busy[job.lane] >= PARALLEL_PER_LANE:
                        outbox.put_back(work.session, job, work.now)
                        continue
                    self.busy[job.lane] += 1
                free.append(job)
            return free

    def _do(self, job: outbox.Job) -> None:
        try:
            if job.kind == batches.HANDLER_KIND:
                self._import(job)
            else:
                self._deliver(job)
        except Exception:
            # Whatever it was, the lease ends and the job is tried again.
            log.exception("job_failed", job=job.id, kind=job.kind)
        finally:
            with self.busy_lock:
                self.busy[job.lane] -= 1

    def _deliver(self, job: outbox.Job) -> None:
        """Prepare in one short transaction, send outside of any, mark in another (at least once)."""
        with self.work() as work:
            prepared = backchannel.prepare(work, self.catalogue, job.payload)
        failure = None
        if prepared is not None:
            try:
                backchannel.deliver(self.fetch, *prepared)
            except backchannel.NotDelivered as error:
                failure = str(error)
        failpoints.hit("outbox.after_send_before_mark")
        with self.work() as work:
            self._mark(work, job, failure, sent=prepared is not None)

    def _mark(self, work: Work, job: outbox.Job, failure: str | None, *, sent: bool) -> None:
        if failure is None:
            outbox.finish(work.session, job.id, work.now)
            if sent:
                backchannel.record(work, job.payload, None, final=True)
            return
        alive = outbox.retry(work.session, job, work.now, failure)
        if job.attempts == 1 or not alive:
            backchannel.record(work, job.payload, failure, final=not alive)

    def _import(self, job: outbox.Job) -> None:
        """HR files are applied in short transactions, so that everything else goes on; a restart goes on with it."""
        try:
            more = True
            while more and not self.stop.is_set():
                with self.work() as work:
                    more = batches.apply_next(work, job.payload["run_id"], IMPORT_ROWS)
                    outbox.extend(work.session, job.id, work.now)
            with self.work() as work:
                if more:
                    outbox.put_back(work.session, job, work.now)
                else:
                    outbox.finish(work.session, job.id, work.now)
        except Exception as error:
            log.exception("import_failed", job=job.id)
            with self.work() as work:
                outbox.retry(work.session, job, work.now, type(error).__name__)

    def _schedule(self, pool: ThreadPoolExecutor) -> None:
        now = self.clock.now()
        for name, (every, task) in SCHEDULE.items():
            planned = self.due.get(name, now)
            # A clock that went back must not silence a task until it has caught up.
            if now < planned <= now + every:
                continue
            self.due[name] = now + every
            if name in LONG_TASKS:
                pool.submit(self._run_task, name, task)
            else:
                self._run_task(name, task)

    def _run_task(self, name: str, task: Callable[[Work], Any]) -> None:
        try:
            with self.work() as work:
                task(work)
        except Exception:
            log.exception("scheduled_task_failed", task=name)


def _beat(work: Work) -> None:
    upkeep.beat(work.session, "worker", work.now)


def _sweep(work: Work) -> None:
    counts = {
        "interactions": interactions.sweep(work),
        "counters": throttle.sweep(work, timedelta(hours=25)),
        "replays": replay.sweep(work),
        "codes": codes.sweep(work),
        "families": families.sweep(work),
        "access_tokens": access_tokens.sweep(work),
        "import_rows": batches.sweep(work),
    }
    integration_log.sweep(work.session, work.now)
    if any(counts.values()):
        log.info("swept", **counts)


def _keys(work: Work) -> None:
    """Destroy retired keys whose time has come; keep one prepared before the signing one is 90 days old."""
    for key in keys.listed(work.session):
        until = keys.retire_at(key, work)
        if key.state == keys.KeyState.RETIRED and until is not None and work.now >= until:
            keys.destroy(work, key.kid)
    keys.rotate_when_due(work)


def _checkpoint_wal(work: Work) -> None:
    if work.session.get_bind().dialect.name == "sqlite":
        work.session.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))


def _verify(work: Work) -> None:
    """Once a day for whoever watches; two workers do not do it twice."""
    last = verification.last_verdict(work.session)
    if last is not None and work.now - last.at < VERIFY_EVERY:
        return
    verdict = verification.verify(work)
    verification.remember(work, verdict)
    if verdict.broken is not None:
        log.error("audit_log_broken", position=verdict.broken.position, reason=verdict.broken.reason)


SCHEDULE: dict[str, tuple[timedelta, Callable[[Work], Any]]] = {
    "beat": (timedelta(seconds=5), _beat),
    "seal": (SEAL_EVERY, audit_log.seal),
    "keys": (timedelta(seconds=30), _keys),
    "sweep": (timedelta(minutes=10), _sweep),
    "wal": (timedelta(minutes=1), _checkpoint_wal),
    "verify": (timedelta(hours=1), _verify),
}
LONG_TASKS = frozenset({"sweep", "verify"})


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set (or SIGTERM, in a process of its own)."""
    if settings.is_rehearsal:
        failpoints.arm(failpoint_settings())
    engine = create_engine(settings.database.url, **engine_options(settings.database))
    prepare_engine(engine)
    vault = open_vault(settings)
    worker = Worker(
        settings,
        engine,
        vault,
        Clock(settings.test.clock_offset_file),
        Catalogue(vault.sealer),
        Outbound(settings),
        stop,
    )
    log.info("worker_started")
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="deliver") as pool:
        while not stop.is_set():
            try:
                had_work = worker.turn(pool)
            except Exception:
                log.exception("turn_failed")
                had_work = False
            if not had_work:
                stop.wait(IDLE_SECONDS)
    engine.dispose()
    log.info("worker_stopped")


def run_until_signal(settings: Settings) -> None:
    """As `run`, ended by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(settings, stop)
