"""The one table scope → claims (DOMAIN.md §5.2) and which of them a request may have. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SCOPES: Mapping[str, tuple[str, ...]] = {
    "openid": ("sub",),
    "profile": (
        "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website",
        "gender", "birthdate", "zoneinfo", "locale", "updated_at", "preferred_username",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "employment": (
        "employment_status", "active", "position", "position_type", "position_level", "echelon", "grade",
    ),
    "nip": ("nip", "nip_type"),
    "unit": ("agency", "unit", "unit_path"),
    "roles": ("roles", "roles_flat"),
    "assignments": ("assignments", "acting_as"),
    "offline_access": (),
}  # fmt: skip
"""Claims that have no value for a person are left out, never sent empty."""

CLAIMS_VERSION = "1"
FIXTURE_CLAIMS = frozenset(
    {
        "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
        "birthdate", "zoneinfo", "locale", "address", "phone_number", "phone_number_verified",
    }
)  # fmt: skip
"""Standard claims that exist only where a fixture of the test or demo environment sets them, and those it may set."""

MAX_ROLES_IN_ID_TOKEN = 20
_SCOPE_OF = {claim: scope for scope, claims in SCOPES.items() for claim in claims}


def for_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """All claims that the scopes name."""
    return frozenset(claim for scope in scopes for claim in SCOPES.get(scope, ()))


def requested(parameter: Mapping[str, Any] | None, place: str, approved: frozenset[str]) -> frozenset[str]:
    """Claims that the `claims` parameter asks for in `place` (`id_token` or `userinfo`), if the client is approved
    for the scope that each belongs to (OIDC Core §5.5). Unknown ones are ignored."""
    members = (parameter or {}).get(place)
    if not isinstance(members, Mapping):
        return frozenset()
    return frozenset(name for name in members if _SCOPE_OF.get(name) in approved)


def in_id_token(
    scopes: frozenset[str], parameter: Mapping[str, Any] | None, approved: frozenset[str]
) -> frozenset[str]:
    """The ID Token stays small: what `claims` asks for, and roles (DOMAIN.md §5.2)."""
    names = requested(parameter, "id_token", approved)
    return names | (for_scopes({"roles"}) if "roles" in scopes else frozenset())


def in_userinfo(
    scopes: frozenset[str], parameter: Mapping[str, Any] | None, approved: frozenset[str]
) -> frozenset[str]:
    return for_scopes(scopes) | requested(parameter, "userinfo", approved)
