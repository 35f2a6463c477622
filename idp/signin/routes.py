"""The addresses of signing in; none of them is ever a dead end (decision 10)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from idp.signin import activation as first_sign_in
from idp.signin import enrolment, password, recovery_code
from idp.signin import totp as second_factor
from idp.web import csrf

bp = Blueprint("signin", __name__, url_prefix="/masuk")


@bp.before_request
def _protect() -> None:
    if request.method == "POST":
        csrf.protect()


@bp.get("")
def form() -> Response:
    return password.form()


@bp.post("")
def submit() -> Response:
    return password.submit()


@bp.get("/kode")
def totp() -> Response:
    return second_factor.form()


@bp.post("/kode")
def totp_submit() -> Response:
    return second_factor.submit()


@bp.get("/pemulihan")
def recovery() -> Response:
    return recovery_code.form()


@bp.post("/pemulihan")
def recovery_submit() -> Response:
    return recovery_code.submit()


@bp.get("/aktivasi")
def activation() -> Response:
    return first_sign_in.form()


@bp.post("/aktivasi")
def activation_submit() -> Response:
    return first_sign_in.submit()


@bp.get("/kata-sandi")
def new_password() -> Response:
    return first_sign_in.password_form()


@bp.post("/kata-sandi")
def new_password_submit() -> Response:
    return first_sign_in.password_submit()


@bp.get("/autentikator")
def enrol() -> Response:
    return enrolment.form()


@bp.post("/autentikator")
def enrol_submit() -> Response:
    return enrolment.submit()


@bp.post("/kode-pemulihan")
def codes_saved() -> Response:
    return enrolment.codes_saved()
