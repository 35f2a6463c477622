"""A checked HR file is written into the city: some rows per transaction, resumable, each row once (DOMAIN.md D1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from idp.domain.access import state
from idp.domain.accounts import accounts
from idp.domain.accounts.accounts import Account, AccountState, LoginName
from idp.domain.actors import ALL_POWERS, Actor, ActorKind
from idp.domain.audit.events import Event
from idp.domain.city import employment, people, placements, units
from idp.domain.city.employment import Employment
from idp.domain.city.people import Person
from idp.domain.city.placements import Placement
from idp.domain.city.positions import Position
from idp.domain.errors import Conflict, DomainError
from idp.domain.lifecycle import moves
from idp.domain.lifecycle.authority import forbid_oneself, keep_an_administrator
from idp.domain.lifecycle.plan import Verdict
from idp.domain.lifecycle.runs import ImportRow, ImportRun, RunState
from idp.domain.work import Work
from idp.kernel import failpoints
from idp.kernel.database import Base, new_id

HANDLER_KIND = "import_apply"
_TO_DO = (Verdict.NEW.value, Verdict.CHANGED.value, Verdict.ENDING.value)
_OF_PERSON = ("plain_name", "title_before", "title_after", "phone", "email")


def apply_next(work: Work, run_id: str, limit: int) -> bool:
    """Apply up to `limit` rows of an ordered run in this transaction; whether there is more to do.

    Safe to call again after a crash and by two workers at once: the first statement takes the run. The audit trail
    names whoever ordered it, with one event per person and one for the file.
    """
    taken = (
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state == RunState.APPLYING)
        .values(turn=ImportRun.turn + 1)
        .returning(ImportRun.ordered_by)
        .execution_options(synchronize_session=False)
    )
    row = work.session.execute(taken).first()
    if row is None:
        return False
    kind = ActorKind.PERSON if work.session.get(Person, row[0] or "") else ActorKind.OPERATOR
    work = work.acting_as(Actor(kind, row[0], powers=ALL_POWERS))
    run = work.session.get_one(ImportRun, run_id, populate_existing=True)
    rows = _waiting_rows(work.session, run_id, limit)
    chunk = _Chunk(work, run_id, rows)
    chunk.apply()
    failpoints.hit("import.before_commit")
    run.done += len(rows)
    run.failed += len(chunk.failures)
    if len(rows) == limit:
        work.session.flush()
        return True
    _finish(work, run)
    return False


def _waiting_rows(session: Session, run_id: str, limit: int) -> list[ImportRow]:
    return list(
        session.scalars(
            select(ImportRow)
            .where(ImportRow.run_id == run_id, ImportRow.applied_at.is_(None), ImportRow.verdict.in_(_TO_DO))
            .order_by(ImportRow.position)
            .limit(limit)
        )
    )


def _finish(work: Work, run: ImportRun) -> None:
    run.state, run.content, run.ended_at = RunState.APPLIED, None, work.now
    work.session.flush()
    work.record(
        Event(
            "import_applied",
            target=run.id,
            details={**run.counts, "failed": run.failed, "sha256": run.sha256, "mode": run.mode},
        )
    )


@dataclass
class _Chunk:
    """The rows of one transaction, with what they need read at once and what they add written at once."""

    work: Work
    run_id: str
    rows: Sequence[ImportRow]
    failures: dict[int, str] = field(default_factory=dict)
    made: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)

    def apply(self) -> None:
        self.today = state.today(self.work)
        self.tree = units.tree(self.work.session, self.today)
        self.positions = self._positions()
        self.names = self._names()
        for row in self.rows:
            try:
                self._apply(row)
            except DomainError as error:
                self.failures[row.position] = error.code
        self._write()

    def _apply(self, row: ImportRow) -> None:
        task = row.task or {}
        if row.verdict == Verdict.NEW:
            row.person_id = self._join(task["row"])
        elif row.verdict == Verdict.CHANGED:
            self._change(row.person_id or "", task)
        else:
            self._end(row.person_id or "", task)

    def _join(self, given: Mapping[str, Any]) -> str:
        """Rows of new people are collected; whatever could refuse them was asked before the first is made."""
        number, email = given["nip"], given["email"]
        if number in self.names:
            raise Conflict("number_taken")
        if email in self.names:
            raise Conflict("name_taken")
        work, now = self.work, self.work.now
        position_id = self._position(given["unit_code"], given["position_title"], given)
        first_day = _day(given["valid_from"]) or self.today
        person_id, tie_id, handle = new_id(), new_id(), self._handle()
        self._add(Person, id=person_id, created_at=now, updated_at=now, email_verified=False, locale="id",
                  zoneinfo=work.settings.city.timezone, **{name: given[name] for name in _OF_PERSON})  # fmt: skip
        self._add(Employment, id=tie_id, person_id=person_id, number=number, status=given["employment_status"],
                  valid_from=first_day, valid_to=_day(given["valid_to"]), source="import", recorded_at=now)  # fmt: skip
        self._add(Placement, id=new_id(), employment_id=tie_id, position_id=position_id, valid_from=first_day,
                  recorded_at=now)  # fmt: skip
        self._add(Account, person_id=person_id, username=handle, state=AccountState.INVITED.value, epoch=0,
                  second_factor_required=True, created_at=now)  # fmt: skip
        for kind, name in (("username", handle), ("nip", number), ("email", email)):
            if name:
                self.names.add(name)
                self._add(LoginName, name=name, person_id=person_id, kind=kind)
        title = people.formatted_name(given["plain_name"], given["title_before"], given["title_after"])
        self._record("person_added", person_id, given["unit_code"],
                     {name: given[name] for name in ("employment_status", "unit_code", "position_title")}, title)  # fmt: skip
        return person_id

    def _change(self, person_id: str, task: Mapping[str, Any]) -> None:
        """Alter what differed at the check, if it still stands as it stood then."""
        given, before = task["row"], task["before"]
        person = people.get(self.work.session, person_id)
        tie = employment.open_for(self.work.session, person_id)
        if tie is None or tie.number != given["nip"]:
            raise Conflict("changed_meanwhile")
        if any(before[name] != getattr(person, name) for name in _OF_PERSON if name in before):
            raise Conflict("changed_meanwhile")
        email = given["email"]
        if "email" in before and email in self.names and not self._owns(person_id, email):
            raise Conflict("name_taken")
        position_id = (
            self._position(given["unit_code"], given["position_title"], given)
            if {"unit_code", "position_title", "active"} & before.keys()
            else None
        )
        for name in _OF_PERSON:
            if name in before:
                setattr(person, name, given[name])
        if "email" in before:
            person.email_verified = False
            accounts.set_name(self.work, person_id, "email", email)
        tie = self._renewed(tie, given) if "active" in before else tie
        tie.status, tie.valid_to = given["employment_status"], _day(given["valid_to"])
        person.updated_at = self.work.now
        if position_id is not None:
            self._flush_positions()
            first_day = _day(given["valid_from"]) or self.today
            placements.place(self.work, tie.id, position_id, first_day)
        plain = {name: given.get(name) for name in before if name not in _OF_PERSON}
        self._record("person_changed", person_id, given["unit_code"], plain, None, sorted(before))

    def _end(self, person_id: str, task: Mapping[str, Any]) -> None:
        """The last day is the file's, otherwise yesterday: whoever HR no longer names stays out from now on."""
        forbid_oneself(self.work, person_id)
        keep_an_administrator(self.work, person_id)
        tie = employment.open_for(self.work.session, person_id)
        if tie is None or tie.number != task["number"]:
            raise Conflict("changed_meanwhile")
        last = _day((task.get("row") or {}).get("valid_to")) or self.today - timedelta(days=1)
        moves.end_employment(self.work, person_id, tie, last, "import")
        self._record("employment_ended", person_id, None, {"valid_to": last.isoformat()}, None)

    def _renewed(self, tie: Employment, given: Mapping[str, Any]) -> Employment:
        """Somebody who had left comes back: another employment, the earlier one stays as it was."""
        tie.ended_at = self.work.now
        self.work.session.flush()
        again = Employment(
            id=new_id(), person_id=tie.person_id, number=tie.number, status=tie.status, grade=tie.grade,
            valid_from=_day(given["valid_from"]) or self.today, source="import", recorded_at=self.work.now,
        )  # fmt: skip
        self.work.session.add(again)
        self.work.session.flush()
        return again

    def _position(self, unit_code: str, title: str | None, given: Mapping[str, Any]) -> str:
        node = self.tree.by_code.get(unit_code)
        if node is None:
            raise Conflict("changed_meanwhile")
        key = (node.id, title or moves.DEFAULT_TITLE)
        if key not in self.positions:
            self.positions[key] = new_id()
            self._add(Position, id=self.positions[key], unit_id=node.id, title=key[1], valid_from=self.today,
                      position_type=given.get("position_type"), recorded_at=self.work.now)  # fmt: skip
            self.work.record(
                Event("position_added", unit=unit_code, target=self.positions[key], after={"title": key[1]},
                      details={"import": self.run_id})
            )  # fmt: skip
        return self.positions[key]

    def _positions(self) -> dict[tuple[str, str], str]:
        titles = {row.task["row"]["position_title"] or moves.DEFAULT_TITLE
                  for row in self.rows if row.task and row.task.get("row")}  # fmt: skip
        found = select(Position.unit_id, Position.title, Position.id).where(
            Position.title.in_(titles), Position.valid_to.is_(None)
        )
        return {
            (unit_id, title): position_id for unit_id, title, position_id in self.work.session.execute(found)
        }

    def _names(self) -> set[str]:
        """Of the numbers and addresses in these rows, those by which somebody can be found already."""
        wanted = {name for row in self.rows if row.task and row.task.get("row")
                  for name in (row.task["row"]["nip"], row.task["row"]["email"]) if name}  # fmt: skip
        return set(self.work.session.scalars(select(LoginName.name).where(LoginName.name.in_(wanted))))

    def _owns(self, person_id: str, name: str) -> bool:
        found = self.work.session.get(LoginName, name)
        return found is None or found.person_id == person_id

    def _handle(self) -> str:
        while True:
            handle = accounts.new_handle()
            if handle not in self.names and self.work.session.get(LoginName, handle) is None:
                return handle

    def _add(self, model: type[Base], **values: Any) -> None:
        self.made.setdefault(model, []).append(values)

    def _flush_positions(self) -> None:
        waiting = self.made.pop(Position, [])
        if waiting:
            self.work.session.execute(insert(Position), waiting)

    def _record(
        self, name: str, person_id: str, unit: str | None, after: Mapping[str, Any], personal: str | None,
        members: Sequence[str] = (),
    ) -> None:  # fmt: skip
        details: dict[str, Any] = {"import": self.run_id} | ({"members": list(members)} if members else {})
        shown = {"name": personal} if personal else {}
        self.work.record(
            Event(name, subject=person_id, unit=unit, after=after, details=details, personal=shown)
        )

    def _write(self) -> None:
        """What new people consist of, in the order of the foreign keys; then the rows that are done."""
        for model in (Person, Position, Employment, Placement, Account, LoginName):
            values = self.made.pop(model, [])
            if values:
                self.work.session.execute(insert(model), values)
        for row in self.rows:
            row.applied_at, row.task = self.work.now, None
            row.failure = self.failures.get(row.position)
        self.work.session.flush()


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
