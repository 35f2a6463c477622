"""What every application that people use in a browser should set, whatever it does."""

from flask import Flask, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from .settings import Settings


def make_safe(app: Flask, settings: Settings, cookie: str) -> None:
    """Set the session cookie (under its own name: all ports of a host share a jar), headers and form checks."""
    app.secret_key = settings.session_key
    app.config.update(
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.url.startswith("https://"),
    )

    @app.before_request
    def refuse_foreign_forms() -> None:
        # SameSite keeps other sites out; other ports of one host are the same site.
        if request.method == "POST" and request.headers.get("Origin", settings.url) != settings.url:
            abort(403)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(403)
    def forbidden(_: Exception) -> ResponseReturnValue:
        return render_template("forbidden.html"), 403
