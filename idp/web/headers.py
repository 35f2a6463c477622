"""Security headers of every page, with a `form-action` for the one validated redirect origin (R-90, UX.md §1 no. 4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g, request

from idp.web.context import settings


def allow_form_target(redirect_uri: str) -> None:
    """The POST of this response's form may end at this validated redirect URI."""
    parts = urlsplit(redirect_uri)
    g.form_target = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def secure(response: Response) -> Response:
    """Set on every response that passes Flask; caching is off unless the view decided otherwise."""
    target = f" {g.form_target}" if "form_target" in g else ""
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{target}",
    )
    headers["X-Frame-Options"] = "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if settings().is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Vary", "Cookie")
    return response
