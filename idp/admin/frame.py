"""The frame around every page of the console: who is signed in, what they may open, what just happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from idp.admin.forms import Form
from idp.domain.actors import Permission as P
from idp.domain.city import people
from idp.web import context


def _s(text: str) -> Any:
    return lazy_gettext(text)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in, for the frame of the page."""

    name: str
    is_admin: bool = True
    shared: bool = False


MENU: tuple[tuple[str, str, Any, tuple[P, ...]], ...] = (
    ("overview", "admin.overview", _s("Ringkasan"), ()),
    ("people", "admin.people", _s("Pegawai"), (P.PEOPLE_READ,)),
    ("units", "admin.units", _s("Unit kerja"), (P.UNITS_READ,)),
    ("grants", "admin.grants", _s("Pemberian akses"), (P.GRANTS_READ,)),
    ("clients", "admin.clients", _s("Aplikasi"), (P.CLIENTS_READ,)),
    ("imports", "imports", _s("Impor kepegawaian"), (P.IMPORT_RUN, P.IMPORT_APPROVE)),
    ("keys", "admin.keys", _s("Kunci penanda tangan"), (P.KEYS_READ,)),
    ("audit", "admin.audit", _s("Jejak audit"), (P.AUDIT_READ, P.AUDIT_READ_ADMINISTRATIVE)),
)
"""Key, endpoint, words, and the permissions of which one is needed."""

IMPORTS = "/konsol/impor"

SENTENCES: Mapping[str, Any] = {
    "person_added": _s("Pegawai ditambahkan. Terbitkan kode aktivasi agar ia dapat masuk."),
    "person_changed": _s("Data pegawai disimpan."),
    "person_placed": _s("Penempatan disimpan."),
    "person_left": _s("Hubungan kepegawaian diakhiri pada tanggal itu."),
    "person_disabled": _s("Akun dinonaktifkan; semua sesi dan token berakhir."),
    "person_enabled": _s("Akun diaktifkan kembali."),
    "sessions_ended": _s("Semua sesi pegawai ini diakhiri."),
    "unit_added": _s("Unit ditambahkan."),
    "unit_changed": _s("Perubahan unit disimpan."),
    "position_added": _s("Jabatan ditambahkan."),
    "grant_given": _s("Akses diberikan. Berlaku pada token berikutnya."),
    "grant_ended": _s("Akses diakhiri."),
    "client_changed": _s("Perubahan aplikasi disimpan."),
    "client_unchanged": _s("Tidak ada yang berubah."),
    "client_disabled": _s("Aplikasi ditutup; semua yang pernah diberikan kepadanya berakhir."),
    "client_enabled": _s("Aplikasi dibuka kembali."),
    "secret_revoked": _s("Rahasia dicabut."),
    "role_defined": _s("Peran aplikasi disimpan."),
    "key_prepared": _s("Kunci berikutnya disiapkan dan dipublikasikan."),
    "key_activated": _s("Kunci diaktifkan."),
    "key_revoked": _s("Kunci dicabut."),
}
"""What a page says after a redirect; the address carries only the code."""


def menu() -> list[tuple[str, str, str]]:
    """The entries that the actor may open."""
    powers = context.work().actor.powers
    return [
        (key, IMPORTS if endpoint == "imports" else url_for(endpoint), str(text))
        for key, endpoint, text, wanted in MENU
        if not wanted or any(powers.holds(permission) for permission in wanted)
    ]


def surroundings() -> dict[str, Any]:
    """Variables of every template that is rendered inside a guarded request; none elsewhere."""
    person_id = g.get("console_person")
    if person_id is None:
        return {}
    notice = SENTENCES.get(request.args.get("selesai", ""))
    powers = context.work().actor.powers
    return {
        "menu": menu(),
        "viewer": Viewer(people.get(context.work().session, person_id).name),
        "notice": str(notice) if notice else "",
        "can": {permission.name: powers.holds(permission) for permission in P},
        "idle_seconds": context.settings().lifetimes.console_idle_seconds,
    }


def show(template: str, *, form: Form | None = None, **variables: Any) -> Response:
    """A page; with a refused form it is a 422 that shows what was typed."""
    errors = form.errors if form is not None else {}
    page = render_template(f"admin/{template}.html", form=form, errors=errors, **variables)
    return make_response(page, 422 if errors else 200)


def done(code: str, endpoint: str, /, **values: Any) -> Response:
    """Commit, and go on to a page that says what was done."""
    context.commit()
    return redirect(url_for(endpoint, **values, selesai=code), 303)


def choose(text: str | None = None) -> tuple[str, str]:
    """The empty choice of a select."""
    return "", text or gettext("Pilih …")
