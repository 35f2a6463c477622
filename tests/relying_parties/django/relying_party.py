"""A Django site with mozilla-django-oidc, in one file. Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, URL, DATABASE.

The library reads no discovery document, so the endpoints are looked up once at the start.
"""

import os
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import requests
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path

ISSUER, OWN = os.environ["ISSUER"], os.environ["URL"]
METADATA = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()

settings.configure(
    SECRET_KEY="only for the tests, on this machine",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["localhost"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"],
    SESSION_COOKIE_NAME="django_rp",
    LOGIN_REDIRECT_URL="/me",
    LOGIN_REDIRECT_URL_FAILURE="/failed",
    LOGOUT_REDIRECT_URL="/signed-out",
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile email roles",
    OIDC_OP_AUTHORIZATION_ENDPOINT=METADATA["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=METADATA["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=METADATA["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=METADATA["jwks_uri"],
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.logout_url",
    OIDC_USE_PKCE=True,
    OIDC_STORE_ID_TOKEN=True,
    OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS=int(os.environ.get("RENEW_SECONDS", "900")),
)
django.setup()

from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402 - needs the settings above


class Backend(OIDCAuthenticationBackend):
    """People are known by ``sub``: not everybody has an address, and addresses change."""

    def verify_claims(self, claims):
        return "sub" in claims

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.update_user(self.UserModel(username=claims["sub"]), claims)

    def update_user(self, user, claims):
        user.email, user.first_name = claims.get("email", ""), claims.get("name", "")
        user.is_staff = "verifikator" in claims.get("roles_flat", [])
        user.save()
        return user


def logout_url(request):
    """RP-initiated logout with the ID token that the library stored."""
    wish = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": f"{OWN}/signed-out",
    }
    return f"{METADATA['end_session_endpoint']}?{urlencode(wish)}"


def me(request):
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"signed_in": False}, status=401)
    return JsonResponse(
        {
            "signed_in": True,
            "sub": user.username,
            "name": user.first_name,
            "email": user.email,
            "staff": user.is_staff,
        }
    )


urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("me", me),
    path("failed", lambda _: JsonResponse({"error": "sign-in failed"}, status=400)),
    path("signed-out", lambda _: JsonResponse({"signed_in": False})),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Only what went wrong is of interest, and that goes to stderr anyway."""


if __name__ == "__main__":
    call_command("migrate", run_syncdb=True, verbosity=0)
    address = urlsplit(OWN)
    with make_server(address.hostname, address.port, get_wsgi_application(), handler_class=Quiet) as server:
        print("listening", flush=True)
        server.serve_forever()
