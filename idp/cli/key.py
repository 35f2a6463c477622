"""gapura key list | prepare | activate | retire | revoke: the life of signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from idp.cli.main import config_option
from idp.cli.output import json_option, show, table
from idp.cli.targets import opened
from idp.domain.runtime import keys
from idp.domain.runtime.keys import Key
from idp.domain.work import Work
from idp.kernel.jose import ALGORITHMS


@click.group()
def key() -> None:
    """Signing keys. A key is published before it signs, and stays published after."""


@key.command("list")
@config_option
@json_option
def list_keys(config: Path, as_json: bool) -> None:
    """List keys with their state; `removable_at` is when a retired key may leave the JWKS."""
    with opened(config) as work:
        found = [_facts(work, row) for row in keys.listed(work.session)]
    show(
        as_json,
        found,
        lambda: table(
            ("KID", "ALGORITHM", "STATE", "PUBLISHED", "ACTIVATED", "RETIRED", "REMOVABLE"),
            [
                (
                    f["kid"],
                    f["algorithm"],
                    f["state"],
                    f["published_at"],
                    f["activated_at"],
                    f["retired_at"],
                    f["removable_at"],
                )
                for f in found
            ],
        ),
    )


@key.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="RS256", show_default=True)
@config_option
@json_option
def prepare(algorithm: str, config: Path, as_json: bool) -> None:
    """Make the next key and publish it, so that every application can fetch it before it signs."""
    with opened(config) as work:
        made = _facts(work, keys.prepare(work, algorithm))
        hours = work.settings.keys.prepublish_seconds / 3600
    show(
        as_json,
        made,
        lambda: (
            f"Published {made['kid']} ({algorithm}); it does not sign yet.\n"
            f"Next: after {hours:g} hours gapura key activate {made['kid']}"
        ),
    )


@key.command()
@click.argument("kid")
@click.option(
    "--early", is_flag=True, help="Before the prepublication time; applications may see an unknown key."
)
@config_option
@json_option
def activate(kid: str, early: bool, config: Path, as_json: bool) -> None:
    """Let the prepared key sign; the one before is retired and stays published."""
    with opened(config) as work:
        facts = _facts(work, keys.activate(work, kid, early=early))
    show(
        as_json,
        facts,
        lambda: f"{kid} signs from now on. Next: gapura key list shows when the old key may go.",
    )


@key.command()
@click.argument("kid")
@config_option
@json_option
def retire(kid: str, config: Path, as_json: bool) -> None:
    """Take a retired key out of the JWKS and erase it, once no valid token needs it."""
    with opened(config) as work:
        facts = _facts(work, keys.destroy(work, kid))
    show(as_json, facts, lambda: f"{kid} left the JWKS and its private part was erased.")


@key.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def revoke(kid: str, yes: bool, config: Path, as_json: bool) -> None:
    """Emergency: end a key that may be known to others. Its tokens stop verifying at once."""
    if not yes:
        click.confirm(f"Every token signed with {kid} becomes invalid. Go on?", abort=True, err=True)
    with opened(config) as work:
        facts = _facts(work, keys.destroy(work, kid, emergency=True))
    show(as_json, facts, lambda: f"{kid} is revoked; a successor signs. Next: gapura key list")


def _facts(work: Work, row: Key) -> dict[str, Any]:
    return {
        "kid": row.kid,
        "algorithm": row.algorithm,
        "state": row.state,
        "published_at": row.published_at,
        "activated_at": row.activated_at,
        "retired_at": row.retired_at,
        "removable_at": keys.retire_at(row, work),
        "destroyed_at": row.destroyed_at,
    }
