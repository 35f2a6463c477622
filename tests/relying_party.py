"""A strict relying party and a browser without JavaScript, both through HTTP only.

Every exchange is a pair: one method sends, one validates; nothing can be used without naming what was expected.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import pyotp
import urllib3
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.provider import Provider

TOTP_STEP = 30


@dataclass
class Form:
    """Fields as the page set them, and the submit buttons that carry a name."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.fields or name in dict(self.buttons)


@dataclass
class Answer:
    """A response: `headers` are case-insensitive, `forms` and `root` are those of an HTML page."""

    status: int
    headers: Any
    text: str
    url: str
    forms: list[Form] = field(default_factory=list)
    root: dict[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @property
    def page(self) -> str:
        return self.root.get("data-page", "")

    @property
    def error_code(self) -> str:
        return self.root.get("data-error", "")

    def json(self) -> Any:
        return json.loads(self.text)

    def form(self, *names: str) -> Form:
        for form in self.forms:
            if all(form.has(name) for name in names):
                return form
        raise AssertionError(
            f"{self.url} {self.status} ({self.page}) has no form with {names}: {self.text[:600]}"
        )

    def callback(self) -> dict[str, str]:
        """Parameters of a redirect to a client."""
        assert self.location is not None, f"no redirect: {self.status} {self.page} {self.text[:400]}"
        return dict(parse_qsl(urlsplit(self.location).query, keep_blank_values=True))


class _Reader(HTMLParser):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.answer.root = given
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.answer.forms.append(self._form)
        elif self._form is not None and tag in ("input", "button") and given.get("name"):
            if tag == "button" or given.get("type") == "submit":
                self._form.buttons.append((given["name"], given.get("value", "")))
            else:
                self._form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


class Browser:
    """Cookies by name (one origin), redirects followed within the issuer, the Origin header on every POST."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.cookies: dict[str, str] = {}
        self.set_cookie_headers: list[str] = []
        self._pool = urllib3.HTTPConnectionPool(*provider.address.split(":"), maxsize=4, block=False)

    def request(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request to the provider, without following anything."""
        parts = urlsplit(urljoin(self.provider.issuer, url))
        issuer = urlsplit(self.provider.issuer)
        sent = {
            "Host": issuer.netloc,
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36",
        }
        if issuer.scheme == "https":
            sent["X-Forwarded-Proto"] = "https"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            sent["Origin"] = self.provider.issuer
        if fields is not None:
            body = urlencode(fields).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent |= headers or {}
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        response = self._pool.request(
            method, target, body=body, headers={k: v for k, v in sent.items() if v is not None},
            redirect=False, retries=False, timeout=20, preload_content=True,
        )  # fmt: skip
        self._keep_cookies(response)
        answer = Answer(
            response.status, response.headers, response.data.decode(errors="replace"), parts.geturl()
        )
        if "html" in response.headers.get("Content-Type", ""):
            _Reader(answer).feed(answer.text)
        return answer

    def get(self, url: str, **headers: str) -> Answer:
        """GET and follow redirects until a page, or a redirect to a client."""
        return self.follow(self.request("GET", url, headers=headers))

    def follow(self, answer: Answer) -> Answer:
        for _ in range(10):
            if answer.location is None or not self._is_ours(answer.location):
                return answer
            answer = self.request("GET", urljoin(answer.url, answer.location))
        raise AssertionError("too many redirects")

    def submit(self, page: Answer, form: Form, **values: str) -> Answer:
        """Fill and send a form, then follow."""
        return self.follow(self.send(page, form, **values))

    def send(self, page: Answer, form: Form, **values: str) -> Answer:
        """Fill and send a form; the answer is not followed."""
        return self.request("POST", urljoin(page.url, form.action or page.url), {**form.fields, **values})

    def _is_ours(self, url: str) -> bool:
        return url.startswith("/") or url.startswith(self.provider.issuer + "/")

    def _keep_cookies(self, response: Any) -> None:
        for header in response.headers.getlist("Set-Cookie"):
            self.set_cookie_headers.append(header)
            name, _, rest = header.partition("=")
            value = rest.split(";")[0]
            if "Max-Age=0" in header or not value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


@dataclass
class Person:
    """Somebody who can sign in. Codes are never used twice: the next one of the test clock is awaited by moving it."""

    username: str
    password: str
    totp_secret: str | None = None

    def otp(self, provider: Provider, steps: int = 0) -> str:
        assert self.totp_secret is not None
        return pyotp.TOTP(self.totp_secret).at(int(provider.clock.now()) + steps * TOTP_STEP)


def sign_in(browser: Browser, person: Person, page: Answer) -> Answer:
    """From the sign-in page through whatever is asked, until a client or one of our own pages is reached."""
    page = browser.submit(
        page, page.form("username", "password"), username=person.username, password=person.password
    )
    for _ in range(4):
        if page.location is not None:
            return page
        if page.page == "second-factor":
            page = browser.submit(page, page.form("otp"), otp=person.otp(browser.provider))
        elif page.page in ("notice", "consent"):
            page = browser.submit(page, page.form("decision"), decision="approve")
        else:
            return page
    return page


@dataclass
class Pending:
    """What a request expects of its answer."""

    parameters: dict[str, str]
    verifier: str | None

    @property
    def state(self) -> str | None:
        return self.parameters.get("state")

    @property
    def nonce(self) -> str | None:
        return self.parameters.get("nonce")


@dataclass
class Tokens:
    """A validated token response."""

    body: dict[str, Any]
    claims: dict[str, Any]
    header: dict[str, Any]

    @property
    def access_token(self) -> str:
        return self.body["access_token"]

    @property
    def refresh_token(self) -> str:
        return self.body["refresh_token"]

    @property
    def id_token(self) -> str:
        return self.body["id_token"]


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class RelyingParty:
    """One client. `method` is its token_endpoint_auth_method; `key` signs assertions for private_key_jwt."""

    provider: Provider
    client_id: str
    client_secret: str | None
    redirect_uri: str
    scope: str = "openid profile"
    method: str = "client_secret_basic"
    key: Any = None
    pkce: bool = True

    @property
    def metadata(self) -> dict[str, Any]:
        return self.wire().request("GET", "/.well-known/openid-configuration").json()

    def wire(self) -> Browser:
        """A connection without cookies, for the back channel."""
        found = self.__dict__.get("_wire")
        if found is None:
            found = self.__dict__["_wire"] = Browser(self.provider)
        found.cookies.clear()
        return found

    def request(self, **changes: str | None) -> Pending:
        """A valid authorization request with the given changes; None leaves a parameter out."""
        verifier = secrets.token_urlsafe(48)
        parameters: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.scope,
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
        }
        if self.pkce:
            parameters |= {"code_challenge": s256(verifier), "code_challenge_method": "S256"}
        parameters |= changes
        kept = {name: value for name, value in parameters.items() if value is not None}
        return Pending(kept, verifier if "code_challenge" in kept else None)

    def url(self, pending: Pending, extra: str = "") -> str:
        return f"/oauth/authorize?{urlencode(pending.parameters, quote_via=quote)}{extra}"

    def authorize(
        self, browser: Browser, person: Person | None = None, **changes: str | None
    ) -> tuple[Pending, Answer]:
        """Send the browser to the provider; with a person, through all pages to the answer."""
        pending = self.request(**changes)
        answer = browser.get(self.url(pending))
        if person is not None and answer.location is None:
            if answer.page in ("notice", "consent"):
                answer = browser.submit(answer, answer.form("decision"), decision="approve")
            elif answer.page == "sign-in":
                answer = sign_in(browser, person, answer)
        return pending, answer

    def code_of(self, pending: Pending, answer: Answer) -> str:
        """The code of a valid authorization response (state, iss; RFC 9207)."""
        assert answer.status in (302, 303), (answer.status, answer.page, answer.text[:600])
        assert answer.location is not None and answer.location.startswith(self.redirect_uri), answer.location
        got = answer.callback()
        assert "error" not in got, got
        assert got.get("state") == pending.state
        assert got.get("iss") == self.provider.issuer
        return got["code"]

    def error_of(self, pending: Pending, answer: Answer) -> str:
        """The error of a redirect, with state and iss and without a code."""
        assert answer.status in (302, 303), (answer.status, answer.page, answer.text[:600])
        assert answer.location is not None and answer.location.startswith(self.redirect_uri), answer.location
        got = answer.callback()
        assert "code" not in got, got
        assert got.get("state") == pending.state
        assert got.get("iss") == self.provider.issuer
        assert set(got) <= {"error", "error_description", "error_uri", "state", "iss"}
        assert all(0x20 <= ord(c) <= 0x7E and c not in '"\\' for c in got.get("error_description", ""))
        return got["error"]

    def post(self, path: str, fields: Mapping[str, str | None], *, authenticated: bool = True) -> Answer:
        """A back-channel request, authenticated as registered."""
        sent = {name: value for name, value in fields.items() if value is not None}
        headers: dict[str, str] = {"Origin": None}  # type: ignore[dict-item]
        if authenticated:
            if self.method == "client_secret_basic":
                pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret or '', safe='')}"
                headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            elif self.method == "client_secret_post":
                sent |= {"client_id": self.client_id, "client_secret": self.client_secret or ""}
            elif self.method == "private_key_jwt":
                sent |= {
                    "client_assertion": self.assertion(),
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                }
            else:
                sent |= {"client_id": self.client_id}
        return self.wire().request("POST", path, sent, headers=headers)

    def assertion(self, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A client assertion (RFC 7523) with changed header members and claims; None leaves a claim out."""
        now = int(self.provider.clock.now())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": self.provider.issuer, "iat": now, "exp": now + 60,
            "jti": secrets.token_urlsafe(16), **changes,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", **(header or {})}, kept, self.key)

    def token(self, code: str, pending: Pending, **changes: str | None) -> Answer:
        """POST to the token endpoint with a code."""
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
            "code_verifier": pending.verifier,
        }  # fmt: skip
        return self.post("/oauth/token", {**fields, **changes})

    def tokens_of(self, answer: Answer, *, nonce: str | None, id_token: bool = True) -> Tokens:
        """A valid token response: headers, type, and the ID Token's signature and claims."""
        assert answer.status == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        assert body["token_type"].lower() == "bearer"
        assert body["expires_in"] > 0
        if not id_token:
            return Tokens(body, {}, {})
        header, claims = self.validated(body["id_token"])
        assert claims["aud"] == self.client_id
        assert claims.get("nonce") == nonce
        digest = hashlib.sha256(body["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return Tokens(body, claims, header)

    def validated(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a JWT signed by the provider, now."""
        keys = KeySet.import_key_set(self.wire().request("GET", "/.well-known/jwks.json").json())
        verified = jws.deserialize_compact(token, keys, algorithms=["RS256", "ES256", "PS256"])
        claims = json.loads(verified.payload)
        now = self.provider.clock.now()
        assert claims["iss"] == self.provider.issuer
        assert abs(claims["iat"] - now) < 300 and now - 60 < claims["exp"] < now + 3600
        return dict(verified.headers()), claims

    def sign_in(self, browser: Browser, person: Person, **changes: str | None) -> Tokens:
        """The whole flow."""
        pending, answer = self.authorize(browser, person, **changes)
        code = self.code_of(pending, answer)
        return self.tokens_of(self.token(code, pending), nonce=pending.nonce)

    def refresh(self, refresh_token: str, **changes: str | None) -> Answer:
        return self.post(
            "/oauth/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        )

    def userinfo(self, access_token: str, method: str = "GET") -> Answer:
        return self.wire().request(
            method,
            "/oauth/userinfo",
            headers={"Authorization": f"Bearer {access_token}", "Origin": None},  # type: ignore[dict-item]
        )

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self.post("/oauth/introspect", {"token": token})
        assert answer.status == 200, answer.text
        return answer.json()

    def revoke(self, token: str) -> Answer:
        return self.post("/oauth/revoke", {"token": token})
