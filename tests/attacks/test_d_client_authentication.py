"""Class D: client authentication and the token endpoint."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.attacks.conftest import assert_alike, error
from tests.attacks.test_c_codes import obtain, together
from tests.conftest import City
from tests.relying_party import RelyingParty

GRANT = {"grant_type": "client_credentials"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def basic(text: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


def send(client, fields, **headers):
    return client.wire().request("POST", "/oauth/token", fields, headers={"Origin": None, **headers})


@pytest.mark.parametrize("secret", ["", " "])
def test_c_058_empty_secret(cast, secret):
    answer = send(cast.a, GRANT, **basic(f"{cast.a.client_id}:{secret}".encode()))
    assert (answer.status, error(answer)) == (401, "invalid_client")
    assert "WWW-Authenticate" in answer.headers
    answer = send(cast.b, {**GRANT, "client_id": cast.b.client_id, "client_secret": secret})
    assert (answer.status, error(answer)) == (401, "invalid_client")


def test_c_058_no_secret_at_all(cast):
    answer = send(cast.b, {**GRANT, "client_id": cast.b.client_id})
    assert (answer.status, error(answer)) == (401, "invalid_client")
    assert send(cast.b, GRANT).status == 401


def test_c_059_two_authentication_methods_at_once(cast):
    fields = {**GRANT, "client_id": cast.a.client_id, "client_secret": cast.a.client_secret}
    assert cast.a.post("/oauth/token", fields).status in (400, 401)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_c_060_unregistered_method_and_none_for_a_confidential_client(cast, path):
    in_body = {**GRANT, "token": "x", "client_id": cast.a.client_id, "client_secret": cast.a.client_secret}
    only_id = {**GRANT, "token": "x", "client_id": cast.a.client_id}
    for fields in (in_body, only_id):
        answer = cast.a.post(path, fields, authenticated=False)
        assert (answer.status, error(answer)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    ["Basic " + base64.b64encode(b"a:\xff\xfe").decode(), "Basic " + base64.b64encode("a:sé".encode()).decode(),
     "Basic !!!", "Basic", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer x"],
)  # fmt: skip
def test_c_061_malformed_basic_header(cast, header):
    answer = send(cast.a, GRANT, Authorization=header)
    assert (answer.status, error(answer)) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_c_061_oversized_header(cast):
    assert send(cast.a, GRANT, Authorization="Basic " + "QUFB" * 12_000).status in (400, 431)


def test_c_063_client_enumeration(cast):
    times: dict[str, list[float]] = {"unknown": [], "wrong": []}
    bodies = set()
    for _ in range(60):
        for kind, name in (("unknown", "nope-" + secrets.token_hex(3)), ("wrong", cast.a.client_id)):
            began = time.perf_counter()
            answer = send(cast.a, GRANT, **basic(f"{name}:wrong".encode()))
            times[kind].append(time.perf_counter() - began)
            bodies.add((answer.status, answer.text))
    assert len(bodies) == 1
    assert_alike(times["unknown"], times["wrong"])


def assertion_answer(cast, assertion):
    fields = {**GRANT, "client_assertion": assertion, "client_assertion_type": ASSERTION}
    return cast.k.post("/oauth/token", fields, authenticated=False)


def accepted(answer) -> bool:
    """Authenticated: the client may then be refused the grant type, but not itself."""
    return error(answer) == "unauthorized_client" if answer.status == 400 else answer.status == 200


def hs256(key: bytes, body: str) -> str:
    """A token whose HMAC key is what everybody knows."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    mac = hmac.new(key, f"{header}.{body}".encode(), "sha256").digest()
    return f"{header}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_c_065_private_key_jwt_algorithm_attacks(cast):
    public = cast.k.key.as_pem(private=False)
    claims = jwt.decode(cast.k.assertion(), cast.k.key).claims
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    body = cast.k.assertion().split(".")[1]
    forged = [
        f"{header}.{body}.",
        hs256(public, body),
        jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "ES384"}, claims, ECKey.generate_key("P-384"), algorithms=["ES384"]),
    ]
    other = ECKey.generate_key("P-256")
    forged.append(jwt.encode({"alg": "ES256", "jwk": other.as_dict(private=False)}, claims, other))
    for assertion in forged:
        answer = assertion_answer(cast, assertion)
        assert (answer.status, error(answer)) == (401, "invalid_client")


def test_c_066_assertion_replay(either_cast):
    cast = either_cast
    assertion = cast.k.assertion()
    assert accepted(assertion_answer(cast, assertion))
    assert assertion_answer(cast, assertion).status == 401
    fresh = cast.k.assertion()
    answers = together(16, lambda: _own(cast, fresh))
    assert sum(accepted(answer) for answer in answers) == 1


def _own(cast, assertion):
    client = RelyingParty(cast.provider, cast.k.client_id, None, cast.k.redirect_uri)
    fields = {**GRANT, "client_assertion": assertion, "client_assertion_type": ASSERTION}
    return client.post("/oauth/token", fields, authenticated=False)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"exp": None}, False), ({"exp": 365 * 86400}, False), ({"exp": -60}, False), ({"iat": 9}, True),
        ({"nbf": 9}, True), ({"iat": 61}, False), ({"nbf": 61}, False), ({"exp": 299}, True), ({"exp": 400}, False),
    ],
)  # fmt: skip
def test_c_068_assertion_times(cast, changes, good):
    now = int(cast.provider.clock.now())
    moved = {name: None if value is None else now + value for name, value in changes.items()}
    assert accepted(assertion_answer(cast, cast.k.assertion(**moved))) is good


@pytest.mark.parametrize("value", ["soon", True, 1e300])
def test_c_068_times_that_are_none(cast, value):
    assert assertion_answer(cast, cast.k.assertion(exp=value)).status == 401


@pytest.mark.parametrize(
    "changes",
    [{"iss": "somebody"}, {"sub": "somebody"}, {"iss": "a", "sub": "a"}, {"aud": "https://else.test"}, {"jti": None},
     {"aud": ["https://else.test"]}],
)  # fmt: skip
def test_c_069_assertion_identity(cast, changes):
    answer = assertion_answer(cast, cast.k.assertion(**changes))
    assert (answer.status, error(answer)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "of-another"},
        {"jku": "https://evil.test/jwks"},
        {"x5u": "https://evil.test/x"},
        {"crit": ["bork"], "bork": 1},
    ],
)
def test_c_069_headers_that_point_elsewhere(cast, header):
    if "crit" in header or "kid" in header:
        assertion = _signed_by_hand(cast, header)
    else:
        assertion = cast.k.assertion(header)
    before = cast.provider.metric("gapura_outbound_requests_total")
    accepted_kid = header == {"kid": "of-another"}
    assert assertion_answer(cast, assertion).status == (400 if accepted_kid else 401)
    assert cast.provider.metric("gapura_outbound_requests_total") == before


def _signed_by_hand(cast, header):
    from joserfc.jws import JWSRegistry, serialize_compact

    payload = jwt.decode(cast.k.assertion(), cast.k.key).claims
    registry = JWSRegistry(strict_check_header=False)
    try:
        return serialize_compact(
            {"alg": "ES256", **header}, json.dumps(payload), cast.k.key, registry=registry
        )
    except Exception:
        first, second, third = serialize_compact({"alg": "ES256"}, json.dumps(payload), cast.k.key).split(".")
        made = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", **header}).encode()).rstrip(b"=").decode()
        assert first != made
        return f"{made}.{second}.{third}"


def test_c_071_secret_rotation(either_cast):
    provider = either_cast.provider
    city = City(provider)
    client = city.client(
        "rotate", grant_types=["client_credentials"], response_types=[], redirect_uris=[], scope=""
    )
    city.build()
    made = json.loads(provider.run("client", "add-secret", client.client_id, "--json"))
    second = next(value for value in made.values() if isinstance(value, str) and value.startswith("cs_"))
    time.sleep(0.6)
    newer = RelyingParty(provider, client.client_id, second, "")
    assert client.post("/oauth/token", GRANT).status == 200
    assert newer.post("/oauth/token", GRANT).status == 200
    shown = json.loads(provider.run("client", "show", client.client_id, "--json"))
    oldest = shown["secrets"][0]["id"]
    provider.run("client", "revoke-secret", client.client_id, oldest)
    time.sleep(1)
    assert client.post("/oauth/token", GRANT).status == 401
    assert newer.post("/oauth/token", GRANT).status == 200
    assert second not in json.dumps(shown)


@pytest.mark.parametrize(
    ("grant_type", "expected"),
    [
        ("password", "unsupported_grant_type"), ("implicit", "unsupported_grant_type"),
        ("client_credentials", "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"), ("", "invalid_request"),
        (None, "invalid_request"),
    ],
)  # fmt: skip
def test_c_072_grants_not_allowed(cast, grant_type, expected):
    answer = cast.a.post("/oauth/token", {"grant_type": grant_type})
    assert (answer.status, error(answer)) == (400, expected)


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/authorize",
        "/oauth/token",
        "/oauth/userinfo",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/konsol/",
    ],
)
def test_c_073_cors(cast, path):
    answer = cast.browser().request("GET", path, headers={"Origin": "https://evil.test"})
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed in ((None, "*") if path.startswith("/.well-known") else (None,))
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_c_073_registered_origin_of_a_public_client_may_read_its_tokens(cast):
    code, pending = obtain(cast, cast.p)
    fields = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": cast.p.redirect_uri,
        "code_verifier": pending.verifier, "client_id": cast.p.client_id,
    }  # fmt: skip
    answer = send(cast.p, fields, Origin="https://p.test")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://p.test"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "TRACE", "FOO"])
def test_c_075_methods(cast, path, method):
    answer = cast.browser().request(method, path)
    assert answer.status in (405, 400, 501)
    assert answer.status != 405 or answer.headers["Allow"] == "POST"


def test_c_076_response_headers(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    answers = [
        cast.a.post("/oauth/token", {"grant_type": "x"}), cast.a.refresh(tokens.refresh_token),
        cast.a.post("/oauth/introspect", {"token": "x"}), cast.a.userinfo("x"),
        cast.a.userinfo(tokens.access_token),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"].startswith("application/json")
