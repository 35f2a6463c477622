"""Who can hold a role, and which roles there are, as choices of a form."""

from __future__ import annotations

from sqlalchemy import select

from idp.admin.city import places
from idp.domain.access.roles import Role
from idp.domain.accounts import accounts
from idp.domain.actors import Permission
from idp.domain.city.positions import Position
from idp.domain.clients.registered import ACTIVE, Client
from idp.domain.errors import Invalid
from idp.web import context


def clients() -> list[tuple[str, str]]:
    """Open applications by name; their names are no secret, every employee sees them."""
    rows = context.work().session.scalars(select(Client).where(Client.state == ACTIVE))
    return sorted(
        ((c.client_id, str(c.metadata_["client_name"])) for c in rows), key=lambda one: one[1].casefold()
    )


def roles_of_clients() -> list[tuple[str, str]]:
    """`client|role` and "application: role"."""
    names = dict(clients())
    rows = context.work().session.scalars(select(Role).where(Role.client_id.in_(names)).order_by(Role.name))
    found = [
        (f"{role.client_id}|{role.name}", f"{names[role.client_id or '']}: {role.title}") for role in rows
    ]
    return sorted(found, key=lambda one: one[1].casefold())


def positions(permission: Permission) -> list[tuple[str, str]]:
    """Positions in the units of the actor's reach, with the unit's name."""
    nodes = {node.id: node for node, _ in places.visible(permission)}
    rows = context.work().session.scalars(
        select(Position)
        .where(Position.unit_id.in_(nodes), Position.valid_to.is_(None))
        .order_by(Position.title)
    )
    return [(row.id, f"{row.title} ({nodes[row.unit_id].name})") for row in rows]


def found(kind: str, typed: str) -> str:
    """The holder's id: a person by NIP, mail or user name; a position or unit as chosen. Raises Invalid."""
    if not typed:
        raise Invalid("holder_missing", field=kind)
    if kind != "person":
        return typed
    account = accounts.find(context.work().session, typed)
    if account is None:
        raise Invalid("person_unknown", field="person")
    return account.person_id
