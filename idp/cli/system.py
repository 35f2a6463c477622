"""init, serve, worker, migrate, version: what starts, prepares or examines the whole installation."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import click
from sqlalchemy import false, func, select, text, update
from sqlalchemy.exc import DBAPIError

from idp.cli.main import config_option
from idp.cli.session import Installation, installation, open_work
from idp.domain.access import grants, roles
from idp.domain.access.grants import Offer
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts, tickets
from idp.domain.actors import PlatformRole
from idp.domain.audit.events import Event
from idp.domain.city import employment, people
from idp.domain.runtime import epochs, keys
from idp.domain.transparency import log as audit_log
from idp.domain.work import Work
from idp.kernel import secrets_store
from idp.kernel.database import new_id
from idp.kernel.logs import configure
from idp.kernel.sealed import Unreadable
from idp.kernel.settings import SettingsError, load
from idp.ops import metrics

_PREPARING = 0x67617077

TEMPLATE = """# Gapura. Every key, its unit, default and reason: config.example.toml
environment = "{environment}"
issuer = "{issuer}"

[database]
url = "{database}"

[secrets]
directory = "secrets"

[server]
bind = "{bind}"
"""


@click.command()
@config_option
@click.option("--environment", type=click.Choice(["production", "demo", "test"]), default="production")
@click.option("--issuer", help="The public address, e.g. https://sso.kota.go.id")
@click.option("--database", default="sqlite:///gapura.db", show_default=True)
@click.option("--bind", default="127.0.0.1:8000", show_default=True)
@click.option("--admin-name", default="Administrator Pertama", help="Name of the first administrator.")
@click.option("--json", "as_json", is_flag=True)
def init(
    config: Path,
    environment: str,
    issuer: str | None,
    database: str,
    bind: str,
    admin_name: str,
    as_json: bool,
) -> None:
    """Write a configuration if there is none, make keys and database, print the first administrator's code.

    Safe to run again: whatever exists is left alone.
    """
    if not config.exists():
        if issuer is None:
            raise click.UsageError("--issuer is needed to write a new configuration")
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(
            TEMPLATE.format(environment=environment, issuer=issuer, database=database, bind=bind)
        )
    settings = load(config)
    secrets_store.create(settings.secrets.directory)
    place = installation(config)
    prepare_database(place)
    with open_work(place) as work:
        _one_node_at_a_time(work)
        first = _first_administrator(work, admin_name)
    result = {"config": str(config), "issuer": settings.issuer}
    if first is not None:
        result |= {
            "username": first[0],
            "activation_code": first[1],
            "link": f"{settings.issuer}/masuk/aktivasi",
        }
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo(f"Ready: {settings.issuer} ({config})")
    if first is None:
        click.echo("An administrator exists already; no new code was made.")
        return
    click.echo(f"First administrator: open {result['link']} and enter, within 72 hours,")
    click.echo(f"  username         {first[0]}\n  activation code  {first[1]}")
    click.echo("The code is shown once. Next: gapura serve --with-worker")


def prepare_database(place: Installation) -> None:
    """Newest schema, counters, platform roles and signing keys."""
    from idp.migrations.runner import upgrade  # noqa: PLC0415 -- Alembic is slow to import and rarely needed

    upgrade(place.settings)
    with open_work(place) as work:
        _one_node_at_a_time(work)
        epochs.ensure(work.session)
        roles.ensure_platform_roles(work.session, work.now)
        keys.ensure(work)
        audit_log.ensure_key(work)


def _one_node_at_a_time(work: Work) -> None:
    """Until commit, whoever else prepares the same database waits (C-204)."""
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(text("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '60s'"))
        work.session.execute(select(func.pg_advisory_xact_lock(_PREPARING)))
    else:  # SQLite: a write that changes nothing takes the write lock before anything is read
        work.session.execute(update(epochs.Epoch).where(false()).values(name=""))


def _first_administrator(work: Work, name: str) -> tuple[str, str] | None:
    """None when somebody holds the role already. The code is spent by the first who uses it, and expires."""
    role = roles.get(work.session, None, PlatformRole.SSO_ADMIN)
    if (
        work.session.scalars(select(grants.Grant.id).where(grants.Grant.role_id == role.id)).first()
        is not None
    ):
        return None
    person = people.Person(id=new_id(), plain_name=name, created_at=work.now, updated_at=work.now)
    work.session.add(person)
    work.session.flush()
    work.session.add(
        employment.Employment(
            id=new_id(),
            person_id=person.id,
            status="external",
            valid_from=work.today,
            source="init",
            recorded_at=work.now,
        )
    )
    account = accounts.add(work, person.id, "admin")
    grants.give(
        work,
        Offer(None, PlatformRole.SSO_ADMIN, Holder.PERSON, person.id, "first administrator", source="init"),
    )
    code, _ = tickets.issue_activation(work, person.id, unit=None)
    work.record(Event("installation_initialised", subject=person.id))
    return account.username, code


@click.command()
@config_option
@click.option("--bind", help="HOST:PORT instead of the configured one.")
@click.option("--workers", type=int, help="Processes instead of the configured number.")
@click.option("--with-worker", is_flag=True, help="Also run the worker, for one small machine.")
def serve(config: Path, bind: str | None, workers: int | None, with_worker: bool) -> None:
    """Serve until SIGTERM, which drains."""
    from idp.serve import serve as run  # noqa: PLC0415 -- the server is loaded only to serve

    settings = load(config)
    configure(settings.log.level)
    secrets_store.read(settings.secrets.directory)
    _refuse_foreign_kek(config)
    run(settings, config, bind=bind, workers=workers, with_worker=with_worker)


def _refuse_foreign_kek(config: Path) -> None:
    """Raises SettingsError when the kek file opens no signing key (C-237). A database that is away is not asked."""
    try:
        with open_work(installation(config)) as work:
            sealed = next((key for key in keys.listed(work.session) if key.private is not None), None)
            if sealed is not None:
                keys.open_private(sealed, work.vault.sealer)
    except Unreadable as error:
        directory = load(config).secrets.directory
        raise SettingsError(
            f"secrets: {directory}/kek does not open the signing keys; restore the one they were made with"
        ) from error
    except DBAPIError:
        return


@click.command()
@config_option
def worker(config: Path) -> None:
    """Deliver, seal and clean up until SIGTERM."""
    from idp.worker import run_until_signal  # noqa: PLC0415

    settings = load(config)
    configure(settings.log.level)
    metrics.start(settings)
    run_until_signal(settings)


@click.command()
@config_option
def migrate(config: Path) -> None:
    """Bring the database to the newest schema; safe to run twice and while the version before serves."""
    prepare_database(installation(config))
    click.echo("The schema is the newest. Next: gapura serve")


@click.command()
@click.option("--json", "as_json", is_flag=True)
def version(as_json: bool) -> None:
    """Print the version."""
    number = importlib.metadata.version("gapura")
    click.echo(json.dumps({"version": number}) if as_json else f"gapura {number}")
