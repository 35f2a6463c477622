"""HR files in the console: upload, columns, verdicts, release by a second person, progress (UX.md §4.2, DOMAIN.md D1)."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from idp.domain.access import grants
from idp.domain.access.grants import Offer
from idp.domain.access.model import Holder
from idp.domain.lifecycle import batches, runs
from idp.domain.lifecycle.runs import RunState

SITI, BUDI = "198609262015052901", "198709262015051902"
FILE = f"NIP;Nama;Kode Unit;Jabatan\r\n{SITI};Siti Nurhaliza;dinkes;Perawat\r\n1,98609E+17;Budi;dinkes;\r\n".encode()


@pytest.fixture
def reader(shared_console):
    """Uploads and checks, but applies nothing."""
    return shared_console.role("hr_verifier")


@pytest.fixture
def clerk(console):
    return console.role("hr_verifier")


def upload(visitor, content: bytes = FILE, mode: str = "delta", name: str = "pegawai.csv"):
    return visitor.post("/konsol/impor/baru", file=(io.BytesIO(content), name), mode=mode)


def uploaded(visitor, content: bytes = FILE, mode: str = "delta") -> str:
    """The id of a file that was uploaded."""
    answer = upload(visitor, content, mode)
    assert answer.status_code == 303, answer.text
    return answer.location.split("/")[-2]


def checked(visitor, content: bytes = FILE, mode: str = "delta") -> str:
    run_id = uploaded(visitor, content, mode)
    fields = {"kolom-0": "nip", "kolom-1": "plain_name", "kolom-2": "unit_code", "kolom-3": "position_title"}
    answer = visitor.post(f"/konsol/impor/{run_id}/kolom", **fields)
    assert answer.status_code == 303, answer.text
    return run_id


def finished(console, run_id: str) -> None:
    """What the worker does."""
    while console.run(lambda work: batches.apply_next(work, run_id, 200)):
        pass


class TestUploading:
    def test_leads_to_the_columns_with_a_guess_and_an_example_of_each(self, reader):
        page = reader.get(f"/konsol/impor/{uploaded(reader)}/kolom")
        assert 'data-page="import-columns"' in page.text
        assert '<option value="nip" selected' in page.text
        assert f"Contoh isi: {SITI}" in page.text

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "Berkas ini kosong."),
            (b"NIP;Nama\r\n", "tidak berisi pegawai"),
            (b"a;a\r\n1;2\r\n", "ada dua kali"),
        ],
    )
    def test_of_a_file_that_cannot_be_read_says_why(self, reader, content, sentence):
        answer = upload(reader, content)
        assert answer.status_code == 422
        assert sentence in answer.text

    def test_without_a_file_says_so(self, reader):
        answer = reader.post("/konsol/impor/baru", mode="delta")
        assert answer.status_code == 422
        assert "Pilih berkasnya dahulu." in answer.text

    def test_needs_a_fresh_proof(self, console, clerk):
        """SECURITY.md C-198."""
        console.forward(timedelta(minutes=16))
        answer = clerk.get("/konsol/impor/baru")
        assert (answer.status_code, "/masuk" in answer.location) == (303, True)

    @pytest.mark.parametrize("role", ["staff", "unit_admin", "auditor"])
    def test_is_refused_to_others(self, shared_console, role):
        assert shared_console.role(role).get("/konsol/impor/baru").status_code == 403
        assert upload(shared_console.role(role)).status_code == 403

    def test_from_another_site_is_refused(self, console, clerk):
        answer = clerk.client.post(
            "/konsol/impor/baru", base_url="http://localhost:8123", data={"mode": "delta"}
        )
        assert answer.status_code == 403


class TestTheVerdicts:
    def test_stand_row_by_row_with_a_sentence_in_indonesian(self, reader):
        page = reader.get(f"/konsol/impor/{checked(reader)}").text
        assert "Siti Nurhaliza" in page
        assert "Excel mengubah NIP" in page
        assert "1,98609E+17" in page

    def test_can_be_narrowed_to_one_kind(self, reader):
        page = reader.get(f"/konsol/impor/{checked(reader)}?hasil=new").text
        assert "Siti Nurhaliza" in page
        assert "1,98609E+17" not in page

    def test_of_a_change_say_before_and_after(self, console, clerk):
        first = checked(clerk)
        clerk.post(f"/konsol/impor/{first}/terapkan")
        finished(console, first)
        page = clerk.get(f"/konsol/impor/{checked(clerk, FILE.replace(b'Perawat', b'Bidan'))}").text
        assert "Jabatan: Perawat → Bidan." in page

    def test_come_as_a_file_of_refused_rows(self, reader):
        answer = reader.get(f"/konsol/impor/{checked(reader)}/ditolak")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="pegawai-ditolak.csv"'
        assert answer.data.decode("utf-8-sig").startswith("NIP;Nama;Kode Unit;Jabatan;masalah")
        assert "Siti" not in answer.text

    def test_with_missing_columns_lead_back_to_them(self, reader):
        run_id = uploaded(reader)
        answer = reader.post(f"/konsol/impor/{run_id}/kolom", **{"kolom-0": "", "kolom-1": "plain_name"})
        assert answer.status_code == 422
        assert "Pilih kolom yang berisi NIP" in answer.text

    def test_show_markup_of_a_file_as_text(self, reader):
        run_id = checked(reader, FILE.replace(b"Siti Nurhaliza", b"<script>alert(1)</script>"))
        assert "<script>alert(1)" not in reader.get(f"/konsol/impor/{run_id}").text


class TestApplying:
    def test_shows_how_far_it_is_and_asks_the_browser_to_look_again(self, console, clerk):
        run_id = checked(clerk)
        clerk.post(f"/konsol/impor/{run_id}/terapkan")
        page = clerk.get(f"/konsol/impor/{run_id}")
        assert page.headers["Refresh"] == "3"
        assert 'data-refresh="3"' in page.text
        assert "0 dari 1 baris diterapkan." in page.text

    def test_ends_with_people_in_the_city(self, console, clerk):
        run_id = checked(clerk)
        clerk.post(f"/konsol/impor/{run_id}/terapkan")
        finished(console, run_id)
        page = clerk.get(f"/konsol/impor/{run_id}")
        assert "Refresh" not in page.headers
        assert "1 dari 1 baris diterapkan." in page.text
        assert "Siti Nurhaliza" in clerk.get("/konsol/pegawai?q=nurhaliza").text

    def test_twice_is_refused_with_a_sentence(self, console, clerk):
        run_id = checked(clerk)
        clerk.post(f"/konsol/impor/{run_id}/terapkan")
        finished(console, run_id)
        answer = clerk.post(f"/konsol/impor/{run_id}/terapkan")
        assert answer.status_code == 409
        assert "sudah diterapkan atau dibuang" in answer.text

    def test_an_unknown_file_is_not_found(self, reader):
        assert reader.get("/konsol/impor/tidakada").status_code == 404

    def test_a_discarded_file_is_gone(self, console, clerk):
        run_id = checked(clerk)
        clerk.post(f"/konsol/impor/{run_id}/buang")
        assert "dibuang" in clerk.get("/konsol/impor").text
        assert "Siti Nurhaliza" not in clerk.get(f"/konsol/impor/{run_id}").text


class TestAFileThatIsHeld:
    """DOMAIN.md D2: a file that would end too many waits for a second person."""

    @pytest.fixture
    def held(self, clerk):
        return checked(clerk, f"NIP;Nama;Kode Unit;X\r\n{BUDI};Budi Baru;dinkes;\r\n".encode(), "full")

    @pytest.fixture
    def approver(self, console):
        def give(work):
            offer = Offer(None, "second_approver", Holder.PERSON, console_id, "uji")
            grants.give(work, offer)

        console_id = console.id_of("dewi")
        console.run(give)
        return console.visitor("dewi")

    def test_says_how_many_would_end_and_cannot_be_applied(self, clerk, held):
        page = clerk.get(f"/konsol/impor/{held}").text
        assert "Penyetuju kedua harus memeriksanya" in page
        assert f"/konsol/impor/{held}/terapkan" not in page
        assert clerk.post(f"/konsol/impor/{held}/terapkan").status_code == 409

    def test_is_not_released_by_its_uploader(self, clerk, held):
        assert clerk.post(f"/konsol/impor/{held}/setujui").status_code == 403

    def test_is_released_by_the_second_person_who_may_not_apply_it(self, console, clerk, held, approver):
        assert "Setujui berkas ini" in approver.get(f"/konsol/impor/{held}").text
        assert approver.post(f"/konsol/impor/{held}/setujui").status_code == 303
        assert approver.post(f"/konsol/impor/{held}/terapkan").status_code == 403
        assert clerk.post(f"/konsol/impor/{held}/terapkan").status_code == 303
        assert console.run(lambda work: runs.get(work.session, held).state) == RunState.APPLYING
