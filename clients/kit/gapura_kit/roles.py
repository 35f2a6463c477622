"""Roles, as applications read them from a token or from UserInfo."""

from collections.abc import Mapping
from typing import Any


def role_names(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the roles the person has in this application, in the provider's order.

    Reads ``roles_flat`` (a list of strings) and otherwise ``roles`` (objects with a member ``role``, or
    strings). What has another shape gives no role: an application never grants something by mistake.
    """
    listed = claims.get("roles_flat", claims.get("roles"))
    if not isinstance(listed, list):
        return ()
    names = (entry.get("role") if isinstance(entry, Mapping) else entry for entry in listed)
    return tuple(name for name in names if isinstance(name, str) and name)
