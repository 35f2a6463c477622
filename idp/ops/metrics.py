"""Metrics (being built)."""

from idp.kernel.settings import Settings


def start(settings: Settings) -> None:
    return None
