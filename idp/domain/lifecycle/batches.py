"""HR files: upload, check without changing anything, hold for a second person, apply in the background (DOMAIN.md D1, D2)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select

from idp.domain.access import state
from idp.domain.accounts.accounts import Account, AccountState, LoginName
from idp.domain.actors import ActorKind, Permission
from idp.domain.audit.events import Event
from idp.domain.city import units
from idp.domain.city.employment import Employment
from idp.domain.city.people import Person
from idp.domain.city.placements import Placement
from idp.domain.city.positions import Position
from idp.domain.errors import Conflict, Forbidden, Invalid
from idp.domain.lifecycle import brakes, feed
from idp.domain.lifecycle import plan as planning
from idp.domain.lifecycle.apply import HANDLER_KIND, apply_next
from idp.domain.lifecycle.feed import FeedRow, Problem, Row, Sheet
from idp.domain.lifecycle.plan import Current, Plan, Planned, Snapshot, Verdict
from idp.domain.lifecycle.runs import ImportRow, ImportRun, Mode, RunState, get
from idp.domain.runtime import outbox
from idp.domain.work import Work
from idp.kernel.database import new_id
from idp.kernel.text import TextRefused, canonical_name

__all__ = [
    "HANDLER_KIND", "apply_next", "approve", "check", "discard", "map_columns", "order", "refused", "samples", "sweep",
    "upload",
]  # fmt: skip

_WAITING = (RunState.UPLOADED, RunState.CHECKED, RunState.HELD)
_LIMITS = {"plain_name": 200, "title_before": 60, "title_after": 100, "position_title": 200, "phone": 32}
_CHUNK = 500
KEPT = timedelta(days=30)
"""How long rows stay to be looked at, and a file waits to be applied."""


def upload(work: Work, name: str, content: bytes, mode: str) -> ImportRun:
    """Keep what may be taken of a file, sealed, with a first guess of what its columns mean.

    Columns and cells that are never taken are gone before anything is stored (decision 6).

    Raises Invalid for a file that cannot be read, Forbidden without IMPORT_RUN.
    """
    work.demand(Permission.IMPORT_RUN)
    if mode not in set(Mode):
        raise Invalid("import_mode_unknown", field="mode")
    sheet = feed.read(name, content, max_rows=work.settings.imports.max_rows)
    digest = hashlib.sha256(content).hexdigest()
    before = select(ImportRun.id).where(ImportRun.sha256 == digest, ImportRun.state == RunState.APPLIED)
    run = ImportRun(
        id=new_id(),
        file_name=_file_name(name),
        sha256=digest,
        mode=mode,
        state=RunState.UPLOADED,
        columns=list(sheet.columns),
        mapping=feed.guess_mapping(sheet.columns),
        counts={},
        notes={"left_out": list(sheet.left_out), "repeats": work.session.scalars(before).first()},
        total=len(sheet.rows),
        done=0,
        failed=0,
        turn=0,
        uploaded_by=work.actor.id,
        uploaded_at=work.now,
    )
    run.content = work.vault.sealer.seal(_packed(sheet), _place(run.id))
    work.session.add(run)
    work.session.flush()
    work.record(
        Event("import_uploaded", target=run.id, details={"sha256": digest, "mode": mode, "rows": run.total})
    )
    return run


def map_columns(work: Work, run_id: str, mapping: Mapping[str, str]) -> ImportRun:
    """Say what each column means (column → one of feed.FIELDS); the file has to be checked again after it."""
    run = _waiting(work, run_id)
    kept = {column: field for column, field in mapping.items() if field}
    fields = Counter(kept.values())
    for column, field in kept.items():
        if column not in run.columns or field not in feed.FIELDS:
            raise Invalid("column_unknown", field="mapping", column=column)
        if fields[field] > 1:
            raise Invalid("column_twice", field="mapping", column=column)
    run.mapping = kept
    _forget_check(work, run)
    work.session.flush()
    return run


def check(work: Work, run_id: str) -> ImportRun:
    """Compare the file with the city and keep a verdict for each row; nothing of the city changes.

    The run is `checked` after it, or `held` when a brake says that a second person must look (DOMAIN.md D2).
    Raises Invalid when a needed column is missing.
    """
    run = _waiting(work, run_id)
    _forget_check(work, run)
    sheet = _sheet(work, run)
    made, column = _planned(work, run, sheet)
    held = brakes.brakes(made, _active_accounts(work), work.settings.imports.ending_brake_percent)
    _store(work, run, sheet, made)
    run.counts = made.counts()
    run.notes = {
        **run.notes,
        "unknown_units": list(made.unknown_units),
        "brakes": [dataclasses.asdict(brake) | {"percent": str(brake.percent)} for brake in held],
        "unit_column": column,
    }
    run.state = RunState.HELD if held else RunState.CHECKED
    run.checked_by, run.checked_at = work.actor.id, work.now
    work.session.flush()
    work.record(
        Event("import_checked", target=run.id, details={**run.counts, "held": bool(held), "mode": run.mode})
    )
    return run


def approve(work: Work, run_id: str) -> ImportRun:
    """Release a held file exactly as it was checked. Needs IMPORT_APPROVE, and another person than prepared it."""
    work.demand(Permission.IMPORT_APPROVE)
    run = get(work.session, run_id)
    if run.state != RunState.HELD:
        raise Conflict("import_not_held", state=run.state)
    if work.actor.kind is not ActorKind.PERSON or work.actor.id in (run.uploaded_by, run.checked_by):
        raise Forbidden("not_for_oneself")
    run.state, run.approved_by, run.approved_at = RunState.CHECKED, work.actor.id, work.now
    work.session.flush()
    work.record(Event("import_approved", target=run.id, details={"sha256": run.sha256, **run.counts}))
    return run


def order(work: Work, run_id: str) -> ImportRun:
    """Have a checked file applied in the background. Raises Conflict while it is held or not checked."""
    run = _waiting(work, run_id)
    if run.state == RunState.HELD:
        raise Conflict("import_held")
    if run.state != RunState.CHECKED:
        raise Conflict("import_not_checked")
    run.state, run.ordered_by, run.ordered_at = RunState.APPLYING, work.actor.id, work.now
    run.total = sum(run.counts.get(v, 0) for v in (Verdict.NEW, Verdict.CHANGED, Verdict.ENDING))
    work.session.flush()
    outbox.enqueue(work, HANDLER_KIND, "import", {"run_id": run.id}, topic=run.id)
    return run


def discard(work: Work, run_id: str) -> None:
    """Erase a file that was not applied."""
    run = _waiting(work, run_id)
    work.session.execute(delete(ImportRow).where(ImportRow.run_id == run.id))
    run.state, run.content, run.ended_at = RunState.DISCARDED, None, work.now
    work.session.flush()
    work.record(Event("import_discarded", target=run.id, details={"sha256": run.sha256}))


def refused(work: Work, run_id: str, sentences: Mapping[str, str]) -> bytes:
    """The refused rows as a file that can be mended and uploaded again, with a column that says what is wrong."""
    work.demand(Permission.IMPORT_RUN)
    run = get(work.session, run_id)
    rows = work.session.scalars(
        select(ImportRow)
        .where(ImportRow.run_id == run_id, ImportRow.verdict == Verdict.REFUSED)
        .order_by(ImportRow.position)
    ).all()
    lines = tuple(feed.Row(row.line or 0, (row.task or {}).get("cells", {})) for row in rows)
    problems = [Problem(row.line or 0, **problem) for row in rows for problem in row.problems or []]
    return planning.refused_file(Sheet(tuple(run.columns), lines), problems, sentences)


def sweep(work: Work) -> int:
    """Erase what files left behind after KEPT: rows of those that ended, and files that nobody applied."""
    since = work.now - KEPT
    forgotten = select(ImportRun).where(ImportRun.state.in_(_WAITING), ImportRun.uploaded_at < since)
    for run in work.session.scalars(forgotten):
        run.state, run.content, run.ended_at = RunState.DISCARDED, None, work.now
        work.record(
            Event("import_discarded", target=run.id, reason="forgotten", details={"sha256": run.sha256})
        )
    work.session.flush()
    over = select(ImportRun.id).where(
        (ImportRun.ended_at < since)
        | ((ImportRun.state == RunState.DISCARDED) & (ImportRun.ended_at == work.now))
    )
    erased = delete(ImportRow).where(ImportRow.run_id.in_(over)).returning(ImportRow.position)
    return len(work.session.execute(erased.execution_options(synchronize_session=False)).all())


def samples(work: Work, run: ImportRun) -> dict[str, str]:
    """The first filled cell of each column, to see what a column holds; empty once the file is gone."""
    work.demand(Permission.IMPORT_RUN)
    if run.content is None:
        return {}
    found: dict[str, str] = {}
    for row in _sheet(work, run).rows[:50]:
        for column, cell in row.cells.items():
            if cell.strip():
                found.setdefault(column, cell.strip()[:60])
    return found


def _waiting(work: Work, run_id: str) -> ImportRun:
    work.demand(Permission.IMPORT_RUN)
    run = get(work.session, run_id)
    if run.state not in _WAITING:
        raise Conflict("import_not_waiting", state=run.state)
    return run


def _sheet(work: Work, run: ImportRun) -> Sheet:
    if run.content is None:
        raise Conflict("import_not_waiting", state=run.state)
    columns, rows, left_out = orjson.loads(work.vault.sealer.open(run.content, _place(run.id)))
    taken = tuple(Row(number, dict(zip(columns, cells, strict=True))) for number, cells in rows)
    return Sheet(tuple(columns), taken, tuple(left_out))


def _packed(sheet: Sheet) -> bytes:
    rows = [[row.number, [row.cells.get(column, "") for column in sheet.columns]] for row in sheet.rows]
    return orjson.dumps([sheet.columns, rows, sheet.left_out])


def _planned(work: Work, run: ImportRun, sheet: Sheet) -> tuple[Plan, str]:
    today = state.today(work)
    columns = {field: column for column, field in run.mapping.items()}
    rows, problems = feed.understand(sheet, run.mapping, today)
    current = _snapshot(work, today)
    usable: list[FeedRow] = []
    owners = _owners(work, rows)
    addresses = Counter(_address(row.email) for row in rows if row.email)
    for row in rows:
        known = current.people.get(row.nip)
        found = list(_unusable(row, known, owners, addresses))
        for field, code in found:
            value = str(getattr(row, field))[: feed.MAX_CELL]
            problems.append(Problem(row.number, columns.get(field, field), value, code))
        if not found:
            usable.append(dataclasses.replace(row, email=_address(row.email)))
    unit_column = columns["unit_code"]
    return planning.plan(usable, problems, current, mode=run.mode, unit_column=unit_column), unit_column


def _unusable(
    row: FeedRow, known: Current | None, owners: Mapping[str, str], addresses: Mapping[str | None, int]
) -> Iterable[tuple[str, str]]:
    for field, limit in _LIMITS.items():
        if len(getattr(row, field) or "") > limit:
            yield field, "cell_too_long"
    address = _address(row.email)
    if row.email and address is None:
        yield "email", "email_malformed"
    if address is not None and addresses[address] > 1:
        yield "email", "email_repeated"
    for field, name in (("email", address), ("nip", row.nip)):
        owner = owners.get(name or "")
        if owner is not None and owner != (known.person_id if known else None):
            yield field, "name_taken"


def _address(email: str | None) -> str | None:
    try:
        return canonical_name(email) if email else None
    except TextRefused:
        return None


def _owners(work: Work, rows: Iterable[FeedRow]) -> dict[str, str]:
    """Who may be found by the numbers and addresses of the file already."""
    names = [name for row in rows for name in (row.nip, _address(row.email)) if name]
    found: dict[str, str] = {}
    for start in range(0, len(names), _CHUNK):
        part = names[start : start + _CHUNK]
        found |= {
            name: person_id
            for name, person_id in work.session.execute(
                select(LoginName.name, LoginName.person_id).where(LoginName.name.in_(part))
            )
        }
    return found


def _snapshot(work: Work, today: date) -> Snapshot:
    """Everybody with a number, in the post that is or will be theirs."""
    tree = units.tree(work.session, today)
    rows = work.session.execute(
        select(
            Employment.number, Employment.status, Employment.valid_to, Person.id, Person.plain_name,
            Person.title_before, Person.title_after, Person.email, Person.phone, Position.title, Position.unit_id,
        )
        .join(Person, Person.id == Employment.person_id)
        .outerjoin(
            Placement,
            (Placement.employment_id == Employment.id)
            & (Placement.valid_to.is_(None) | (Placement.valid_to >= today)),
        )
        .outerjoin(Position, Position.id == Placement.position_id)
        .where(Employment.number.is_not(None), Employment.ended_at.is_(None))
        .order_by(Placement.valid_from)
    )  # fmt: skip
    people: dict[str, Current] = {}
    for number, status, until, person_id, plain, before, after, email, phone, title, unit_id in rows:
        node = tree.by_id.get(unit_id or "")
        people[str(number)] = Current(
            person_id, plain, status, node.code if node else None, before, after, title, until, email, phone,
            active=until is None or until >= today,
        )  # fmt: skip
    return Snapshot(people, frozenset(tree.by_code))


def _active_accounts(work: Work) -> int:
    query = select(func.count()).select_from(Account).where(Account.state != AccountState.DISABLED.value)
    return work.session.scalar(query) or 0


def _forget_check(work: Work, run: ImportRun) -> None:
    work.session.execute(delete(ImportRow).where(ImportRow.run_id == run.id))
    run.state, run.counts = RunState.UPLOADED, {}
    run.notes = {name: run.notes.get(name) for name in ("left_out", "repeats")}
    run.checked_by = run.checked_at = run.approved_by = run.approved_at = None


def _store(work: Work, run: ImportRun, sheet: Sheet, made: Plan) -> None:
    """Refused rows first, then what will be done, in the order of the file."""
    by_line: dict[int, list[dict[str, str]]] = {}
    for problem in made.problems:
        entry = {"column": problem.column, "value": problem.value, "code": problem.code}
        by_line.setdefault(problem.row, []).append(entry)
    name_column = next((c for c, f in run.mapping.items() if f == "plain_name"), "")
    rows = [
        {
            "line": row.number, "verdict": Verdict.REFUSED.value, "name": row.cells.get(name_column, "")[:300],
            "person_id": None, "task": {"cells": dict(row.cells)}, "problems": by_line[row.number],
        }
        for row in sheet.rows
        if row.number in by_line
    ]  # fmt: skip
    rows += [_row(planned) for planned in made.planned]
    for at, row in enumerate(rows):
        row |= {"run_id": run.id, "position": at}
    for start in range(0, len(rows), _CHUNK):
        work.session.execute(insert(ImportRow), rows[start : start + _CHUNK])


def _row(planned: Planned) -> dict[str, Any]:
    given = planned.row
    task: dict[str, Any] | None = {"number": planned.number}
    if given is not None:
        task = {
            "number": planned.number,
            "row": {
                k: v.isoformat() if isinstance(v, date) else v for k, v in dataclasses.asdict(given).items()
            },
            "before": {k: _stored(before) for k, (before, _) in planned.changes.items()},
        }
    return {
        "line": given.number if given else None,
        "verdict": planned.verdict.value,
        "name": given.plain_name if given else None,
        "person_id": planned.person_id,
        "task": None if planned.verdict is Verdict.SAME else task,
        "problems": None,
    }


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _file_name(name: str) -> str:
    """The last part, without anything that could be read as a path or break a header."""
    plain = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in plain if c.isprintable() and c not in '"')[:200] or "berkas"


def _place(run_id: str) -> str:
    return f"import_run.content.{run_id}"
