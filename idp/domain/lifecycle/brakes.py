"""What stops a file until a second person has looked: a truncated export must not lock out the city. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.lifecycle.plan import Plan, Verdict


@dataclass(frozen=True, slots=True)
class Brake:
    """A code and the figures behind it."""

    code: str
    ending: int
    active: int
    percent: float


def brakes(plan: Plan, active_accounts: int, ending_percent: float) -> list[Brake]:
    """A brake when the file would end more than `ending_percent` of the active accounts."""
    ending = plan.count(Verdict.ENDING)
    if ending == 0 or active_accounts == 0:
        return []
    percent = 100 * ending / active_accounts
    if percent <= ending_percent:
        return []
    return [Brake("too_many_ending", ending, active_accounts, round(percent, 1))]
