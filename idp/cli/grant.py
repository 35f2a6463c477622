"""gapura grant add | end | list | explain: who may what in which application, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from idp.cli.main import config_option
from idp.cli.output import DAY, json_option, show, table
from idp.cli.targets import opened, person_named
from idp.domain.access import grants, state
from idp.domain.access.grants import Grant, Offer
from idp.domain.access.model import Decision, Holder
from idp.domain.city import positions, units
from idp.domain.clients import registered
from idp.domain.errors import NotFound
from idp.domain.governance import holdings
from idp.domain.work import Work

GAPURA = "gapura"
"""Stands for Gapura itself where an application is named: platform roles."""


@click.group()
def grant() -> None:
    """Access: roles given to a person, a position or a unit. CLIENT `gapura` means Gapura itself."""


@grant.command()
@click.argument("client_id", metavar="CLIENT")
@click.argument("role")
@click.option("--person", help="Username, NIP or id.")
@click.option("--unit", help="Code of a unit: all who work in it or below.")
@click.option("--position", help="Title of a position in --unit, or its id: whoever holds it.")
@click.option("--reason", required=True)
@click.option("--letter", "letter_number", help="Number of the letter it rests on.")
@click.option("--from", "valid_from", type=DAY)
@click.option("--to", "valid_to", type=DAY, help="Last day.")
@click.option("--within", "constraint_unit", help="Only for this unit and those below it.")
@config_option
@json_option
def add(
    client_id: str,
    role: str,
    person: str | None,
    unit: str | None,
    position: str | None,
    config: Path,
    as_json: bool,
    **values: Any,
) -> None:
    """Give a role to exactly one of --person, --unit, or --position."""
    with opened(config) as work:
        holder, holder_id = _holder(work, person, unit, position)
        made = grants.give(
            work,
            Offer(
                None if client_id == GAPURA else client_id,
                role,
                holder,
                holder_id,
                values["reason"],
                valid_from=values["valid_from"] or state.today(work),
                valid_to=values["valid_to"],
                constraint_unit=values["constraint_unit"],
                letter_number=values["letter_number"],
                source="cli",
            ),
        )
        facts = _facts(made, role, client_id)
    until = f" until {made.valid_to}" if made.valid_to else ""
    show(
        as_json,
        facts,
        lambda: (
            f"Gave {role} in {client_id} to the {holder.value} {person or position or unit}{until}.\n"
            f"To end it: gapura grant end {made.id} --reason ..."
        ),
    )


@grant.command()
@click.argument("grant_id")
@click.option("--reason", required=True)
@config_option
@json_option
def end(grant_id: str, reason: str, config: Path, as_json: bool) -> None:
    """End a grant now. GRANT_ID stands in `gapura grant list`."""
    with opened(config) as work:
        holding = holdings.one(work, grant_id)
        grants.end(work, grant_id, reason)
    show(
        as_json,
        {
            "id": grant_id,
            "role": holding.role_name,
            "client_id": holding.client_id or GAPURA,
            "reason": reason,
        },
        lambda: f"Ended {holding.role_name} in {holding.client_id or GAPURA} for {holding.holder_name}.",
    )


@grant.command("list")
@click.option("--client", "client_id", help="An application, or `gapura`.")
@click.option("--person", help="Given to this person alone.")
@click.option("--unit", help="Held in this unit and below.")
@click.option("--ended", "with_ended", is_flag=True, help="Also those that ended.")
@config_option
@json_option
def list_grants(
    client_id: str | None, person: str | None, unit: str | None, with_ended: bool, config: Path, as_json: bool
) -> None:
    """List grants."""
    with opened(config) as work:
        chosen = holdings.Filter(
            client_id=holdings.PLATFORM if client_id == GAPURA else client_id,
            holder=Holder.PERSON if person else None,
            holder_id=person_named(work, person).id if person else None,
            unit=unit,
            with_ended=with_ended,
        )
        query = holdings.query(work, chosen).order_by(Grant.recorded_at, Grant.id)
        found = [
            _facts(h.grant, h.role_name, h.client_id or GAPURA) | {"holder_name": h.holder_name}
            for h in holdings.with_names(work, work.session.execute(query))
        ]
    show(
        as_json,
        found,
        lambda: table(
            ("ID", "CLIENT", "ROLE", "HOLDER", "WHO", "WITHIN", "FROM", "TO"),
            [
                (
                    f["id"], f["client_id"], f["role"], f["holder"], f["holder_name"], f["within"],
                    f["valid_from"], f["valid_to"],
                )
                for f in found
            ],
        ),
    )  # fmt: skip


@grant.command()
@click.argument("person")
@click.argument("client_id", metavar="CLIENT")
@click.option("--on", type=DAY, help="As of that day; today if not given.")
@config_option
@json_option
def explain(person: str, client_id: str, on: date | None, config: Path, as_json: bool) -> None:
    """Why a person may or may not enter an application, and with which roles."""
    with opened(config) as work:
        who = person_named(work, person)
        view = registered.view(work.session, client_id)
        if view is None:
            raise NotFound("client_unknown", client_id=client_id)
        decision = state.decide_for(work, who.id, view, on)
        day = on or state.today(work)
    facts = {
        "person": who.id,
        "client_id": client_id,
        "on": day,
        "allowed": decision.allowed,
        "roles": [role.claim() for role in decision.roles],
        "reasons": [{"code": reason.code, **reason.values} for reason in decision.reasons],
    }
    show(as_json, facts, lambda: _explanation(who.name, client_id, day, decision))


WORDS = {
    "client_disabled": "the application is closed",
    "account_not_active": "the account is {state}",
    "not_employed": "no employment is in force",
    "grant_ended": "{role}: was ended",
    "grant_not_yet": "{role}: begins on {valid_from}",
    "grant_expired": "{role}: its last day was {valid_to}",
    "grant_of_another": "{role}: belongs to another {via} ({holder})",
    "grant_holds": "{role}: holds through the {via}, given by {given_by} because: {reason}",
    "role_held": "so the person enters with {roles}",
    "client_open_to_staff": "the application is open to all staff",
    "no_role": "no role reaches the person, and the application is not open to all staff",
}


def _explanation(name: str, client_id: str, day: date, decision: Decision) -> str:
    lines = [f"On {day} {name} {'MAY' if decision.allowed else 'MAY NOT'} enter {client_id}:"]
    for reason in decision.reasons:
        values = {n: ", ".join(v) if isinstance(v, list) else v for n, v in reason.values.items()}
        lines.append(f"  - {WORDS.get(reason.code, reason.code).format(**values)}")
    return "\n".join(lines)


def _holder(work: Work, person: str | None, unit: str | None, position: str | None) -> tuple[Holder, str]:
    if person is not None and unit is None and position is None:
        return Holder.PERSON, person_named(work, person).id
    if position is not None and person is None:
        if unit is None:
            return Holder.POSITION, positions.get(work.session, position).id
        found = positions.find(work.session, units.by_code(work.session, unit).id, position)
        if found is None:
            raise NotFound("position_unknown", position=position, unit=unit)
        return Holder.POSITION, found.id
    if unit is not None and person is None:
        return Holder.UNIT, units.by_code(work.session, unit).code
    raise click.UsageError("give exactly one of --person, --unit, or --position (with --unit)")


def _facts(row: Grant, role: str, client_id: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "client_id": client_id,
        "role": role,
        "holder": row.holder,
        "holder_id": row.holder_id,
        "within": row.constraint_unit,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "reason": row.reason,
        "letter": row.letter_number,
        "given_by": row.given_by,
        "ended_at": row.ended_at,
    }
