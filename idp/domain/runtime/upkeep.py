"""What the running system keeps about itself: heartbeats, backups made, restores proven."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.kernel.database import Base, Json, Moment


class Beat(Base):
    """The last time that `name` was seen to work, and what it said."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


def beat(session: Session, name: str, now: datetime, detail: dict[str, Any] | None = None) -> None:
    session.merge(Beat(name=name, at=now, detail=detail or {}))


def last(session: Session, name: str) -> Beat | None:
    return session.get(Beat, name)
