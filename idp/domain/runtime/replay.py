"""A `jti` is used once for as long as its token could be accepted, also across restarts and nodes (R-42)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Moment


class Seen(Base):
    """Keyed pseudonym of something that must not come twice."""

    __tablename__ = "replay_seen"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)


def first_use(work: Work, purpose: str, value: str, expires_at: datetime) -> bool:
    """True for exactly one of any number of concurrent calls with the same `purpose` and `value`."""
    insert = postgresql_insert if work.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = (
        insert(Seen)
        .values(key=work.vault.digests.label(f"replay:{purpose}", value), expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(Seen.key)
    )
    return work.session.execute(statement).first() is not None


def sweep(work: Work) -> int:
    """Remove what could no longer be accepted anyway."""
    return len(work.session.execute(delete(Seen).where(Seen.expires_at < work.now).returning(Seen.key)).all())
