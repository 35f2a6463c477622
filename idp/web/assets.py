"""Static files under addresses that carry their digest, so that they may be cached for ever; pre-compressed."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_file

ROOT = Path(__file__).resolve().parent.parent / "static"
bp = Blueprint("assets", __name__)


@cache
def asset(path: str) -> str:
    """The address of a static file, e.g. `/static/4fd2c1a09b3e/app.css`."""
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{path}"


@bp.get("/static/<digest>/<path:path>")
def static_file(digest: str, path: str) -> Response:
    file = (ROOT / path).resolve()
    if not file.is_relative_to(ROOT) or not file.is_file() or asset(path) != f"/static/{digest}/{path}":
        abort(404)
    packed = file.with_name(file.name + ".gz")
    if "gzip" in request.headers.get("Accept-Encoding", "") and packed.is_file():
        response = send_file(packed, mimetype=_mimetype(file), conditional=False, etag=False)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_file(file, mimetype=_mimetype(file), conditional=False, etag=False)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _mimetype(file: Path) -> str:
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
    return kinds.get(file.suffix, "application/octet-stream")
