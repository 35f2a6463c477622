"""Applications: list, page, registration, change, closing, roles, integration log."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.admin import words
from idp.admin.city import places
from idp.admin.clients import differences, registration
from idp.admin.clients.kinds import KINDS, kind_of
from idp.admin.forms import Form
from idp.admin.frame import done, show
from idp.domain.access import roles
from idp.domain.actors import Permission as P
from idp.domain.clients import credentials, integration_log, metadata, registered
from idp.domain.clients.registered import Client
from idp.web import context
from idp.web.forms import argument
from idp.web.guards import needs


@needs(P.CLIENTS_READ)
def index() -> Response:
    text = argument("q").casefold()
    clients = [
        c
        for c in registered.listed(context.work())
        if text in f"{c.client_id} {c.metadata_['client_name']}".casefold()
    ]
    return show("clients", clients=clients, q=argument("q"), words=words, kinds=KINDS, kind_of=kind_of)


def complete(client: Client) -> dict[str, Any]:
    return {**metadata.DEFAULTS, **client.metadata_}


@needs(P.CLIENTS_READ)
def client(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_READ)
    members = complete(found)
    return show(
        "client",
        client=found,
        members=members,
        facts=_facts(members),
        kind=KINDS[kind_of(members)],
        scopes=_scopes(members),
        secrets=credentials.listed(work.session, client_id),
        has_secrets=members["token_endpoint_auth_method"] in metadata.SECRET_METHODS,
        roles=roles.of_client(work.session, client_id),
        may_write=work.actor.powers.may(P.CLIENTS_WRITE, found.agency),
        form=Form("name", "title"),
        words=words,
        max_secrets=credentials.MAX_LIVE,
    )


def _facts(members: dict[str, Any]) -> list[tuple[str, Any]]:
    level = {
        None: gettext("bawaan kota"),
        1: gettext("cukup kata sandi"),
        2: gettext("kata sandi dan kode verifikasi"),
    }
    entry = {"allow": gettext("semua pegawai aktif"), "deny": gettext("hanya yang diberi peran")}
    return [
        (gettext("Perangkat daerah"), places.name_of(members["agency"]) if members["agency"] else None),
        (gettext("Kegunaan"), members["description"]),
        (gettext("Keperluan data"), members["purpose"]),
        (gettext("Narahubung"), ", ".join(members["contacts"])),
        (gettext("Lingkungan"), words.word(words.ENVIRONMENTS, members["environment"])),
        (gettext("Redirect URI"), "\n".join(members["redirect_uris"])),
        (gettext("Alamat setelah keluar"), "\n".join(members["post_logout_redirect_uris"])),
        (gettext("Pemberitahuan keluar (back-channel)"), members["backchannel_logout_uri"]),
        (gettext("Siapa yang boleh masuk"), entry[members["access_default"]]),
        (gettext("Tingkat pembuktian"), level[members["default_acr"]]),
    ]


def _scopes(members: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (scope, str(words.SCOPES[scope][0]) if scope in words.SCOPES else scope)
        for scope in members["scope"].split()
    ]


def _form_page(form: Form, **variables: Any) -> Response:
    return show(
        "client_form",
        form=form,
        kinds=[(name, str(kind.title), str(kind.hint)) for name, kind in KINDS.items()],
        scopes=[(name, str(text), str(hint)) for name, (text, hint) in words.SCOPES.items()],
        agencies=places.agencies(),
        environments=words.options(words.ENVIRONMENTS),
        twins=registration.twins(form.lines("redirect_uris")),
        **variables,
    )


@needs(P.CLIENTS_WRITE, fresh=True)
def register() -> Response:
    form = registration.blank()
    if form.posted:
        with form.attempt(registration.FIELD_OF):
            client_id = form["client_id"] or registration.suggested_id(form["client_name"])
            made, secret = registered.register(
                context.work(), client_id, registration.members(form), fetch=context.runtime().fetch
            )
            context.commit()
            return credentials_page(made, secret, is_new=True)
    return _form_page(form, client=None)


def credentials_page(client: Client, secret: str | None, *, is_new: bool = False) -> Response:
    """Shown once, from the verb's return value; only a digest was stored."""
    issuer = context.settings().issuer
    members = complete(client)
    lines = [f"OIDC_ISSUER={issuer}", f"OIDC_CLIENT_ID={client.client_id}"]
    if secret is not None:
        lines.append(f"OIDC_CLIENT_SECRET={secret}")
    if members["redirect_uris"]:
        lines.append(f"OIDC_REDIRECT_URI={members['redirect_uris'][0]}")
    return show(
        "client_credentials",
        client=client,
        members=members,
        secret=secret,
        env="\n".join(lines),
        is_new=is_new,
    )


@needs(P.CLIENTS_WRITE, fresh=True)
def change(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_WRITE)
    present = complete(found)
    form = registration.filled(present, found.version)
    if form.posted:
        with form.attempt(registration.FIELD_OF):
            version = int(form["version"]) if form["version"].isdigit() else 0
            altered = registered.change(
                work,
                client_id,
                registration.members(form, present),
                version=version,
                fetch=context.runtime().fetch,
            )
            code = "client_unchanged" if altered.is_empty else "client_changed"
            return done(code, "admin.client", client_id=client_id)
        found = registered.owned(work, client_id, P.CLIENTS_WRITE)
    form.values["version"] = str(found.version)
    return _form_page(form, client=found)


@needs(P.CLIENTS_WRITE, fresh=True)
def disable(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_WRITE)
    form = Form("reason")
    if form.posted:
        with form.attempt():
            registered.disable(work, client_id, form["reason"])
            return done("client_disabled", "admin.client", client_id=client_id)
    return show("client_disable", form=form, client=found)


@needs(P.CLIENTS_WRITE, fresh=True, back="admin.client")
def enable(client_id: str) -> Response:
    registered.enable(context.work(), client_id)
    return done("client_enabled", "admin.client", client_id=client_id)


@needs(P.CLIENTS_WRITE, fresh=True, back="admin.client")
def add_secret(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_WRITE)
    secret = credentials.add_secret(work, client_id)
    context.commit()
    return credentials_page(found, secret)


@needs(P.CLIENTS_WRITE, fresh=True, back="admin.client")
def revoke_secret(client_id: str, secret_id: str) -> Response:
    work = context.work()
    registered.owned(work, client_id, P.CLIENTS_WRITE)
    credentials.revoke_secret(work, client_id, secret_id)
    return done("secret_revoked", "admin.client", client_id=client_id)


@needs(P.CLIENTS_WRITE, fresh=True)
def roles_page(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_WRITE)
    form = Form("name", "title")
    if form.posted:
        with form.attempt():
            roles.define(work, client_id, form["name"], form.optional("title"))
            return done("role_defined", "admin.client_roles", client_id=client_id)
    return show("client_roles", form=form, client=found, roles=roles.of_client(work.session, client_id))


@needs(P.CLIENTS_READ)
def log(client_id: str) -> Response:
    work = context.work()
    found = registered.owned(work, client_id, P.CLIENTS_READ)
    refusals = [differences.shown(row) for row in integration_log.newest(work.session, client_id)]
    return show("client_log", client=found, refusals=refusals)
