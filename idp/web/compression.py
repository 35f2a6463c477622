"""Pages are compressed for slow lines. Tokens in forms are masked anew in each page, so length reveals nothing (C-228)."""

from __future__ import annotations

import gzip

from flask import Response, request

SMALLEST = 1024
LEVEL = 5


def compress(response: Response) -> Response:
    """gzip for HTML that is worth it."""
    if (
        response.mimetype != "text/html"
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
        or "gzip" not in request.headers.get("Accept-Encoding", "")
    ):
        return response
    body = response.get_data()
    if len(body) >= SMALLEST:
        response.set_data(gzip.compress(body, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.add("Vary", "Accept-Encoding")
    return response
