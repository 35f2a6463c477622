"""User agents in words: "Chrome di Android"."""

from __future__ import annotations

from flask_babel import gettext
from ua_parser import parse


def describe(user_agent: str | None) -> str:
    """Browser and system of a User-Agent header, or "Peramban tidak dikenal"."""
    if not user_agent:
        return gettext("Peramban tidak dikenal")
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    if browser and system:
        return gettext("%(browser)s di %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("Peramban tidak dikenal")
