"""People: one lasting identity each, whatever posts or numbers come and go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.errors import NotFound
from idp.kernel.database import Base, Id, Json, Moment


class Person(Base):
    """`fixture_claims` exist only where a fixture of the test or demo environment sets them (HARNESS.md §2)."""

    __tablename__ = "person"

    id: Mapped[Id]
    plain_name: Mapped[str] = mapped_column(String(200), index=True)
    title_before: Mapped[str | None] = mapped_column(String(60))
    title_after: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    email_verified: Mapped[bool] = mapped_column(Boolean, default=False)
    phone: Mapped[str | None] = mapped_column(String(32))
    locale: Mapped[str] = mapped_column(String(8), default="id")
    zoneinfo: Mapped[str] = mapped_column(String(64), default="Asia/Jakarta")
    fixture_claims: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def name(self) -> str:
        """With titles: "Dr. Siti Aminah, M.Si."."""
        return formatted_name(self.plain_name, self.title_before, self.title_after)


def formatted_name(plain_name: str, title_before: str | None, title_after: str | None) -> str:
    """The name as it stands in letters."""
    front = f"{title_before} {plain_name}" if title_before else plain_name
    return f"{front}, {title_after}" if title_after else front


def get(session: Session, person_id: str) -> Person:
    """Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("person_unknown")
    return person
