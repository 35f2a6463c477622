"""What the tests of this folder register: a person, four applications and an API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyotp

API = "https://api-izin.test"
PASSWORD = "Kujang-Tegallega-Surya-71"
APPLICATIONS = ("perizinan", "eoffice", "node", "django")


@dataclass(frozen=True)
class Site:
    """An application that runs: where, and with which registration."""

    url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class City:
    """What was seeded: the provider's address, the applications, the person and their second factor."""

    issuer: str
    sites: dict[str, Site]
    username: str
    totp_secret: str
    seeded: dict[str, Any]

    def otp(self) -> str:
        """The code that the person's generator shows now."""
        return pyotp.TOTP(self.totp_secret).now()


def _client(name: str, url: str, **differs: Any) -> dict[str, Any]:
    return {
        "client_id": f"rp-{name}", "client_secret": f"{name}-0123456789-abcdefghijklmnopqrstuvwxyz",
        "client_name": name.title(), "profile": "standard", "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [f"{url}/auth/callback"], "post_logout_redirect_uris": [f"{url}/auth/signed-out"],
        "backchannel_logout_uri": f"{url}/auth/backchannel-logout", "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email roles unit permits:read",
        "environment": "production", "access": {"default": "allow"}, **differs,
    }  # fmt: skip


def document(addresses: dict[str, str], username: str, totp_secret: str) -> dict[str, Any]:
    """The fixtures (HARNESS.md §2) with one person, whose second factor is ``totp_secret`` (Base32)."""
    node, site = addresses["node"], addresses["django"]
    plain = {"backchannel_logout_uri": None, "skip_notice": True}
    return {
        "units": [{"code": "rp-dinkes", "name": "Dinas Kesehatan", "kind": "agency", "parent": None}],
        "people": [
            {
                "username": username, "name": "Siti Aminah", "email": f"{username}@kota.test", "password": PASSWORD,
                "totp_secret": totp_secret, "unit": "rp-dinkes", "position": "Kepala Seksi",
                "roles": {"rp-perizinan": ["verifikator"], "rp-node": ["verifikator"], "rp-django": ["verifikator"]},
            }
        ],
        "clients": [
            _client("perizinan", addresses["perizinan"], roles=[{"name": "verifikator", "title": "Verifikator"}]),
            _client("eoffice", addresses["eoffice"], roles=[{"name": "penandatangan", "title": "Penanda tangan"}]),
            _client("node", node, redirect_uris=[f"{node}/callback"], post_logout_redirect_uris=[f"{node}/signed-out"],
                    roles=[{"name": "verifikator", "title": "Verifikator"}], **plain),
            _client("django", site, redirect_uris=[f"{site}/oidc/callback/"],
                    token_endpoint_auth_method="client_secret_post",
                    post_logout_redirect_uris=[f"{site}/signed-out"],
                    roles=[{"name": "verifikator", "title": "Verifikator"}], **plain),
        ],
        "resource_servers": [
            {"identifier": API, "client_id": "rp-api", "client_secret": "api-0123456789-abcdefghijklmnopqrstuvwxyz",
             "scopes": ["permits:read"]}
        ],
    }  # fmt: skip
