"""Units as choices of a form, inside the units that the actor looks after."""

from __future__ import annotations

from flask_babel import gettext

from idp.domain.access import state
from idp.domain.actors import Permission
from idp.domain.city import units
from idp.domain.city.units import Node, Tree
from idp.web import context


def tree() -> Tree:
    work = context.work()
    return units.tree(work.session, state.today(work))


def visible(permission: Permission) -> list[tuple[Node, int]]:
    """Units of the actor's reach with their depth, in the order of the tree."""
    found, reach = tree(), context.work().actor.powers.reach(permission)
    rows: list[tuple[Node, int]] = []

    def walk(unit_id: str | None, depth: int) -> None:
        for node in found.children(unit_id):
            inside = reach.covers(node.code)
            if inside:
                rows.append((node, depth))
            walk(node.id, depth + 1 if inside else depth)

    walk(None, 0)
    return rows


def choices(permission: Permission, empty: str | None = None) -> list[tuple[str, str]]:
    """Options of a select, deeper units indented."""
    indent = "\u2003"
    listed = [(node.code, indent * depth + node.name) for node, depth in visible(permission)]
    return [("", empty or gettext("Pilih …")), *listed]


def agencies() -> list[tuple[str, str]]:
    """Perangkat daerah as options."""
    nodes = sorted(tree().by_code.values(), key=lambda node: node.name)
    return [
        ("", gettext("Tidak ada")),
        *((node.code, node.name) for node in nodes if node.kind == units.UnitKind.AGENCY),
    ]


def name_of(code: str) -> str:
    node = tree().by_code.get(code)
    return node.name if node else code
