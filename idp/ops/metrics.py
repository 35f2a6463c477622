"""Metrics in Prometheus' text form, on a listener of their own (HARNESS.md §4).

Counters live in the processes that count and are added up through files; what the database knows is read at
scrape time, by one process.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from idp.domain.accounts.accounts import Account
from idp.domain.audit.rows import AuditEvent
from idp.domain.runtime import keys, outbox, upkeep
from idp.domain.sessions.sso import SsoSession
from idp.domain.transparency import log as audit_log
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.settings import Settings, environment_value

log = structlog.get_logger("gapura.metrics")
FILES = "PROMETHEUS_MULTIPROC_DIR"


def start(settings: Settings) -> None:
    """Listen on `metrics.bind`, if it is set, in a thread of this process."""
    if not settings.metrics.bind:
        return
    host, _, port = settings.metrics.bind.rpartition(":")
    registry = CollectorRegistry()
    if environment_value(FILES):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Local())
    registry.register(Stored(settings))
    start_http_server(int(port), host.strip("[]"), registry)


class _Local(Collector):
    """Counters of this very process."""

    def collect(self) -> Iterator[Metric]:
        return iter(REGISTRY.collect())

    def describe(self) -> Iterator[Metric]:
        return iter(())


class Stored(Collector):
    """What the database knows, read anew at each scrape; `gapura_database_up` says whether it could be."""

    def __init__(self, settings: Settings) -> None:
        options = engine_options(settings.database)
        if not settings.database.url.startswith("sqlite"):
            options |= {"pool_size": 1, "max_overflow": 0, "pool_pre_ping": True}
        self._engine: Engine = create_engine(settings.database.url, **options)
        prepare_engine(self._engine)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("gapura_build_info", "1, with the version", labels=["version"])
        info.add_metric([importlib.metadata.version("gapura")], 1)
        yield info
        up = GaugeMetricFamily("gapura_database_up", "Whether the database answered this scrape")
        try:
            with Session(self._engine) as session:
                metrics = [
                    *_audit(session),
                    *_outbox(session),
                    *_keys(session),
                    *_people(session),
                    *_beats(session),
                ]
        except SQLAlchemyError as error:
            log.warning("scrape_without_database", error=type(error).__name__)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from metrics


def _audit(session: Session) -> Iterator[Metric]:
    waiting = session.scalar(
        select(func.count()).select_from(AuditEvent).where(AuditEvent.leaf_index.is_(None))
    )
    # The sealed ones are counted by their tree, which costs nothing however old the log is.
    total = audit_log.size(session) + (waiting or 0)
    yield CounterMetricFamily("gapura_audit_events", "Events recorded", value=total)
    yield GaugeMetricFamily("gapura_audit_unsealed", "Events that wait to be sealed", value=waiting or 0)
    newest = audit_log.newest_checkpoint(session)
    yield GaugeMetricFamily(
        "gapura_audit_checkpoint_size",
        "Events under the newest checkpoint",
        value=newest.size if newest else 0,
    )


def _outbox(session: Session) -> Iterator[Metric]:
    family = GaugeMetricFamily("gapura_jobs", "Jobs after commit", labels=["state"])
    for state, number in outbox.counts(session).items():
        family.add_metric([state], number)
    yield family
    oldest = session.scalar(
        select(func.min(outbox.Job.created_at)).where(
            outbox.Job.done_at.is_(None), outbox.Job.dead_at.is_(None)
        )
    )
    age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        "gapura_jobs_oldest_seconds", "Age of the oldest job not done", value=max(age, 0.0)
    )


def _keys(session: Session) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "gapura_key_age_seconds", "Age of the newest key of a state", labels=["algorithm", "state"]
    )
    seen = set()
    for key in keys.listed(session):
        place = (key.algorithm, key.state)
        if key.state in keys.IN_JWKS and place not in seen:
            seen.add(place)
            since = key.activated_at if key.state == keys.KeyState.SIGNING else key.created_at
            family.add_metric(list(place), (datetime.now(UTC) - (since or key.created_at)).total_seconds())
    yield family


def _people(session: Session) -> Iterator[Metric]:
    accounts = GaugeMetricFamily("gapura_accounts", "Accounts", labels=["state"])
    for state, number in session.execute(select(Account.state, func.count()).group_by(Account.state)):
        accounts.add_metric([state], number)
    yield accounts
    alive = select(func.count()).select_from(SsoSession).where(
        SsoSession.ended_at.is_(None), SsoSession.absolute_until > datetime.now(UTC)
    )  # fmt: skip
    yield GaugeMetricFamily("gapura_sessions_active", "Sessions not ended", value=session.scalar(alive) or 0)


def _beats(session: Session) -> Iterator[Metric]:
    for name, metric, text in (
        ("worker", "gapura_worker_last_seen_timestamp_seconds", "When the worker was last seen"),
        ("backup", "gapura_backup_last_success_timestamp_seconds", "When the last backup was made"),
        ("audit_verified", "gapura_audit_verified_timestamp_seconds", "When the audit log was last verified"),
    ):
        beat = upkeep.last(session, name)
        if beat is not None:
            yield GaugeMetricFamily(metric, text, value=beat.at.timestamp())
        if name == "audit_verified":
            intact = beat is None or bool(beat.detail.get("intact"))
            yield GaugeMetricFamily(
                "gapura_audit_log_ok", "0 when the log was found broken", value=int(intact)
            )
