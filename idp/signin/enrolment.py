"""Set up a generator inside a sign-in: after an activation code or a recovery code. QR, link and copyable key."""

from __future__ import annotations

from flask import Response, make_response, redirect, url_for

from idp.domain.accounts import accounts, assurance, recovery_codes, tickets, totp
from idp.domain.accounts import password as passwords
from idp.domain.accounts.accounts import AccountState
from idp.domain.errors import Invalid
from idp.domain.sessions import interactions
from idp.domain.sessions.interactions import Interaction
from idp.signin.pages import show
from idp.signin.transaction import cancel, complete, current, onward
from idp.web import context, sealed_steps
from idp.web.forms import argument, field
from idp.web.i18n import sentence, sentence_of
from idp.web.qr import clock_text, on_phone, qr

LABEL = "Aplikasi autentikator"
SECRET, PASSWORD_HASH, TICKET = "totp_secret", "password_hash", "activation"


def enrolling(t: str) -> Interaction | None:
    """The transaction, if a recovery code or an activation code with a new password came before (R-72, C-139)."""
    interaction = current(t)
    if interaction is None or interaction.person_id is None:
        return None
    proven = interaction.proven
    recovered = assurance.PASSWORD in proven and assurance.RECOVERY in proven
    return interaction if recovered or (TICKET in proven and PASSWORD_HASH in proven) else None


def form() -> Response:
    interaction = enrolling(argument("t"))
    if interaction is None:
        return redirect(url_for("signin.form"), 303)
    return make_response(_page(interaction, {}, None))


def submit() -> Response:
    interaction = enrolling(field("t"))
    if interaction is None or interaction.person_id is None:
        return redirect(url_for("signin.form"), 303)
    if field("decision") == "deny":
        return cancel(interaction)
    try:
        _enrol(interaction, field("otp", maximum=64))
    except Invalid as error:
        context.rollback()
        interaction = enrolling(field("t")) or interaction
        if error.code != "otp_wrong":
            return make_response(show("signin/stale.html", interaction, sentence=sentence_of(error)), 409)
        hint = clock_text(error.values.get("minutes"))
        return make_response(_page(interaction, {"otp": sentence("otp_wrong")}, hint))
    codes = recovery_codes.make(context.work(), interaction.person_id)
    context.commit_hot()
    return make_response(show("signin/recovery_codes.html", interaction, codes=codes))


def codes_saved() -> Response:
    """The last step: the codes are printed or saved, the session begins."""
    interaction = current(field("t"))
    if interaction is None or assurance.OTP not in interaction.proven:
        return redirect(url_for("signin.form"), 303)
    return onward(interaction) if assurance.PASSWORD in interaction.proven else complete(interaction)


def _enrol(interaction: Interaction, code: str) -> None:
    """Ticket, password and generator in one transaction: all of it or nothing. Raises Invalid."""
    work = context.work()
    person_id = interaction.person_id or ""
    secret = sealed_steps.open_step(work, interaction, SECRET)
    if secret is None:
        raise Invalid("otp_wrong", field="otp")
    totp.end_all(work, person_id)
    totp.enrol(work, person_id, secret, code, LABEL)
    if TICKET in interaction.proven:
        _use_ticket(interaction, person_id)
    proven = {k: v for k, v in interaction.proven.items() if k not in (SECRET, PASSWORD_HASH, TICKET)}
    interaction.proven = proven
    interactions.prove(interaction, assurance.OTP, person_id, work.now)


def _use_ticket(interaction: Interaction, person_id: str) -> None:
    work = context.work()
    ticket = sealed_steps.open_step(work, interaction, TICKET) or ""
    encoded = sealed_steps.open_step(work, interaction, PASSWORD_HASH) or ""
    if not tickets.spend_activation(work, person_id, ticket):
        raise Invalid("activation_wrong")
    passwords.store_hash(work, person_id, encoded)
    accounts.raise_epoch(work, person_id)
    account = accounts.get(work.session, person_id)
    if account.state == AccountState.INVITED:
        accounts.activate(work, person_id)
    interactions.prove(interaction, assurance.PASSWORD, person_id, work.now)


def _page(interaction: Interaction, errors: dict[str, str], hint: str | None) -> str:
    work = context.work()
    person_id = interaction.person_id or ""
    secret = sealed_steps.open_step(work, interaction, SECRET)
    if secret is None:
        secret = totp.new_secret()
        sealed_steps.seal_step(work, interaction, SECRET, secret)
        context.commit_hot()
    uri = totp.provisioning_uri(
        secret,
        issuer=f"Gapura {work.settings.city.name}",
        name=accounts.get(work.session, person_id).username,
    )
    return show(
        "signin/enrol_totp.html",
        interaction,
        qr_svg=qr(uri),
        secret_grouped=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        otpauth_uri=uri,
        on_phone=on_phone(),
        errors=errors,
        clock_hint=hint,
    )
