"""gapura person: UX.md §7.3, exit codes of HARNESS.md §1, masking of DOMAIN.md §2.2."""

from __future__ import annotations

import json

import pytest

NIP = "198609262015052901"
SITI = (
    "--name",
    "Siti Aminah",
    "--username",
    "siti",
    "--nip",
    NIP,
    "--email",
    "siti@kota.test",
    "--unit",
    "pkm",
)


@pytest.fixture
def siti(gapura):
    return gapura.json("person", "add", *SITI, "--position", "Perawat")


class TestAPerson:
    def test_is_added_with_a_hint_at_the_next_step(self, gapura):
        said = gapura.ok("person", "add", *SITI).out
        assert "gapura person activation-code siti" in said

    @pytest.mark.parametrize("name", ["siti", "siti@kota.test", "19860926 201505 2 901", "id"])
    def test_is_shown_by_each_of_their_names(self, gapura, siti, name):
        found = gapura.json("person", "show", siti["id"] if name == "id" else name)
        assert (found["id"], found["nip"], found["posts"][0]["unit"]) == (siti["id"], NIP, "pkm")

    @pytest.mark.parametrize("command", [("list",), ("show", "siti")])
    def test_is_printed_with_a_masked_number(self, gapura, siti, command):
        said = gapura.ok("person", *command).out
        assert "1986••••201505•901" in said
        assert NIP not in said

    def test_is_found_by_unit_and_part_of_the_name(self, gapura, siti):
        assert [p["username"] for p in gapura.json("person", "list", "--unit", "dinkes")] == ["siti"]
        assert [p["username"] for p in gapura.json("person", "list", "--search", "aminah")] == ["siti"]

    def test_who_is_unknown_is_exit_3(self, gapura):
        assert gapura("person", "show", "nihil").code == 3

    def test_with_the_number_of_another_is_exit_4(self, gapura, siti):
        assert gapura("person", "add", "--name", "Lain", "--nip", NIP, "--unit", "pkm").code == 4

    def test_with_a_mangled_number_is_exit_2_and_says_why(self, gapura):
        refused = gapura("person", "add", "--name", "Lain", "--nip", "1.98E+17", "--unit", "pkm")
        assert (refused.code, refused.out) == (2, "")
        assert "nip_spreadsheet_exponent" in refused.err

    def test_without_a_unit_is_exit_2(self, gapura):
        assert gapura("person", "add", "--name", "Lain").code == 2


class TestAnAccount:
    def test_gets_a_code_that_is_shown_once(self, gapura, siti):
        made = gapura.json("person", "activation-code", "siti")
        assert len(made["activation_code"].replace("-", "")) == 16
        assert made["activation_code"] not in json.dumps(gapura.json("person", "show", "siti"))

    def test_is_closed_and_opened_again(self, gapura, siti):
        assert gapura.json("person", "disable", "siti", "--reason", "uji")["state"] == "disabled"
        assert gapura("person", "disable", "siti", "--reason", "uji").code == 4
        assert gapura.json("person", "enable", "siti")["state"] == "invited"

    def test_of_the_last_administrator_stays_open(self, gapura):
        assert gapura("person", "disable", "admin", "--reason", "uji").code == 4

    def test_has_no_sessions_before_anybody_signed_in(self, gapura, siti):
        assert gapura.json("person", "sessions", "siti") == []


class TestAMove:
    def test_to_another_unit_is_in_force_from_its_day(self, gapura, siti):
        gapura.ok("person", "place", "siti", "--unit", "dinkes", "--position", "Analis", "--decree", "SK 1")
        assert gapura.json("person", "show", "siti")["posts"][0]["position"] == "Analis"

    def test_out_of_service_ends_what_was_given_to_the_person(self, gapura, siti):
        gapura.ok("client", "add", "perizinan", "--name", "Izin", "--redirect-uri", "https://a.test/cb")
        gapura.ok("client", "role-add", "perizinan", "verifikator")
        gapura.ok("grant", "add", "perizinan", "verifikator", "--person", "siti", "--reason", "SK")
        gapura.ok("person", "leave", "siti", "--on", "2026-01-31", "--reason", "pensiun")
        assert gapura.json("grant", "list", "--person", "siti") == []


class TestAnImport:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "pegawai.csv"
        path.write_text(f"NIP;Nama;Kode Unit;NIK\r\n{NIP};Siti Aminah;pkm;327\r\n1,9E+17;Budi;pkm;\r\n")
        return path

    def test_that_is_dry_changes_nothing(self, gapura, file):
        checked = gapura.json("person", "import", str(file), "--dry-run")
        assert (checked["counts"]["new"], checked["counts"]["refused"], checked["left_out"]) == (
            1,
            1,
            ["NIK"],
        )
        assert gapura("person", "show", NIP).code == 3

    def test_applies_what_can_be_applied_and_writes_the_rest_to_be_mended(self, gapura, file, tmp_path):
        done = gapura.json("person", "import", str(file), "--refused", str(tmp_path / "r.csv"))
        assert (done["state"], done["applied"]) == ("applied", 1)
        assert "1,9E+17;Budi;pkm;NIP: nip_spreadsheet_exponent" in (tmp_path / "r.csv").read_text("utf-8-sig")
        assert gapura.json("person", "show", NIP)["plain_name"] == "Siti Aminah"

    def test_a_second_time_changes_nothing(self, gapura, file):
        gapura.ok("person", "import", str(file))
        again = gapura.json("person", "import", str(file))
        assert (again["counts"]["same"], again["applied"]) == (1, 0)

    def test_that_would_end_too_many_waits_for_a_second_person(self, gapura, file, tmp_path):
        gapura.ok("person", "import", str(file))
        short = tmp_path / "pendek.csv"
        short.write_text("NIP;Nama;Kode Unit\r\n198709262015051902;Budi;pkm\r\n")
        held = gapura("person", "import", str(short), "--mode", "full")
        assert held.code == 5
        assert "a second approver must release it" in held.out
        assert gapura.json("person", "show", NIP)["posts"][0]["valid_to"] is None

    def test_with_columns_of_other_names_takes_a_mapping(self, gapura, tmp_path):
        path = tmp_path / "lain.csv"
        path.write_text(f"Nomor;Orang;Kode Unit\r\n{NIP};Siti;pkm\r\n")
        assert gapura("person", "import", str(path)).code == 2
        mapped = gapura.json("person", "import", str(path), "--map", "Nomor=nip", "--map", "Orang=plain_name")
        assert mapped["applied"] == 1
