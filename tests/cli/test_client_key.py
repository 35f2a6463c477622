"""gapura client and gapura key: registration, secrets shown once, rotation (SECURITY.md R-43, §4.1)."""

from __future__ import annotations

import json

import pytest

ADD = ("client", "add", "perizinan", "--name", "Perizinan", "--redirect-uri", "https://a.test/cb")


@pytest.fixture
def perizinan(gapura):
    return gapura.json(*ADD, "--environment", "production", "--scope", "openid profile")


class TestAnApplication:
    def test_gets_a_secret_that_is_never_shown_again(self, gapura, perizinan):
        assert perizinan["client_secret"].startswith("cs_")
        shown = gapura.json("client", "show", "perizinan")
        assert perizinan["client_secret"] not in json.dumps(shown)
        assert shown["secrets"][0]["ends_with"] == perizinan["client_secret"][-4:]

    def test_without_a_secret_prints_none(self, gapura):
        made = gapura.json(*ADD, "--auth-method", "none")
        assert "client_secret" not in made

    def test_is_made_from_a_file_of_registration_members(self, gapura, tmp_path):
        path = tmp_path / "aplikasi.json"
        path.write_text(json.dumps({"client_name": "Dari Berkas", "redirect_uris": ["https://b.test/cb"]}))
        made = gapura.json("client", "add", "berkas", "--metadata", str(path), "--description", "Uji")
        assert (made["client_name"], made["description"]) == ("Dari Berkas", "Uji")

    def test_changes_what_is_given_and_keeps_the_rest(self, gapura, perizinan):
        """SECURITY.md R-114."""
        changed = gapura.json("client", "change", "perizinan", "--description", "Izin warga", "--skip-notice")
        assert sorted(changed["after"]) == ["description", "skip_notice"]
        shown = gapura.json("client", "show", "perizinan")
        assert (shown["redirect_uris"], shown["scope"]) == (["https://a.test/cb"], "openid profile")

    def test_is_closed_and_opened(self, gapura, perizinan):
        gapura.ok("client", "disable", "perizinan", "--reason", "insiden")
        assert gapura.json("client", "list")[0]["state"] == "disabled"
        assert gapura("client", "disable", "perizinan", "--reason", "lagi").code == 4
        gapura.ok("client", "enable", "perizinan")
        assert gapura.json("client", "list")[0]["state"] == "active"

    def test_that_made_no_mistakes_has_an_empty_log(self, gapura, perizinan):
        assert gapura.json("client", "log", "perizinan") == []

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (ADD, 4),
            (("client", "show", "bulan"), 3),
            (("client", "log", "bulan"), 3),
            (("client", "change", "perizinan"), 2),
            (("client", "change", "perizinan", "--redirect-uri", "http://jauh.test/cb"), 2),
            (("client", "add", "x y", "--redirect-uri", "https://a.test/cb"), 2),
        ],
    )
    def test_refuses_with_the_exit_code_of_the_reason(self, gapura, perizinan, arguments, code):
        assert gapura(*arguments).code == code


class TestSecrets:
    def test_two_live_at_once_and_the_old_one_is_ended(self, gapura, perizinan):
        (first,) = gapura.json("client", "show", "perizinan")["secrets"]
        second = gapura.json("client", "add-secret", "perizinan")
        assert gapura("client", "add-secret", "perizinan").code == 4
        assert gapura.json("client", "revoke-secret", "perizinan", first["id"])["left"] == 1
        (left,) = gapura.json("client", "show", "perizinan")["secrets"]
        assert left["id"] == second["id"]

    def test_of_another_application_cannot_be_ended(self, gapura, perizinan):
        gapura.ok("client", "add", "lain", "--name", "Lain", "--redirect-uri", "https://l.test/cb")
        (secret,) = gapura.json("client", "show", "lain")["secrets"]
        assert gapura("client", "revoke-secret", "perizinan", secret["id"]).code == 3


class TestKeys:
    def signing(self, gapura) -> str:
        found = gapura.json("key", "list")
        return next(k["kid"] for k in found if k["state"] == "signing" and k["algorithm"] == "ES256")

    def test_rotate_prepared_first_and_early_only_when_asked(self, gapura):
        before = self.signing(gapura)
        prepared = gapura.json("key", "prepare", "--algorithm", "ES256")
        assert prepared["state"] == "published"
        assert gapura("key", "activate", prepared["kid"]).code == 4
        assert gapura.json("key", "activate", prepared["kid"], "--early")["state"] == "signing"
        states = {k["kid"]: k["state"] for k in gapura.json("key", "list")}
        assert (states[before], states[prepared["kid"]]) == ("retired", "signing")

    def test_a_retired_key_stays_while_tokens_may_need_it(self, gapura):
        before = self.signing(gapura)
        gapura.ok("key", "activate", gapura.json("key", "prepare", "--algorithm", "ES256")["kid"], "--early")
        assert gapura("key", "retire", before).code == 4

    def test_a_revoked_key_has_a_successor_at_once(self, gapura):
        before = self.signing(gapura)
        assert gapura.json("key", "revoke", before, "--yes")["state"] == "destroyed"
        assert self.signing(gapura) != before

    def test_nothing_is_revoked_without_a_yes(self, gapura):
        before = self.signing(gapura)
        assert gapura("key", "revoke", before).code == 1
        assert self.signing(gapura) == before

    def test_an_unknown_key_is_exit_3(self, gapura):
        assert gapura("key", "activate", "nihil").code == 3


class TestAnApi:
    """A resource server is registered by name, and its tokens carry it as audience (RFC 8707, RFC 9068)."""

    def test_is_registered_and_gets_tokens_of_its_own(self, town):
        api, scope = f"https://izin-{town.tag}.test", f"izin-{town.tag}:read"
        town.provider.run("client", "add-api", api, "--scope", scope)
        machine = town.client(
            "mesin", grant_types=["client_credentials"], response_types=[], redirect_uris=[], scope=scope
        )
        town.build()

        answer = machine.post("/oauth/token", {"grant_type": "client_credentials", "resource": api})

        assert machine.validated(answer.json()["access_token"])[1]["aud"] == api
        assert api in town.provider.run("client", "list-apis", "--json")
        assert api in town.provider.run("client", "list-apis")

    def test_cannot_be_registered_twice_nor_take_anothers_scope(self, town):
        api, scope = f"https://lain-{town.tag}.test", f"lain-{town.tag}:read"
        town.provider.run("client", "add-api", api, "--scope", scope)
        town.provider.run("client", "add-api", api, "--scope", f"{scope}2", code=4)
        town.provider.run("client", "add-api", f"{api}/b", "--scope", scope, code=4)
        town.provider.run("client", "add-api", "not an address", "--scope", f"{scope}3", code=2)
