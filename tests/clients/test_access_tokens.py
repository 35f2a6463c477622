"""What the kit accepts as an access token, and what it refuses (RFC 9068 §4, SECURITY.md C-092 to C-109)."""

import hmac
import json
import time
from base64 import urlsafe_b64encode

import pytest
from gapura_kit import (
    AccessTokens,
    AlgorithmNotAllowed,
    BadSignature,
    ClaimInvalid,
    InsufficientScope,
    InvalidToken,
    LifetimeTooLong,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenTooLarge,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongTokenType,
)
from joserfc.jwk import RSAKey


def _encoded(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


class TestAGoodToken:
    def test_tells_person_client_scopes_and_roles(self, issuer, access_tokens):
        """Everything an API decides by is read once (RFC 9068 §2.2)."""
        token = access_tokens.validate(issuer.access_token())
        assert (token.sub, token.client_id, token.sid) == ("s-1", "perizinan", "sid-1")
        assert token.scope == {"permits:read"}
        assert token.roles == ("verifikator",)
        assert token.acr == "urn:acr:2"
        assert token.auth_time == token.claims["auth_time"]

    def test_of_a_client_alone_has_no_sign_in(self, issuer, access_tokens):
        """With client credentials the subject is the client and nobody signed in (RFC 9068 §2.2)."""
        token = access_tokens.validate(
            issuer.access_token(sub="perizinan", acr=..., auth_time=..., sid=..., roles=..., scope=...)
        )
        assert (token.acr, token.auth_time, token.sid) == (None, None, None)
        assert token.roles == () and token.scope == frozenset()

    @pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
    def test_may_write_its_type_as_any_media_type(self, issuer, access_tokens, typ):
        """Both forms are named by RFC 9068 §4; media types ignore case."""
        assert access_tokens.validate(issuer.access_token({"typ": typ})).sub == "s-1"

    def test_may_be_signed_with_es256_or_ps256(self, issuer, access_tokens, rsa_key, ec_key):
        """The algorithms of the allow list that the provider has keys for."""
        issuer.publish(rsa_key, ec_key)
        assert access_tokens.validate(issuer.access_token(key=ec_key)).sub == "s-1"
        assert access_tokens.validate(issuer.access_token({"alg": "PS256"})).sub == "s-1"

    def test_reads_roles_from_objects(self, issuer, access_tokens):
        """Roles come as objects with constraints too (DOMAIN.md §5.3)."""
        roles = [{"role": "verifikator", "via": "plh"}, {"unit": "x"}, 7, "pemohon"]
        assert access_tokens.validate(issuer.access_token(roles=roles)).roles == ("verifikator", "pemohon")


class TestATokenForSomebodyElse:
    @pytest.mark.parametrize(
        "aud",
        [
            "https://api2.test",
            ["https://api.test"],
            ["https://api.test", "https://api2.test"],
            "*",
            "",
            ...,
            None,
        ],
    )
    def test_is_refused(self, issuer, access_tokens, aud):
        """C-094: one audience, as a string, equal to ours."""
        with pytest.raises(WrongAudience):
            access_tokens.validate(issuer.access_token(aud=aud))

    @pytest.mark.parametrize("tail", ["/", "x", ".evil.test"])
    def test_of_another_issuer_is_refused(self, issuer, access_tokens, tail):
        """``iss`` is compared exactly (RFC 9068 §4)."""
        with pytest.raises(WrongIssuer):
            access_tokens.validate(issuer.access_token(iss=issuer.url + tail))

    def test_an_api_without_audience_cannot_be_set_up(self, issuer):
        """C-094: an empty audience would accept every token."""
        with pytest.raises(ValueError):
            AccessTokens(issuer.url, "")


class TestAnotherKindOfToken:
    @pytest.mark.parametrize("typ", ["JWT", "jwt", "logout+jwt", "id_token+jwt", "dpop+jwt", "", None, 1])
    def test_is_refused_by_its_type(self, issuer, access_tokens, typ):
        """C-107: only ``at+jwt`` is an access token."""
        with pytest.raises(WrongTokenType):
            access_tokens.validate(issuer.access_token({"typ": typ}))

    def test_without_a_type_is_refused(self, issuer, access_tokens):
        """C-107: an ID token says no type or ``JWT``."""
        with pytest.raises(WrongTokenType):
            access_tokens.validate(issuer.sign(issuer.access_claims(), {}))

    def test_logout_token_is_refused(self, issuer, access_tokens):
        """C-107: even if it were meant for the same audience."""
        with pytest.raises(WrongTokenType):
            access_tokens.validate(issuer.logout_token(aud="https://api.test"))

    def test_bound_to_a_key_is_refused_as_bearer(self, issuer, access_tokens):
        """Taking it without the proof would undo the binding (RFC 9449 §7.2)."""
        with pytest.raises(InvalidToken):
            access_tokens.validate(issuer.access_token(cnf={"jkt": "x"}))

    @pytest.mark.parametrize("claim", ["sub", "client_id", "jti", "iat", "exp"])
    def test_that_lacks_a_required_claim_is_refused(self, issuer, access_tokens, claim):
        """RFC 9068 §2.2 names what each access token carries."""
        with pytest.raises(ClaimInvalid):
            access_tokens.validate(issuer.access_token(**{claim: ...}))

    @pytest.mark.parametrize(
        "change",
        [
            {"sub": 7}, {"sub": ""}, {"scope": ["permits:read"]}, {"exp": "9999999999"}, {"exp": True},
            {"iat": None}, {"auth_time": "now"}, {"acr": 2}, {"nbf": "0"}, {"exp": 10**400},
        ],
    )  # fmt: skip
    def test_with_a_claim_of_the_wrong_type_is_refused(self, issuer, access_tokens, change):
        """Types are checked, not converted (RFC 8725 §3.11)."""
        with pytest.raises(ClaimInvalid):
            access_tokens.validate(issuer.access_token(**change))


class TestTime:
    def test_a_token_past_its_expiry_and_the_leeway_is_refused(self, issuer, access_tokens, clock):
        """C-109: expired 61 seconds ago."""
        now = int(clock())
        with pytest.raises(TokenExpired):
            access_tokens.validate(issuer.access_token(iat=now - 600, exp=now - 61))

    def test_a_clock_that_is_a_little_off_is_forgiven(self, issuer, access_tokens, clock):
        """Leeway up to 60 seconds, in both directions (UX.md §6.4)."""
        now = int(clock())
        assert access_tokens.validate(issuer.access_token(iat=now - 600, exp=now - 50))
        assert access_tokens.validate(issuer.access_token(iat=now + 50, nbf=now + 50, exp=now + 600))

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_a_token_of_the_future_is_refused(self, issuer, access_tokens, clock, claim):
        """Beyond the leeway it is not valid yet (RFC 7519 §4.1.5)."""
        with pytest.raises(TokenNotYetValid):
            access_tokens.validate(issuer.access_token(**{claim: int(clock()) + 90}))

    def test_a_token_until_2099_is_refused(self, issuer, access_tokens):
        """C-109: longer than the provider ever issues, even with its key."""
        with pytest.raises(LifetimeTooLong):
            access_tokens.validate(issuer.access_token(exp=4_070_908_800))

    def test_more_leeway_than_a_minute_cannot_be_set(self, issuer):
        """A larger leeway only hides a wrong clock."""
        with pytest.raises(ValueError):
            AccessTokens(issuer.url, "https://api.test", leeway=61)


class TestAForgedToken:
    @pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None, "HS256", "RS512", "EdDSA", "RSA1_5"])
    @pytest.mark.parametrize("signature", ["", "AA"])
    def test_with_another_algorithm_is_refused(self, issuer, access_tokens, alg, signature):
        """C-098: the list allows RS256, ES256, PS256 and nothing else."""
        header = {"alg": alg, "typ": "at+jwt", "kid": "rsa-1"}
        with pytest.raises((AlgorithmNotAllowed, MalformedToken)):
            access_tokens.validate(f"{_encoded(header)}.{_encoded(issuer.access_claims())}.{signature}")

    @pytest.mark.parametrize("form", ["pem", "der", "json"])
    def test_with_the_public_key_as_hmac_secret_is_refused(self, issuer, access_tokens, rsa_key, form):
        """C-099: in whatever form the key is taken for a secret."""
        public = {
            "pem": rsa_key.as_pem(private=False),
            "der": rsa_key.as_der(private=False),
            "json": json.dumps(rsa_key.as_dict(private=False)).encode(),
        }[form]
        header = {"alg": "HS256", "typ": "at+jwt", "kid": "rsa-1"}
        signed = f"{_encoded(header)}.{_encoded(issuer.access_claims())}"
        token = f"{signed}.{_encoded(hmac.digest(public, signed.encode(), 'sha256'))}"
        with pytest.raises(AlgorithmNotAllowed):
            access_tokens.validate(token)

    @pytest.mark.parametrize("where", ["jwk", "jku", "x5u", "x5c"])
    def test_that_brings_its_own_key_is_refused(self, issuer, access_tokens, where):
        """C-101: keys come from the provider only, and nobody is asked for others."""
        own = RSAKey.generate_key(2048, {"kid": "rsa-1"})
        brought = {
            "jwk": own.as_dict(private=False),
            "jku": f"{issuer.url}/evil",
            "x5u": f"{issuer.url}/evil",
        }
        with pytest.raises(BadSignature):
            access_tokens.validate(issuer.access_token({where: brought.get(where, ["AA"])}, own))
        assert "/evil" not in issuer.asked

    def test_that_was_changed_is_refused(self, issuer, access_tokens):
        """The signature covers header and payload (RFC 7515 §5.2)."""
        header, _, signature = issuer.access_token().split(".")
        with pytest.raises(BadSignature):
            access_tokens.validate(f"{header}.{_encoded(issuer.access_claims(sub='s-2'))}.{signature}")

    @pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1--", "%00", "x" * 150])
    def test_with_an_invented_kid_is_refused(self, issuer, access_tokens, kid):
        """C-102: a kid is compared with the published ones and used for nothing else."""
        with pytest.raises(UnknownKey):
            access_tokens.validate(issuer.access_token({"kid": kid}))

    @pytest.mark.parametrize("kid", [7, ["rsa-1"], None, "", "x" * 201])
    def test_with_a_kid_that_is_no_short_string_is_refused(self, issuer, access_tokens, kid):
        """C-102: numbers, lists, nothing and megabytes."""
        header = {"alg": "RS256", "typ": "at+jwt", "kid": kid}
        with pytest.raises(MalformedToken):
            access_tokens.validate(f"{_encoded(header)}.{_encoded(issuer.access_claims())}.AA")

    def test_with_a_key_of_the_wrong_kind_is_refused(self, issuer, access_tokens, rsa_key):
        """The algorithm must fit the key that the kid names (RFC 8725 §3.1)."""
        header = {"alg": "ES256", "typ": "at+jwt", "kid": rsa_key.kid}
        with pytest.raises(UnknownKey):
            access_tokens.validate(f"{_encoded(header)}.{_encoded(issuer.access_claims())}.AA")


class TestAnOddForm:
    @pytest.mark.parametrize(
        "extra", [{"crit": ["bork"], "bork": 1}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": True}]
    )
    def test_with_critical_headers_is_refused(self, issuer, access_tokens, extra):
        """C-103: what must be understood and is not, ends it (RFC 7515 §4.1.11)."""
        header = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1", **extra}
        with pytest.raises(MalformedToken):
            access_tokens.validate(f"{_encoded(header)}.{_encoded(issuer.access_claims())}.AA")

    @pytest.mark.parametrize(
        "bend",
        [
            lambda t: t + ".", lambda t: t.rsplit(".", 1)[0], lambda t: t.rsplit(".", 1)[0] + ".", lambda t: " " + t,
            lambda t: t + "\n", lambda t: t + "=", lambda t: t.replace(".", "..", 1), lambda t: f"{t}.a.b",
            lambda t: json.dumps(dict(zip(("protected", "payload", "signature"), t.split("."), strict=True))),
            lambda t: "", lambda t: "ключ.a.b",
        ],
    )  # fmt: skip
    def test_other_than_three_parts_is_refused(self, issuer, access_tokens, bend):
        """C-104: compact serialization only, to the letter."""
        with pytest.raises(MalformedToken):
            access_tokens.validate(bend(issuer.access_token()))

    @pytest.mark.parametrize(
        ("header", "payload"),
        [
            (b'{"alg":"RS256","alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b"{}"),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b'{"aud":"a","aud":"https://api.test"}'),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b'{"a":{"b":1,"b":2}}'),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b'{"exp":NaN}'),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b"[]"),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b"\xff"),
            (b'{"alg":"RS256","kid":"rsa-1","typ":"at+jwt"}', b"[" * 9000),
        ],
    )
    def test_that_two_readers_could_read_differently_is_refused(self, access_tokens, header, payload):
        """Duplicate members and the like (RFC 7515 §4, RFC 8725 §2.4)."""
        with pytest.raises(MalformedToken):
            access_tokens.validate(f"{_encoded(header)}.{_encoded(payload)}.AA")

    def test_of_a_megabyte_is_refused_at_once(self, access_tokens):
        """C-106: before anything is decoded."""
        token = "a" * 1_000_000
        started = time.perf_counter()
        with pytest.raises(TokenTooLarge):
            access_tokens.validate(token)
        assert time.perf_counter() - started < 0.05


class TestScope:
    def test_that_is_missing_is_named(self, issuer, access_tokens):
        """403 with the scope that is needed (RFC 6750 §3.1)."""
        with pytest.raises(InsufficientScope) as refused:
            access_tokens.validate(issuer.access_token(), scopes=("permits:read", "permits:write"))
        assert refused.value.status == 403
        assert refused.value.www_authenticate("api") == (
            'Bearer realm="api", error="insufficient_scope", '
            'error_description="The access token does not carry the needed scope", scope="permits:read permits:write"'
        )
