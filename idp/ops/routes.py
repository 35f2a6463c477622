"""Health (being built)."""

from flask import Blueprint

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> str:
    return "ok"
