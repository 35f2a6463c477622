"""Jobs to do after commit: enqueued in the transaction that makes them true, leased by the worker, retried.

A job is done at least once. Its handler lives in the door whose language it speaks.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Integer, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Id, Json, Moment, new_id

RETRY_SECONDS = (1, 5, 30, 120, 600)
LATER_SECONDS = 1800
GIVE_UP = timedelta(hours=24)
LEASE = timedelta(seconds=30)


class Job(Base):
    """`lane` groups jobs that share a destination, so that a slow one delays only itself."""

    __tablename__ = "outbox_job"
    __table_args__ = (
        Index("ix_outbox_job_due", "done_at", "dead_at", "due_at"),
        Index("ix_outbox_job_topic", "topic"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    lane: Mapped[str] = mapped_column(String(128))
    topic: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    leased_until: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(String(256))
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    dead_at: Mapped[datetime | None] = mapped_column(Moment)


def enqueue(work: Work, kind: str, lane: str, payload: Mapping[str, Any], topic: str | None = None) -> str:
    """Add a job to this transaction and return its id. `topic` is what a page can follow it by."""
    job = Job(
        id=new_id(),
        kind=kind,
        lane=lane,
        topic=topic,
        payload=dict(payload),
        created_at=work.now,
        due_at=work.now,
        attempts=0,
    )
    work.session.add(job)
    return job.id


def lease(session: Session, now: datetime, limit: int = 16) -> list[Job]:
    """Take due jobs for `LEASE`; several workers never take the same one."""
    # Asked again in the update: between the two statements another worker may have taken the job, or even done it.
    is_due = (
        Job.done_at.is_(None),
        Job.dead_at.is_(None),
        Job.due_at <= now,
        (Job.leased_until.is_(None)) | (Job.leased_until < now),
    )
    due = select(Job.id).where(*is_due).order_by(Job.due_at).limit(limit).with_for_update(skip_locked=True)
    ids = list(session.scalars(due))
    if not ids:
        return []
    taken = (
        update(Job)
        .where(Job.id.in_(ids), *is_due)
        .values(leased_until=now + LEASE, attempts=Job.attempts + 1)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    mine = list(session.scalars(taken))
    return list(
        session.scalars(select(Job).where(Job.id.in_(mine)).execution_options(populate_existing=True))
    )


def extend(session: Session, job_id: str, now: datetime) -> None:
    """A job of many steps is still at it: keep it for another `LEASE`."""
    session.execute(update(Job).where(Job.id == job_id).values(leased_until=now + LEASE))


def finish(session: Session, job_id: str, now: datetime) -> None:
    session.execute(
        update(Job).where(Job.id == job_id).values(done_at=now, leased_until=None, last_error=None)
    )


def retry(session: Session, job: Job, now: datetime, error: str) -> bool:
    """Plan the next try; False when the job was given up for dead after 24 hours."""
    values: dict[str, Any] = {"leased_until": None, "last_error": error[:256]}
    alive = now - job.created_at < GIVE_UP
    if alive:
        values["due_at"] = now + timedelta(seconds=_delay(job.attempts))
    else:
        values["dead_at"] = now
    session.execute(update(Job).where(Job.id == job.id).values(**values))
    return alive


def by_topic(session: Session, topic: str) -> list[Job]:
    """All jobs of a topic, for the page that shows how they went."""
    return list(session.scalars(select(Job).where(Job.topic == topic).order_by(Job.lane)))


def counts(session: Session) -> dict[str, int]:
    """How many jobs wait, and how many were given up."""
    waiting = select(func.count()).where(Job.done_at.is_(None), Job.dead_at.is_(None)).select_from(Job)
    dead = select(func.count()).where(Job.dead_at.is_not(None)).select_from(Job)
    return {"waiting": session.scalar(waiting) or 0, "dead": session.scalar(dead) or 0}


def _delay(attempts: int) -> float:
    if attempts <= len(RETRY_SECONDS):
        return RETRY_SECONDS[max(attempts, 1) - 1]
    return LATER_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, guards nothing


def put_back(session: Session, job: Job, now: datetime) -> None:
    """Its lane is full: try again in a moment, without counting this as an attempt."""
    session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(leased_until=None, attempts=Job.attempts - 1, due_at=now + timedelta(seconds=1))
    )
