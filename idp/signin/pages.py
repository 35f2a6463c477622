"""What the sign-in pages show: the application on the way, the form as it was typed, and why it did not work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, render_template

from idp.domain.access import state
from idp.domain.city import units
from idp.domain.sessions.interactions import Interaction
from idp.signin.transaction import AskingClient
from idp.web import context
from idp.web.extensions import db
from idp.web.headers import allow_form_target


def asking_client(interaction: Interaction | None) -> AskingClient | None:
    """The application that sent the person here, if one did; the page may then post towards its redirect URI."""
    if interaction is None or interaction.client_id is None or "target" not in interaction.request:
        return None
    client = context.catalogue().client(db.session, interaction.client_id)  # type: ignore[arg-type]
    if client is None:
        return None
    agency = None
    if client.agency:
        node = units.tree(context.work().session, state.today(context.work())).by_code.get(client.agency)
        agency = node.name if node else None
    target = interaction.request["target"]["redirect_uri"]
    return AskingClient(
        client.client_id, client.client_name[:80], agency, client.policy_uri, client.tos_uri, target
    )


def show(template: str, interaction: Interaction | None, **variables: Any) -> str:
    """Render a sign-in page in the language of the transaction."""
    if interaction is not None:
        g.ui_locales = tuple(interaction.request.get("ui_locales") or ())
    client = asking_client(interaction)
    if client is not None:
        allow_form_target(client.redirect_uri)
    return render_template(template, client=client, t=interaction.id if interaction else None, **variables)


def errors_of(**found: str | None) -> Mapping[str, str]:
    """Field → sentence, without the fields that are right."""
    return {name: text for name, text in found.items() if text}
