"""Perizinan: permits of the city. An example of an application behind Gapura that calls an API."""

import os

import requests
from flask import Flask, abort, current_app, redirect, render_template
from flask.typing import ResponseReturnValue

from .safety import make_safe
from .settings import Settings, from_environment
from .sign_in import SignIn

SCOPE = "openid profile email roles unit permits:read"
APPROVER = "verifikator"


def create_app(settings: Settings, api_url: str, api_identifier: str) -> Flask:
    """``api_url`` is where API Izin answers, ``api_identifier`` the name under which Gapura knows it."""
    app = Flask(__name__)
    make_safe(app, settings, "perizinan_session")
    sign_in = SignIn(app, settings, SCOPE)
    approved: set[str] = set()

    def permits() -> list[dict[str, str]]:
        return fetch_permits(api_url, sign_in.access_token(api_identifier))

    @app.get("/")
    def home() -> ResponseReturnValue:
        return render_template("home.html", person=sign_in.person())

    @app.get("/permits")
    @sign_in.required
    def list_permits() -> ResponseReturnValue:
        person = sign_in.person() or {}
        return render_template(
            "permits.html",
            person=person,
            permits=permits(),
            approved=approved,
            may_approve=APPROVER in person["roles"],
        )

    @app.post("/permits/<number>/approve")
    @sign_in.role_required(APPROVER)
    def approve(number: str) -> ResponseReturnValue:
        if number not in {permit["number"] for permit in permits()}:
            abort(404)
        approved.add(number)
        return redirect("/permits", 303)

    @app.errorhandler(502)
    def api_away(_: Exception) -> ResponseReturnValue:
        return render_template("api_away.html"), 502

    return app


def fetch_permits(api_url: str, token: str) -> list[dict[str, str]]:
    """The permits with ``number``, ``kind`` and ``applicant``; ends the request with 502 if API Izin does not answer."""
    try:
        answer = requests.get(f"{api_url}/permits", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        answer.raise_for_status()
    except requests.RequestException:
        current_app.logger.exception("API Izin did not answer")
        abort(502)
    found: list[dict[str, str]] = answer.json()["permits"]
    return found


def serve() -> None:
    """Start with what the environment says; besides ``settings`` it needs ``API_URL`` and ``API_IDENTIFIER``.

    Flask's own server is enough for a demonstration. In production put the app behind a WSGI server.
    """
    settings = from_environment()
    app = create_app(settings, os.environ["API_URL"].rstrip("/"), os.environ["API_IDENTIFIER"])
    app.run(settings.host, settings.port, threaded=True)
