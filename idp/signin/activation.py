"""First sign-in: NIP and a one-time code, then a password, then a generator — nothing is spent before the last step."""

from __future__ import annotations

from flask import Response, make_response, redirect, url_for

from idp.domain.accounts import accounts, tickets
from idp.domain.accounts import password as passwords
from idp.domain.audit.events import REFUSED, Event
from idp.domain.city import people
from idp.domain.errors import Invalid
from idp.domain.sessions.interactions import Interaction
from idp.signin import lanes
from idp.signin.enrolment import PASSWORD_HASH, TICKET
from idp.signin.pages import show
from idp.signin.totp import pause_text
from idp.signin.transaction import cancel, current, current_or_new
from idp.web import context, sealed_steps
from idp.web.forms import argument, field
from idp.web.i18n import sentence, sentence_of


def form() -> Response:
    return make_response(_page(current(argument("t")), "", {}))


def submit() -> Response:
    """Wrong name and wrong code are one answer; tries are counted like those of a password."""
    interaction = current_or_new(field("t"))
    if field("decision") == "deny":
        return cancel(interaction)
    work = context.work()
    submitted, code = field("username"), field("activation_code", maximum=64)
    account = accounts.find(work.session, submitted)
    lane = lanes.enter(work, submitted, account.person_id if account else None)
    context.commit_hot()
    if not lane.allowed:
        return make_response(_page(interaction, submitted, {"username": pause_text(lane)}), 429)
    usable = account is not None and account.state != accounts.AccountState.DISABLED
    if account is None or not tickets.is_valid(work, account.person_id if usable else "-", code):
        lanes.fail(work, lane)
        work.record(
            Event(
                "authn_login_fail",
                result=REFUSED,
                subject=account.person_id if account else None,
                reason="activation_wrong",
            )
        )
        context.commit_hot()
        return make_response(_page(interaction, submitted, {"username": sentence("activation_wrong")}))
    lanes.succeed(work, lane)
    interaction.person_id, interaction.proven = account.person_id, {}
    sealed_steps.seal_step(work, interaction, TICKET, code)
    context.commit_hot()
    return redirect(url_for("signin.new_password", t=interaction.id), 303)


def _page(interaction: Interaction | None, username: str, errors: dict[str, str]) -> str:
    return show("signin/activation.html", interaction, form={"username": username, "errors": errors})


def password_form() -> Response:
    interaction = _activated(argument("t"))
    if interaction is None:
        return redirect(url_for("signin.activation"), 303)
    return make_response(_password_page(interaction, {}))


def password_submit() -> Response:
    interaction = _activated(field("t"))
    if interaction is None or interaction.person_id is None:
        return redirect(url_for("signin.activation"), 303)
    if field("decision") == "deny":
        return cancel(interaction)
    first, second = field("password", maximum=2000), field("password_again", maximum=2000)
    work = context.work()
    try:
        if first != second:
            return make_response(
                _password_page(interaction, {"password_again": sentence("passwords_differ")})
            )
        secret = passwords.check_rules(work, interaction.person_id, first, has_second_factor=False)
    except Invalid as error:
        return make_response(_password_page(interaction, {"password": sentence_of(error)}))
    sealed_steps.seal_step(work, interaction, PASSWORD_HASH, context.runtime().hasher.hash(secret))
    context.commit_hot()
    return redirect(url_for("signin.enrol", t=interaction.id), 303)


def _activated(t: str) -> Interaction | None:
    interaction = current(t)
    return interaction if interaction is not None and TICKET in interaction.proven else None


def _password_page(interaction: Interaction, errors: dict[str, str]) -> str:
    work = context.work()
    return show(
        "signin/new_password.html",
        interaction,
        errors=errors,
        minimum=work.settings.passwords.minimum_characters,
        person_name=people.get(work.session, interaction.person_id or "").name,
    )
