import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session
from markupsafe import escape

app = Flask(__name__)
app.secret_key = os.environ["SESSION_KEY"]
gapura = OAuth(app).register(
    "gapura",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile roles", "code_challenge_method": "S256"},
)


@app.get("/")
def home():
    return f"Halo, {escape(session['name'])}" if "sub" in session else redirect("/login")


@app.get("/login")
def login():
    return gapura.authorize_redirect(os.environ["APP_URL"] + "/auth/callback")


@app.get("/auth/callback")
def callback():
    tokens = gapura.authorize_access_token()
    person = gapura.userinfo(token=tokens)
    session.update(sub=person["sub"], name=person["name"], roles=person.get("roles_flat", []))
    return redirect("/")
