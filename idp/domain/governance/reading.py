"""Reading the audit trail: who may see which events, and that reading and exporting leave events of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Select, and_, not_, select

from idp.domain.actors import Permission
from idp.domain.audit.events import Event
from idp.domain.audit.rows import AuditEvent
from idp.domain.errors import Forbidden
from idp.domain.work import Work

PERSONAL_PREFIXES = ("authn_", "authz_", "session", "notice", "consent", "backchannel")
"""Events of people's own sign-ins; administrators without AUDIT_READ do not see them (DOMAIN.md C11)."""

EXPORT_ROWS = 50_000
COLUMNS = (
    "id", "at", "name", "result", "reason", "actor_kind", "actor_id", "subject_id", "client_id", "unit",
    "request_id",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must fit. Days are days in the city, both included."""

    name: str | None = None
    actor_id: str | None = None
    subject_id: str | None = None
    client_id: str | None = None
    unit: str | None = None
    result: str | None = None
    request_id: str | None = None
    from_day: date | None = None
    to_day: date | None = None

    def facts(self) -> dict[str, Any]:
        """What was asked, for the event that the reading leaves."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
            if value is not None
        }


def sees_everything(work: Work) -> bool:
    return work.actor.powers.may(Permission.AUDIT_READ)


def query(work: Work, chosen: Filter) -> Select[*tuple[Any, ...]]:
    """Events that fit, of those the actor may see; not ordered. Raises Forbidden."""
    found = select(AuditEvent)
    if not sees_everything(work):
        if not work.actor.powers.may(Permission.AUDIT_READ_ADMINISTRATIVE):
            raise Forbidden("permission_missing", permission=Permission.AUDIT_READ.value)
        found = found.where(
            and_(*(not_(AuditEvent.name.startswith(p, autoescape=True)) for p in PERSONAL_PREFIXES))
        )
    for column in ("name", "actor_id", "subject_id", "client_id", "unit", "result", "request_id"):
        value = getattr(chosen, column)
        if value is not None:
            found = found.where(getattr(AuditEvent, column) == value)
    if chosen.from_day is not None:
        found = found.where(AuditEvent.at >= _midnight(work, chosen.from_day))
    if chosen.to_day is not None:
        found = found.where(AuditEvent.at < _midnight(work, chosen.to_day + timedelta(days=1)))
    return found


def note_reading(work: Work, chosen: Filter) -> None:
    """Reading the trail is itself in the trail."""
    work.record(Event("audit_read", subject=chosen.subject_id, details=_plain(chosen.facts())))


def one(work: Work, event_id: int) -> AuditEvent | None:
    """An event that the actor may see."""
    found: AuditEvent | None = work.session.scalars(
        query(work, Filter()).where(AuditEvent.id == event_id)
    ).first()
    return found


def export(work: Work, chosen: Filter, form: str) -> bytes:
    """Exactly what the filter finds, newest first, at most EXPORT_ROWS: `csv` or `jsonl`. Raises Forbidden."""
    work.demand(Permission.AUDIT_EXPORT)
    rows = list(work.session.scalars(query(work, chosen).order_by(AuditEvent.id.desc()).limit(EXPORT_ROWS)))
    content = _csv(rows) if form == "csv" else b"".join(_json_lines(rows, sees_everything(work)))
    work.record(
        Event(
            "audit_exported",
            subject=chosen.subject_id,
            details=_plain({**chosen.facts(), "format": form, "rows": len(rows)}),
        )
    )
    return content


def openings(event: AuditEvent) -> dict[str, Any]:
    """Personal values of an event that have not been erased."""
    return {name: entry["value"] for name, entry in (event.openings or {}).items()}


def neutralised(value: str) -> str:
    """With a leading apostrophe when a spreadsheet would take the text for a formula (C-210)."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _csv(rows: list[AuditEvent]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*COLUMNS, "leaf"])
    for row in rows:
        cells = [_text(getattr(row, column)) for column in COLUMNS]
        writer.writerow([neutralised(cell) for cell in [*cells, row.leaf.decode()]])
    return "\ufeff".encode() + out.getvalue().encode()


def _json_lines(rows: list[AuditEvent], with_personal: bool) -> Iterator[bytes]:
    for row in rows:
        line: dict[str, Any] = {"id": row.id, "leaf_index": row.leaf_index, "event": orjson.loads(row.leaf)}
        if with_personal:
            line["personal"] = openings(row)
        yield orjson.dumps(line) + b"\n"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {f"filter_{name}" if name == "name" else name: value for name, value in facts.items()}


def _midnight(work: Work, day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(work.settings.city.timezone))
