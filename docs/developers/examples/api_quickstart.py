import os

from flask import Flask, jsonify
from gapura_kit import AccessTokens
from gapura_kit.flask import access_token, protect, require_scope

app = Flask(__name__)
protect(app, AccessTokens(os.environ["ISSUER"], audience=os.environ["API_IDENTIFIER"]))


@app.get("/permits")
@require_scope("permits:read")
def permits():
    return jsonify(seen_by=access_token().sub, roles=access_token().roles)
