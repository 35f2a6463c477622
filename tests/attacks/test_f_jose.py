"""Class F: JOSE, at every place that reads a JWT."""

from __future__ import annotations

import base64
import hmac
import json
import time
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.conftest import City


def part(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def places(cast, token):
    """Refused as Bearer, as client assertion, as hint, and by introspection."""
    assert cast.a.userinfo(token).status in (400, 401, 431)
    fields = {
        "grant_type": "client_credentials", "client_assertion": token,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }  # fmt: skip
    assert cast.k.post("/oauth/token", fields, authenticated=False).status in (400, 401, 413)
    assert cast.a.post("/oauth/introspect", {"token": token}).status in (200, 400, 413)
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    if len(token) < 8000:
        answer = browser.get(f"/oauth/logout?{urlencode({'id_token_hint': token})}")
        assert answer.page == "sign-out", "no hint, so the question is asked"


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None])
@pytest.mark.parametrize("dot", [True, False])
def test_c_098_alg_none_family(cast, alg, dot):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    header = {} if alg is None else {"alg": alg}
    places(cast, f"{part(header)}.{tokens.id_token.split('.')[1]}{'.' if dot else ''}")


def test_c_099_public_key_as_hmac_secret(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    keys = cast.a.wire().request("GET", "/.well-known/jwks.json").json()["keys"]
    for jwk in keys:
        key = RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)
        for secret in (
            key.as_pem(private=False),
            b"# c\n" + key.as_pem(private=False),
            key.as_der(private=False),
            json.dumps(jwk).encode(),
        ):
            signed = f"{part({'alg': 'HS256', 'kid': jwk['kid']})}.{tokens.id_token.split('.')[1]}"
            mac = hmac.new(secret, signed.encode(), "sha256").digest()
            assert cast.a.userinfo(f"{signed}.{part(mac)}").status == 401


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_c_101_key_from_the_token(cast, name):
    own = RSAKey.generate_key(2048)
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    value = (
        own.as_dict(private=False)
        if name == "jwk"
        else ["MIIB"]
        if name == "x5c"
        else "https://evil.test/keys"
    )
    forged = jwt.encode({"alg": "RS256", name: value}, tokens.claims, own)
    before = cast.provider.metric("gapura_outbound_requests_total")
    places(cast, forged)
    assert cast.provider.metric("gapura_outbound_requests_total") == before


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1--", "\x00", "k" * 4000, 7, ["a"]])
def test_c_102_kid_abuse(cast, kid):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    _, body, signature = tokens.id_token.split(".")
    began = time.monotonic()
    assert cast.a.userinfo(f"{part({'alg': 'RS256', 'kid': kid})}.{body}.{signature}").status == 401
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "extra", [{"crit": ["bork"], "bork": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}]
)
def test_c_103_critical_headers(cast, extra):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    _, body, signature = tokens.id_token.split(".")
    places(cast, f"{part({**tokens.header, **extra})}.{body}.{signature}")


def test_c_104_format_confusion(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    header, body, signature = tokens.id_token.split(".")
    flattened = json.dumps({"protected": header, "payload": body, "signature": signature})
    for token in (
        flattened,
        f"{header}.{body}",
        f"{header}.{body}.{signature}.x",
        "a.b.c.d.e",
        f" {tokens.id_token}",
    ):
        assert cast.a.introspect(token) == {"active": False}
    assert cast.a.userinfo(f"{header}.{body}").status == 401


def test_c_105_decompression_and_iteration_bombs(cast):
    bomb = part({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 10**9, "p2s": "AAAA", "zip": "DEF"})
    began = time.monotonic()
    places(cast, f"{bomb}.AAAA.AAAA.AAAA.AAAA")
    assert time.monotonic() - began < 5


def test_c_106_oversize_jwt(cast):
    token = ".".join(["A" * 333_000] * 3)
    fields = {"client_assertion": token, "client_assertion_type": "x", "grant_type": "client_credentials"}
    assert cast.k.post("/oauth/token", fields, authenticated=False).status in (400, 413)
    assert cast.a.userinfo(token).status in (400, 401, 413, 431)
    assert cast.browser().request("GET", f"/oauth/logout?id_token_hint={token}").status in (
        400,
        413,
        414,
        431,
    )


@pytest.mark.parametrize("duplicate", ['{"alg":"RS256","alg":"none"}', '{"kid":"a","kid":"b","alg":"RS256"}'])
def test_r_054_duplicate_members(cast, duplicate):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    _, body, signature = tokens.id_token.split(".")
    places(cast, f"{part(duplicate.encode())}.{body}.{signature}")


def test_c_111_jwks_content(cast):
    keys = cast.a.wire().request("GET", "/.well-known/jwks.json").json()["keys"]
    for key in keys:
        assert {"use", "alg", "kid", "kty"} <= set(key)
        assert key["kid"] == (RSAKey if key["kty"] == "RSA" else ECKey).import_key(key).thumbprint()


def test_an_access_token_is_no_hint(cast):
    """Authlib's own trap: a JWT of ours of another kind must not end a session."""
    from tests.conftest import City

    city = City(cast.provider)
    api = city.api("hint")
    caller = city.client("hinter", scope=f"openid {api.client_id}:read")
    city.build()
    browser = cast.browser()
    tokens = caller.sign_in(browser, cast.siti, scope=f"openid {api.client_id}:read")
    answer = caller.refresh(tokens.refresh_token, resource=f"https://{api.client_id}.test")
    page = browser.get(f"/oauth/logout?{urlencode({'id_token_hint': answer.json()['access_token']})}")
    assert page.page == "sign-out"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256"])
def test_c_110_at_hash_for_each_algorithm(cast, alg):
    """Recomputed from the access token by the strict relying party; `alg` is the one that the client registered."""
    city = City(cast.provider)
    client = city.client("hash", id_token_signed_response_alg=alg)
    city.build()
    tokens = client.sign_in(cast.browser(), cast.siti)
    assert tokens.header["alg"] == alg
    assert len(tokens.claims["at_hash"]) == 22
