"""A process that dies between commit and answer: nothing acknowledged is lost, nothing is spent twice (F-02, F-03)."""

from __future__ import annotations

import urllib3

from tests.conftest import City
from tests.provider import Provider

LONG_GRACE = "[lifetimes]\nrefresh_grace_seconds = 60\n"


def heal(provider: Provider) -> None:
    """Start again without the fail point."""
    provider.stop()
    provider.extra = {}
    provider.start()


def dies(action: object, *arguments: object) -> None:
    """The caller sees a broken connection, no answer."""
    try:
        answer = action(*arguments)
    except urllib3.exceptions.HTTPError:
        return
    raise AssertionError(f"answered {answer}")


class TestACrashInTheTokenEndpoint:
    def test_after_commit_leaves_the_code_spent_and_its_repetition_revokes(self, own_provider):
        """F-02: tokens exist once, though nobody received them; the retry is a replay."""
        provider = own_provider(environment={"GAPURA_FAILPOINTS": "token.after_commit_before_reply=crash"})
        city = City(provider)
        siti, client = city.person(), city.client()
        city.build()
        pending, answer = client.authorize(city.browser(), siti)
        code = client.code_of(pending, answer)
        dies(client.token, code, pending)
        heal(provider)
        again = client.token(code, pending)
        assert (again.status, again.json()["error"]) == (400, "invalid_grant")
        issued = [
            event
            for event in provider.events("authn_token_issued")
            if event.get("client") == client.client_id
        ]
        assert len(issued) == 1
        provider.run("audit", "verify")

    def test_before_the_claim_leaves_the_code_usable(self, own_provider):
        provider = own_provider(environment={"GAPURA_FAILPOINTS": "token.before_claim=crash"})
        city = City(provider)
        siti, client = city.person(), city.client()
        city.build()
        pending, answer = client.authorize(city.browser(), siti)
        code = client.code_of(pending, answer)
        dies(client.token, code, pending)
        heal(provider)
        client.tokens_of(client.token(code, pending), nonce=pending.nonce)

    def test_after_the_claim_but_before_commit_rolls_it_back(self, own_provider):
        provider = own_provider(environment={"GAPURA_FAILPOINTS": "token.after_claim=crash"})
        city = City(provider)
        siti, client = city.person(), city.client()
        city.build()
        pending, answer = client.authorize(city.browser(), siti)
        code = client.code_of(pending, answer)
        dies(client.token, code, pending)
        heal(provider)
        client.tokens_of(client.token(code, pending), nonce=pending.nonce)


class TestACrashInARefresh:
    def test_after_commit_is_mended_by_a_retry_within_the_grace(self, own_provider):
        """F-03: the retry succeeds once, and the token it replaced does not live beside it."""
        provider = own_provider(
            settings=LONG_GRACE, environment={"GAPURA_FAILPOINTS": "refresh.after_commit_before_reply=crash"}
        )
        city = City(provider)
        siti, client = city.person(), city.client()
        city.build()
        tokens = client.sign_in(city.browser(), siti)
        dies(client.refresh, tokens.refresh_token)
        heal(provider)
        retried = client.refresh(tokens.refresh_token)
        assert retried.status == 200, retried.text
        assert client.refresh(retried.json()["refresh_token"]).status == 200
