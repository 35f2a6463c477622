"""Resource servers (APIs): an identifier that is the audience of access tokens, and the scopes they define."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.actors import Permission
from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, Invalid
from idp.domain.runtime import epochs
from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment


class ResourceServer(Base):
    """`client_id` is the client by which the API authenticates when it introspects."""

    __tablename__ = "resource_server"

    identifier: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"), index=True)
    scopes: Mapped[list[Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Moment)


def register(
    work: Work,
    identifier: str,
    *,
    scopes: Sequence[str],
    client_id: str | None = None,
    name: str | None = None,
) -> ResourceServer:
    """Raises Invalid, Conflict, Forbidden."""
    work.demand(Permission.CLIENTS_WRITE)
    if (
        not identifier.startswith(("https://", "http://", "urn:"))
        or "#" in identifier
        or len(identifier) > 255
    ):
        raise Invalid("resource_malformed", field="identifier")
    taken = {scope for server in listed(work.session) for scope in server.scopes}
    for scope in scopes:
        if not scope.isascii() or " " in scope or '"' in scope or "\\" in scope or not scope:
            raise Invalid("scope_malformed", field="scopes")
        if scope in taken:
            raise Conflict("scope_taken", field="scopes", scope=scope)
    if work.session.get(ResourceServer, identifier) is not None:
        raise Conflict("resource_exists", identifier=identifier)
    server = ResourceServer(
        identifier=identifier,
        name=name or identifier,
        client_id=client_id,
        scopes=list(scopes),
        created_at=work.now,
    )
    work.session.add(server)
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(
        Event(
            "resource_server_registered", target=identifier, client=client_id, after={"scopes": list(scopes)}
        )
    )
    return server


def listed(session: Session) -> list[ResourceServer]:
    return list(session.scalars(select(ResourceServer).order_by(ResourceServer.identifier)))
