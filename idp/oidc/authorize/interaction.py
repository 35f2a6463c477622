"""What comes next in an authorization: a pure function of the request, the session, the decision and the notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Step(StrEnum):
    """REFUSE is shown by a page, or answered as access_denied with prompt=none."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    REFUSE = "refuse"
    NOTICE = "notice"
    CONSENT = "consent"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the choice depends on. `begun_at` is when this transaction was stored, None on the first visit."""

    prompt: frozenset[str]
    max_age: int | None
    level_wanted: int
    now: datetime
    begun_at: datetime | None
    auth_time: datetime | None
    level: int
    is_hinted_person: bool
    allowed: bool
    notice_due: bool
    consent_due: bool
    approved: bool


def next_step(facts: Facts) -> Step:
    """In this order: who, how sure, whether at all, what is told."""
    if facts.auth_time is None or not facts.is_hinted_person or _must_sign_in_again(facts):
        return Step.SIGN_IN
    if facts.level < facts.level_wanted:
        return Step.STEP_UP
    if not facts.allowed:
        return Step.REFUSE
    if facts.approved:
        return Step.ANSWER
    if facts.consent_due or "consent" in facts.prompt:
        return Step.CONSENT
    return Step.NOTICE if facts.notice_due else Step.ANSWER


def _must_sign_in_again(facts: Facts) -> bool:
    """prompt=login and max_age hold once per transaction: what was proven since it began is fresh enough."""
    assert facts.auth_time is not None  # noqa: S101 -- the caller looked
    if facts.begun_at is not None and facts.auth_time >= facts.begun_at:
        return False
    if {"login", "select_account"} & facts.prompt:
        return True
    return facts.max_age is not None and facts.now - facts.auth_time > timedelta(seconds=facts.max_age)
