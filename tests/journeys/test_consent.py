"""Consent to an application that is not the city's own: given, listed, withdrawn (R-18)."""

from __future__ import annotations


class TestAConsentThatIsWithdrawn:
    def test_ends_what_the_application_holds_and_is_asked_for_again(self, town):
        siti = town.person(totp=False)
        foreign = town.client("asing", first_party=False, skip_notice=False)
        town.build()
        browser = town.browser()
        tokens = foreign.sign_in(browser, siti)
        page = browser.get("/data-saya")
        form = next(form for form in page.forms if form.action.endswith(f"/{foreign.client_id}/cabut"))

        after = browser.submit(page, form)

        assert after.page == "my-data" and foreign.client_id not in after.text
        assert foreign.userinfo(tokens.access_token).status == 401
        assert foreign.refresh(tokens.refresh_token).json()["error"] == "invalid_grant"
        pending, answer = foreign.authorize(browser, prompt="none")
        assert foreign.error_of(pending, answer) == "consent_required"

    def test_only_ones_own_can_be_withdrawn(self, town):
        siti, budi = town.person("siti", totp=False), town.person("budi", totp=False)
        foreign = town.client("asing", first_party=False, skip_notice=False)
        town.build()
        mine, theirs = town.browser(), town.browser()
        foreign.sign_in(mine, siti)
        tokens = foreign.sign_in(theirs, budi)
        fields = mine.get("/data-saya").forms[0].fields
        mine.request(
            "POST", f"/data-saya/persetujuan/{foreign.client_id}/cabut", {"csrf_token": fields["csrf_token"]}
        )
        assert foreign.userinfo(tokens.access_token).status == 200
