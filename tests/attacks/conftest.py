"""The clients and people of SECURITY.md §2.1, and the invariants that every case keeps (§2.2)."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.conftest import City
from tests.provider import Provider
from tests.relying_party import Answer, Browser, Person, RelyingParty

SLOWEST = 5.0
"""Seconds. G2 says two on a quiet machine; the machines of the tests are not."""


def assert_alike(one: list[float], other: list[float]) -> None:
    """Medians of interleaved samples: within 5 ms, or within a quarter where the machine itself is noisier."""
    first, second = statistics.median(one), statistics.median(other)
    assert abs(first - second) <= max(0.005, 0.25 * max(first, second)), (first, second)


@dataclass
class Cast:
    """A confidential, B by post, K by key, P public, N native, X foreign, R a resource server; siti and budi."""

    provider: Provider
    a: RelyingParty
    b: RelyingParty
    k: RelyingParty
    p: RelyingParty
    n: RelyingParty
    x: RelyingParty
    r: RelyingParty
    siti: Person
    budi: Person
    ids: dict[str, str]

    def browser(self) -> Browser:
        return Browser(self.provider)

    def clients(self) -> list[RelyingParty]:
        return [self.a, self.b, self.k, self.p, self.n]


def a_cast(provider: Provider, *, totp: bool = False) -> Cast:
    city = City(provider)
    a = city.client(
        "a",
        redirect_uris=["https://a.test/cb", "https://a.test/cb2"],
        post_logout_redirect_uris=["https://a.test/bye"],
    )
    b = city.client(
        "b", token_endpoint_auth_method="client_secret_post", post_logout_redirect_uris=["https://b.test/bye"]
    )
    k = city.client("k", token_endpoint_auth_method="private_key_jwt", key=ECKey.generate_key("P-256"))
    p = city.client("p", token_endpoint_auth_method="none", allowed_origins=["https://p.test"])
    n = city.client(
        "n",
        token_endpoint_auth_method="none",
        application_type="native",
        redirect_uris=["http://127.0.0.1/cb"],
    )
    x = city.client("x", first_party=False, skip_notice=False)
    r = city.api("r")
    siti, budi = city.person("siti", totp=totp), city.person("budi", totp=totp)
    seeded = city.build()
    ids = {entry["username"]: entry["id"] for entry in seeded["people"]}
    return Cast(provider, a, b, k, p, n, x, r, siti, budi, ids)


@pytest.fixture(scope="module")
def cast(providers: Any) -> Cast:
    return a_cast(providers("sqlite", "attacks"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either_cast(request: pytest.FixtureRequest, providers: Any) -> Cast:
    return a_cast(providers(request.param, "attacks"))


@pytest.fixture(autouse=True)
def invariants(request: pytest.FixtureRequest) -> Iterator[None]:
    """G1 and G2: no answer is a 5xx but a 503 that says when to come back, none takes long."""
    seen: list[tuple[Answer, float]] = []
    original = Browser.request

    def watched(self: Browser, *arguments: Any, **named: Any) -> Answer:
        began = time.monotonic()
        answer = original(self, *arguments, **named)
        seen.append((answer, time.monotonic() - began))
        return answer

    patch = pytest.MonkeyPatch()
    patch.setattr(Browser, "request", watched)
    yield
    patch.undo()
    for answer, _ in seen:
        assert answer.status < 500 or (answer.status == 503 and "Retry-After" in answer.headers), answer.text[
            :500
        ]
        for leak in ("Traceback", "sqlalchemy", "SELECT ", "site-packages"):
            assert leak not in answer.text
    if "slow" not in request.keywords:
        assert all(seconds < SLOWEST for _, seconds in seen), max(seconds for _, seconds in seen)


def assert_error_page(answer: Answer) -> None:
    """ERRPAGE: a status of 400 to 499, no redirect, a request id."""
    assert 400 <= answer.status < 500, (answer.status, answer.location)
    assert answer.location is None
    assert answer.root.get("data-request-id") or "request_id" in answer.text


def error(answer: Answer) -> str:
    return json.loads(answer.text)["error"]
