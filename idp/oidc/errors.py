"""OAuth errors: public text, private facts, and the client's integration log (RFC 6749 §4.1.2.1, §5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from flask import Response
from prometheus_client import Counter

from idp.web.context import request_id, runtime, work
from idp.web.extensions import db

log = structlog.get_logger("gapura.oidc")
ERRORS = Counter("gapura_oauth_errors_total", "OAuth errors answered", ["endpoint", "error"])


class OAuthError(Exception):
    """`description` is public, English ASCII and never quotes input; `facts` are for the client's owner only."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        code: str | None = None,
        status: int = 400,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.code = code or error
        self.status = status
        self.facts = dict(facts or {})


def invalid_request(description: str, *, code: str | None = None, **facts: Any) -> OAuthError:
    return OAuthError("invalid_request", description, code=code, facts=facts)


def invalid_grant(description: str, *, code: str | None = None, **facts: Any) -> OAuthError:
    return OAuthError("invalid_grant", description, code=code, facts=facts)


def invalid_client(code: str = "invalid_client", **facts: Any) -> OAuthError:
    """One text for unknown client, wrong secret and wrong method (R-44); the log says which."""
    return OAuthError("invalid_client", "client authentication failed", code=code, status=401, facts=facts)


def json_response(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


def error_response(error: OAuthError, *, challenge: str | None = None) -> Response:
    """The JSON of RFC 6749 §5.2."""
    response = json_response({"error": error.error, "error_description": error.description}, error.status)
    if challenge is not None:
        response.headers["WWW-Authenticate"] = challenge
    return response


def note(client_id: str | None, endpoint: str, error: OAuthError) -> None:
    """Write the refusal to the client's integration log: beside the request, after the refusal is settled."""
    ERRORS.labels(endpoint, error.error).inc()
    log.info(
        "refused",
        request_id=request_id(),
        endpoint=endpoint,
        error=error.error,
        error_code=error.code,
        client_id=client_id,
    )
    if client_id is None:
        return
    line = {
        "client_id": client_id,
        "at": work().now,
        "endpoint": endpoint,
        "error": error.error,
        "code": error.code,
        "facts": {"description": error.description, **error.facts},
        "request_id": request_id(),
    }
    runtime().refusals.put(db.engine, line)
