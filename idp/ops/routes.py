"""/healthz says that the process lives, /readyz that it may receive traffic (HARNESS.md §5)."""

from __future__ import annotations

import ipaddress

from flask import Blueprint, Response, jsonify

from idp.checks import health
from idp.web import context

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    return _uncached(Response("ok", mimetype="text/plain"))


@bp.get("/readyz")
def readyz() -> Response:
    """200 or 503; the reasons only for this machine and the trusted proxies' networks."""
    findings = health.examine(context.work(), health.READINESS)
    is_ready = health.worst(findings) != health.State.FAILED
    body: dict[str, object] = {"ready": is_ready}
    if _is_near(context.client_address()):
        if is_ready:
            findings += health.examine(context.work(), ("worker",))
        body["checks"] = [
            {"name": each.name, "state": each.state, "fact": each.fact, "mend": each.mend}
            for each in findings
        ]
    context.rollback()
    answer = jsonify(body)
    answer.status_code = 200 if is_ready else 503
    if not is_ready:
        answer.headers["Retry-After"] = "5"
    return _uncached(answer)


def _is_near(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    networks = context.settings().server.trusted_proxies
    return parsed.is_loopback or any(
        parsed in ipaddress.ip_network(entry, strict=False) for entry in networks
    )


def _uncached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
