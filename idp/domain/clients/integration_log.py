"""The last refusals of a client, each with the exact mismatch: what developers read instead of guessing (UX.md §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.kernel.database import Base, Json, Moment

KEPT = timedelta(days=14)
SHOWN = 200


class Refusal(Base):
    """`sent` and `expected` hold no secret, code or token."""

    __tablename__ = "integration_log"
    __table_args__ = (Index("ix_integration_log_client_id_id", "client_id", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    client_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Moment)
    endpoint: Mapped[str] = mapped_column(String(32))
    error: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    request_id: Mapped[str | None] = mapped_column(String(64))


def write(
    session: Session,
    *,
    client_id: str,
    at: datetime,
    endpoint: str,
    error: str,
    code: str,
    facts: Mapping[str, Any],
    request_id: str | None,
) -> None:
    """Add a line. Losing one loses no truth, so it is its own small transaction."""
    cut = {name: (value[:300] if isinstance(value, str) else value) for name, value in facts.items()}
    session.add(
        Refusal(
            client_id=client_id,
            at=at,
            endpoint=endpoint,
            error=error,
            code=code,
            facts=cut,
            request_id=request_id,
        )
    )


def newest(session: Session, client_id: str, limit: int = SHOWN) -> list[Refusal]:
    return list(
        session.scalars(
            select(Refusal).where(Refusal.client_id == client_id).order_by(Refusal.id.desc()).limit(limit)
        )
    )


def sweep(session: Session, now: datetime) -> None:
    session.execute(delete(Refusal).where(Refusal.at < now - KEPT))
