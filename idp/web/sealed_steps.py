"""Secrets that wait inside a transaction until its last step, sealed and bound to it."""

from __future__ import annotations

import base64

from idp.domain.sessions.interactions import Interaction
from idp.domain.work import Work


def seal_step(work: Work, interaction: Interaction, step: str, value: str) -> None:
    sealed = work.vault.sealer.seal(value.encode(), _place(interaction, step))
    interaction.proven = {**interaction.proven, step: base64.b64encode(sealed).decode()}


def open_step(work: Work, interaction: Interaction, step: str) -> str | None:
    text = interaction.proven.get(step)
    if text is None:
        return None
    return work.vault.sealer.open(base64.b64decode(text), _place(interaction, step)).decode()


def _place(interaction: Interaction, step: str) -> str:
    return f"interaction.proven.{step}.{interaction.id}"
