"""Class E: refresh, revocation, introspection, UserInfo, audience."""

from __future__ import annotations

import json
import threading

import pytest

from tests.attacks.conftest import error
from tests.attacks.test_c_codes import together
from tests.conftest import City
from tests.relying_party import RelyingParty


def test_c_077_rotated_token_used_again(either_cast):
    cast = either_cast
    first = cast.p.sign_in(cast.browser(), cast.siti)
    second = cast.p.refresh(first.refresh_token).json()
    third = cast.p.refresh(second["refresh_token"]).json()
    cast.provider.clock.forward(30)
    again = cast.p.refresh(first.refresh_token)
    assert (again.status, error(again)) == (400, "invalid_grant")
    assert cast.p.refresh(third["refresh_token"]).status == 400
    assert cast.p.userinfo(third["access_token"]).status == 401
    event = cast.provider.events("authn_token_reuse")[0]
    assert event["client"] == cast.p.client_id and event["target"]


def test_c_077_a_lost_answer_is_forgiven_within_the_grace(cast):
    first = cast.p.sign_in(cast.browser(), cast.siti)
    lost = cast.p.refresh(first.refresh_token).json()
    retried = cast.p.refresh(first.refresh_token)
    assert retried.status == 200
    assert cast.p.refresh(retried.json()["refresh_token"]).status == 200
    cast.provider.clock.forward(30)
    assert cast.p.refresh(lost["refresh_token"]).status == 400


@pytest.mark.parametrize("_round", range(4))
def test_c_078_refresh_race(either_cast, _round):
    cast = either_cast
    tokens = cast.p.sign_in(cast.browser(), cast.siti)
    senders = iter(
        [
            RelyingParty(cast.provider, cast.p.client_id, None, cast.p.redirect_uri, method="none")
            for _ in range(16)
        ]
    )
    lock = threading.Lock()

    def refresh():
        with lock:
            own = next(senders)
        return own.refresh(tokens.refresh_token)

    answers = together(16, refresh)

    leaves = [answer.json()["refresh_token"] for answer in answers if answer.status == 200]
    cast.provider.clock.forward(30)
    usable = [leaf for leaf in leaves if cast.p.refresh(leaf).status == 200]
    assert len(usable) <= 1, "never two live leaves"


def test_c_080_refresh_state_survives_restarts(own_provider):
    provider = own_provider()
    city = City(provider)
    siti, p = city.person(totp=False), city.client("p", token_endpoint_auth_method="none")
    city.build()
    first = p.sign_in(city.browser(), siti)
    second = p.refresh(first.refresh_token).json()
    provider.stop(9)
    provider.start()
    assert p.refresh(second["refresh_token"]).status == 200
    provider.clock.forward(30)
    assert p.refresh(first.refresh_token).json()["error"] == "invalid_grant"


def test_c_081_refresh_token_of_another_client(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    assert error(cast.b.refresh(tokens.refresh_token)) == "invalid_grant"
    assert cast.a.refresh(tokens.refresh_token).status == 400, "it has leaked: the family is revoked"


def test_c_082_scope_on_refresh(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti, scope="openid profile")
    wider = cast.a.refresh(tokens.refresh_token, scope="openid profile roles")
    assert error(wider) == "invalid_scope"
    narrow = cast.a.refresh(tokens.refresh_token, scope="openid").json()
    assert set(cast.a.userinfo(narrow["access_token"]).json()) == {"sub"}
    whole = cast.a.refresh(narrow["refresh_token"]).json()
    assert set(whole["scope"].split()) == {"openid", "profile"}


def test_c_084_disabled_user(either_cast):
    cast = either_cast
    city = City(cast.provider)
    budi = city.person("mantan", totp=False)
    city.build()
    browser = cast.browser()
    tokens = cast.a.sign_in(browser, budi)
    cast.provider.run("person", "disable", budi.username, "--reason", "uji")
    assert error(cast.a.refresh(tokens.refresh_token)) == "invalid_grant"
    assert cast.a.introspect(tokens.access_token) == {"active": False}
    assert cast.a.userinfo(tokens.access_token).status == 401
    pending, answer = cast.a.authorize(browser, prompt="none")
    assert cast.a.error_of(pending, answer) == "login_required"


def test_c_085_password_change_revokes(cast):
    city = City(cast.provider)
    person = city.person("ganti", totp=False)
    city.build()
    one, two = cast.browser(), cast.browser()
    first, second = cast.a.sign_in(one, person), cast.b.sign_in(two, person)
    before = dict(one.cookies)
    page = one.get("/keamanan/kata-sandi")
    answer = one.submit(
        page, page.form("current_password"), current_password=person.password, password="lima kata acak lain lagi",
        password_again="lima kata acak lain lagi",
    )  # fmt: skip
    assert answer.page == "security"
    assert one.cookies["gapura_sid"] != before["gapura_sid"]
    assert two.get("/keamanan").page == "sign-in"
    assert error(cast.a.refresh(first.refresh_token)) == "invalid_grant"
    assert error(cast.b.refresh(second.refresh_token)) == "invalid_grant"


def test_c_087_offline_access(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti, scope="openid offline_access")
    assert "offline_access" not in tokens.body["scope"]
    consented = cast.a.sign_in(cast.browser(), cast.siti, scope="openid offline_access", prompt="consent")
    assert "offline_access" in consented.body["scope"]


def test_c_088_revocation_endpoint(cast):
    tokens, foreign = cast.a.sign_in(cast.browser(), cast.siti), cast.b.sign_in(cast.browser(), cast.siti)
    assert cast.a.revoke("at_unknown").status == 200
    assert cast.a.revoke("garbage").status == 200
    assert cast.a.revoke(foreign.access_token).status == 200
    assert cast.b.userinfo(foreign.access_token).status == 200
    assert cast.a.revoke(tokens.access_token).status == 200
    assert cast.a.userinfo(tokens.access_token).status == 401
    assert cast.a.revoke(tokens.refresh_token).status == 200
    assert error(cast.a.refresh(tokens.refresh_token)) == "invalid_grant"
    assert cast.a.post("/oauth/revoke", {"token": "x"}, authenticated=False).status == 401


def test_c_089_introspection_access(cast):
    tokens = cast.b.sign_in(cast.browser(), cast.siti)
    assert cast.a.post("/oauth/introspect", {"token": "x"}, authenticated=False).status == 401
    assert cast.a.introspect(tokens.access_token) == {"active": False}
    assert cast.r.introspect(tokens.access_token) == {"active": False}
    assert cast.a.introspect("garbage") == {"active": False}
    assert cast.a.post("/oauth/introspect", {"token": "x" * 1_000_000}).status in (400, 413)
    assert cast.b.introspect(tokens.access_token)["active"] is True


def test_c_092_userinfo_misuse(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti)
    wire = cast.a.wire()
    for token in (tokens.id_token, tokens.refresh_token, "garbage"):
        answer = cast.a.userinfo(token)
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert wire.request("GET", f"/oauth/userinfo?access_token={tokens.access_token}").status in (400, 401)
    both = {"Authorization": f"Bearer {tokens.access_token}", "Origin": None}
    assert (
        wire.request("POST", "/oauth/userinfo", {"access_token": tokens.access_token}, headers=both).status
        == 400
    )
    none = wire.request("GET", "/oauth/userinfo")
    assert none.status == 401 and "error" not in none.headers["WWW-Authenticate"]
    cast.provider.clock.forward(601)
    assert cast.a.userinfo(tokens.access_token).status == 401


def test_c_093_claims_follow_scope(cast):
    tokens = cast.a.sign_in(cast.browser(), cast.siti, scope="openid")
    assert cast.a.userinfo(tokens.access_token).json() == {"sub": tokens.claims["sub"]}


def test_c_094_audience_of_access_tokens(cast):
    city = City(cast.provider)
    api, other = city.api("izin"), city.api("lain")
    scope = f"{api.client_id}:read"
    caller = city.client("caller", scope=f"openid {scope}")
    city.build()
    tokens = caller.sign_in(cast.browser(), cast.siti, scope=f"openid {scope}")
    answer = caller.refresh(tokens.refresh_token, resource=f"https://{api.client_id}.test")
    header, claims = caller.validated(answer.json()["access_token"])
    assert header["typ"] == "at+jwt"
    assert claims["aud"] == f"https://{api.client_id}.test" and claims["scope"] == scope
    assert claims["exp"] - claims["iat"] <= 300
    assert api.introspect(answer.json()["access_token"])["active"] is True
    assert other.introspect(answer.json()["access_token"]) == {"active": False}
    assert caller.userinfo(answer.json()["access_token"]).status == 401
    refused = caller.refresh(answer.json()["refresh_token"], resource=f"https://{other.client_id}.test")
    assert error(refused) == "invalid_target"


def test_r_030_roles_are_as_of_now(cast):
    """R-30: recomputed at every refresh and at UserInfo."""
    city = City(cast.provider)
    client = city.client("peran", roles=[{"name": "verifikator", "title": "Verifikator"}])
    person = city.person("peran", totp=False, roles={client.client_id: ["verifikator"]})
    city.build()
    tokens = client.sign_in(cast.browser(), person, scope="openid roles")
    assert client.userinfo(tokens.access_token).json()["roles_flat"] == ["verifikator"]
    listed = cast.provider.run("grant", "list", "--person", person.username, "--json")

    grant = next(g for g in json.loads(listed) if g.get("role") == "verifikator")
    cast.provider.run("grant", "end", grant["id"], "--reason", "uji")
    assert client.userinfo(tokens.access_token).json()["roles_flat"] == []
    renewed = client.tokens_of(client.refresh(tokens.refresh_token), nonce=None)
    assert renewed.claims["roles_flat"] == []
