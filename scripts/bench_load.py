"""The city, the browsers and the operations of scripts/bench; the standard library alone, every answer checked."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

REDIRECT, PASSWORD, SECRET = "https://rp.test/cb", "kuda benar baterai staples", "bench-secret"
PEOPLE = 64
CITY = {
    "units": [{"code": "dinas", "name": "Dinas", "kind": "agency", "parent": None}],
    "people": [
        {"username": f"orang{n}", "name": f"Orang {n}", "email": f"orang{n}@kota.test", "unit": "dinas",
         "password": PASSWORD} for n in range(PEOPLE)
    ],
    "clients": [
        {"client_id": "app", "client_secret": SECRET, "client_name": "App", "redirect_uris": [REDIRECT],
         "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email",
         "skip_notice": True},
        {"client_id": "machine", "client_secret": SECRET, "client_name": "Machine", "response_types": [],
         "grant_types": ["client_credentials"], "scope": "read"},
    ],
    "resource_servers": [{"identifier": "https://api.test", "client_id": "api", "client_secret": SECRET,
                          "scopes": ["read"]}],
}  # fmt: skip


class Wrong(Exception):
    """An answer was not what the operation expects."""


class Browser:
    """One kept-alive connection, one cookie jar, one person."""

    def __init__(self, port: int, number: int) -> None:
        self.host = f"localhost:{port}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.username = f"orang{number % PEOPLE}"
        self.cookies: dict[str, str] = {}
        self.tokens: dict[str, Any] = {}

    def send(self, method: str, target: str, form: dict[str, str] | None = None, **headers: str) -> Any:
        """The response with `text`; 5xx and refusals are left to the caller."""
        body = urlencode(form) if form is not None else None
        headers = {
            "Host": self.host,
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
            **headers,
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, target, body, headers)
        response: Any = self._connection.getresponse()
        response.text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return response

    def post_json(self, path: str, client: str, **form: str) -> dict[str, Any]:
        """The JSON that an authenticated client is answered."""
        basic = base64.b64encode(f"{client}:{SECRET}".encode()).decode()
        response = self.send("POST", path, form, Authorization=f"Basic {basic}")
        if response.status != 200:
            raise Wrong(f"{path} {response.status} {response.text[:120]}")
        found: dict[str, Any] = json.loads(response.text)
        return found

    def code_flow(self, *, signing_in: bool = False) -> None:
        """Authorization request to checked ID Token. Pages on the way are an error unless `signing_in`."""
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        target = "/oauth/authorize?" + urlencode({
            "client_id": "app", "response_type": "code", "redirect_uri": REDIRECT, "state": state, "nonce": nonce,
            "scope": "openid profile email", "code_challenge": challenge, "code_challenge_method": "S256",
        })  # fmt: skip
        response = self.send("GET", target)
        for _ in range(8):
            if response.status == 200 and signing_in:
                response = self._submit(response.text)
                continue
            location = response.headers.get("Location", "")
            if response.status not in (302, 303):
                raise Wrong(f"authorize {response.status} {response.text[:120]}")
            if location.startswith(REDIRECT):
                break
            response = self.send("GET", location.removeprefix(f"http://{self.host}"))
        answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        if answer.get("state") != state or "code" not in answer:
            raise Wrong(f"authorize {answer}")
        self.tokens = self.post_json(
            "/oauth/token", "app", grant_type="authorization_code", code=answer["code"], redirect_uri=REDIRECT,
            code_verifier=verifier,
        )  # fmt: skip
        claims = json.loads(base64.urlsafe_b64decode(self.tokens["id_token"].split(".")[1] + "=="))
        if (claims["iss"], claims["aud"], claims["nonce"]) != (f"http://{self.host}", "app", nonce):
            raise Wrong(f"ID Token {claims}")

    def _submit(self, page: str) -> Any:
        forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
        form = next((text for text in forms if 'name="password"' in text), None)
        if form is None:
            raise Wrong(f"an unexpected page: {page[:120]}")
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        fields |= {"username": self.username, "password": PASSWORD}
        return self.send("POST", "/masuk", fields, Origin=f"http://{self.host}")


def discovery(browser: Browser) -> None:
    response = browser.send("GET", "/.well-known/openid-configuration")
    if json.loads(response.text)["issuer"] != f"http://{browser.host}":
        raise Wrong("issuer")


def client_credentials(browser: Browser) -> None:
    if "access_token" not in browser.post_json(
        "/oauth/token", "machine", grant_type="client_credentials", scope="read"
    ):
        raise Wrong("no access token")


def refresh(browser: Browser) -> None:
    browser.tokens = browser.post_json(
        "/oauth/token", "app", grant_type="refresh_token", refresh_token=browser.tokens["refresh_token"]
    )


def userinfo(browser: Browser) -> None:
    response = browser.send(
        "GET", "/oauth/userinfo", Authorization=f"Bearer {browser.tokens['access_token']}"
    )
    if response.status != 200 or json.loads(response.text)["email"] != f"{browser.username}@kota.test":
        raise Wrong(f"userinfo {response.status}")


def introspection(browser: Browser) -> None:
    if not browser.post_json("/oauth/introspect", "app", token=browser.tokens["access_token"])["active"]:
        raise Wrong("not active")


def login_fresh(browser: Browser) -> None:
    browser.cookies.clear()
    browser.code_flow(signing_in=True)


SCENARIOS: dict[str, Callable[[Browser], None]] = {
    "discovery": discovery,
    "client_credentials": client_credentials,
    "code_flow_sso": Browser.code_flow,
    "refresh": refresh,
    "userinfo": userinfo,
    "introspection": introspection,
    "login_fresh": login_fresh,
}
