"""The addresses of the console, one line each: address, methods, name, view. Guards stand at the views."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from idp.admin import overview
from idp.admin.access import grants
from idp.admin.city import people, person_actions, units
from idp.admin.clients import pages as clients
from idp.admin.clients import preview
from idp.admin.frame import surroundings
from idp.admin.oversight import audit
from idp.admin.system import keys
from idp.domain.errors import Forbidden
from idp.web import context, csrf, guards
from idp.web.guards import View

bp = Blueprint("admin", __name__, url_prefix="/konsol")
bp.app_context_processor(surroundings)

READ, WRITE, FORM = ("GET",), ("POST",), ("GET", "POST")

ROUTES: tuple[tuple[str, tuple[str, ...], str, View], ...] = (
    ("/", READ, "overview", overview.overview),
    ("/pegawai", READ, "people", people.index),
    ("/pegawai/baru", FORM, "person_add", person_actions.add),
    ("/pegawai/<person_id>", READ, "person", people.person),
    ("/pegawai/<person_id>/akses", READ, "person_access", people.access),
    ("/pegawai/<person_id>/ubah", FORM, "person_change", person_actions.change),
    ("/pegawai/<person_id>/tempatkan", FORM, "person_place", person_actions.place),
    ("/pegawai/<person_id>/akhiri", FORM, "person_leave", person_actions.leave),
    ("/pegawai/<person_id>/nonaktifkan", FORM, "person_disable", person_actions.disable),
    ("/pegawai/<person_id>/aktifkan", WRITE, "person_enable", person_actions.enable),
    ("/pegawai/<person_id>/kode", WRITE, "person_code", person_actions.issue_code),
    ("/pegawai/<person_id>/sesi", WRITE, "person_sessions", person_actions.end_sessions),
    ("/unit", READ, "units", units.index),
    ("/unit/baru", FORM, "unit_add", units.add),
    ("/unit/<code>", READ, "unit", units.unit),
    ("/unit/<code>/ubah", FORM, "unit_change", units.change),
    ("/unit/<code>/jabatan", FORM, "position_add", units.add_position),
    ("/akses", READ, "grants", grants.index),
    ("/akses/beri", FORM, "grant_give", grants.give),
    ("/akses/gapura", FORM, "grant_platform", grants.give_platform),
    ("/akses/<grant_id>/akhiri", FORM, "grant_end", grants.end),
    ("/aplikasi", READ, "clients", clients.index),
    ("/aplikasi/baru", FORM, "client_register", clients.register),
    ("/aplikasi/<client_id>", READ, "client", clients.client),
    ("/aplikasi/<client_id>/ubah", FORM, "client_change", clients.change),
    ("/aplikasi/<client_id>/tutup", FORM, "client_disable", clients.disable),
    ("/aplikasi/<client_id>/buka", WRITE, "client_enable", clients.enable),
    ("/aplikasi/<client_id>/rahasia", WRITE, "secret_add", clients.add_secret),
    ("/aplikasi/<client_id>/rahasia/<secret_id>/cabut", WRITE, "secret_revoke", clients.revoke_secret),
    ("/aplikasi/<client_id>/peran", FORM, "client_roles", clients.roles_page),
    ("/aplikasi/<client_id>/catatan", READ, "client_log", clients.log),
    ("/aplikasi/<client_id>/pratinjau", READ, "client_preview", preview.preview),
    ("/kunci", READ, "keys", keys.index),
    ("/kunci/siapkan", WRITE, "key_prepare", keys.prepare),
    ("/kunci/<kid>/aktifkan", FORM, "key_activate", keys.activate),
    ("/kunci/<kid>/cabut", FORM, "key_revoke", keys.revoke),
    ("/audit", READ, "audit", audit.index),
    ("/audit/ekspor", READ, "audit_export", audit.export),
)

for _address, _methods, _name, _view in ROUTES:
    bp.add_url_rule(_address, _name, _view, methods=list(_methods))


@bp.before_request
def _protect() -> None:
    if request.method == "POST":
        csrf.protect()


@bp.errorhandler(Forbidden)
def _forbidden(error: Forbidden) -> Response:
    """What a verb refused is undone, but that it was tried stays in the trail."""
    context.rollback()
    return guards.refused(None, error.code)
