"""Is it well? One list of checks for /readyz, the console and `gapura doctor`; each says how to mend what it finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from idp.checks import schema
from idp.domain.audit.rows import AuditEvent
from idp.domain.runtime import keys, outbox, upkeep
from idp.domain.transparency import verify as verification
from idp.domain.work import Work
from idp.kernel import jose
from idp.kernel.sealed import Unreadable

WORKER_SILENT = timedelta(seconds=30)
SEALING_LATE = timedelta(minutes=1)
DELIVERY_LATE = timedelta(minutes=1)
BACKUP_LATE = timedelta(hours=26)
VERIFICATION_LATE = timedelta(hours=48)
CLOCKS_APART = timedelta(seconds=5)
CLOCK_BEHIND_AUDIT = timedelta(minutes=5)
DISK_FREE_BYTES = 512 * 1024 * 1024


class State(StrEnum):
    """`warning` asks for attention; only `failed` means that something does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, as one short sentence, and what to do about it."""

    name: str
    state: State
    fact: str
    mend: str | None = None


Answer = tuple[State, str, str | None]
Check = Callable[[Work], Answer]


def examine(work: Work, checks: Iterable[str] | None = None) -> list[Finding]:
    """Run the checks named (None: all) in their order; without a database the others cannot be run."""
    findings = []
    for name in CHECKS if checks is None else checks:
        try:
            state, fact, mend = CHECKS[name](work)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            if name != "database":
                findings.append(
                    Finding(name, State.FAILED, f"cannot be read: {reason}", "run `gapura migrate`")
                )
                work.session.rollback()
                continue
            mend = "start the database, or correct database.url"
            findings.append(Finding(name, State.FAILED, reason, mend))
            break
        findings.append(Finding(name, state, fact, mend))
    return findings


def worst(findings: Iterable[Finding]) -> State:
    """The gravest state among them."""
    states = {finding.state for finding in findings}
    return next((state for state in (State.FAILED, State.WARNING) if state in states), State.OK)


def _database(work: Work) -> Answer:
    work.session.execute(text("SELECT 1"))
    return State.OK, f"{work.session.get_bind().dialect.name} answers", None


def _schema(work: Work) -> Answer:
    revision = schema.current(work.session)
    if schema.is_usable(revision):
        return State.OK, f"revision {revision}", None
    fact = f"revision {revision}, needed {schema.EXPECTED}" if revision else "there is none"
    return State.FAILED, fact, "run `gapura migrate`"


def _keys(work: Work) -> Answer:
    signing = {key.algorithm: key for key in keys.listed(work.session) if key.state == keys.KeyState.SIGNING}
    missing = [algorithm for algorithm in jose.ALGORITHMS if algorithm not in signing]
    if missing:
        return (
            State.FAILED,
            f"no key signs {', '.join(missing)}",
            "run `gapura init` again; it makes what is missing",
        )
    oldest = min(key.activated_at or key.created_at for key in signing.values())
    age = work.now - oldest
    if age > keys.ROTATE_EVERY + timedelta(days=7):
        return (
            State.WARNING,
            f"a key signs since {age.days} days",
            "is the worker running? it rotates every 90 days",
        )
    return State.OK, f"{len(signing)} keys sign, the oldest since {age.days} days", None


def _vault(work: Work) -> Answer:
    """The key encryption key opens what it sealed."""
    for key in keys.listed(work.session):
        if key.private is not None:
            try:
                keys.open_private(key, work.vault.sealer)
            except Unreadable:
                mend = "restore the file `kek` that belongs to this database"
                return State.FAILED, f"the key encryption key does not open {key.kid}", mend
    return State.OK, "the key encryption key opens every signing key", None


def _worker(work: Work) -> Answer:
    beat = upkeep.last(work.session, "worker")
    if beat is None:
        return State.FAILED, "was never seen", "start `gapura worker`, or serve with --with-worker"
    silent = work.now - beat.at
    if silent > WORKER_SILENT:
        return (
            State.FAILED,
            f"silent for {_span(silent)}",
            "start `gapura worker`, or serve with --with-worker",
        )
    return State.OK, f"seen {_span(silent)} ago", None


def _deliveries(work: Work) -> Answer:
    counted = outbox.counts(work.session)
    if counted["dead"]:
        mend = "see which applications did not confirm a sign-out: `gapura audit search --name backchannel_logout_failed`"
        return State.WARNING, f"{counted['dead']} were given up after 24 hours", mend
    late = select(func.count()).where(
        outbox.Job.done_at.is_(None), outbox.Job.attempts == 0, outbox.Job.due_at < work.now - DELIVERY_LATE
    )
    if work.session.scalar(late):
        return (
            State.WARNING,
            f"{counted['waiting']} wait, some for more than a minute",
            "is the worker running?",
        )
    return State.OK, f"{counted['waiting']} wait", None


def _sealing(work: Work) -> Answer:
    first = work.session.scalar(select(func.min(AuditEvent.at)).where(AuditEvent.leaf_index.is_(None)))
    if first is not None and work.now - first > SEALING_LATE:
        return State.WARNING, f"events wait for {_span(work.now - first)}", "is the worker running?"
    return State.OK, "no event waits for long", None


def _verification(work: Work) -> Answer:
    last = verification.last_verdict(work.session)
    if last is None:
        return (
            State.WARNING,
            "was never verified",
            "the worker does it once a day; or run `gapura audit verify`",
        )
    if not last.detail.get("intact"):
        fact = f"BROKEN at position {last.detail.get('position')}: {last.detail.get('reason')}"
        return (
            State.FAILED,
            fact,
            "stop, keep the disk, compare with checkpoints kept elsewhere (docs: backup)",
        )
    if work.now - last.at > VERIFICATION_LATE:
        return State.WARNING, f"last verified {_span(work.now - last.at)} ago", "is the worker running?"
    return State.OK, f"{last.detail.get('checked')} events verified {_span(work.now - last.at)} ago", None


def _backup(work: Work) -> Answer:
    last = upkeep.last(work.session, "backup")
    mend = "run `gapura backup create` daily (docs: backup)"
    if last is None:
        return State.WARNING, "none was made", mend
    age = work.now - last.at
    return (State.WARNING, f"last one {_span(age)} ago", mend) if age > BACKUP_LATE else (
        State.OK, f"last one {_span(age)} ago", None
    )  # fmt: skip


def _clock(work: Work) -> Answer:
    """Against the database's clock and against the newest event; a clock that went back breaks every lifetime."""
    newest = work.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    if newest is not None and work.now < newest - CLOCK_BEHIND_AUDIT:
        return (
            State.FAILED,
            f"is {_span(newest - work.now)} behind the newest event",
            "synchronise the clock (chrony)",
        )
    if work.session.get_bind().dialect.name == "postgresql" and work.settings.test.clock_offset_file is None:
        theirs: datetime = work.session.execute(text("SELECT now()")).scalar_one()
        apart = abs(theirs - work.now)
        if apart > CLOCKS_APART:
            return (
                State.FAILED,
                f"is {_span(apart)} apart from the database's",
                "synchronise both clocks (chrony)",
            )
    return State.OK, work.now.isoformat(timespec="seconds"), None


def _disk(work: Work) -> Answer:
    url = work.settings.database.url
    place = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else Path.cwd()
    free = shutil.disk_usage(place).free
    fact = f"{free // 1024**2} MiB free"
    return (
        (State.FAILED, fact, f"free space where {place} lies")
        if free < DISK_FREE_BYTES
        else (State.OK, fact, None)
    )


def _protocol(work: Work) -> Answer:
    if work.settings.protocol.front_channel:
        mend = "meant for certification only; remove protocol.front_channel"
        return State.WARNING, "protocol.front_channel is on: legacy clients may go without nonce", mend
    return State.OK, "code flow only", None


def _span(duration: timedelta) -> str:
    seconds = max(int(duration.total_seconds()), 0)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"


CHECKS: dict[str, Check] = {
    "database": _database,
    "schema": _schema,
    "keys": _keys,
    "vault": _vault,
    "worker": _worker,
    "deliveries": _deliveries,
    "sealing": _sealing,
    "audit log": _verification,
    "backup": _backup,
    "clock": _clock,
    "disk": _disk,
    "protocol": _protocol,
}
READINESS = ("database", "schema", "keys")
"""What a node needs to receive traffic. A silent worker is no reason to send people to another node."""
