"""Roles that applications define, and the platform roles on Gapura itself (client None)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Permission, PlatformRole
from idp.domain.audit.events import Event
from idp.domain.clients import registered
from idp.domain.errors import Invalid, NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id


class Role(Base):
    """`name` is the application's own word; platform roles have no client."""

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("client_id", "name"),)

    id: Mapped[Id]
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Moment)


def define(work: Work, client_id: str, name: str, title: str | None = None) -> Role:
    """Define a role of an application, or give an existing one another title."""
    client = registered.owned(work, client_id, Permission.CLIENTS_WRITE)
    if not name or len(name) > 64 or any(c.isspace() or ord(c) < 0x21 for c in name):
        raise Invalid("role_name_malformed", field="name")
    role = find(work.session, client_id, name)
    if role is not None:
        role.title = title or role.title
        return role
    role = Role(id=new_id(), client_id=client_id, name=name, title=title or name, created_at=work.now)
    work.session.add(role)
    work.session.flush()
    work.record(
        Event("role_defined", client=client_id, unit=client.agency, target=name, after={"title": role.title})
    )
    return role


def ensure_platform_roles(session: Session, now: datetime) -> None:
    """Insert the platform roles that are missing."""
    present = {role.name for role in session.scalars(select(Role).where(Role.client_id.is_(None)))}
    for name in PlatformRole:
        if name not in present:
            session.add(Role(id=new_id(), client_id=None, name=name.value, title=name.value, created_at=now))
    session.flush()


def find(session: Session, client_id: str | None, name: str) -> Role | None:
    return session.scalars(select(Role).where(Role.client_id == client_id, Role.name == name)).first()


def get(session: Session, client_id: str | None, name: str) -> Role:
    """Raises NotFound."""
    role = find(session, client_id, name)
    if role is None:
        raise NotFound("role_unknown", role=name)
    return role


def of_client(session: Session, client_id: str | None) -> list[Role]:
    return list(session.scalars(select(Role).where(Role.client_id == client_id).order_by(Role.name)))
