"""What is left to prove before a sign-in is complete. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    PASSWORD = "password"  # noqa: S105 -- the name of a step
    SECOND_FACTOR = "second_factor"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Proven:
    """What this sign-in has proven, and what the account has and must have."""

    password: bool
    second_factor: bool
    has_totp: bool
    second_factor_required: bool
    level_wanted: int


def next_step(proven: Proven) -> Step:
    """The password first, then whatever second factor the account has or must have."""
    if not proven.password:
        return Step.PASSWORD
    if not proven.second_factor and (proven.has_totp or proven.second_factor_required):
        return Step.SECOND_FACTOR
    return Step.DONE
