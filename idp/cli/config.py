"""gapura config check | show: is the file usable, and what is in force?"""

from __future__ import annotations

from pathlib import Path

import click

from idp.cli.main import config_option
from idp.kernel import secrets_store
from idp.kernel.settings import load


@click.group()
def config() -> None:
    """The configuration file."""


@config.command()
@config_option
def check(config: Path) -> None:
    """Exit 0 if the file and the secrets can be used, 2 with one line if not."""
    settings = load(config)
    secrets_store.read(settings.secrets.directory)
    click.echo(f"{config}: usable")


@config.command()
@config_option
def show(config: Path) -> None:
    """Print what is in force as JSON, without secrets (there are none in the file)."""
    click.echo(load(config).model_dump_json(indent=2))
