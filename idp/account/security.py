"""Keamanan: password, generator, recovery codes, and the sessions (DOMAIN.md A4, A5, A7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from idp.account import enrolment
from idp.account.present import Present, present, show
from idp.domain.accounts import accounts, recovery_codes, totp
from idp.domain.accounts import password as passwords
from idp.domain.audit.events import Event
from idp.domain.errors import Invalid
from idp.domain.runtime import throttle
from idp.domain.sessions import sso as sessions
from idp.web import context
from idp.web.agents import describe
from idp.web.cookies import set_cookie
from idp.web.forms import field
from idp.web.i18n import sentence, sentence_of


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session in words: "Chrome di Android"."""

    id: str
    label: str
    created_at: datetime
    last_seen: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class ShownTotp:
    """A code generator."""

    label: str
    created_at: datetime
    last_used: datetime | None


def overview() -> Response:
    here = present()
    work = context.work()
    person_id = here.sso.person_id
    shown = [
        ShownSession(
            row.id, describe(row.user_agent), row.created_at, row.last_seen_at, row.id == here.sso.id
        )
        for row in sessions.live_of(work, person_id)
    ]
    return show(
        "account/security.html",
        here,
        password_changed_at=passwords.changed_at(work.session, person_id),
        totps=[
            ShownTotp(t.label, t.created_at, t.last_used_at) for t in totp.active(work.session, person_id)
        ],
        recovery_codes_left=recovery_codes.left(work.session, person_id),
        sessions=shown,
    )


def password_form() -> Response:
    here = present(fresh=True)
    return _password_page(here, {})


def password_submit() -> Response:
    """All other sessions and all tokens end; this session goes on under a new cookie (C-085)."""
    here = present(fresh=True)
    first, second = field("password", maximum=2000), field("password_again", maximum=2000)
    if first != second:
        return _password_page(here, {"password_again": sentence("passwords_differ")})
    work, person_id = context.work(), here.sso.person_id
    if not _is_current(person_id, field("current_password", maximum=2000)):
        return _password_page(here, {"current_password": sentence("current_password_wrong")})
    try:
        passwords.set_password(
            work, person_id, first, context.runtime().hasher, has_second_factor=_has_totp(person_id)
        )
    except Invalid as error:
        context.rollback()
        return _password_page(here, {"password": sentence_of(error)})
    return _keep_only_this(here, "password_changed")


def _is_current(person_id: str, typed: str) -> bool:
    """Counted like a second factor, and committed before it is verified."""
    work = context.work()
    key = work.vault.digests.label("current_password", person_id)
    rule = throttle.Rule(5, timedelta(minutes=5), timedelta(minutes=5))
    allowed = throttle.reserve(work, key, rule).allowed
    context.commit_hot()
    if not allowed:
        return False
    try:
        fits = passwords.verify(work, person_id, passwords.prepared(typed), context.runtime().hasher)
    except Invalid:
        return False
    if fits:
        throttle.refund(work, key)
    return fits


def totp_form() -> Response:
    here = present(fresh=True)
    return enrolment.page(here, {}, None)


def totp_submit() -> Response:
    """Replace the generator after its first code; the old one is dead at once."""
    here = present(fresh=True)
    try:
        enrolment.replace(here, field("otp", maximum=64))
    except Invalid as error:
        context.rollback()
        return enrolment.page(here, {"otp": sentence_of(error)}, error.values.get("minutes"))
    return _keep_only_this(here, "totp_replaced")


def codes_form() -> Response:
    here = present(fresh=True)
    left = recovery_codes.left(context.work().session, here.sso.person_id)
    return show("account/recovery_codes.html", here, recovery_codes_left=left, codes=None)


def codes_submit() -> Response:
    """A new set, shown once; the old one is dead."""
    here = present(fresh=True)
    codes = recovery_codes.make(context.work(), here.sso.person_id)
    context.commit_hot()
    return show("account/recovery_codes.html", here, recovery_codes_left=len(codes), codes=codes)


def end_session(session_id: str) -> Response:
    here = present()
    work = context.work()
    row = sessions.own(work, here.sso.person_id, session_id)
    if row.id == here.sso.id:
        return redirect(url_for("account.security"), 303)
    sessions.end(work, row.id, "ended_by_person")
    context.commit_hot()
    return redirect(url_for("account.security"), 303)


def end_all_sessions() -> Response:
    here = present()
    context.work().record(Event("sessions_ended_everywhere", subject=here.sso.person_id))
    return _keep_only_this(here, "signed_out_everywhere")


def _keep_only_this(here: Present, reason: str) -> Response:
    work = context.work()
    accounts.raise_epoch(work, here.sso.person_id)
    sessions.end_all(work, here.sso.person_id, reason, except_id=here.sso.id)
    cookie = sessions.rebase(work, here.sso.id)
    context.commit_hot()
    response: Any = redirect(url_for("account.security", selesai=reason), 303)
    set_cookie(response, "sid", cookie)
    return response


def _has_totp(person_id: str) -> bool:
    return bool(totp.active(context.work().session, person_id))


def _password_page(here: Present, errors: dict[str, str]) -> Response:
    rules = context.settings().passwords
    with_factor = _has_totp(here.sso.person_id)
    minimum = rules.minimum_characters_with_second_factor if with_factor else rules.minimum_characters
    username = accounts.get(context.work().session, here.sso.person_id).username
    return show("account/change_password.html", here, errors=errors, minimum=minimum, username=username)
