"""Domain errors → pages, one table; what is unknown says nothing but a code (R-104)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from flask import Flask, Response, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from idp.domain.accounts.hashing import Busy
from idp.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from idp.web.context import request_id, rollback
from idp.web.csrf import CsrfRefused
from idp.web.i18n import sentence, sentence_of

STATUS = {NotFound: 404, Conflict: 409, Invalid: 422, Forbidden: 403}
log = structlog.get_logger("gapura.errors")


def error_page(
    code: str,
    text: str,
    status: int,
    *,
    details: Iterable[tuple[str, str]] = (),
    retry_after: int | None = None,
) -> Response:
    """A page with a code, a sentence, a next step, and details for developers."""
    page = render_template(
        "errors/error.html",
        code=code,
        sentence=text,
        request_id=request_id(),
        details=list(details),
        status=status,
    )
    response = make_response(page, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def register(app: Flask) -> None:
    """Install the handlers."""

    @app.errorhandler(DomainError)
    def _domain(error: DomainError) -> Response:
        rollback()
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
        return error_page(error.code, sentence_of(error), status)

    @app.errorhandler(CsrfRefused)
    def _csrf(_error: CsrfRefused) -> Response:
        rollback()
        return error_page("form_foreign", sentence("form_foreign"), 403)

    @app.errorhandler(Busy)
    def _busy(_error: Busy) -> Response:
        rollback()
        return error_page("busy", sentence("busy"), 503, retry_after=2)

    @app.errorhandler(DBAPIError)
    @app.errorhandler(PoolTimeout)
    def _database(error: Exception) -> Any:
        return database_away(error)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        # What fails while another error is answered (its audit event, say) arrives here, wrapped.
        original = getattr(error, "original_exception", None)
        if isinstance(original, DBAPIError | PoolTimeout):
            return database_away(original)
        if original is not None:
            return _unexpected(original)
        code = "not_found" if error.code == 404 else "request_malformed"
        response = error_page(code, sentence(code), error.code or 400)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        rollback()
        log.error("unexpected", request_id=request_id(), path=request.path, exc_info=error)
        return error_page("unexpected", sentence("unexpected"), 500)


def database_away(error: Exception) -> Response:
    """503 with Retry-After for a database that is away, full, busy or slow; 500 only for our own mistakes (P7)."""
    rollback()
    log.error(
        "database", request_id=request_id(), path=request.path, error=type(error).__name__, exc_info=error
    )
    if isinstance(error, DBAPIError) and not is_outage(error):
        return error_page("unexpected", sentence("unexpected"), 500)
    return error_page("database_away", sentence("database_away"), 503, retry_after=5)


def is_outage(error: DBAPIError) -> bool:
    """Whether the database, not the statement, is the cause."""
    kinds = {"OperationalError", "InterfaceError", "InternalError", "QueryCanceled", "LockNotAvailable"}
    return error.connection_invalidated or any(kind.__name__ in kinds for kind in type(error).__mro__)
