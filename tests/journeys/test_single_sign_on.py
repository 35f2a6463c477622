"""A person signs in once and every application knows who it is (DOMAIN.md A2)."""

from __future__ import annotations


class TestOneSignInServesTwoApplications:
    def test_the_second_application_asks_nothing(self, either_town):
        siti, a, b = either_town.person(), either_town.client("a"), either_town.client("b")
        either_town.build()
        browser = either_town.browser()

        first = a.sign_in(browser, siti)
        pending, answer = b.authorize(browser)
        second = b.tokens_of(b.token(b.code_of(pending, answer), pending), nonce=pending.nonce)

        assert first.claims["auth_time"] == second.claims["auth_time"]
        assert first.claims["sid"] == second.claims["sid"]
        assert first.claims["sub"] != second.claims["sub"], "subjects are pairwise (decision 6)"
        assert first.claims["amr"] == ["pwd", "otp", "mfa"]

    def test_it_is_all_on_the_audit_trail(self, either_town):
        siti, a = either_town.person(), either_town.client("a")
        person = either_town.build()["people"][0]["id"]
        a.sign_in(either_town.browser(), siti)

        names = [event["name"] for event in either_town.provider.events() if event.get("subject") == person]

        assert names[:5] == [
            "authn_token_issued",
            "authz_code_issued",
            "authn_login_success",
            "session_started",
            "person_added",
        ]
        assert either_town.provider.run("audit", "verify").startswith("Intact")
