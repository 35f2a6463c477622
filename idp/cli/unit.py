"""gapura unit add | list | show | change: the organisation tree."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from idp.cli.main import config_option
from idp.cli.output import DAY, card, json_option, show, table
from idp.cli.targets import opened
from idp.domain.access import state
from idp.domain.city import units
from idp.domain.city.units import Tree, UnitKind, UnitVersion
from idp.domain.errors import NotFound
from idp.domain.work import Work

unit_kinds = click.Choice([kind.value for kind in UnitKind])


@click.group()
def unit() -> None:
    """Units: agencies, sections, districts, wards and technical units."""


@unit.command()
@click.argument("code")
@click.option("--name", required=True)
@click.option("--kind", type=unit_kinds, default=UnitKind.AGENCY.value, show_default=True)
@click.option("--parent", help="Code of the unit above.")
@click.option("--from", "valid_from", type=DAY, help="First day; today if not given.")
@config_option
@json_option
def add(
    code: str,
    name: str,
    kind: str,
    parent: str | None,
    valid_from: date | None,
    config: Path,
    as_json: bool,
) -> None:
    """Add a unit."""
    with opened(config) as work:
        units.add(
            work, code=code, name=name, kind=kind, parent=parent, valid_from=valid_from or state.today(work)
        )
    made = {"code": code, "name": name, "kind": kind, "parent": parent}
    show(as_json, made, lambda: f"Added the unit {code}. Next: gapura person add --unit {code} ...")


@unit.command("list")
@click.option("--below", help="Only this unit and those below it.")
@click.option("--on", type=DAY, help="As the tree is on that day; today if not given.")
@config_option
@json_option
def list_units(below: str | None, on: date | None, config: Path, as_json: bool) -> None:
    """List units, each below the one it belongs to."""
    with opened(config) as work:
        tree = units.tree(work.session, on or state.today(work))
    if below is not None and below not in tree.by_code:
        raise NotFound("unit_unknown", unit=below)
    rows = list(_walk(tree, tree.by_code[below].parent_id if below else None, 0))
    if below is not None:
        within = tree.codes_within(below)
        rows = [row for row in rows if row["code"] in within]
    show(
        as_json,
        rows,
        lambda: table(
            ("CODE", "NAME", "KIND"),
            [(row["code"], "  " * row["depth"] + row["name"], row["kind"]) for row in rows],
        ),
    )


@unit.command("show")
@click.argument("code")
@config_option
@json_option
def show_unit(code: str, config: Path, as_json: bool) -> None:
    """Show a unit with every name and place it has had."""
    with opened(config) as work:
        found = units.by_code(work.session, code)
        tree = units.tree(work.session, state.today(work))
        versions = _versions(work, found.id, tree)
    facts = {"id": found.id, "code": code, "kind": found.kind, "versions": versions}
    lines = [
        (
            f"from {v['valid_from']}",
            f"{v['name']} (below {v['parent'] or 'nothing'}, to {v['valid_to'] or 'now'})",
        )
        for v in versions
    ]
    show(as_json, facts, lambda: card([("code", code), ("kind", found.kind), *lines]))


@unit.command()
@click.argument("code")
@click.option("--name", help="The new name; unchanged if not given.")
@click.option("--parent", help="Code of the new unit above; unchanged if not given.")
@click.option("--top", is_flag=True, help="Move the unit to the top of the tree.")
@click.option("--from", "valid_from", type=DAY, help="First day; today if not given.")
@config_option
@json_option
def change(
    code: str,
    name: str | None,
    parent: str | None,
    top: bool,
    valid_from: date | None,
    config: Path,
    as_json: bool,
) -> None:
    """Give a unit another name or place from a day on."""
    with opened(config) as work:
        day = valid_from or state.today(work)
        units.by_code(work.session, code)
        tree = units.tree(work.session, day)
        now = tree.by_code.get(code)
        above = tree.by_id.get(now.parent_id or "") if now else None
        wanted = name or (now.name if now else code)
        parent_code = None if top else parent or (above.code if above else None)
        units.change(work, code, name=wanted, parent=parent_code, valid_from=day)
    changed = {"code": code, "name": wanted, "parent": parent_code, "valid_from": day}
    show(
        as_json,
        changed,
        lambda: f"From {day} the unit {code} is {wanted!r} below {parent_code or 'nothing'}.",
    )


def _walk(tree: Tree, parent_id: str | None, depth: int) -> Any:
    for node in tree.children(parent_id):
        above = tree.by_id.get(node.parent_id or "")
        yield {
            "code": node.code,
            "name": node.name,
            "kind": node.kind,
            "parent": above.code if above else None,
            "depth": depth,
        }
        yield from _walk(tree, node.id, depth + 1)


def _versions(work: Work, unit_id: str, tree: Tree) -> list[dict[str, Any]]:
    rows = work.session.scalars(
        select(UnitVersion).where(UnitVersion.unit_id == unit_id).order_by(UnitVersion.valid_from)
    )
    return [
        {
            "name": row.name,
            "parent": tree.by_id[row.parent_id].code if row.parent_id in tree.by_id else None,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for row in rows
    ]
