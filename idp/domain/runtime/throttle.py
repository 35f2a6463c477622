"""Counters of tries that nobody can use to lock out somebody else (SECURITY.md §4.8).

Reserve, then verify: one atomic statement counts a try before anything is checked; a success gives it back.
Keys are keyed pseudonyms of what was submitted, whether or not it exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, String, case, delete, literal, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Moment


class Counter(Base):
    """Tries since `since`; `open_at` is when the next one is let through."""

    __tablename__ = "throttle_counter"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(Moment)
    open_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Rule:
    """`tries` within `window` pass freely; further ones wait 1, 2, 4 … seconds, at most `delay_max`."""

    tries: int
    window: timedelta
    delay_max: timedelta


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the try was let through; if not, when the next one may be; how many free ones are left."""

    allowed: bool
    open_at: datetime
    left: int


def reserve(work: Work, key: str, rule: Rule) -> Verdict:
    """Count one try of `key`. Concurrent calls are counted one by one: of any burst, at most `rule.tries` pass."""
    now = work.now
    insert = postgresql_insert if work.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    expired = Counter.since < now - rule.window
    fresh = insert(Counter).values(key=key, tries=1, since=now, open_at=now)
    counted = fresh.on_conflict_do_update(
        index_elements=[Counter.key],
        set_={
            "tries": case((expired, 1), else_=Counter.tries + 1),
            "since": case((expired, literal(now, Moment)), else_=Counter.since),
            "open_at": case((expired, literal(now, Moment)), else_=Counter.open_at),
        },
        where=expired | (Counter.open_at <= now),
    ).returning(Counter.tries)
    tries = work.session.execute(counted).scalar_one_or_none()
    if tries is None:
        counter = work.session.get(Counter, key, populate_existing=True)
        return Verdict(False, counter.open_at if counter else now, 0)
    if tries >= rule.tries:
        wait = min(timedelta(seconds=2 ** min(tries - rule.tries, 20)), rule.delay_max)
        work.session.execute(update(Counter).where(Counter.key == key).values(open_at=now + wait))
    return Verdict(True, now, max(rule.tries - tries, 0))


def refund(work: Work, key: str) -> None:
    """A success: forget the tries of `key`."""
    work.session.execute(delete(Counter).where(Counter.key == key))


def sweep(work: Work, older_than: timedelta) -> int:
    """Remove counters that no rule looks at any more."""
    gone = delete(Counter).where(Counter.since < work.now - older_than, Counter.open_at < work.now)
    return len(work.session.execute(gone.returning(Counter.key)).all())


def look(work: Work, key: str) -> Verdict:
    """Whether a try would be let through, without counting one: for keys that count failures only."""
    counter = work.session.get(Counter, key, populate_existing=True)
    if counter is None or counter.open_at <= work.now:
        return Verdict(True, work.now, 0)
    return Verdict(False, counter.open_at, 0)
