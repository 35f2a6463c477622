"""The audit_event table: inserted in the transaction of the change it records, never updated but to be sealed."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, bindparam, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Actor
from idp.domain.audit import leaf
from idp.domain.audit.events import EVENTS, Event
from idp.kernel.database import Base, Json, Moment
from idp.kernel.prepared import Prepared

MAX_TEXT = 256


class AuditEvent(Base):
    """One event. `leaf` is what the tree commits to; the other columns repeat parts of it to be searched by.

    `openings` holds salts and personal values (by name); erasing it leaves every proof valid (R-126).
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_subject_id_id", "subject_id", "id"),
        Index("ix_audit_event_client_id_id", "client_id", "id"),
        Index("ix_audit_event_actor_id_id", "actor_id", "id"),
        Index("ix_audit_event_name_id", "name", "id"),
        Index("ix_audit_event_at", "at"),
        Index(
            "ix_audit_event_unsealed",
            "id",
            sqlite_where=text("leaf_index IS NULL"),
            postgresql_where=text("leaf_index IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    leaf_index: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    at: Mapped[datetime] = mapped_column(Moment)
    name: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(256))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(128))
    subject_id: Mapped[str | None] = mapped_column(String(32))
    client_id: Mapped[str | None] = mapped_column(String(128))
    unit: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    openings: Mapped[dict[str, Any] | None] = mapped_column(Json)


_COLUMNS = (
    "at", "name", "result", "reason", "actor_kind", "actor_id", "subject_id", "client_id", "unit", "request_id",
    "leaf", "openings",
)  # fmt: skip
_INSERT = Prepared(insert(AuditEvent).values({name: bindparam(name) for name in _COLUMNS}).inline())


def append(session: Session, actor: Actor, now: datetime, event: Event) -> None:
    """Insert `event`; raises KeyError for a name that is not in EVENTS."""
    if event.name not in EVENTS:
        raise KeyError(event.name)
    personal = {name: _cut(value) for name, value in event.personal.items() if value is not None}
    if actor.address is not None:
        personal["address"] = actor.address
    if actor.user_agent:
        personal["user_agent"] = _cut(actor.user_agent)
    salts = {name: os.urandom(leaf.SALT_BYTES) for name in personal}
    facts = {
        "at": leaf.moment(now),
        "name": event.name,
        "result": event.result,
        "reason": _cut(event.reason),
        "actor": {"kind": actor.kind.value, "id": actor.id} if actor.id else {"kind": actor.kind.value},
        "sid": actor.sid,
        "subject": event.subject,
        "client": event.client,
        "unit": event.unit,
        "target": _cut(event.target),
        "request": actor.request_id,
        "before": dict(event.before),
        "after": dict(event.after),
        "details": {name: _cut(value) for name, value in event.details.items()},
    }
    commitments = {name: leaf.commitment(salts[name], value) for name, value in personal.items()}
    openings = {
        name: {"salt": base64.b64encode(salts[name]).decode(), "value": value}
        for name, value in personal.items()
    }
    _INSERT.later(
        session,
        at=now,
        name=event.name,
        result=event.result,
        reason=_cut(event.reason),
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        subject_id=event.subject,
        client_id=event.client,
        unit=event.unit,
        request_id=actor.request_id,
        leaf=leaf.form(facts, commitments),
        openings=openings or None,
    )


def _cut(value: Any) -> Any:
    """Bounded text: an event stays near 1 kB whatever was sent (C-226)."""
    return value[:MAX_TEXT] if isinstance(value, str) and len(value) > MAX_TEXT else value
