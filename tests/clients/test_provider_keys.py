"""How long keys are kept, when they are fetched again, and what happens while the provider is away (UX.md §6.4)."""

import pytest
from gapura_kit import AccessTokens, KeysUnavailable, UnknownKey
from joserfc.jwk import ECKey, OctKey, RSAKey

DISCOVERY, JWKS = "/.well-known/openid-configuration", "/jwks.json"


@pytest.fixture(scope="module")
def next_key():
    return RSAKey.generate_key(2048, {"kid": "rsa-2"})


class TestAFreshSet:
    def test_serves_for_an_hour_without_asking(self, issuer, access_tokens, clock):
        """One discovery and one key set per hour."""
        access_tokens.validate(issuer.access_token())
        clock.advance(3500)
        access_tokens.validate(issuer.access_token())
        assert issuer.asked == [DISCOVERY, JWKS]

    def test_is_renewed_after_an_hour(self, issuer, access_tokens, clock):
        """A key that the provider withdrew stops working within the hour."""
        access_tokens.validate(issuer.access_token())
        clock.advance(3601)
        access_tokens.validate(issuer.access_token())
        assert issuer.asked.count(JWKS) == 2


class TestARotation:
    def test_of_keys_is_followed_at_the_first_token(self, issuer, access_tokens, clock, rsa_key, next_key):
        """An unknown kid makes the kit look again."""
        access_tokens.validate(issuer.access_token())
        issuer.publish(next_key, rsa_key)
        clock.advance(61)
        assert access_tokens.validate(issuer.access_token(key=next_key)).sub == "s-1"
        assert access_tokens.validate(issuer.access_token(key=rsa_key)).sub == "s-1"

    def test_with_a_withdrawn_key_refuses_its_tokens(self, issuer, access_tokens, clock, rsa_key, next_key):
        """After the next fetch the old key is gone."""
        access_tokens.validate(issuer.access_token())
        issuer.publish(next_key)
        clock.advance(3601)
        with pytest.raises(UnknownKey):
            access_tokens.validate(issuer.access_token(key=rsa_key))

    def test_is_asked_about_once_a_minute_at_most(self, issuer, access_tokens, clock, next_key):
        """C-102: invented kids do not become a flood."""
        access_tokens.validate(issuer.access_token())
        clock.advance(61)
        for _ in range(20):
            with pytest.raises(UnknownKey):
                access_tokens.validate(issuer.access_token(key=next_key))
        assert issuer.asked.count(JWKS) == 2


class TestAnOutage:
    def test_is_bridged_with_the_last_set_for_a_day(self, issuer, access_tokens, clock):
        """APIs go on while the provider is away."""
        access_tokens.validate(issuer.access_token())
        issuer.go_away()
        clock.advance(23 * 3600)
        assert access_tokens.validate(issuer.access_token()).sub == "s-1"

    def test_of_more_than_a_day_ends_it(self, issuer, access_tokens, clock):
        """A set that old may hold keys that were withdrawn for a reason."""
        access_tokens.validate(issuer.access_token())
        issuer.go_away()
        clock.advance(24 * 3600 + 1)
        with pytest.raises(KeysUnavailable) as refused:
            access_tokens.validate(issuer.access_token())
        assert refused.value.status == 503

    def test_at_the_start_is_over_when_the_provider_answers(self, issuer, access_tokens, clock, rsa_key):
        """Without any set the next try comes soon."""
        issuer.go_away()
        with pytest.raises(KeysUnavailable):
            access_tokens.validate(issuer.access_token())
        issuer.publish(rsa_key)
        clock.advance(6)
        assert access_tokens.validate(issuer.access_token()).sub == "s-1"

    def test_does_not_make_each_request_wait(self, issuer, access_tokens, clock):
        """While a set is at hand, the provider is tried once a minute."""
        access_tokens.validate(issuer.access_token())
        issuer.go_away()
        clock.advance(3601)
        for _ in range(10):
            access_tokens.validate(issuer.access_token())
        assert issuer.asked.count(DISCOVERY) == 2


class TestAnAnswerThatCannotBeTrusted:
    @pytest.mark.parametrize(
        ("path", "body", "status", "headers"),
        [
            (DISCOVERY, {"issuer": "https://evil.test", "jwks_uri": "https://evil.test/jwks"}, 200, {}),
            (DISCOVERY, {}, 302, {"Location": "/other"}),
            (DISCOVERY, b"not json", 200, {}),
            (JWKS, {}, 302, {"Location": "/other"}),
            (JWKS, {"keys": []}, 200, {}),
            (JWKS, {"keys": "none"}, 200, {}),
            (JWKS, b'{"keys": [], "keys": []}', 200, {}),
            (JWKS, b'{"keys": [' + b" " * 300_000 + b"]}", 200, {}),
        ],
    )
    def test_gives_no_keys(self, issuer, access_tokens, path, body, status, headers):
        """Another issuer, a redirect, rubbish, or more than we read (OpenID Connect Discovery 1.0 §4.3)."""
        issuer.answer(path, body, status, headers)
        with pytest.raises(KeysUnavailable):
            access_tokens.validate(issuer.access_token())
        assert "/other" not in issuer.asked

    def test_about_an_address_without_tls_is_not_followed(self, issuer, access_tokens):
        """Keys that anybody on the way could replace are worth nothing."""
        issuer.answer(DISCOVERY, {"issuer": issuer.url, "jwks_uri": "http://keys.example/jwks"})
        with pytest.raises(KeysUnavailable):
            access_tokens.validate(issuer.access_token())

    @pytest.mark.parametrize("url", ["http://sso.example.go.id", "ftp://localhost", "sso.example.go.id", ""])
    def test_is_not_even_asked_for_without_tls(self, url):
        """The issuer is https, unless it is this machine."""
        with pytest.raises(ValueError):
            AccessTokens(url, "https://api.test")


@pytest.mark.filterwarnings("ignore:Key size")
class TestASetOfManyKinds:
    def test_gives_the_keys_we_can_use(self, issuer, access_tokens, rsa_key):
        """Unknown, secret, weak and encryption keys are passed over (RFC 7517 §5)."""
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
        curve = ECKey.generate_key("P-384", {"kid": "p384"})
        others = [
            {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AA"},
            OctKey.generate_key(256, {"kid": "oct"}).as_dict(private=True),
            weak.as_dict(private=False),
            curve.as_dict(private=False),
            {**rsa_key.as_dict(private=False), "kid": "enc", "use": "enc"},
            {**rsa_key.as_dict(private=False), "kid": "other-alg", "alg": "RS512"},
            "no key",
            {"kty": "RSA", "kid": "broken"},
        ]
        issuer.answer(JWKS, {"keys": [*others, rsa_key.as_dict(private=False)]})
        assert access_tokens.validate(issuer.access_token()).sub == "s-1"
        for kid in ("pq", "oct", "weak", "p384", "enc", "other-alg", "broken"):
            with pytest.raises(UnknownKey):
                access_tokens.validate(issuer.access_token({"kid": kid}))
