"""Sign-in with Gapura: the part to copy into your own application.

Authlib speaks the protocol (code flow with PKCE, state and nonce); the kit keeps the sessions on our side and
receives back-channel logouts. The browser holds only a handle.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from gapura_kit import LogoutTokens, SessionStore, role_names
from gapura_kit.flask import backchannel_logout
from joserfc.errors import JoseError
from requests import RequestException

from .settings import Settings

View = Callable[..., ResponseReturnValue]

# How old what we know of the person may become. Each look at it again also asks whether the session still lives.
PERSON_SECONDS = 600
EXPIRY_MARGIN_SECONDS = 30

WHAT_TO_DO = {
    "access_denied": "Anda membatalkan, atau belum diberi akses ke aplikasi ini. Hubungi admin unit Anda bila perlu.",
    "login_required": "Sesi Anda sudah berakhir. Silakan masuk lagi.",
    "temporarily_unavailable": "Layanan masuk sedang sibuk. Coba lagi beberapa menit lagi.",
    "mismatching_state": "Proses masuk ini sudah usang atau dimulai di peramban lain. Silakan mulai lagi.",
}
ANYTHING_ELSE = "Proses masuk tidak berhasil. Silakan coba lagi; bila tetap gagal, hubungi meja bantuan."


class SignedOut(Exception):
    """The session is over; the person has to sign in again."""


class SignIn:
    """Adds the routes under ``/auth`` to an app and tells its views who is signed in."""

    def __init__(self, app: Flask, settings: Settings, scope: str) -> None:
        self.settings = settings
        self.store = SessionStore(settings.sessions)
        self.client = OAuth(app).register(
            "gapura",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": scope, "code_challenge_method": "S256", "default_timeout": 10},
        )
        tokens = LogoutTokens(settings.issuer, settings.client_id)
        app.register_blueprint(
            backchannel_logout(lambda token: self.store.end_for(token.sub, token.sid), tokens)
        )
        app.register_blueprint(self._routes())
        app.register_error_handler(SignedOut, _to_sign_in)
        app.register_error_handler(OAuthError, lambda error: _failed(error.error))
        app.register_error_handler(JoseError, lambda _: _failed("invalid_id_token"))
        app.register_error_handler(RequestException, lambda _: _failed("temporarily_unavailable", 503))

    def _routes(self) -> Blueprint:
        routes = Blueprint("auth", __name__, url_prefix="/auth")
        routes.get("/sign-in", endpoint="start")(self._start)
        routes.get("/callback", endpoint="finish")(self._finish)
        routes.post("/sign-out", endpoint="sign_out")(self._sign_out)
        routes.get("/signed-out", endpoint="signed_out")(lambda: render_template("signed_out.html"))
        return routes

    def _start(self) -> ResponseReturnValue:
        session["next"] = _own_path(request.args.get("next"))
        answer: ResponseReturnValue = self.client.authorize_redirect(f"{self.settings.url}/auth/callback")
        return answer

    def _finish(self) -> ResponseReturnValue:
        # An answer of another issuer must not reach this one's token endpoint (RFC 9207).
        if request.args.get("iss", self.settings.issuer) != self.settings.issuer:
            raise OAuthError("wrong_issuer")
        tokens = self.client.authorize_access_token(
            claims_options={"iss": {"essential": True, "values": [self.settings.issuer]}}, leeway=60
        )
        identity = tokens.get("userinfo")  # the verified claims of the ID token
        if not identity:
            raise OAuthError("missing_id_token")
        kept = {
            "person": self._person(tokens, identity["sub"]),
            "id_token": tokens["id_token"],
            "refresh_token": tokens.get("refresh_token"),
            "access_tokens": {"": _expiring(tokens)},
        }
        self.store.end(session.get("handle"))
        session["handle"] = self.store.begin(identity["sub"], identity.get("sid"), kept)
        return redirect(session.pop("next", "/"))

    def _sign_out(self) -> ResponseReturnValue:
        kept = self.store.read(session.get("handle"))
        self.store.end(session.pop("handle", None))
        answer: ResponseReturnValue = self.client.logout_redirect(
            post_logout_redirect_uri=f"{self.settings.url}/auth/signed-out",
            id_token_hint=kept["id_token"] if kept else None,
            client_id=self.settings.client_id,
        )
        return answer

    def person(self) -> dict[str, Any] | None:
        """Who is signed in: ``sub``, ``name``, ``unit``, ``roles``; ``None`` when nobody is.

        Raises ``SignedOut`` when the provider has ended the session meanwhile.
        """
        if "person" not in g:
            handle = session.get("handle", "")
            with self.store.lock(handle):
                kept = self.store.read(handle)
                if kept and kept["person"]["read_at"] + PERSON_SECONDS < time.time():
                    kept = self._looked_at_again(handle)
                g.person = kept["person"] if kept else None
        found: dict[str, Any] | None = g.person
        return found

    def _looked_at_again(self, handle: str) -> dict[str, Any]:
        token = self.access_token()
        kept = self.store.read(handle)
        if kept is None:
            raise SignedOut
        kept["person"] = self._person({"access_token": token, "token_type": "Bearer"}, kept["person"]["sub"])
        self.store.update(handle, kept)
        return kept

    def access_token(self, resource: str | None = None) -> str:
        """A living access token: for UserInfo, or for the API registered as ``resource`` (RFC 8707)."""
        handle = session.get("handle", "")
        with self.store.lock(handle):
            kept = self.store.read(handle)
            if kept is None:
                raise SignedOut
            token = kept["access_tokens"].get(resource or "")
            if token is None or token["expires_at"] < time.time() + EXPIRY_MARGIN_SECONDS:
                answer = self._refreshed(handle, kept["refresh_token"], resource)
                token = kept["access_tokens"][resource or ""] = _expiring(answer)
                kept["refresh_token"] = answer.get("refresh_token", kept["refresh_token"])
                self.store.update(handle, kept)
        value: str = token["value"]
        return value

    def _refreshed(self, handle: str, refresh_token: str | None, resource: str | None) -> dict[str, Any]:
        if refresh_token is None:
            raise SignedOut
        target = {"resource": resource} if resource else {}
        try:
            answer: dict[str, Any] = self.client.fetch_access_token(
                grant_type="refresh_token", refresh_token=refresh_token, **target
            )
        except OAuthError as error:
            if error.error != "invalid_grant":
                raise
            self.store.end(handle)
            raise SignedOut from error
        return answer

    def _person(self, tokens: dict[str, Any], sub: str) -> dict[str, Any]:
        claims = self.client.userinfo(token=tokens)
        if claims["sub"] != sub:  # OpenID Connect Core 1.0 §5.3.2
            raise OAuthError("wrong_subject")
        unit = claims.get("unit") or {}
        return {
            "sub": sub,
            "name": claims.get("name") or claims.get("preferred_username") or sub,
            "unit": unit.get("name"),
            "roles": role_names(claims),
            "read_at": time.time(),
        }

    def required(self, view: View) -> View:
        """Only for people who are signed in; others are sent to sign in and come back."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if self.person() is None:
                raise SignedOut
            return view(*args, **kwargs)

        return guarded

    def role_required(self, role: str) -> Callable[[View], View]:
        """Only for people who have this role in this application; others get the page for 403."""

        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
                if role not in (self.person() or {}).get("roles", ()):
                    abort(403)
                return view(*args, **kwargs)

            return self.required(guarded)

        return decorate


def _to_sign_in(_: SignedOut) -> ResponseReturnValue:
    back = request.path if request.method == "GET" else "/"
    return redirect(url_for("auth.start", next=back), 303)


def _expiring(tokens: dict[str, Any]) -> dict[str, Any]:
    return {"value": tokens["access_token"], "expires_at": time.time() + float(tokens.get("expires_in", 0))}


def _own_path(path: str | None) -> str:
    """Only a path of ours: ``//elsewhere`` and ``/\\elsewhere`` would lead a browser away."""
    return path if path and path.startswith("/") and path[1:2] not in ("/", "\\") else "/"


def _failed(code: str, status: int = 400) -> ResponseReturnValue:
    page = render_template("sign_in_failed.html", code=code, what_to_do=WHAT_TO_DO.get(code, ANYTHING_ELSE))
    return page, status
