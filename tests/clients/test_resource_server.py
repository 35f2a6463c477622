"""API Izin: what it answers to good and bad bearers (RFC 6750 §3)."""

import pytest

from clients.perizinan_api.app import create_app


@pytest.fixture
def api(access_tokens):
    return create_app(access_tokens).test_client()


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


class TestAGoodBearer:
    def test_gets_the_permits(self, api, issuer):
        """With the scope permits:read; the roles of the person arrive with the token."""
        answer = api.get("/permits", headers=_bearer(issuer.access_token()))
        assert answer.status_code == 200
        assert len(answer.get_json()["permits"]) == 3
        assert answer.get_json()["seen_by"] == {
            "sub": "s-1",
            "client_id": "perizinan",
            "roles": ["verifikator"],
        }

    def test_may_write_the_scheme_in_any_case(self, api, issuer):
        """Schemes ignore case (RFC 9110 §11.1)."""
        assert (
            api.get("/permits", headers={"Authorization": f"bEARER {issuer.access_token()}"}).status_code
            == 200
        )


class TestWithoutAToken:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Zm9vOmJhcg=="}])
    def test_the_challenge_carries_no_error(self, api, headers):
        """RFC 6750 §3.1: no error code when no token was sent."""
        answer = api.get("/permits", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="API Izin"'


class TestABadBearer:
    def test_with_an_invalid_token_is_told_so_and_no_more(self, api, issuer):
        """401 invalid_token; which check failed is for our log."""
        for token in (
            issuer.access_token(aud="https://api2.test"),
            issuer.access_token({"typ": "JWT"}),
            "rubbish",
        ):
            answer = api.get("/permits", headers=_bearer(token))
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == (
                'Bearer realm="API Izin", error="invalid_token", error_description="The access token is not valid here"'
            )
            assert answer.headers["Cache-Control"] == "no-store"

    def test_without_the_scope_is_told_which(self, api, issuer):
        """403 insufficient_scope with the scope attribute."""
        answer = api.get("/permits", headers=_bearer(issuer.access_token(scope="permits:write")))
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
        assert 'scope="permits:read"' in answer.headers["WWW-Authenticate"]

    def test_that_sends_it_in_the_address_is_refused(self, api, issuer):
        """C-092: addresses end up in logs (RFC 9700 §4.3.2)."""
        answer = api.get(f"/permits?access_token={issuer.access_token()}")
        assert answer.status_code == 400
        assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]

    @pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a b", "Bearer a, Bearer b", 'Bearer "a"'])
    def test_with_a_malformed_header_is_refused(self, api, value):
        """C-092: one token, in its alphabet (RFC 6750 §2.1)."""
        assert api.get("/permits", headers={"Authorization": value}).status_code == 400


class TestWhileTheProviderIsAway:
    def test_the_fault_is_not_the_bearers(self, api, issuer):
        """503 without a challenge, and when to come again."""
        token = issuer.access_token()
        issuer.go_away()
        answer = api.get("/permits", headers=_bearer(token))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "60"
        assert "WWW-Authenticate" not in answer.headers
