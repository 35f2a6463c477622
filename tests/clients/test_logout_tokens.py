"""Logout tokens and the endpoint that receives them (OpenID Connect Back-Channel Logout 1.0)."""

import pytest
from flask import Flask
from gapura_kit import (
    ClaimInvalid,
    LifetimeTooLong,
    ReplayedToken,
    SessionStore,
    TokenExpired,
    WrongAudience,
    WrongIssuer,
    WrongTokenType,
)
from gapura_kit.flask import backchannel_logout

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class TestAGoodLogoutToken:
    def test_names_person_and_sign_in(self, issuer, logout_tokens):
        """§2.4: sub, sid or both."""
        token = logout_tokens.validate(issuer.logout_token())
        assert (token.sub, token.sid) == ("s-1", "sid-1")

    @pytest.mark.parametrize(("missing", "left"), [("sub", (None, "sid-1")), ("sid", ("s-1", None))])
    def test_may_name_one_of_them(self, issuer, logout_tokens, missing, left):
        """§2.4: at least one."""
        token = logout_tokens.validate(issuer.logout_token(**{missing: ...}))
        assert (token.sub, token.sid) == left

    def test_may_list_us_as_the_only_audience(self, issuer, logout_tokens):
        """``aud`` may be a list in this token (§2.4)."""
        assert logout_tokens.validate(issuer.logout_token(aud=["perizinan"])).sid == "sid-1"

    def test_is_accepted_once(self, issuer, logout_tokens):
        """§2.6 step 7: a jti that was seen is refused."""
        token = issuer.logout_token()
        logout_tokens.validate(token)
        with pytest.raises(ReplayedToken):
            logout_tokens.validate(token)


class TestATokenThatIsNone:
    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"aud": "eoffice"}, WrongAudience),
            ({"aud": ["perizinan", "eoffice"]}, WrongAudience),
            ({"iss": "https://evil.test"}, WrongIssuer),
            ({"nonce": "n"}, ClaimInvalid),
            ({"events": ...}, ClaimInvalid),
            ({"events": {}}, ClaimInvalid),
            ({"events": {EVENT: []}}, ClaimInvalid),
            ({"events": [EVENT]}, ClaimInvalid),
            ({"sub": ..., "sid": ...}, ClaimInvalid),
            ({"jti": ...}, ClaimInvalid),
            ({"iat": ...}, ClaimInvalid),
            ({"exp": ...}, ClaimInvalid),
            ({"exp": 4_070_908_800}, LifetimeTooLong),
        ],
    )
    def test_is_refused(self, issuer, logout_tokens, change, error):
        """§2.6: each step of the validation."""
        with pytest.raises(error):
            logout_tokens.validate(issuer.logout_token(**change))

    def test_because_it_expired_is_refused(self, issuer, logout_tokens, clock):
        """A recorded token cannot sign people out later."""
        token = issuer.logout_token()
        clock.advance(200)
        with pytest.raises(TokenExpired):
            logout_tokens.validate(token)

    @pytest.mark.parametrize("typ", ["JWT", "at+jwt", None])
    def test_by_its_type_is_refused(self, issuer, logout_tokens, typ):
        """An ID token never signs anybody out (RFC 8725 §3.11)."""
        with pytest.raises(WrongTokenType):
            logout_tokens.validate(issuer.logout_token({"typ": typ}))


@pytest.fixture
def store(tmp_path, clock):
    return SessionStore(str(tmp_path / "sessions.db"), lifetime=3600, clock=clock)


@pytest.fixture
def browser(logout_tokens, store):
    app = Flask(__name__)
    app.register_blueprint(
        backchannel_logout(lambda token: store.end_for(token.sub, token.sid), logout_tokens)
    )
    return app.test_client()


class TestTheEndpoint:
    URL = "/auth/backchannel-logout"

    def test_ends_the_sessions_of_that_sign_in(self, issuer, browser, store):
        """§2.7: the sid names which; the person's other browsers stay signed in."""
        here, elsewhere = store.begin("s-1", "sid-1", {"n": 1}), store.begin("s-1", "sid-2", {"n": 2})
        answer = browser.post(self.URL, data={"logout_token": issuer.logout_token()})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert store.read(here) is None
        assert store.read(elsewhere) == {"n": 2}

    def test_ends_everything_of_a_person(self, issuer, browser, store):
        """§2.7: sub alone means every session."""
        handles = [store.begin("s-1", f"sid-{n}", {}) for n in range(3)]
        other = store.begin("s-2", "sid-9", {})
        browser.post(self.URL, data={"logout_token": issuer.logout_token(sid=...)})
        assert [store.read(handle) for handle in handles] == [None, None, None]
        assert store.read(other) == {}

    @pytest.mark.parametrize(
        "sent", [{}, {"logout_token": ""}, {"logout_token": "a.b.c"}, {"logout_token": ["x", "y"]}]
    )
    def test_answers_400_to_rubbish(self, browser, sent):
        """§2.8: 400, not to be cached."""
        answer = browser.post(self.URL, data=sent)
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "invalid_request"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_lets_the_provider_try_again_when_ending_failed(self, issuer, logout_tokens):
        """§2.8: a logout that failed is answered 400, and its token does not count as used."""
        ended = []

        def fails_once(token):
            if not ended:
                ended.append("failed")
                raise OSError("disk full")
            ended.append(token.sid)

        app = Flask(__name__)
        app.register_blueprint(backchannel_logout(fails_once, logout_tokens))
        token = issuer.logout_token()
        assert app.test_client().post(self.URL, data={"logout_token": token}).status_code == 400
        assert app.test_client().post(self.URL, data={"logout_token": token}).status_code == 200
        assert ended == ["failed", "sid-1"]


class TestASession:
    def test_ends_after_its_lifetime(self, store, clock):
        """An application's session does not outlive the working day."""
        handle = store.begin("s-1", None, {})
        clock.advance(3601)
        assert store.read(handle) is None

    def test_cannot_be_continued_with_what_the_file_holds(self, store, tmp_path):
        """Only digests of the handles are stored."""
        handle = store.begin("s-1", None, {})
        assert handle.encode() not in (tmp_path / "sessions.db").read_bytes()

    def test_that_ended_is_not_brought_back_by_a_late_update(self, store):
        """A request that was under way when the logout came."""
        handle = store.begin("s-1", "sid-1", {})
        assert store.end_for("s-1", "sid-1") == 1
        store.update(handle, {"again": True})
        assert store.read(handle) is None

    def test_is_not_ended_by_a_token_that_names_nothing(self, store):
        """Without sub and sid nobody is meant."""
        handle = store.begin("s-1", None, {})
        assert store.end_for(None, None) == 0
        assert store.read(handle) == {}
