"""gapura dev: fixtures, codes and the demo city; only in the environments `test` and `demo` (HARNESS.md §2)."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pyotp

from idp.cli.main import config_option
from idp.cli.session import installation, open_work
from idp.demo import seed as seeding
from idp.domain.accounts import accounts, totp
from idp.domain.accounts.hashing import Hasher
from idp.domain.errors import Forbidden, NotFound


@click.group()
def dev() -> None:
    """Fixtures and the demo city, never in production."""


@dev.command()
@click.argument("fixtures", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the document with all that was generated.",
)
def seed(fixtures: Path, config: Path, out: Path | None) -> None:
    """Create everything in FIXTURES.json in one transaction; safe to repeat."""
    place = installation(config)
    if not place.settings.is_rehearsal:
        raise Forbidden("environment_forbids", environment=place.settings.environment)
    try:
        document = json.loads(fixtures.read_text())
    except ValueError as error:
        raise click.UsageError(f"{fixtures}: not JSON: {error}") from error
    with open_work(place, name="fixtures") as work:
        seeded = seeding.seed(work, document, Hasher(place.settings.passwords))
    text = json.dumps(seeded, indent=2, ensure_ascii=False)
    if out is not None:
        out.write_text(text)
    click.echo(f"Seeded {len(seeded['people'])} people, {len(seeded['clients'])} clients." if out else text)


@dev.command()
@click.argument("username")
@config_option
def otp(username: str, config: Path) -> None:
    """Print the current one-time code of a fixture's generator."""
    place = installation(config)
    if not place.settings.is_rehearsal:
        raise Forbidden("environment_forbids", environment=place.settings.environment)
    with open_work(place) as work:
        account = accounts.find(work.session, username)
        generators = totp.active(work.session, account.person_id) if account else []
        if not generators:
            raise NotFound("person_without_generator", username=username)
        click.echo(pyotp.TOTP(totp.open_secret(work, generators[0])).at(work.now))


@dev.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default="var/demo",
    show_default=True,
)
@click.option("--check", is_flag=True, help="Walk one whole sign-in on free ports and exit.")
@click.option("--reset", is_flag=True, help="Begin anew.")
def demo(directory: Path, check: bool, reset: bool) -> None:
    """Run a demo city: provider on 8000, two applications on 8001 and 8002, an API on 8003."""
    from idp.demo.run import run  # noqa: PLC0415 -- only the demo needs its applications

    raise SystemExit(run(directory, check=check, reset=reset))
