"""The addresses of a person's own pages."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from idp.account import (
    activity as activity_page,
)
from idp.account import (
    launcher as launcher_page,
)
from idp.account import (
    my_data as data_page,
)
from idp.account import (
    security as security_pages,
)
from idp.account.present import SignInFirst
from idp.web import csrf
from idp.web.cookies import set_cookie
from idp.web.forms import argument, field
from idp.web.i18n import LOCALES

bp = Blueprint("account", __name__)


@bp.before_request
def _protect() -> None:
    if request.method == "POST":
        csrf.protect()


@bp.get("/")
def launcher() -> AnyResponse:
    return launcher_page.show(argument("q"))


@bp.get("/keamanan")
def security() -> AnyResponse:
    return security_pages.overview()


@bp.get("/keamanan/kata-sandi")
def password() -> AnyResponse:
    return security_pages.password_form()


@bp.post("/keamanan/kata-sandi")
def password_submit() -> AnyResponse:
    return security_pages.password_submit()


@bp.get("/keamanan/autentikator")
def totp() -> AnyResponse:
    return security_pages.totp_form()


@bp.post("/keamanan/autentikator")
def totp_submit() -> AnyResponse:
    return security_pages.totp_submit()


@bp.get("/keamanan/kode-pemulihan")
def recovery_codes() -> AnyResponse:
    return security_pages.codes_form()


@bp.post("/keamanan/kode-pemulihan")
def recovery_codes_submit() -> AnyResponse:
    return security_pages.codes_submit()


@bp.post("/keamanan/sesi/<session_id>/keluar")
def end_session(session_id: str) -> AnyResponse:
    return security_pages.end_session(session_id)


@bp.post("/keamanan/keluar-semua")
def end_all_sessions() -> AnyResponse:
    return security_pages.end_all_sessions()


@bp.get("/aktivitas")
def activity() -> AnyResponse:
    return activity_page.show(argument("sebelum", maximum=20))


@bp.get("/data-saya")
def my_data() -> AnyResponse:
    return data_page.show()


@bp.get("/data-saya.json")
def my_data_download() -> AnyResponse:
    return data_page.download()


@bp.post("/data-saya/persetujuan/<client_id>/cabut")
def withdraw_consent(client_id: str) -> AnyResponse:
    return data_page.withdraw(client_id)


@bp.post("/bahasa")
def language() -> AnyResponse:
    """Switch the language and stay on the page."""
    response: Response = redirect(_back(), 303)  # type: ignore[assignment]
    if field("locale") in LOCALES:
        set_cookie(response, "lang", field("locale"), max_age=365 * 86400)
    return response


def _back() -> str:
    """Only a path of ours: the Referer's, without trusting its host."""
    path = field("path", maximum=300)
    return (
        path if path.startswith("/") and not path.startswith(("//", "/\\")) else url_for("account.launcher")
    )


@bp.errorhandler(SignInFirst)
def _sign_in_first(error: SignInFirst) -> AnyResponse:
    return error.response
