"""What the suite's static run needs: an https issuer, two clients marked legacy, one with client_secret_post, and a
person with a value for every standard claim (CONFORMANCE.md §2.3, §3.6, §13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import City
from tests.provider import Provider, a_provider
from tests.relying_party import Browser, Person, RelyingParty, Tokens

ISSUER = "https://sso.test"
CLAIMS = {
    "given_name": "Siti", "family_name": "Aminah", "middle_name": "Nur", "nickname": "Iti",
    "profile": "https://kota.test/siti", "picture": "https://kota.test/siti.png", "website": "https://siti.test",
    "gender": "female", "birthdate": "1986-09-26", "zoneinfo": "Asia/Jakarta", "locale": "id",
    "address": {"formatted": "Jl. Juanda 10, Bogor", "locality": "Bogor", "country": "ID"},
    "phone_number_verified": True,
}  # fmt: skip
SCOPES = "openid profile email address phone offline_access"


@dataclass
class Suite:
    """The clients of a run and the person who signs in."""

    provider: Provider
    client: RelyingParty
    client2: RelyingParty
    client_post: RelyingParty
    person: Person

    def browser(self) -> Browser:
        return Browser(self.provider)

    def sign_in(
        self, browser: Browser | None = None, client: RelyingParty | None = None, **changes
    ) -> Tokens:
        """The happy flow, with all checks of §3."""
        client = client or self.client
        return client.sign_in(browser or self.browser(), self.person, **{"scope": "openid", **changes})


def a_suite(provider: Provider) -> Suite:
    city = City(provider)
    options = {
        "profile": "legacy", "scope": SCOPES, "pkce": False, "default_acr_values": ["1"],
        "post_logout_redirect_uris": ["https://rp.test/post_logout_redirect"],
    }  # fmt: skip
    suite = Suite(
        provider,
        city.client("one", redirect_uris=["https://rp.test/callback"], **options),
        city.client("two", redirect_uris=["https://rp.test/callback2"], **options),
        city.client(
            "post",
            redirect_uris=["https://rp.test/callback3"],
            token_endpoint_auth_method="client_secret_post",
            **options,
        ),
        city.person(totp=False, claims=CLAIMS, phone="+62 251 8321075"),
    )
    city.build()
    return suite


@pytest.fixture(scope="session")
def suite_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with a_provider(tmp_path_factory.mktemp("suite"), issuer=ISSUER) as provider:
        yield provider


@pytest.fixture(scope="session")
def suite(suite_provider: Provider) -> Suite:
    return a_suite(suite_provider)


@pytest.fixture
def certification_suite(own_provider: Callable[..., Provider]) -> Suite:
    """With the certification setting on (decision 4b)."""
    return a_suite(own_provider(issuer=ISSUER, settings="[protocol]\nfront_channel = true\n"))
