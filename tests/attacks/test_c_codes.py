"""Class C: PKCE and authorization codes."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import City
from tests.relying_party import RelyingParty, s256


def obtain(cast, client, **changes):
    pending, answer = client.authorize(cast.browser(), cast.siti, **changes)
    return client.code_of(pending, answer), pending


def together(count, call):
    """Run `call` that many times, all released by one barrier."""
    barrier = threading.Barrier(count)

    def one(_):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_c_042_no_code_challenge(cast):
    for client in cast.clients():
        pending, answer = client.authorize(cast.browser(), code_challenge=None, code_challenge_method=None)
        assert client.error_of(pending, answer) == "invalid_request"


@pytest.mark.parametrize("method", ["plain", None, "s256", "S256 "])
def test_c_043_plain_or_missing_method(cast, method):
    pending, answer = cast.p.authorize(cast.browser(), code_challenge="a" * 43, code_challenge_method=method)
    assert cast.p.error_of(pending, answer) == "invalid_request"
    assert cast.p.metadata["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("verifier", ["x" * 43, None, "", "x" * 42, "x" * 129])
def test_c_044_verifier_checks(cast, verifier):
    code, pending = obtain(cast, cast.p)
    answer = cast.p.token(code, pending, code_verifier=verifier)
    assert answer.status == 400 and answer.json()["error"] in ("invalid_grant", "invalid_request")
    assert cast.p.token(code, pending).status == 200, "one wrong verifier does not burn the code"


def test_c_044_a_code_survives_three_wrong_verifiers_at_most(cast):
    code, pending = obtain(cast, cast.p)
    for _ in range(3):
        assert cast.p.token(code, pending, code_verifier="x" * 43).status == 400
    assert cast.p.token(code, pending).status == 400


def test_c_046_pkce_downgrade(cast):
    city = City(cast.provider)
    legacy = city.client("legacy", profile="legacy", pkce=False)
    city.build()
    code, pending = obtain(cast, legacy)
    answer = legacy.token(code, pending, code_verifier="x" * 43)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_c_048_sequential_reuse_of_a_code(either_cast):
    cast = either_cast
    code, pending = obtain(cast, cast.a)
    tokens = cast.a.tokens_of(cast.a.token(code, pending), nonce=pending.nonce)
    again = cast.a.token(code, pending)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")
    assert cast.a.introspect(tokens.access_token) == {"active": False}
    assert cast.a.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
    assert cast.provider.events("authn_token_reuse")[0]["client"] == cast.a.client_id


@pytest.mark.parametrize("round_", range(6))
def test_c_050_code_race(either_cast, round_):
    cast = either_cast
    client = cast.a if round_ % 2 else cast.p
    code, pending = obtain(cast, client)
    sender = [
        RelyingParty(
            cast.provider, client.client_id, client.client_secret, client.redirect_uri, method=client.method
        )
        for _ in range(16)
    ]
    free = iter(sender)
    lock = threading.Lock()

    def exchange():
        with lock:
            own = next(free)
        return own.token(code, pending)

    answers = together(16, exchange)

    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status == 400)
    token = won[0].json()["access_token"]
    assert client.userinfo(token).status == 401, "the losers presented a spent code: everything is revoked"


def test_c_051_code_of_another_client(cast):
    code, pending = obtain(cast, cast.a)
    stolen = cast.x.token(code, pending, redirect_uri=cast.a.redirect_uri)
    assert (stolen.status, stolen.json()["error"]) == (400, "invalid_grant")
    assert cast.a.token(code, pending).status == 200


def test_c_052_code_expiry(cast):
    code, pending = obtain(cast, cast.a)
    cast.provider.clock.forward(59)
    assert cast.a.token(code, pending).status == 200
    code, pending = obtain(cast, cast.a)
    cast.provider.clock.forward(61)
    assert cast.a.token(code, pending).json()["error"] == "invalid_grant"


def test_c_053_cut_and_paste_of_a_code(cast):
    code, _ = obtain(cast, cast.a)
    attacker = cast.a.request()
    assert cast.a.token(code, attacker).json()["error"] == "invalid_grant"


def test_c_056_codes_and_tokens_do_not_leak_by_referer_or_logs(cast):
    browser = cast.browser()
    page = browser.get(cast.a.url(cast.a.request()))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    code, pending = obtain(cast, cast.a)
    tokens = cast.a.tokens_of(cast.a.token(code, pending), nonce=pending.nonce)
    log = cast.provider.log + cast.provider.run("audit", "search", "--json", "--limit", "500")
    for secret in (
        code,
        tokens.access_token,
        tokens.refresh_token,
        tokens.id_token,
        pending.verifier,
        cast.siti.password,
    ):
        assert secret not in log


@pytest.mark.parametrize("nonce", ["".join(chr(33 + n % 90) for n in range(512)), None])
def test_c_057_nonce(cast, nonce):
    code, pending = obtain(cast, cast.a, nonce=nonce)
    cast.a.tokens_of(cast.a.token(code, pending), nonce=nonce)


def test_a_challenge_is_bound_to_its_verifier(cast):
    verifier = secrets.token_urlsafe(40)
    code, pending = obtain(cast, cast.p, code_challenge=s256(verifier))
    assert cast.p.token(code, pending, code_verifier=verifier).status == 200
