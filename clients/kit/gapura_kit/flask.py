"""Flask glue: protect the views of an API, receive back-channel logouts."""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from .access_tokens import AccessToken, AccessTokens
from .errors import InvalidRequest, MissingToken, TokenError
from .logout_tokens import LogoutToken, LogoutTokens

_EXTENSION = "gapura_kit"
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_log = logging.getLogger("gapura_kit")

P = ParamSpec("P")
R = TypeVar("R", bound=ResponseReturnValue)


def protect(app: Flask, tokens: AccessTokens, *, realm: str = "api") -> None:
    """Let ``require_scope`` in this app validate with ``tokens``, and turn its refusals into answers."""
    app.extensions[_EXTENSION] = tokens
    app.register_error_handler(TokenError, lambda error: _refusal(error, realm))


def require_scope(*scopes: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run the view only for a valid access token that carries all of ``scopes``.

    Without scopes any valid token will do. The app must have been given to ``protect``.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            tokens: AccessTokens = current_app.extensions[_EXTENSION]
            g.gapura_access_token = tokens.validate(_bearer_token(), scopes)
            return view(*args, **kwargs)

        return guarded

    return decorate


def access_token() -> AccessToken:
    """The access token of this request; only inside a view under ``require_scope``."""
    token: AccessToken = g.gapura_access_token
    return token


def backchannel_logout(
    on_logout: Callable[[LogoutToken], Any],
    tokens: LogoutTokens,
    *,
    path: str = "/auth/backchannel-logout",
    name: str = "backchannel_logout",
) -> Blueprint:
    """A blueprint with the endpoint whose address is registered as ``backchannel_logout_uri``.

    Calls ``on_logout`` with each valid logout token, once. Answers 200, or 400 when the token is not valid
    or ending the sessions failed, never to be cached (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8).
    A form protection that wants a token in every POST must leave this endpoint out.
    """
    blueprint = Blueprint(name, __name__)

    @blueprint.post(path)
    def receive() -> Response:
        sent = request.form.getlist("logout_token")
        if len(sent) != 1:
            return _logout_answer("exactly one logout_token is needed")
        try:
            token = tokens.validate(sent[0])
        except TokenError as error:
            _log.warning("logout token refused: %s: %s", type(error).__name__, error)
            return _logout_answer("the logout token is not valid")
        try:
            on_logout(token)
        except Exception:
            # Whatever the application raised, the provider needs an answer. It tries again, and then this token must not count as used.
            tokens.replays.forget(token.jti)
            _log.exception("ending the sessions failed")
            return _logout_answer("the sessions could not be ended")
        return _logout_answer(None)

    return blueprint


def _bearer_token() -> str:
    if "access_token" in request.args:
        raise InvalidRequest("the access token came in the address, which ends up in logs (RFC 9700 §4.3.2)")
    sent = request.headers.getlist("Authorization")
    if not sent or not sent[0].lower().startswith("bearer"):
        raise MissingToken("no bearer token")
    found = _BEARER.fullmatch(sent[0])
    if len(sent) > 1 or found is None:
        raise InvalidRequest("not one bearer token")
    return found.group(1)


def _refusal(error: TokenError, realm: str) -> Response:
    _log.info("request refused: %s: %s", type(error).__name__, error)
    named = {"error": error.code} if error.code else {}
    response = make_response(jsonify({**named, "error_description": error.public}))
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.status == 503:
        response.headers["Retry-After"] = "60"
    else:
        response.headers["WWW-Authenticate"] = error.www_authenticate(realm)
    return response


def _logout_answer(refusal: str | None) -> Response:
    body = {"error": "invalid_request", "error_description": refusal} if refusal else {}
    response = make_response(jsonify(body))
    response.status_code = 400 if refusal else 200
    response.headers["Cache-Control"] = "no-store"
    return response
