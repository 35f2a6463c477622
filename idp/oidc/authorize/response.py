"""The authorization response: code or error, state, iss (RFC 9207), by query or form_post, never by 307 (R-11)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from flask import Response, make_response, render_template

from idp.oidc.authorize.request import Target
from idp.oidc.errors import OAuthError
from idp.web.context import settings
from idp.web.headers import allow_form_target


def answer(target: Target, members: Mapping[str, str]) -> Response:
    """Send `members`, `state` and `iss` to the redirect URI."""
    fields = {
        **members,
        **({"state": target.state} if target.state is not None else {}),
        "iss": settings().issuer,
    }
    if target.response_mode == "form_post":
        allow_form_target(target.redirect_uri)
        page = render_template("oidc/form_post.html", action=target.redirect_uri, fields=fields)
        return make_response(page)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    separator = "&" if "?" in target.redirect_uri else "?"
    response = Response(status=303)
    response.autocorrect_location_header = False
    response.headers["Location"] = f"{target.redirect_uri}{separator}{query}"
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(target: Target, error: OAuthError) -> Response:
    return answer(target, {"error": error.error, "error_description": error.description})
