"""Cookies: `__Host-`, Secure, HttpOnly, SameSite=Lax, no Domain, gone with the browser (R-80).

With an http issuer (test and demo on loopback only) the prefix would make browsers drop them, so they are called
`gapura_…` there.
"""

from __future__ import annotations

from typing import cast

from flask import Response, current_app, request


def cookie_name(short: str) -> str:
    """`short` is sid, tx, dev or lang."""
    secure = current_app.extensions["gapura"].settings.is_https
    return f"__Host-{short}" if secure else f"gapura_{short}"


def read_cookie(short: str) -> str | None:
    """None when it is absent, or when it occurs twice: then nobody can say which was meant (R-88)."""
    name = cookie_name(short)
    raw = request.headers.get("Cookie", "")
    if raw.count(f"{name}=") > 1 and sum(part.strip().startswith(f"{name}=") for part in raw.split(";")) > 1:
        return None
    return cast("str | None", request.cookies.get(name))


def set_cookie(response: Response, short: str, value: str, *, max_age: int | None = None) -> None:
    response.set_cookie(
        cookie_name(short),
        value,
        max_age=max_age,
        path="/",
        secure=current_app.extensions["gapura"].settings.is_https,
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: Response, short: str) -> None:
    set_cookie(response, short, "", max_age=0)
