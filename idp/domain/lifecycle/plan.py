"""The difference between a file of HR and the city as it is: a verdict per row, before anything is stored. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from idp.domain.lifecycle.feed import PROBLEMS_COLUMN, FeedRow, Problem, Sheet

COMPARED = (
    "plain_name", "title_before", "title_after", "employment_status", "unit_code", "position_title", "valid_to",
    "email", "phone",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Verdict(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ENDING = "ending"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Current:
    """A person of the city as HR knows them, by employment number."""

    person_id: str
    plain_name: str
    employment_status: str
    unit_code: str | None
    title_before: str | None = None
    title_after: str | None = None
    position_title: str | None = None
    valid_to: date | None = None
    email: str | None = None
    phone: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the plan is compared with: people by number, and the codes of units in force."""

    people: Mapping[str, Current]
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """One row's verdict; `changes` maps a field to (before, after). `row` is None for people absent from a full file."""

    verdict: Verdict
    number: str
    row: FeedRow | None
    person_id: str | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All verdicts, the problems of refused rows, and unknown units listed once."""

    planned: tuple[Planned, ...]
    problems: tuple[Problem, ...]
    unknown_units: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        if verdict is Verdict.REFUSED:
            return len({problem.row for problem in self.problems})
        return sum(1 for item in self.planned if item.verdict is verdict)

    def counts(self) -> dict[str, int]:
        return {verdict.value: self.count(verdict) for verdict in Verdict}


def plan(
    rows: Iterable[FeedRow],
    problems: Iterable[Problem],
    current: Snapshot,
    *,
    mode: str,
    unit_column: str = "unit_code",
) -> Plan:
    """`mode`: in a `full` file, whoever is absent is ending; in a `delta` nobody is."""
    planned: list[Planned] = []
    found_problems = list(problems)
    unknown: dict[str, None] = {}
    named: set[str] = set()
    for row in rows:
        named.add(row.nip)
        if row.unit_code not in current.units:
            unknown[row.unit_code] = None
            found_problems.append(Problem(row.number, unit_column, row.unit_code, "unit_unknown"))
            continue
        planned.append(_compare(row, current.people.get(row.nip)))
    if mode == "full":
        refused_numbers = {problem.row for problem in found_problems}
        planned += _absent(current, named, bool(refused_numbers))
    return Plan(tuple(planned), tuple(found_problems), tuple(unknown))


def _compare(row: FeedRow, known: Current | None) -> Planned:
    if known is None:
        return Planned(Verdict.NEW if row.active else Verdict.SAME, row.nip, row)
    if not row.active:
        return Planned(Verdict.ENDING if known.active else Verdict.SAME, row.nip, row, known.person_id)
    changes = {}
    for name in COMPARED:
        before, after = getattr(known, name), getattr(row, name)
        if after is None and name in ("position_title", "email", "phone", "title_before", "title_after"):
            continue
        if before != after:
            changes[name] = (before, after)
    if not known.active:
        changes["active"] = (False, True)
    return Planned(Verdict.CHANGED if changes else Verdict.SAME, row.nip, row, known.person_id, changes)


def _absent(current: Snapshot, named: set[str], has_refused: bool) -> list[Planned]:
    """A refused row may be anybody, so with refused rows nobody is taken for absent: mend the file first."""
    if has_refused:
        return []
    return [
        Planned(Verdict.ENDING, number, None, person.person_id)
        for number, person in current.people.items()
        if number not in named and person.active
    ]


def refused_file(sheet: Sheet, problems: Sequence[Problem], sentences: Mapping[str, str]) -> bytes:
    """The refused rows as a file to mend: the same columns and one that says what is wrong. UTF-8 with BOM, `;`.

    Cells that a spreadsheet would run as a formula are quoted; reading the file again takes that off (R-95).
    """
    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([*map(_quoted, sheet.columns), PROBLEMS_COLUMN])
    for row in sheet.rows:
        if row.number in by_row:
            texts = [f"{p.column}: {sentences.get(p.code, p.code)}" for p in by_row[row.number]]
            cells = [*(row.cells.get(c, "") for c in sheet.columns), " | ".join(texts)]
            writer.writerow(map(_quoted, cells))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
