"""Replace the code generator from the security page: QR, link and copyable key, confirmed by its first code."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from idp.account.present import Present, show
from idp.domain.accounts import accounts, totp
from idp.domain.audit.events import Event
from idp.domain.errors import Invalid
from idp.domain.sessions import interactions
from idp.domain.sessions.interactions import Interaction
from idp.web import context
from idp.web.browser import browser, known_browser
from idp.web.forms import argument, field
from idp.web.qr import clock_text, on_phone, qr
from idp.web.sealed_steps import open_step, seal_step

SECRET = "totp_secret"  # noqa: S105 -- the name of a step
LABEL = "Aplikasi autentikator"


def page(here: Present, errors: dict[str, str], minutes: int | None) -> Response:
    """The page; the new secret waits sealed in a transaction of this browser and is never shown a second time."""
    work = context.work()
    interaction = _waiting(here) or interactions.begin(work, browser(), return_to="/keamanan")
    interaction.person_id = here.sso.person_id
    secret = open_step(work, interaction, SECRET)
    if secret is None:
        secret = totp.new_secret()
        seal_step(work, interaction, SECRET, secret)
    context.commit_hot()
    name = accounts.get(work.session, here.sso.person_id).username
    uri = totp.provisioning_uri(secret, issuer=f"Gapura {work.settings.city.name}", name=name)
    return show(
        "account/totp_replace.html",
        here,
        t=interaction.id,
        qr_svg=qr(uri),
        secret_grouped=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        otpauth_uri=uri,
        on_phone=on_phone(),
        has_totp=bool(totp.active(work.session, here.sso.person_id)),
        errors=errors,
        clock_hint=clock_text(minutes),
    )


def replace(here: Present, code: str) -> None:
    """Raises Invalid."""
    work = context.work()
    interaction = _waiting(here)
    secret = open_step(work, interaction, SECRET) if interaction else None
    if interaction is None or secret is None:
        raise Invalid("otp_wrong", field="otp")
    ended = totp.end_all(work, here.sso.person_id)
    totp.enrol(work, here.sso.person_id, secret, code, LABEL)
    if ended:
        work.record(Event("totp_replaced", subject=here.sso.person_id, details={"ended": ended}))
    interactions.finish(work, interaction.id)


def _waiting(here: Present) -> Interaction | None:
    t = field("t") if request.method == "POST" else argument("t")
    interaction = interactions.exactly(context.work(), known_browser(), t)
    if (
        interaction is None
        or interaction.person_id != here.sso.person_id
        or interaction.finished_at is not None
    ):
        return None
    return interaction if SECRET in interaction.proven else None
