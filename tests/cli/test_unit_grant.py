"""gapura unit and gapura grant: the tree by date, and why somebody may enter (DOMAIN.md §2.3, §5.3)."""

from __future__ import annotations

import pytest


class TestTheTree:
    def test_is_listed_with_what_is_below(self, gapura):
        assert [(u["code"], u["depth"]) for u in gapura.json("unit", "list")] == [("dinkes", 0), ("pkm", 1)]
        assert "  Puskesmas" in gapura.ok("unit", "list").out

    def test_keeps_the_name_before_a_change(self, gapura):
        gapura.ok("unit", "change", "pkm", "--name", "Puskesmas Baru", "--from", "2030-01-01")
        versions = gapura.json("unit", "show", "pkm")["versions"]
        assert [(v["name"], v["valid_to"]) for v in versions] == [
            ("Puskesmas", "2029-12-31"),
            ("Puskesmas Baru", None),
        ]
        assert gapura.json("unit", "list", "--on", "2029-06-01")[1]["name"] == "Puskesmas"

    def test_moves_a_unit_to_the_top_and_below_another(self, gapura):
        gapura.ok("unit", "change", "pkm", "--top")
        assert [u["parent"] for u in gapura.json("unit", "list")] == [None, None]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("show", "bulan"), 3),
            (("list", "--below", "bulan"), 3),
            (("add", "pkm", "--name", "Lagi"), 4),
            (("change", "dinkes", "--parent", "pkm"), 2),
            (("add", "BESAR", "--name", "Besar"), 2),
            (("add", "x", "--name", "X", "--from", "kemarin"), 2),
        ],
    )
    def test_refuses_with_the_exit_code_of_the_reason(self, gapura, arguments, code):
        assert gapura("unit", *arguments).code == code


@pytest.fixture
def city(gapura):
    gapura.ok(
        "person", "add", "--name", "Siti", "--username", "siti", "--unit", "pkm", "--position", "Perawat"
    )
    gapura.ok("client", "add", "perizinan", "--name", "Perizinan", "--redirect-uri", "https://a.test/cb")
    gapura.ok("client", "role-add", "perizinan", "verifikator", "--title", "Verifikator")
    return gapura


def give(city, *whom: str, **options: str):
    extra = [part for name, value in options.items() for part in (f"--{name}", value)]
    return city.json("grant", "add", "perizinan", "verifikator", *whom, "--reason", "SK 12", *extra)


class TestAGrant:
    @pytest.mark.parametrize(
        ("whom", "holder"),
        [
            (("--person", "siti"), "person"),
            (("--unit", "dinkes"), "unit"),
            (("--unit", "pkm", "--position", "Perawat"), "position"),
        ],
    )
    def test_is_given_to_person_unit_or_position_and_listed_by_name(self, city, whom, holder):
        made = give(city, *whom)
        listed = city.json("grant", "list", "--client", "perizinan")
        assert [(g["id"], g["holder"], g["reason"]) for g in listed] == [(made["id"], holder, "SK 12")]

    def test_to_nobody_or_to_two_is_exit_2(self, city):
        command = ("grant", "add", "perizinan", "verifikator", "--reason", "SK")
        assert city(*command).code == 2
        assert city(*command, "--person", "siti", "--unit", "pkm").code == 2

    def test_twice_is_exit_4(self, city):
        give(city, "--person", "siti")
        again = city("grant", "add", "perizinan", "verifikator", "--person", "siti", "--reason", "SK")
        assert again.code == 4

    def test_ends_with_a_reason_and_stays_in_the_record(self, city):
        made = give(city, "--person", "siti")
        city.ok("grant", "end", made["id"], "--reason", "mutasi")
        assert city.json("grant", "list", "--client", "perizinan") == []
        assert city.json("grant", "list", "--client", "perizinan", "--ended")[0]["ended_at"] is not None

    def test_on_gapura_itself_has_a_name_of_its_own(self, city):
        city.ok(
            "grant", "add", "gapura", "unit_admin", "--person", "siti", "--within", "pkm", "--reason", "SK"
        )
        assert [g["role"] for g in city.json("grant", "list", "--client", "gapura", "--person", "siti")] == [
            "unit_admin"
        ]


class TestTheExplanation:
    def test_says_no_and_why(self, city):
        city.ok("person", "disable", "siti", "--reason", "uji")
        said = city.json("grant", "explain", "siti", "perizinan")
        assert (said["allowed"], said["reasons"][-1]) == (
            False,
            {"code": "account_not_active", "state": "disabled"},
        )

    def test_is_a_sentence_for_people(self, city):
        give(city, "--unit", "dinkes", to="2020-01-01", **{"from": "2019-01-01"})
        said = city.ok("grant", "explain", "siti", "perizinan").out
        assert "MAY NOT enter perizinan" in said
        assert "the account is invited" in said

    def test_of_an_unknown_application_is_exit_3(self, city):
        assert city("grant", "explain", "siti", "bulan").code == 3
