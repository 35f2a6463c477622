"""The sign-in transaction as the pages use it: find it, see what is left, complete it, go back to who asked.

Steps never route to one another; each returns to `onward`, the single place that decides what comes next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, url_for
from prometheus_client import Counter

from idp.domain.accounts import accounts, assurance, devices, totp
from idp.domain.audit.events import Event
from idp.domain.sessions import interactions
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.interactions import Interaction
from idp.domain.sessions.sso import Sso
from idp.domain.sessions.steps import Proven, Step, next_step
from idp.kernel import failpoints
from idp.web import context
from idp.web.browser import attach, browser, known_browser
from idp.web.cookies import read_cookie, set_cookie

SIGN_INS = Counter("gapura_signin_total", "Sign-ins", ["method", "result"])
DEVICE_DAYS = 365


@dataclass(frozen=True, slots=True)
class AskingClient:
    """The application a person is on the way to, as the pages show it."""

    client_id: str
    name: str
    agency: str | None
    policy_uri: str | None
    tos_uri: str | None
    redirect_uri: str
    logo_url: str | None = None
    help_text: str | None = None


def current(t: str | None) -> Interaction | None:
    """The named transaction of this browser, or its newest live one (UX.md §3.2 no. 1)."""
    return interactions.find(context.work(), known_browser(), t)


def current_or_new(t: str | None) -> Interaction:
    """As `current`; without one, a fresh start that leads to the list of applications."""
    found = current(t)
    if found is not None:
        return found
    return interactions.begin(
        context.work(), browser(), return_to=url_for("account.launcher"), level_wanted=1
    )


def wants_fresh(interaction: Interaction) -> bool:
    """Whether an existing session is not enough for this transaction."""
    request = interaction.request
    if request.get("fresh"):
        return True
    prompts: list[Any] = request.get("prompt") or []
    return bool({"login", "select_account"} & set(prompts)) or request.get("max_age") is not None


def inherit(interaction: Interaction, sso: Sso | None) -> None:
    """A step-up asks only for what is missing: the password of the running session counts (DOMAIN.md A11)."""
    if sso is None or wants_fresh(interaction) or interaction.proven:
        return
    if sso.level < interaction.level_wanted and assurance.PASSWORD in sso.factors:
        interactions.prove(interaction, assurance.PASSWORD, sso.person_id, sso.auth_time)


def step_of(interaction: Interaction) -> Step:
    """What is left to prove."""
    work = context.work()
    person_id = interaction.person_id
    account = accounts.get(work.session, person_id) if person_id else None
    return next_step(
        Proven(
            password=assurance.PASSWORD in interaction.proven,
            second_factor=assurance.OTP in interaction.proven,
            has_totp=bool(person_id and totp.active(work.session, person_id)),
            second_factor_required=bool(account and account.second_factor_required)
            or interaction.level_wanted > 1,
            level_wanted=interaction.level_wanted,
        )
    )


def onward(interaction: Interaction) -> Response:
    """Commit, and go to the next page: a further step, or back to who asked."""
    step = step_of(interaction)
    if step is Step.PASSWORD:
        context.commit_hot()
        return redirect(url_for("signin.form", t=interaction.id), 303)
    if step is Step.SECOND_FACTOR:
        if assurance.RECOVERY in interaction.proven:
            context.commit_hot()
            return redirect(url_for("signin.enrol", t=interaction.id), 303)
        context.commit_hot()
        return redirect(url_for("signin.totp", t=interaction.id), 303)
    return complete(interaction)


def complete(interaction: Interaction) -> Response:
    """Begin the session, or renew the running one, and return to who asked. Commits."""
    assert interaction.person_id is not None  # noqa: S101 -- something was proven
    work = context.work()
    factors = [f for f in (assurance.PASSWORD, assurance.OTP, assurance.RECOVERY) if f in interaction.proven]
    level = assurance.level(factors)
    running = context.sso()
    if running is not None and running.person_id != interaction.person_id:
        sessions.end(context.work(), running.id, "replaced")
        running = None
    work = context.work()
    sso, cookie = sessions.start(work, interaction.person_id, factors, level, running)
    work = context.act_as(context.person_actor(sso))
    work.record(
        Event(
            "authn_login_success",
            subject=sso.person_id,
            client=interaction.client_id,
            details={"amr": " ".join(assurance.amr(factors)), "level": level, "sid": sso.sid},
        )
    )
    interaction.signed_in_at = work.now
    if not interaction.request or "target" not in interaction.request:
        interactions.finish(work, interaction.id)
    device = devices.remember(work, read_cookie("dev"), sso.person_id)
    failpoints.hit("session.before_commit")
    context.commit_hot()
    SIGN_INS.labels("+".join(factors), "success").inc()
    response = redirect(_return_address(interaction), 303)
    set_cookie(response, "sid", cookie)
    set_cookie(response, "dev", device, max_age=DEVICE_DAYS * 86400)
    return attach(response)


def cancel(interaction: Interaction) -> Response:
    """The person declined to sign in: access_denied to the client that asked, or the list of applications."""
    interactions.finish(context.work(), interaction.id)
    context.commit_hot()
    if "target" in interaction.request:
        return redirect(url_for("oidc.cancelled", t=interaction.id), 303)
    return redirect(url_for("account.launcher"), 303)


def _return_address(interaction: Interaction) -> str:
    """`return_to` was stored by us and is a path of ours."""
    if "target" not in interaction.request:
        return interaction.return_to
    return f"{interaction.return_to}?t={interaction.id}"
