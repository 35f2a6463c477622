"""Pages on the way: what this application will receive, and why somebody may not enter (UX.md §3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_babel import gettext

from idp.domain.access import state
from idp.domain.access.model import Decision
from idp.domain.city import people, placements, units
from idp.domain.clients.registered import ClientView
from idp.domain.release import claims, values
from idp.domain.sessions.sso import Sso
from idp.oidc.authorize.request import AuthorizationRequest
from idp.web.context import work
from idp.web.headers import allow_form_target
from idp.web.i18n import employment_word, grouped_nip

LABELS = {
    "name": "Nama", "preferred_username": "Nama pengguna", "email": "Email dinas", "phone_number": "Nomor dinas",
    "employment_status": "Status kepegawaian", "position": "Jabatan", "nip": "NIP", "agency": "Perangkat daerah",
    "unit": "Unit kerja", "roles_flat": "Peran Anda di aplikasi ini", "grade": "Golongan", "echelon": "Eselon",
    "address": "Alamat", "birthdate": "Tanggal lahir",
}  # fmt: skip
"""Claims that are shown, with their Indonesian labels; the others are technical companions of these."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A client as pages show it: names are cut and isolated by the template."""

    client_id: str
    name: str
    agency: str | None
    policy_uri: str | None
    tos_uri: str | None
    logo_url: str | None = None
    help_text: str | None = None


def shown(client: ClientView) -> Shown:
    agency = None
    if client.agency:
        node = units.tree(work().session, state.today(work())).by_code.get(client.agency)
        agency = node.name if node else None
    return Shown(client.client_id, client.client_name[:80], agency, client.policy_uri, client.tos_uri)


def content(
    request: AuthorizationRequest, client: ClientView, sso: Sso, decision: Decision
) -> dict[str, Any]:
    """Template variables of the notice and the consent page."""
    allow_form_target(request.target.redirect_uri)
    scopes = frozenset(request.scopes)
    names = claims.in_userinfo(scopes, request.claims, client.scopes) | claims.in_id_token(
        scopes, request.claims, client.scopes
    )
    found = values.values_of(work(), sso.person_id, decision, names & LABELS.keys())
    person = people.get(work().session, sso.person_id)
    posts = placements.posts(work().session, sso.person_id, state.today(work()))
    node = (
        units.tree(work().session, state.today(work())).by_id.get(posts[0].unit_id or "") if posts else None
    )
    return {
        "client": shown(client),
        "claims": [(gettext(LABELS[n]), _shown(n, found[n])) for n in LABELS if n in found],
        "scopes": sorted(scopes),
        "purpose": client.purpose,
        "first_visit": True,
        "person_name": person.name,
        "unit": node.name if node else None,
        "offline": "offline_access" in scopes,
    }


def no_access(client: ClientView, sso: Sso, decision: Decision) -> str:
    """Why not, and which unit can grant it, by name."""
    tree = units.tree(work().session, state.today(work()))
    posts = placements.posts(work().session, sso.person_id, state.today(work()))
    own = tree.agency(posts[0].unit_id) if posts else None
    return render_template(
        "oidc/no_access.html",
        client=shown(client),
        reason=decision.deciding.code,
        explanation=explanation(decision, client),
        granting_unit=own.name if own else None,
    )


def explanation(decision: Decision, client: ClientView) -> str:
    code = decision.deciding.code
    if code == "not_employed":
        return gettext("Data kepegawaian Anda tidak aktif hari ini, jadi akses ke aplikasi kota ditutup.")
    ended = [r for r in decision.reasons if r.code in ("grant_expired", "grant_ended")]
    if ended and ended[-1].values.get("valid_to"):
        return gettext("Akses Anda ke %(name)s berakhir pada %(day)s.") % {
            "name": client.client_name, "day": ended[-1].values["valid_to"].isoformat(),
        }  # fmt: skip
    later = [r for r in decision.reasons if r.code == "grant_not_yet"]
    if later:
        return gettext("Akses Anda ke %(name)s baru berlaku mulai %(day)s.") % {
            "name": client.client_name, "day": later[0].values["valid_from"].isoformat(),
        }  # fmt: skip
    return gettext("Akun Anda belum diberi akses ke %(name)s.") % {"name": client.client_name}


def _shown(name: str, value: Any) -> str:
    if name == "employment_status":
        return employment_word(value)
    return grouped_nip(value) if name == "nip" else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("formatted") or "")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or gettext("belum ada")
    return str(value)
