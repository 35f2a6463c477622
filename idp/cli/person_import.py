"""gapura person import FILE: check an HR file, apply it, or say why it has to wait."""

from __future__ import annotations

import click


@click.command("import")
def import_file() -> None:
    """Being built."""
