"""What an application is built with → how it authenticates: administrators choose a kind, never a protocol setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext


def _s(text: str) -> Any:
    return lazy_gettext(text)


CODE = ["authorization_code"]


@dataclass(frozen=True, slots=True)
class Kind:
    """Words for the choice, and the members of the registration that it sets."""

    title: Any
    hint: Any
    auth_method: str
    application_type: str = "web"
    profile: str = "standard"
    grant_types: list[str] = field(default_factory=lambda: list(CODE))

    def members(self) -> dict[str, Any]:
        return {
            "token_endpoint_auth_method": self.auth_method,
            "application_type": self.application_type,
            "profile": self.profile,
            "grant_types": list(self.grant_types),
            "response_types": ["code"] if "authorization_code" in self.grant_types else [],
        }


KINDS: Mapping[str, Kind] = {
    "web": Kind(
        _s("Aplikasi web di server"),
        _s("Laravel, CodeIgniter, Django, Node.js, Java, ASP.NET. Rahasia disimpan di server."),
        "client_secret_basic",
    ),
    "wordpress": Kind(
        _s("WordPress atau pustaka yang mengirim rahasia di formulir"),
        _s("Sama amannya; hanya cara mengirim rahasianya berbeda."),
        "client_secret_post",
    ),
    "key": Kind(
        _s("Aplikasi web dengan kunci sendiri"),
        _s("Paling aman: aplikasi menandatangani dengan kuncinya, tidak ada rahasia bersama."),
        "private_key_jwt",
    ),
    "spa": Kind(
        _s("Aplikasi yang seluruhnya berjalan di peramban"),
        _s("React, Vue, Angular tanpa server. Tanpa rahasia; dilindungi PKCE."),
        "none",
    ),
    "mobile": Kind(
        _s("Aplikasi HP atau desktop"),
        _s("Android, iOS, desktop. Tanpa rahasia; dilindungi PKCE."),
        "none",
        application_type="native",
    ),
    "machine": Kind(
        _s("Layanan tanpa pengguna"),
        _s("Satu server memanggil server lain; tidak ada orang yang masuk."),
        "client_secret_basic",
        grant_types=["client_credentials"],
    ),
    "legacy": Kind(
        _s("Aplikasi lama yang belum mendukung PKCE"),
        _s("Sementara. Wajib memakai nonce; jadwalkan pembaruannya."),
        "client_secret_basic",
        profile="legacy",
    ),
}


def kind_of(members: Mapping[str, Any]) -> str:
    """The kind that a registration has."""
    method = members["token_endpoint_auth_method"]
    if "authorization_code" not in members["grant_types"]:
        return "machine"
    if members["profile"] == "legacy":
        return "legacy"
    if method == "none":
        return "mobile" if members["application_type"] == "native" else "spa"
    if method == "private_key_jwt":
        return "key"
    return "wordpress" if method == "client_secret_post" else "web"


def members_of(kind: str, present: Mapping[str, Any] | None) -> dict[str, Any]:
    """What choosing `kind` sets; grant types beyond the kind's own stay when the kind stays."""
    members = KINDS[kind].members()
    if present is not None and kind_of(present) == kind:
        members["grant_types"] = list(present["grant_types"])
        members["response_types"] = list(present["response_types"])
        members["application_type"] = present["application_type"]
        members["token_endpoint_auth_method"] = present["token_endpoint_auth_method"]
    return members


DEFAULT_SCOPES = ["openid", "profile", "roles"]
