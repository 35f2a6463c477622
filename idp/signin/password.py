"""NIP, e-mail or username, and password."""

from __future__ import annotations

from flask import Response, make_response, redirect, url_for
from flask_babel import gettext

from idp.domain.accounts import accounts, assurance
from idp.domain.accounts import password as passwords
from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.audit.events import REFUSED, Event
from idp.domain.city import people
from idp.domain.errors import Invalid
from idp.domain.sessions import interactions
from idp.domain.sessions.interactions import Interaction
from idp.domain.sessions.steps import Step
from idp.signin import lanes
from idp.signin.pages import errors_of, show
from idp.signin.transaction import (
    SIGN_INS,
    cancel,
    current,
    current_or_new,
    inherit,
    onward,
    step_of,
    wants_fresh,
)
from idp.web import context
from idp.web.forms import argument, field
from idp.web.i18n import clock_time, sentence

MAX_SUBMITTED_PASSWORD = 60_000


def form() -> Response:
    """The page; whoever is signed in already goes on at once, unless the transaction wants a fresh sign-in."""
    interaction = current(argument("t"))
    sso = context.sso()
    if interaction is not None and interaction.signed_in_at is None:
        inherit(interaction, sso)
        if interaction.proven and step_of(interaction) is not Step.PASSWORD:
            return onward(interaction)
    satisfied = sso is not None and (
        interaction is None
        or (sso.auth_time >= interaction.created_at)
        or (not wants_fresh(interaction) and sso.level >= interaction.level_wanted)
    )
    if satisfied:
        return _go_on(interaction)
    return make_response(_page(interaction, username=_prefilled(interaction)))


def submit() -> Response:
    """One try. It is counted and committed before the password is looked at (R-69)."""
    interaction = current_or_new(field("t"))
    if field("decision") == "deny":
        return cancel(interaction)
    submitted, secret = field("username"), field("password", maximum=MAX_SUBMITTED_PASSWORD)
    problems = errors_of(
        username=None if submitted.strip() else sentence("username_missing"),
        password=None if secret else sentence("password_missing"),
    )
    if problems:
        context.commit_hot()
        return make_response(_page(interaction, username=submitted, errors=problems))
    try:
        prepared = passwords.prepared(secret)
    except Invalid:
        context.commit_hot()
        return make_response(
            _page(interaction, username=submitted, errors={"password": sentence("credentials_wrong")}), 400
        )
    work = context.work()
    account = accounts.find(work.session, submitted)
    lane = lanes.enter(work, submitted, account.person_id if account else None)
    if not lane.allowed:
        return _paused(interaction, submitted, account, lane)
    context.commit_hot()
    person_id = account.person_id if account else None
    matches = passwords.verify(work, person_id, prepared, context.runtime().hasher)
    if not matches or account is None or account.state != AccountState.ACTIVE:
        return _refused(interaction, submitted, account, lane)
    lanes.succeed(work, lane)
    interactions.prove(interaction, assurance.PASSWORD, account.person_id, work.now)
    return onward(interaction)


def _go_on(interaction: Interaction | None) -> Response:
    if interaction is not None and "target" in interaction.request:
        return redirect(url_for("oidc.resume", t=interaction.id), 303)
    if interaction is not None:
        target = interaction.return_to
        interactions.finish(context.work(), interaction.id)
        context.commit_hot()
        return redirect(target, 303)
    return redirect(url_for("account.launcher"), 303)


def _refused(interaction: Interaction, submitted: str, account: Account | None, lane: lanes.Lane) -> Response:
    SIGN_INS.labels("pwd", "refused").inc()
    lanes.fail(context.work(), lane)
    context.work().record(
        Event(
            "authn_login_fail",
            result=REFUSED,
            subject=account.person_id if account else None,
            client=interaction.client_id,
            reason="credentials_wrong",
            personal={"submitted": submitted[:100]},
        )
    )
    context.commit_hot()
    hint = gettext("Tersisa 1 percobaan di peramban ini sebelum jeda.") if lane.left == 1 else None
    return make_response(
        _page(
            interaction, username=submitted, errors={"username": sentence("credentials_wrong")}, stopped=hint
        )
    )


def _paused(interaction: Interaction, submitted: str, account: Account | None, lane: lanes.Lane) -> Response:
    assert lane.open_at is not None  # noqa: S101 -- not allowed
    context.work().record(
        Event(
            "authn_login_throttled",
            result=REFUSED,
            subject=account.person_id if account else None,
            client=interaction.client_id,
            personal={"submitted": submitted[:100]},
        )
    )
    context.commit_hot()
    text = sentence("sign_in_paused", time=clock_time(lane.open_at))
    return make_response(_page(interaction, username=submitted, stopped=text, errors={"username": text}), 429)


def _prefilled(interaction: Interaction | None) -> str:
    """The account that must prove itself again, or what the application hinted at."""
    sso = context.sso()
    if sso is not None:
        return accounts.get(context.work().session, sso.person_id).username
    return str(interaction.request.get("login_hint") or "")[:254] if interaction else ""


def _page(
    interaction: Interaction | None, *, username: str, errors: object = None, stopped: str | None = None
) -> str:
    sso = context.sso()
    again = sso is not None and interaction is not None
    name = people.get(context.work().session, sso.person_id).name if sso and again else None
    return show(
        "signin/password.html",
        interaction,
        form={"username": username, "errors": errors or {}},
        stopped=stopped,
        ended_reason=None,
        reauthentication=again,
        person_name=name,
    )
