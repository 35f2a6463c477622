"""A recovery code instead of the generator; a new generator must be set up before anything else (DOMAIN.md A4)."""

from __future__ import annotations

from flask import Response, make_response, redirect, url_for

from idp.domain.accounts import assurance, recovery_codes
from idp.domain.sessions import interactions
from idp.signin import lanes
from idp.signin.pages import show
from idp.signin.totp import count_try, pause_text, refuse, waiting_for_code
from idp.signin.transaction import cancel, onward
from idp.web import context
from idp.web.forms import argument, field
from idp.web.i18n import sentence


def form() -> Response:
    interaction = waiting_for_code(argument("t"))
    if interaction is None:
        return redirect(url_for("signin.form"), 303)
    return make_response(show("signin/recovery_code.html", interaction, errors={}))


def submit() -> Response:
    interaction = waiting_for_code(field("t"))
    if interaction is None or interaction.person_id is None:
        return redirect(url_for("signin.form"), 303)
    if field("decision") == "deny":
        return cancel(interaction)
    lane = count_try(interaction)
    if not lane.allowed:
        page = show("signin/recovery_code.html", interaction, errors={"recovery_code": pause_text(lane)})
        return make_response(page, 429)
    work = context.work()
    if not recovery_codes.use(work, interaction.person_id, field("recovery_code", maximum=64)):
        refuse(interaction, "recovery_code_wrong")
        problem = sentence("recovery_code_wrong")
        return make_response(
            show("signin/recovery_code.html", interaction, errors={"recovery_code": problem})
        )
    lanes.succeed_second_factor(work, lane)
    interactions.prove(interaction, assurance.RECOVERY, interaction.person_id, work.now)
    return onward(interaction)
