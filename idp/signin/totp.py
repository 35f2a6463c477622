"""The code of the person's generator."""

from __future__ import annotations

from flask import Response, make_response, redirect, url_for

from idp.domain.accounts import assurance
from idp.domain.accounts import totp as generators
from idp.domain.audit.events import REFUSED, Event
from idp.domain.sessions import interactions
from idp.domain.sessions.interactions import Interaction
from idp.domain.sessions.steps import Step
from idp.signin import lanes
from idp.signin.pages import show
from idp.signin.transaction import SIGN_INS, cancel, current, onward, step_of
from idp.web import context
from idp.web.forms import argument, field
from idp.web.i18n import clock_time, sentence
from idp.web.qr import clock_text

TRIES_PER_TRANSACTION = 10


def waiting_for_code(t: str) -> Interaction | None:
    """The transaction, if its password was proven and its second factor is still due (R-72)."""
    interaction = current(t)
    if interaction is None or interaction.person_id is None or assurance.PASSWORD not in interaction.proven:
        return None
    return interaction if step_of(interaction) is Step.SECOND_FACTOR else None


def form() -> Response:
    interaction = waiting_for_code(argument("t"))
    if interaction is None or interaction.person_id is None:
        return redirect(url_for("signin.form"), 303)
    if not generators.active(context.work().session, interaction.person_id):
        return make_response(show("signin/no_second_factor.html", interaction), 403)
    return make_response(show("signin/totp.html", interaction, errors={}, clock_hint=None))


def submit() -> Response:
    interaction = waiting_for_code(field("t"))
    if interaction is None or interaction.person_id is None:
        return redirect(url_for("signin.form"), 303)
    if field("decision") == "deny":
        return cancel(interaction)
    code = field("otp", maximum=64)
    if generators.cleaned(code) is None:
        problem = sentence("otp_malformed" if code.strip() else "otp_missing")
        return make_response(show("signin/totp.html", interaction, errors={"otp": problem}, clock_hint=None))
    lane = count_try(interaction)
    if not lane.allowed:
        return make_response(
            show("signin/totp.html", interaction, errors={"otp": pause_text(lane)}, clock_hint=None), 429
        )
    work = context.work()
    if not generators.verify(work, interaction.person_id, code):
        hint = clock_text(generators.clock_hint(work, interaction.person_id, code))
        refuse(interaction, "otp_wrong")
        problem = sentence("otp_wrong")
        return make_response(show("signin/totp.html", interaction, errors={"otp": problem}, clock_hint=hint))
    lanes.succeed_second_factor(work, lane)
    interactions.prove(interaction, assurance.OTP, interaction.person_id, work.now)
    return onward(interaction)


def count_try(interaction: Interaction) -> lanes.Lane:
    """Count, commit, then verify; a transaction that used up its tries starts again at the password."""
    work = context.work()
    lane = lanes.enter_second_factor(work, interaction.person_id or "")
    if interactions.count_second_factor_try(work, interaction) > TRIES_PER_TRANSACTION:
        interaction.proven = {}
    context.commit_hot()
    return lane


def refuse(interaction: Interaction, reason: str) -> None:
    """Record the refusal; a wrong second factor after a right password is worth an alarm."""
    SIGN_INS.labels("second_factor", "refused").inc()
    context.work().record(
        Event(
            "authn_second_factor_fail",
            result=REFUSED,
            subject=interaction.person_id,
            client=interaction.client_id,
            reason=reason,
        )
    )
    context.commit_hot()


def pause_text(lane: lanes.Lane) -> str:
    assert lane.open_at is not None  # noqa: S101 -- not allowed
    return sentence("sign_in_paused", time=clock_time(lane.open_at))
