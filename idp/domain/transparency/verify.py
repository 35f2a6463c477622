"""Re-derive the whole log from the database and compare: what `gapura audit verify` says (F-34, P4)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from idp.domain.audit import leaf as leaves
from idp.domain.audit.rows import AuditEvent
from idp.domain.runtime import upkeep
from idp.domain.transparency import log, merkle
from idp.domain.transparency.checkpoint import CheckpointRefused
from idp.domain.transparency.checkpoint import verify as verify_note
from idp.domain.work import Work

CHUNK = 2000
_BEAT = "audit_verified"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the log is not what it says: a position (leaf index) and why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many events were checked and, if the log is broken, where first."""

    checked: int
    unsealed: int
    checkpoints: int
    broken: Break | None

    def summary(self) -> dict[str, Any]:
        """As JSON, for the command line and the health checks."""
        facts: dict[str, Any] = {
            "intact": self.broken is None,
            "checked": self.checked,
            "unsealed": self.unsealed,
            "checkpoints": self.checkpoints,
        }
        if self.broken is not None:
            facts |= {"position": self.broken.position, "reason": self.broken.reason}
        return facts


def verify(work: Work) -> Verdict:
    """Every leaf against tree, columns and openings; every checkpoint against the tree and its signature."""
    newest = log.newest_checkpoint(work.session)
    published = newest.size if newest is not None else 0
    # Read after the checkpoint, so that a log which grows meanwhile is never taken for one that was cut.
    size = log.size(work.session)
    checked, broken = _verify_events(work, size)
    if broken is None:
        broken = _verify_nodes(work, checked)
    count, wrong = (0, None) if broken else _verify_checkpoints(work, checked, published)
    unsealed = work.session.scalar(
        select(func.count()).select_from(AuditEvent).where(AuditEvent.leaf_index.is_(None))
    )
    return Verdict(checked, unsealed or 0, count, broken or wrong)


def last_verdict(session: Session) -> upkeep.Beat | None:
    """When the log was last verified, and the summary of what was found."""
    return upkeep.last(session, _BEAT)


def remember(work: Work, verdict: Verdict) -> None:
    """Keep the verdict for the health checks and the metrics."""
    upkeep.beat(work.session, _BEAT, work.now, verdict.summary())


def _verify_events(work: Work, size: int) -> tuple[int, Break | None]:
    """Leaf by leaf, without gap."""
    read = log.reader(work.session)
    expected = 0
    for row in _sealed(work, size):
        index = row.leaf_index
        if index != expected:
            return expected, Break(expected, "an event is missing")
        reason = _wrong_with(row, read)
        if reason is not None:
            return expected, Break(expected, reason)
        expected += 1
    if expected != size:
        return expected, Break(expected, "events are missing at the end")
    return expected, None


def _sealed(work: Work, size: int) -> Iterator[AuditEvent]:
    after = -1
    while True:
        rows = list(
            work.session.scalars(
                select(AuditEvent)
                .where(AuditEvent.leaf_index > after, AuditEvent.leaf_index < size)
                .order_by(AuditEvent.leaf_index)
                .limit(CHUNK)
                .execution_options(populate_existing=True)
            )
        )
        if not rows:
            return
        yield from rows
        after = rows[-1].leaf_index or 0
        for row in rows:
            work.session.expunge(row)


def _wrong_with(row: AuditEvent, read: merkle.Read) -> str | None:
    try:
        stored = read(0, row.leaf_index or 0)
    except Exception:
        return "its node is missing"
    if merkle.leaf_hash(row.leaf) != stored:
        return "the event was altered"
    body = orjson.loads(row.leaf)
    actor = body.get("actor", {})
    columns = {
        "at": leaves.moment(row.at),
        "name": row.name,
        "result": row.result,
        "reason": row.reason,
        "subject": row.subject_id,
        "client": row.client_id,
        "unit": row.unit,
        "request": row.request_id,
    }
    if any(body.get(name) != value for name, value in columns.items()):
        return "a column differs from the sealed event"
    if actor.get("kind") != row.actor_kind or actor.get("id") != row.actor_id:
        return "the actor differs from the sealed event"
    for name, opening in (row.openings or {}).items():
        made = leaves.commitment(base64.b64decode(opening["salt"]), opening["value"])
        if body.get("personal", {}).get(name) != made:
            return "a personal value differs from its commitment"
    return None


def _verify_nodes(work: Work, size: int) -> Break | None:
    """Inner nodes follow from the leaves."""
    read = log.reader(work.session)
    level, count = 1, size // 2
    while count:
        for index in range(count):
            try:
                stored = read(level, index)
                made = merkle.node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
            except Exception:
                return Break(index << level, "a node of the tree is missing")
            if stored != made:
                return Break(index << level, "a node of the tree was altered")
        level, count = level + 1, count // 2
    return None


def _verify_checkpoints(work: Work, size: int, published: int) -> tuple[int, Break | None]:
    read = log.reader(work.session)
    key = log.vkey(work)
    count = 0
    stored_ones = select(log.StoredCheckpoint).where(log.StoredCheckpoint.size <= published)
    for stored in work.session.scalars(stored_ones.order_by(log.StoredCheckpoint.size)):
        try:
            note = verify_note(stored.note, key)
        except CheckpointRefused as error:
            return count, Break(stored.size, f"checkpoint: {error}")
        if note.size != stored.size or note.size > size or note.root != merkle.root(read, note.size):
            return count, Break(stored.size, "the log does not match a signed checkpoint")
        count += 1
    return count, None
