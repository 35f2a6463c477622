"""The console script `gapura NOUN VERB`: nouns, `--config`, and exit codes (HARNESS.md §1)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from idp.cli.messages import explain
from idp.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from idp.kernel.settings import SettingsError, environment_value

EXIT_CODES = {NotFound: 3, Conflict: 4, Forbidden: 5, Invalid: 2}
COMMANDS = {
    "init": "idp.cli.system:init",
    "serve": "idp.cli.system:serve",
    "worker": "idp.cli.system:worker",
    "migrate": "idp.cli.system:migrate",
    "version": "idp.cli.system:version",
    "doctor": "idp.cli.doctor:doctor",
    "config": "idp.cli.config:config",
    "person": "idp.cli.person:person",
    "unit": "idp.cli.unit:unit",
    "grant": "idp.cli.grant:grant",
    "client": "idp.cli.client:client",
    "key": "idp.cli.key:key",
    "audit": "idp.cli.audit:audit",
    "backup": "idp.cli.backup:backup",
    "dev": "idp.cli.dev:dev",
}
"""Command → module:attribute, imported only when it is used, so that `gapura version` stays quick."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- Click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Gapura: single sign-on of a city."""


def default_config() -> str:
    """--config, else GAPURA_CONFIG, else /etc/gapura/config.toml."""
    return environment_value("GAPURA_CONFIG") or "/etc/gapura/config.toml"


config_option = click.option(
    "--config", "config", type=click.Path(dir_okay=False, path_type=Path), default=default_config,
    help="The TOML file (GAPURA_CONFIG, or /etc/gapura/config.toml).",
)  # fmt: skip


def main() -> None:
    """Run a command and end with its exit code: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 refused."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
    except SettingsError as error:
        _fail(str(error), 2)
    except DomainError as error:
        code = next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)
        _fail(explain(error), code)
    except DBAPIError as error:
        _fail(f"database: {str(error.orig).splitlines()[0] if error.orig else error}", 1)


def _fail(text: str, code: int) -> None:
    click.echo(f"gapura: {text}", err=True)
    sys.exit(code)
