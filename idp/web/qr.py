"""Setting up a code generator on any device: QR code, same-phone link, and the phone's wrong clock in words."""

from __future__ import annotations

from io import BytesIO

import segno
from flask import request
from flask_babel import gettext
from markupsafe import Markup


def qr(uri: str) -> Markup:
    """An inline SVG without style attributes, so that the CSP stands."""
    out = BytesIO()
    segno.make(uri, micro=False).save(
        out, kind="svg", border=4, omitsize=True, xmldecl=False, svgclass=None, lineclass=None
    )
    return Markup(out.getvalue().decode())  # noqa: S704 -- made by segno from our own address


def on_phone() -> bool:
    agent = request.headers.get("User-Agent", "")
    return "Mobile" in agent or "Android" in agent


def clock_text(minutes: int | None) -> str | None:
    """DOMAIN.md A12: only after a right password, and never accepting."""
    if minutes is None:
        return None
    moved = gettext("lebih cepat") if minutes > 0 else gettext("lebih lambat")
    return gettext(
        "Jam HP Anda %(moved)s %(minutes)s menit, jadi kodenya tidak cocok. Buka Setelan → Tanggal & waktu → Otomatis."
    ) % {"moved": moved, "minutes": abs(minutes)}
