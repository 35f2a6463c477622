"""The browser's own cookie `tx`: sign-in transactions and forms are bound to it."""

from __future__ import annotations

from typing import cast

from flask import Response, g

from idp.domain.sessions import interactions
from idp.kernel.opaque import Kind, shaped
from idp.web.cookies import read_cookie, set_cookie


def browser() -> str:
    """The value of this browser's cookie; a new one is set on the response if it has none."""
    if "browser" not in g:
        value = read_cookie("tx")
        if value is None or not shaped(value, Kind.BROWSER):
            value = interactions.new_browser()
            g.new_browser = value
        g.browser = value
    return cast(str, g.browser)


def known_browser() -> str | None:
    """The cookie that the request brought, if it brought one."""
    value = read_cookie("tx")
    return value if value is not None and shaped(value, Kind.BROWSER) else None


def attach(response: Response) -> Response:
    """Set the cookie if the request made a new one."""
    if "new_browser" in g:
        set_cookie(response, "tx", g.new_browser)
    return response
