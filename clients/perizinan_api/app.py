"""API Izin: gives out permits to whoever brings an access token with the scope ``permits:read``."""

import os

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from gapura_kit import AccessTokens
from gapura_kit.flask import access_token, protect, require_scope

PERMITS = (
    {"number": "IZN-2026-0117", "kind": "Izin reklame", "applicant": "Toko Roti Melati"},
    {"number": "IZN-2026-0118", "kind": "Izin usaha mikro", "applicant": "Warung Ibu Sari"},
    {"number": "IZN-2026-0119", "kind": "Izin keramaian", "applicant": "Karang Taruna Tegallega"},
)


def create_app(tokens: AccessTokens) -> Flask:
    """``tokens`` decides which provider we believe and under which identifier we are known there."""
    app = Flask(__name__)
    protect(app, tokens, realm="API Izin")

    @app.get("/permits")
    @require_scope("permits:read")
    def permits() -> ResponseReturnValue:
        token = access_token()
        return jsonify(
            permits=PERMITS, seen_by={"sub": token.sub, "client_id": token.client_id, "roles": token.roles}
        )

    return app


def serve() -> None:
    """Start with ``OIDC_ISSUER``, ``API_IDENTIFIER``, ``APP_PORT`` (8003) and ``APP_HOST`` (127.0.0.1)."""
    app = create_app(AccessTokens(os.environ["OIDC_ISSUER"], os.environ["API_IDENTIFIER"]))
    app.run(os.environ.get("APP_HOST", "127.0.0.1"), int(os.environ.get("APP_PORT", "8003")), threaded=True)
