"""The guided form of an application: typed fields → members of its registration, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from idp.admin.clients.kinds import DEFAULT_SCOPES, KINDS, kind_of, members_of
from idp.admin.forms import Form
from idp.domain.errors import Invalid
from idp.domain.release.claims import SCOPES

TEXTS = ("client_name", "description", "agency", "purpose", "client_uri", "policy_uri", "tos_uri",
         "backchannel_logout_uri", "initiate_login_uri")  # fmt: skip
LINES = ("contacts", "redirect_uris", "post_logout_redirect_uris", "allowed_origins")
FIELD_OF = {"scope": "scopes", "token_endpoint_auth_method": "kind", "profile": "kind", "grant_types": "kind"}
"""Members that a refusal may name → the field where they were chosen."""
CHOICES = ("environment", "access_default")
FIELDS = (*TEXTS, *LINES, *CHOICES, "client_id", "kind", "jwks", "other_scopes", "default_acr", "version")


def blank() -> Form:
    return Form(
        *FIELDS,
        lists=("scopes", "skip_notice"),
        kind="web",
        environment="sandbox",
        access_default="deny",
        scopes=DEFAULT_SCOPES,
        skip_notice=["ya"],
    )


def filled(members: Mapping[str, Any], version: int) -> Form:
    """The form with what is registered."""
    scopes = str(members["scope"]).split()
    initial: dict[str, Any] = {name: members[name] for name in (*TEXTS, *CHOICES)}
    initial |= {name: "\n".join(members[name]) for name in LINES}
    return Form(
        *FIELDS,
        lists=("scopes", "skip_notice"),
        **initial,
        kind=kind_of(members),
        jwks=json.dumps(members["jwks"], indent=1) if members["jwks"] else "",
        other_scopes=" ".join(scope for scope in scopes if scope not in SCOPES),
        scopes=[scope for scope in scopes if scope in SCOPES],
        default_acr=str(members["default_acr"] or ""),
        skip_notice=["ya"] if members["skip_notice"] else [],
        version=str(version),
    )


def members(form: Form, present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the form says, as members of the registration; nothing that it has no field for. Raises Invalid."""
    if form["kind"] not in KINDS:
        raise Invalid("client_kind_missing", field="kind")
    given: dict[str, Any] = {name: form.optional(name) for name in TEXTS}
    given["client_name"] = form["client_name"]
    given |= {name: form.lines(name) for name in LINES}
    given |= {name: form[name] for name in CHOICES}
    given |= members_of(form["kind"], present)
    given["jwks"] = _jwks(form["jwks"])
    given["default_acr"] = int(form["default_acr"]) if form["default_acr"] in ("1", "2") else None
    given["skip_notice"] = form.ticked("skip_notice")
    given["scope"] = _scope(form, given)
    _couple_refresh(given)
    return given


def _scope(form: Form, given: Mapping[str, Any]) -> str:
    wanted = [scope for scope in SCOPES if scope in form.chosen["scopes"]]
    if "authorization_code" in given["grant_types"] and "openid" not in wanted:
        wanted.insert(0, "openid")
    return " ".join([*wanted, *form["other_scopes"].split()])


def _couple_refresh(given: dict[str, Any]) -> None:
    """Access without the person needs refresh tokens, and is the only reason to hand them out here."""
    if "offline_access" in given["scope"].split() and "refresh_token" not in given["grant_types"]:
        given["grant_types"] = [*given["grant_types"], "refresh_token"]


def _jwks(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid("jwks_malformed", field="jwks") from error
    if not isinstance(found, dict):
        raise Invalid("jwks_malformed", field="jwks")
    return found


def suggested_id(name: str) -> str:
    """A client id from a name: "e-Kinerja Kota" → e-kinerja-kota."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:48] or "aplikasi"


def twins(uris: list[str]) -> list[str]:
    """Addresses that differ from a registered one only by a slash at the end: the most frequent mistake."""
    return [uri for uri in (_twin(uri) for uri in uris) if uri and uri not in uris]


def _twin(uri: str) -> str:
    return uri[:-1] if uri.endswith("/") else f"{uri}/"
