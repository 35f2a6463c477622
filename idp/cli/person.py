"""gapura person …: people, their accounts and sessions. PERSON is a username, e-mail address, NIP or id."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from idp.cli.main import config_option
from idp.cli.output import DAY, card, counted, json_option, masked, show, table
from idp.cli.person_import import import_file
from idp.cli.targets import opened, person_named
from idp.domain.access import grants, state
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts, tickets, totp
from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.city import placements, units
from idp.domain.city.employment import EmploymentStatus
from idp.domain.city.people import Person
from idp.domain.governance import directory
from idp.domain.lifecycle import moves
from idp.domain.lifecycle.moves import NewPerson
from idp.domain.sessions import sso
from idp.domain.work import Work

statuses = click.Choice([status.value for status in EmploymentStatus])


@click.group()
def person() -> None:
    """People and their accounts."""


person.add_command(import_file)


@person.command()
@click.option("--name", "plain_name", required=True, help="Without titles.")
@click.option("--title-before", help='Such as "Dr.".')
@click.option("--title-after", help='Such as "M.Si.".')
@click.option("--username", help="A handle is made up if not given.")
@click.option("--nip", help="NIP or NI PPPK, in any spacing.")
@click.option("--email")
@click.option("--phone")
@click.option("--status", "employment_status", type=statuses, default="pns", show_default=True)
@click.option("--unit", required=True, help="Code of the unit.")
@click.option("--position", help="Title of the position; added to the unit if missing.")
@click.option("--from", "valid_from", type=DAY, help="First day; today if not given.")
@click.option("--to", "valid_to", type=DAY, help="Last day, for contracts.")
@config_option
@json_option
def add(config: Path, as_json: bool, **given: Any) -> None:
    """Add a person with employment, position and an account that waits to be activated."""
    with opened(config) as work:
        given["valid_from"] = given["valid_from"] or state.today(work)
        person_id = moves.join(work, NewPerson(**given, source="cli"))
        facts = _facts(work, work.session.get_one(Person, person_id))
    show(
        as_json,
        facts,
        lambda: (
            f"Added {facts['name']} with the username {facts['username']}.\n"
            f"Next: gapura person activation-code {facts['username']}"
        ),
    )


@person.command("list")
@click.option("--search", "text", default="", help="Part of a name or address, or the beginning of a NIP.")
@click.option("--unit", help="In this unit and those below it.")
@click.option("--state", "account_state", type=click.Choice([s.value for s in AccountState]))
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
@config_option
@json_option
def list_people(
    text: str, unit: str | None, account_state: str | None, limit: int, config: Path, as_json: bool
) -> None:
    """List people by name. Numbers are masked in the table."""
    with opened(config) as work:
        if unit is not None:
            units.by_code(work.session, unit)
        query = directory.query(work, directory.Search(text, unit, account_state))
        rows = work.session.execute(query.order_by(Person.plain_name, Person.id).limit(limit + 1)).all()
        found = directory.lines(work, rows[:limit])
    facts = [
        {
            "id": line.person_id, "username": line.username, "name": line.name, "nip": line.number,
            "email": line.email, "unit": line.unit, "position": line.title, "state": line.state,
        }
        for line in found
    ]  # fmt: skip
    more = f"\n... and more; narrow the search or raise --limit {limit}." if len(rows) > limit else ""
    show(
        as_json,
        facts,
        lambda: (
            table(
                ("USERNAME", "NAME", "NIP", "POSITION", "UNIT", "STATE"),
                [
                    (f["username"], f["name"], masked(f["nip"]), f["position"], f["unit"], f["state"])
                    for f in facts
                ],
            )
            + more
        ),
    )


@person.command("show")
@click.argument("person_text", metavar="PERSON")
@config_option
@json_option
def show_person(person_text: str, config: Path, as_json: bool) -> None:
    """Show a person, where they work, and the state of the account."""
    with opened(config) as work:
        facts = _facts(work, person_named(work, person_text))
    spoken = [
        (name, ", ".join(value) if isinstance(value, list) else value)
        for name, value in facts.items()
        if name not in ("nip", "posts")
    ]
    posts = [
        ("post", f"{post['position'] or 'no position'}, {post['unit_name'] or 'no unit'}")
        for post in facts["posts"]
    ]
    show(as_json, facts, lambda: card([*spoken, ("nip", masked(facts["nip"])), *posts]))


@person.command()
@click.argument("person_text", metavar="PERSON")
@click.option("--reason", required=True)
@config_option
@json_option
def disable(person_text: str, reason: str, config: Path, as_json: bool) -> None:
    """Close an account now: sessions and tokens end, applications are told."""
    with opened(config) as work:
        who = person_named(work, person_text)
        ended = moves.disable(work, who.id, reason)
    show(
        as_json,
        {"id": who.id, "state": AccountState.DISABLED.value, "sessions_ended": ended},
        lambda: (
            f"Closed the account of {who.name}; {counted(ended, 'session')} ended.\n"
            f"To open it again: gapura person enable {person_text}"
        ),
    )


@person.command()
@click.argument("person_text", metavar="PERSON")
@config_option
@json_option
def enable(person_text: str, config: Path, as_json: bool) -> None:
    """Open a closed account again."""
    with opened(config) as work:
        who = person_named(work, person_text)
        opened_as = moves.enable(work, who.id)
    hint = f"\nNext: gapura person activation-code {person_text}" if opened_as is AccountState.INVITED else ""
    show(
        as_json,
        {"id": who.id, "state": opened_as.value},
        lambda: f"The account of {who.name} is {opened_as.value}.{hint}",
    )


@person.command()
@click.argument("person_text", metavar="PERSON")
@click.option("--on", type=DAY, help="Last day; today if not given.")
@click.option("--reason", required=True)
@config_option
@json_option
def leave(person_text: str, on: date | None, reason: str, config: Path, as_json: bool) -> None:
    """End the employment: post, personal grants and, once the day has come, sessions."""
    with opened(config) as work:
        who = person_named(work, person_text)
        day = on or state.today(work)
        moves.leave(work, who.id, day, reason)
    show(
        as_json,
        {"id": who.id, "valid_to": day},
        lambda: f"The last day of {who.name} is {day}; what was given to them alone ends then.",
    )


@person.command()
@click.argument("person_text", metavar="PERSON")
@click.option("--unit", required=True, help="Code of the new unit.")
@click.option("--position", help="Title of the position; added to the unit if missing.")
@click.option("--from", "valid_from", type=DAY, help="First day; today if not given.")
@click.option("--decree", help="Number of the decree.")
@config_option
@json_option
def place(
    person_text: str,
    unit: str,
    position: str | None,
    valid_from: date | None,
    decree: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Move a person to a position of a unit from a day on."""
    with opened(config) as work:
        who = person_named(work, person_text)
        day = valid_from or state.today(work)
        moves.place(work, who.id, unit, position, day, decree)
    show(
        as_json,
        {"id": who.id, "unit": unit, "position": position or moves.DEFAULT_TITLE, "valid_from": day},
        lambda: f"{who.name} works in {unit} from {day}. Next: gapura grant list --person {person_text}",
    )


@person.command("activation-code")
@click.argument("person_text", metavar="PERSON")
@config_option
@json_option
def activation_code(person_text: str, config: Path, as_json: bool) -> None:
    """Make a one-time code to be handed over in person; printed once."""
    with opened(config) as work:
        who = person_named(work, person_text)
        unit = grants.holder_unit(work, Holder.PERSON, who.id)
        code, until = tickets.issue_activation(work, who.id, unit=unit)
        username = accounts.get(work.session, who.id).username
        link = f"{work.settings.issuer}/masuk/aktivasi"
    show(
        as_json,
        {"id": who.id, "username": username, "activation_code": code, "expires_at": until, "link": link},
        lambda: (
            f"username         {username}\nactivation code  {code}\n"
            f"Hand it to {who.name} in person; it is shown this once and ends at {until:%Y-%m-%d %H:%M} UTC.\n"
            f"Next: they open {link}"
        ),
    )


@person.command()
@click.argument("person_text", metavar="PERSON")
@click.option("--end", is_flag=True, help="End all of them.")
@config_option
@json_option
def sessions(person_text: str, end: bool, config: Path, as_json: bool) -> None:
    """List the sessions of a person, or end them all."""
    with opened(config) as work:
        who = person_named(work, person_text)
        moves.demand_over(work, who.id)
        live = sso.live_of(work, who.id)
        facts = [
            {
                "sid": row.sid, "started_at": row.created_at, "last_seen_at": row.last_seen_at,
                "address": row.address, "user_agent": row.user_agent, "level": row.level,
                "clients": sso.clients_of(work.session, row.id),
            }
            for row in live
        ]  # fmt: skip
        if end:
            accounts.raise_epoch(work, who.id)
            sso.end_all(work, who.id, "ended_by_operator")

    def text() -> str:
        if end:
            return f"Ended {counted(len(facts), 'session')} of {who.name}; applications are being told."
        if not facts:
            return f"{who.name} is signed in nowhere."
        columns = ("SID", "STARTED", "LAST SEEN", "ADDRESS", "APPLICATIONS")
        rows = [(f["sid"], f["started_at"], f["last_seen_at"], f["address"], f["clients"]) for f in facts]
        return table(columns, rows) + f"\nTo end them: gapura person sessions {person_text} --end"

    show(as_json, facts, text)


def _facts(work: Work, who: Person) -> dict[str, Any]:
    account = work.session.get(Account, who.id)
    today = state.today(work)
    tree = units.tree(work.session, today)
    posts = placements.posts(work.session, who.id, today)
    held = grants.platform_roles_of(work.session, who.id, today)
    return {
        "id": who.id,
        "name": who.name,
        "plain_name": who.plain_name,
        "username": account.username if account else None,
        "state": account.state if account else None,
        "nip": posts[0].number if posts else None,
        "employment_status": posts[0].status if posts else None,
        "email": who.email,
        "phone": who.phone,
        "second_factor": bool(totp.active(work.session, who.id)),
        "last_sign_in_at": account.last_sign_in_at if account else None,
        "platform_roles": sorted(role.value for role in held),
        "posts": [
            {
                "position": post.title,
                "unit": tree.by_id[post.unit_id].code if post.unit_id in tree.by_id else None,
                "unit_name": tree.by_id[post.unit_id].name if post.unit_id in tree.by_id else None,
                "valid_to": post.placed_to,
            }
            for post in posts
        ],
    }
