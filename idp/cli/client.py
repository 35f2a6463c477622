"""gapura client …: client applications, their secrets, roles and refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from idp.adapters.outbound import Outbound
from idp.cli.main import config_option
from idp.cli.output import card, counted, json_option, show, table
from idp.cli.targets import json_object, opened
from idp.domain.access import roles
from idp.domain.actors import Permission
from idp.domain.clients import credentials, integration_log, metadata, registered, resource_servers
from idp.domain.clients.profiles import PROFILES
from idp.domain.work import Work

SINGLE = (
    ("client_name", "--name", "Name that staff see."),
    ("description", "--description", "One sentence for staff."),
    ("agency", "--agency", "Code of the unit that owns it."),
    ("purpose", "--purpose", "What the data is used for (shown in the notice)."),
    ("scope", "--scope", 'Scopes, e.g. "openid profile roles".'),
    ("backchannel_logout_uri", "--backchannel-logout-uri", "Where sign-outs are told."),
    ("client_uri", "--client-uri", "Its start page."),
    ("initiate_login_uri", "--initiate-login-uri", "Where a sign-in begins at the application."),
    ("sector", "--sector", "Applications with the same sector see the same subject."),
)
CHOICES = (
    ("profile", "--profile", tuple(PROFILES)),
    ("environment", "--environment", metadata.ENVIRONMENTS),
    ("application_type", "--application-type", ("web", "native")),
    ("token_endpoint_auth_method", "--auth-method", metadata.AUTH_METHODS),
    ("subject_type", "--subject-type", ("pairwise", "public")),
    ("access_default", "--access", ("deny", "allow")),
)
SEVERAL = (
    ("redirect_uris", "--redirect-uri"),
    ("post_logout_redirect_uris", "--post-logout-redirect-uri"),
    ("grant_types", "--grant-type"),
    ("contacts", "--contact"),
)


def member_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each member that is set by hand, and a file for all of them (RFC 7591 names)."""
    for name, flag, text in reversed(SINGLE):
        command = click.option(flag, name, help=text)(command)
    for name, flag, values in reversed(CHOICES):
        command = click.option(flag, name, type=click.Choice(values))(command)
    for name, flag in reversed(SEVERAL):
        command = click.option(flag, name, multiple=True, help="May be given several times.")(command)
    command = click.option("--default-acr", "default_acr", type=click.IntRange(1, 2))(command)
    command = click.option("--skip-notice/--show-notice", "skip_notice", default=None)(command)
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    command = click.option("--jwks", "jwks_file", type=path, help="JWK Set with public keys.")(command)
    return click.option(
        "--metadata", "metadata_file", type=path, help="JSON with members by RFC 7591 names."
    )(command)


@click.group()
def client() -> None:
    """Client applications."""


@client.command()
@click.argument("client_id")
@member_options
@config_option
@json_option
def add(client_id: str, config: Path, as_json: bool, **given: Any) -> None:
    """Register an application. A generated secret is printed once and never again."""
    members = _members(given)
    with opened(config) as work:
        _, secret = registered.register(work, client_id, members, fetch=Outbound(work.settings))
        facts = _facts(work, registered.owned(work, client_id, Permission.CLIENTS_READ))
    facts |= {"client_secret": secret} if secret else {}

    def text() -> str:
        lines = [f"Registered {client_id} ({facts['environment']})."]
        if secret:
            lines += [
                f"client_secret  {secret}",
                "The secret is shown this once; keep it where the application reads it.",
            ]
        lines.append(f"Next: gapura client role-add {client_id} ROLE, then gapura grant add")
        return "\n".join(lines)

    show(as_json, facts, text)


@client.command("list")
@config_option
@json_option
def list_clients(config: Path, as_json: bool) -> None:
    """List applications."""
    with opened(config) as work:
        found = [_facts(work, row) for row in registered.listed(work)]
    show(
        as_json,
        found,
        lambda: table(
            ("CLIENT", "NAME", "AGENCY", "PROFILE", "ENVIRONMENT", "STATE"),
            [
                (f["client_id"], f["client_name"], f["agency"], f["profile"], f["environment"], f["state"])
                for f in found
            ],
        ),
    )


@client.command("show")
@click.argument("client_id")
@config_option
@json_option
def show_client(client_id: str, config: Path, as_json: bool) -> None:
    """Show an application with its roles and the hints of its secrets (never the secrets)."""
    with opened(config) as work:
        row = registered.owned(work, client_id, Permission.CLIENTS_READ)
        facts = _facts(work, row) | {
            "roles": [{"name": r.name, "title": r.title} for r in roles.of_client(work.session, client_id)],
            "secrets": [
                {"id": s.id, "ends_with": s.hint, "created_at": s.created_at, "last_used_at": s.last_used_at}
                for s in credentials.listed(work.session, client_id)
            ],
        }
    known = [(n, v) for n, v in facts.items() if n not in ("roles", "secrets") and v not in (None, [], "")]
    spoken = [("role", f"{r['name']} ({r['title']})") for r in facts["roles"]]
    kept = [
        ("secret", f"{s['id']} ends with {s['ends_with']}, made {s['created_at']:%Y-%m-%d}")
        for s in facts["secrets"]
    ]
    show(as_json, facts, lambda: card([*known, *spoken, *kept]))


@client.command()
@click.argument("client_id")
@member_options
@config_option
@json_option
def change(client_id: str, config: Path, as_json: bool, **given: Any) -> None:
    """Alter what is given; everything else stays."""
    members = _members(given)
    if not members:
        raise click.UsageError("nothing to change was given")
    with opened(config) as work:
        altered = registered.change(work, client_id, members, fetch=Outbound(work.settings))
    facts = {"client_id": client_id, "before": dict(altered.before), "after": dict(altered.after)}
    show(
        as_json,
        facts,
        lambda: (
            f"{client_id}: nothing differed."
            if altered.is_empty
            else f"Changed {', '.join(sorted(altered.after))} of {client_id}; in force on every node within a second."
        ),
    )


@client.command()
@click.argument("client_id")
@click.option("--reason", required=True)
@config_option
@json_option
def disable(client_id: str, reason: str, config: Path, as_json: bool) -> None:
    """Close an application: nobody enters, and everything it was given ends."""
    with opened(config) as work:
        registered.disable(work, client_id, reason)
    show(
        as_json,
        {"client_id": client_id, "state": registered.DISABLED},
        lambda: f"Closed {client_id}. Next, to open it again: gapura client enable {client_id}",
    )


@client.command()
@click.argument("client_id")
@config_option
@json_option
def enable(client_id: str, config: Path, as_json: bool) -> None:
    """Open a closed application again."""
    with opened(config) as work:
        registered.enable(work, client_id)
    show(
        as_json,
        {"client_id": client_id, "state": registered.ACTIVE},
        lambda: f"Opened {client_id}; staff sign in anew.",
    )


@client.command("add-secret")
@click.argument("client_id")
@config_option
@json_option
def add_secret(client_id: str, config: Path, as_json: bool) -> None:
    """Make a second secret, to change it without an interruption; printed once."""
    with opened(config) as work:
        registered.owned(work, client_id, Permission.CLIENTS_WRITE)
        secret = credentials.add_secret(work, client_id)
        row = credentials.listed(work.session, client_id)[-1]
    show(
        as_json,
        {"client_id": client_id, "id": row.id, "client_secret": secret},
        lambda: (
            f"client_secret  {secret}\nThe secret is shown this once. Next: give it to the application, then"
            f" end the old one: gapura client revoke-secret {client_id} SECRET_ID"
        ),
    )


@client.command("revoke-secret")
@click.argument("client_id")
@click.argument("secret_id")
@config_option
@json_option
def revoke_secret(client_id: str, secret_id: str, config: Path, as_json: bool) -> None:
    """End a secret now. SECRET_ID stands in `gapura client show`."""
    with opened(config) as work:
        registered.owned(work, client_id, Permission.CLIENTS_WRITE)
        credentials.revoke_secret(work, client_id, secret_id)
        left = len(credentials.listed(work.session, client_id))
    show(
        as_json,
        {"client_id": client_id, "revoked": secret_id, "left": left},
        lambda: f"Ended the secret; {counted(left, 'secret')} of {client_id} left.",
    )


@client.command("role-add")
@click.argument("client_id")
@click.argument("name")
@click.option("--title", help="What staff read; the name if not given.")
@config_option
@json_option
def role_add(client_id: str, name: str, title: str | None, config: Path, as_json: bool) -> None:
    """Define a role of an application, or give it another title."""
    with opened(config) as work:
        role = roles.define(work, client_id, name, title)
        facts = {"client_id": client_id, "name": role.name, "title": role.title}
    show(as_json, facts, lambda: f"Defined {name}. Next: gapura grant add {client_id} {name} --person PERSON")


@client.command()
@click.argument("client_id")
@click.option("--limit", type=click.IntRange(1, integration_log.SHOWN), default=20, show_default=True)
@config_option
@json_option
def log(client_id: str, limit: int, config: Path, as_json: bool) -> None:
    """The newest refusals of an application, with the exact difference."""
    with opened(config) as work:
        registered.owned(work, client_id, Permission.CLIENTS_READ)
        found = [
            {
                "at": row.at,
                "endpoint": row.endpoint,
                "error": row.error,
                "code": row.code,
                "facts": row.facts,
                "request_id": row.request_id,
            }
            for row in integration_log.newest(work.session, client_id, limit)
        ]
    headings = ("AT", "ENDPOINT", "ERROR", "CODE", "FACTS")
    show(
        as_json,
        found,
        lambda: (
            table(headings, [(f["at"], f["endpoint"], f["error"], f["code"], f["facts"]) for f in found])
            if found
            else f"No refusals of {client_id} in the last days."
        ),
    )


def _members(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, on top of the file; what was not given is not a member."""
    files = {name: given.pop(name) for name in ("metadata_file", "jwks_file")}
    members = json_object(files["metadata_file"]) if files["metadata_file"] else {}
    if files["jwks_file"]:
        members["jwks"] = json_object(files["jwks_file"])
    for name, value in given.items():
        if isinstance(value, tuple):
            members |= {name: list(value)} if value else {}
        elif value is not None:
            members[name] = value or None
    return members | ({"skip_notice": given["skip_notice"]} if given.get("skip_notice") is not None else {})


def _facts(work: Work, row: registered.Client) -> dict[str, Any]:
    view = registered.as_view(work.session, row)
    return {
        "client_id": row.client_id,
        "state": row.state,
        "version": row.version,
        **view.members,
        "disabled_reason": row.disabled_reason,
    }


@client.command("add-api")
@click.argument("identifier")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="A scope that the API defines; several times for several.",
)
@click.option("--client", "client_id", help="The client by which the API asks about tokens (introspection).")
@click.option("--name", help="Name that people see.")
@config_option
@json_option
def add_api(
    identifier: str,
    scopes: tuple[str, ...],
    client_id: str | None,
    name: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Register an API: IDENTIFIER (an address) is the audience of its access tokens."""
    with opened(config) as work:
        if client_id is not None:
            registered.owned(work, client_id, Permission.CLIENTS_WRITE)
        server = resource_servers.register(work, identifier, scopes=scopes, client_id=client_id, name=name)
        facts = {"identifier": server.identifier, "scopes": server.scopes, "client_id": server.client_id}
    show(
        as_json,
        facts,
        lambda: (
            f"Registered {identifier} with {', '.join(scopes)}.\nNext: give an application the scope with"
            f" gapura client change CLIENT_ID --scope, and let it ask with resource={identifier}"
        ),
    )


@client.command("list-apis")
@config_option
@json_option
def list_apis(config: Path, as_json: bool) -> None:
    """List the registered APIs."""
    with opened(config) as work:
        rows = [
            {
                "identifier": s.identifier,
                "scopes": " ".join(s.scopes),
                "client_id": s.client_id or "",
                "name": s.name,
            }
            for s in resource_servers.listed(work.session)
        ]
    columns = ("identifier", "scopes", "client_id")
    show(as_json, rows, lambda: table(columns, [[row[name] for name in columns] for row in rows]))
