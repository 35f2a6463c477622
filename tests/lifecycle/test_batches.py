"""HR files from upload to application: DOMAIN.md §4 D1 and D2, UX.md §4.2, SECURITY.md R-95."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from idp.domain.accounts import accounts
from idp.domain.accounts.accounts import Account
from idp.domain.city import employment, placements, units
from idp.domain.city.people import Person
from idp.domain.errors import Conflict, Forbidden, Invalid
from idp.domain.lifecycle import batches, moves, runs
from idp.domain.lifecycle.runs import ImportRow, ImportRun, RunState
from idp.domain.runtime.outbox import Job
from idp.domain.sessions import sso

TODAY = date(2026, 11, 24)
HEADINGS = "NIP;Nama;Kode Unit;Jabatan;Email"
SITI, BUDI, CECEP = "198609262015052901", "198709262015051902", "198809262015051903"


def csv(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\r\n".join([headings, *rows]).encode()


def number(at: int) -> str:
    """A number that can exist, another for each `at`."""
    return f"{date(1970, 1, 1) + timedelta(days=at // 2):%Y%m%d}201001{1 + at % 2}{900 + at % 99}"


def many(count: int, name: str = "Pegawai") -> bytes:
    return csv(*(f"{number(at)};{name} {at};pkm;Staf {at % 7};p{at}@kota.test" for at in range(count)))


def checked(town, content: bytes, mode: str = "delta", actor=None) -> ImportRun:
    with town.work(*[actor] if actor else []) as work:
        run = batches.upload(work, "pegawai.csv", content, mode)
        return batches.check(work, run.id)


def applied(town, run: ImportRun, limit: int = 200) -> ImportRun:
    with town.work() as work:
        batches.order(work, run.id)
    more = True
    while more:
        with town.work() as work:
            more = batches.apply_next(work, run.id, limit)
    with town.work() as work:
        return runs.get(work.session, run.id)


def imported(town, content: bytes, mode: str = "delta") -> ImportRun:
    return applied(town, checked(town, content, mode))


def people_count(town) -> int:
    with town.work() as work:
        return work.session.scalar(select(func.count()).select_from(Person))


class TestAFirstFile:
    def test_is_checked_without_changing_the_city(self, town):
        run = checked(town, csv(f"{SITI};Siti Aminah;pkm;Perawat;siti@kota.test"))
        assert (run.state, run.counts["new"], people_count(town)) == (RunState.CHECKED, 1, 0)

    def test_adds_people_with_post_names_and_an_invited_account(self, either_town):
        run = imported(either_town, csv(f"{SITI};Siti Aminah;pkm;Perawat;Siti@kota.test"))
        assert (run.state, run.done, run.failed) == (RunState.APPLIED, 1, 0)
        with either_town.work() as work:
            account = accounts.find(work.session, "siti@kota.test")
            assert account.state == "invited"
            assert account.username.startswith("g-")
            (post,) = placements.posts(work.session, account.person_id, TODAY)
            assert (post.number, post.title, post.status) == (SITI, "Perawat", "pns")

    def test_leaves_an_event_for_each_person_and_one_for_the_file(self, town):
        run = imported(town, many(5))
        assert len(town.events("person_added")) == 5
        (event,) = town.events("import_applied")
        assert b'"new":5' in event.leaf
        assert run.id.encode() in event.leaf

    def test_is_erased_once_it_is_applied_but_its_digest_stays(self, town):
        run = imported(town, many(3))
        assert run.content is None
        assert len(run.sha256) == 64
        with town.work() as work:
            assert all(row.task is None for row in runs.rows_of(work.session, run.id))

    def test_is_kept_sealed_until_then(self, town):
        run = checked(town, csv(f"{SITI};Siti Aminah;pkm;Perawat;"))
        assert b"Siti" not in run.content


class TestTheSameFileAgain:
    def test_changes_nothing_and_says_that_it_was_here(self, either_town):
        first = imported(either_town, many(20))
        again = checked(either_town, many(20))
        assert again.notes["repeats"] == first.id
        assert (again.counts["same"], again.counts["new"], again.counts["changed"]) == (20, 0, 0)
        assert applied(either_town, again).done == 0
        assert len(either_town.events("person_added")) == 20

    def test_with_other_values_changes_just_those(self, town):
        imported(town, csv(f"{SITI};Siti;pkm;Perawat;siti@kota.test", f"{BUDI};Budi;pkm;Bidan;"))
        run = imported(town, csv(f"{SITI};Siti;dpmptsp;Analis;siti@kota.test", f"{BUDI};Budi;pkm;Bidan;"))
        assert (run.counts["changed"], run.counts["same"]) == (1, 1)
        with town.work() as work:
            siti = employment.by_number(work.session, SITI)
            assert placements.posts(work.session, siti.person_id, TODAY)[0].title == "Analis"
        (event,) = town.events("person_changed")
        assert event.unit == "dpmptsp"


class TestRefusedRows:
    ROWS = (
        "1,98609E+17;Siti;pkm;Perawat;",
        f"{BUDI};Budi;bulan;Bidan;",
        f"{CECEP};Cecep;pkm;Dokter;",
        f"{CECEP};Cecep Lagi;pkm;Dokter;",
    )

    def test_are_left_out_and_the_others_are_applied(self, town):
        run = imported(town, csv(*self.ROWS))
        assert (run.counts["refused"], run.done, people_count(town)) == (3, 1, 1)

    def test_come_back_as_the_same_file_with_what_is_wrong(self, town):
        run = checked(town, csv(*self.ROWS))
        with town.work() as work:
            lines = (
                batches.refused(work, run.id, {"unit_unknown": "Tidak ada."}).decode("utf-8-sig").splitlines()
            )
        assert lines[0] == f"{HEADINGS};masalah"
        assert f"{BUDI};Budi;bulan;Bidan;;Kode Unit: Tidak ada." in lines
        assert len(lines) == 4

    def test_can_be_mended_and_imported_again(self, town):
        run = checked(town, csv(*self.ROWS))
        with town.work() as work:
            mended = batches.refused(work, run.id, {}).replace(b"bulan", b"pkm")
        assert checked(town, mended).counts["new"] == 2

    def test_an_unknown_unit_is_told_once(self, town):
        run = checked(town, csv(*(f"{number(at)};A;bulan;;" for at in range(9))))
        assert run.notes["unknown_units"] == ["bulan"]

    def test_an_address_of_somebody_else_is_refused(self, town):
        town.person("siti", email="siti@kota.test")
        run = checked(town, csv(f"{SITI};Siti Lain;pkm;Perawat;SITI@kota.test"))
        with town.work() as work:
            (row,) = runs.rows_of(work.session, run.id, verdict="refused")
        assert row.problems == [{"column": "Email", "value": "SITI@kota.test", "code": "name_taken"}]

    def test_one_address_in_two_rows_is_refused_in_both(self, town):
        run = checked(town, csv(f"{SITI};Siti;pkm;;a@kota.test", f"{BUDI};Budi;pkm;;A@kota.test"))
        assert run.counts["refused"] == 2

    def test_a_text_longer_than_the_city_keeps_is_refused(self, town):
        run = checked(town, csv(f"{SITI};{'Siti ' * 50};pkm;;"))
        assert run.counts["refused"] == 1


class TestTheColumns:
    def test_are_guessed_and_can_be_set(self, town):
        content = csv(f"{SITI};Siti;pkm", headings="Nomor;Nama;Kode Unit")
        with town.work() as work:
            run = batches.upload(work, "a.csv", content, "delta")
            assert run.mapping == {"Nama": "plain_name", "Kode Unit": "unit_code"}
            batches.map_columns(work, run.id, {**run.mapping, "Nomor": "nip"})
            assert batches.check(work, run.id).counts["new"] == 1

    def test_that_are_missing_stop_the_check(self, town):
        with pytest.raises(Invalid) as refused, town.work() as work:
            run = batches.upload(work, "a.csv", csv("Siti;pkm", headings="Nama;Kode Unit"), "delta")
            batches.check(work, run.id)
        assert refused.value.code == "column_missing"

    @pytest.mark.parametrize(
        ("mapping", "code"),
        [
            ({"NIP": "nip", "Nama": "nip"}, "column_twice"),
            ({"Gaji": "nip"}, "column_unknown"),
            ({"NIP": "gaji"}, "column_unknown"),
        ],
    )
    def test_are_refused_when_they_make_no_sense(self, town, mapping, code):
        with pytest.raises(Invalid) as refused, town.work() as work:
            run = batches.upload(work, "a.csv", many(1), "delta")
            batches.map_columns(work, run.id, mapping)
        assert refused.value.code == code

    def test_the_citizen_number_is_never_kept(self, town):
        """DOMAIN.md §2.2: NIK is never stored, accepted or released."""
        with town.work() as work:
            content = csv(f"{SITI};Siti;pkm;3271000000000001", headings="NIP;Nama;Kode Unit;NIK")
            run = batches.upload(work, "a.csv", content, "delta")
            assert run.notes["left_out"] == ["NIK"]
            batches.check(work, run.id)
            rows = runs.rows_of(work.session, run.id)
        assert "3271000000000001" not in str([row.task for row in rows])


class TestAFullFile:
    def test_ends_those_whom_it_no_longer_names(self, either_town):
        imported(either_town, many(100))
        run = imported(either_town, many(99), "full")
        assert run.counts["ending"] == 1
        with either_town.work() as work:
            gone = employment.by_number(work.session, number(99))
            assert gone.valid_to == TODAY - timedelta(days=1)
            assert placements.posts(work.session, gone.person_id, TODAY) == []
        assert len(either_town.events("employment_ended")) == 1

    def test_ends_their_sessions_at_once(self, town):
        imported(town, many(100))
        with town.work() as work:
            gone = employment.by_number(work.session, number(99)).person_id
            accounts.activate(work, gone)
            sso.start(work, gone, ("pwd", "otp"), 2)
        imported(town, many(99), "full")
        with town.work() as work:
            assert sso.live_of(work, gone) == []

    def test_leaves_people_without_a_number_alone(self, town):
        outsider = town.person("vendor", employment_status="external")
        imported(town, many(100))
        assert imported(town, many(100), "full").counts["ending"] == 0
        with town.work() as work:
            assert employment.open_for(work.session, outsider).valid_to is None

    def test_never_ends_the_last_administrator(self, town):
        """R-115."""
        chief = town.person("rangga", role="sso_admin", nip=SITI)
        imported(town, many(100))
        run = imported(town, many(100), "full")
        assert (run.counts["ending"], run.failed) == (1, 1)
        with town.work() as work:
            (row,) = runs.rows_of(work.session, run.id, verdict="failed")
            assert row.failure == "last_administrator"
            assert employment.open_for(work.session, chief).valid_to is None

    def test_brings_back_who_had_left_with_another_employment(self, town):
        imported(town, many(100))
        imported(town, many(99), "full")
        town.forward(days=30)
        assert imported(town, many(100), "full").counts["changed"] == 1
        with town.work() as work:
            tie = employment.by_number(work.session, number(99))
            ties = work.session.scalars(
                select(employment.Employment).where(employment.Employment.person_id == tie.person_id)
            ).all()
            assert len(ties) == 2
            assert placements.posts(work.session, tie.person_id, town.now.date())[0].title == f"Staf {99 % 7}"


class TestATruncatedFile:
    """DOMAIN.md D2: a truncated export must not lock out the city."""

    def held(self, town) -> tuple[ImportRun, str, str]:
        imported(town, many(50))
        clerk, approver = (
            town.person("ratna", role="hr_verifier"),
            town.person("hendra", role="second_approver"),
        )
        run = checked(town, many(10), "full", town.actor(clerk))
        return run, clerk, approver

    def test_is_held_with_the_figures(self, town):
        run, _, _ = self.held(town)
        assert run.state == RunState.HELD
        (brake,) = run.notes["brakes"]
        assert (brake["ending"], brake["active"]) == (40, 52)

    def test_cannot_be_applied_while_it_is_held(self, town):
        run, _, _ = self.held(town)
        with pytest.raises(Conflict) as refused, town.work() as work:
            batches.order(work, run.id)
        assert refused.value.code == "import_held"

    def test_is_not_released_by_who_prepared_it(self, town):
        run, clerk, _ = self.held(town)
        with pytest.raises(Forbidden), town.work(town.actor(clerk)) as work:
            batches.approve(work, run.id)

    def test_is_not_released_from_the_command_line(self, town):
        """The operator can be anybody who may log in to the host; two people are wanted."""
        run, _, _ = self.held(town)
        with pytest.raises(Forbidden), town.work() as work:
            batches.approve(work, run.id)

    def test_is_released_by_a_second_person_and_then_applied(self, town):
        run, _, approver = self.held(town)
        with town.work(town.actor(approver)) as work:
            batches.approve(work, run.id)
        assert applied(town, run).done == 40
        assert [event.actor_id for event in town.events("import_approved")] == [approver]

    def test_loses_its_release_when_it_is_checked_again(self, town):
        run, clerk, approver = self.held(town)
        with town.work(town.actor(approver)) as work:
            batches.approve(work, run.id)
        with town.work(town.actor(clerk)) as work:
            assert batches.check(work, run.id).state == RunState.HELD


class TestApplying:
    def test_goes_on_where_it_stopped(self, either_town):
        run = checked(either_town, many(25))
        with either_town.work() as work:
            batches.order(work, run.id)
        with either_town.work() as work:
            assert batches.apply_next(work, run.id, 10) is True
        with pytest.raises(RuntimeError), either_town.work() as work:
            batches.apply_next(work, run.id, 10)
            raise RuntimeError("the process ends before the commit")
        with either_town.work() as work:
            assert runs.get(work.session, run.id).done == 10
        more = True
        while more:
            with either_town.work() as work:
                more = batches.apply_next(work, run.id, 10)
        assert people_count(either_town) == 25
        assert len(either_town.events("person_added")) == 25

    def test_is_done_once_however_often_it_is_called(self, town):
        run = imported(town, many(5))
        with town.work() as work:
            assert batches.apply_next(work, run.id, 10) is False
        assert people_count(town) == 5

    def test_is_handed_to_the_worker_when_it_is_ordered(self, town):
        run = checked(town, many(5))
        with town.work() as work:
            batches.order(work, run.id)
        with town.work() as work:
            (job,) = work.session.scalars(select(Job).where(Job.kind == batches.HANDLER_KIND))
            assert job.payload == {"run_id": run.id}

    def test_names_whoever_ordered_it_in_the_trail(self, town):
        clerk = town.actor(town.person("ratna", role="hr_verifier"))
        run = checked(town, csv(f"{SITI};Siti;pkm;;"), actor=clerk)
        with town.work(clerk) as work:
            batches.order(work, run.id)
        with town.work() as work:
            batches.apply_next(work, run.id, 10)
        assert [event.actor_id for event in town.events("import_applied")] == [clerk.id]
        assert town.events("person_added")[-1].actor_id == clerk.id

    def test_leaves_a_row_out_whose_person_changed_after_the_check(self, town):
        imported(town, csv(f"{SITI};Siti;pkm;;"))
        run = checked(town, csv(f"{SITI};Siti Aminah;pkm;;", f"{BUDI};Budi;pkm;;"))
        with town.work() as work:
            moves.change_data(work, employment.by_number(work.session, SITI).person_id, plain_name="Siti A.")
        run = applied(town, run)
        assert (run.done, run.failed) == (2, 1)
        with town.work() as work:
            (row,) = runs.rows_of(work.session, run.id, verdict="failed")
            assert row.failure == "changed_meanwhile"
            assert employment.by_number(work.session, BUDI) is not None

    def test_leaves_a_number_out_that_was_taken_after_the_check(self, town):
        run = checked(town, csv(f"{SITI};Siti;pkm;;"))
        town.person("siti", nip=SITI)
        assert applied(town, run).failed == 1
        assert people_count(town) == 1

    def test_leaves_a_unit_out_that_moved_away_in_time(self, town):
        run = checked(town, csv(f"{SITI};Siti;pkm;;"))
        with town.work() as work:
            units.change(work, "pkm", name="Puskesmas", parent="dinkes", valid_from=TODAY + timedelta(days=9))
            work.session.delete(
                work.session.scalars(select(units.UnitVersion).where(units.UnitVersion.name == "Pkm")).one()
            )
        assert applied(town, run).failed == 1


class TestDiscarding:
    def test_erases_the_file_and_its_rows(self, town):
        run = checked(town, many(5))
        with town.work() as work:
            batches.discard(work, run.id)
        with town.work() as work:
            run = runs.get(work.session, run.id)
            assert (run.state, run.content) == (RunState.DISCARDED, None)
            assert work.session.scalar(select(func.count()).select_from(ImportRow)) == 0
        assert len(town.events("import_discarded")) == 1

    def test_an_applied_file_cannot_be_discarded(self, town):
        run = imported(town, many(2))
        with pytest.raises(Conflict), town.work() as work:
            batches.discard(work, run.id)


class TestAfterAMonth:
    def test_refused_rows_of_an_applied_file_are_erased_and_its_figures_stay(self, town):
        run = imported(town, csv(f"{SITI};Siti;pkm;;", "1,9E+17;Budi;pkm;;"))
        town.forward(days=29)
        with town.work() as work:
            assert batches.sweep(work) == 0
        town.forward(days=2)
        with town.work() as work:
            assert batches.sweep(work) == 2
        with town.work() as work:
            assert runs.get(work.session, run.id).counts["refused"] == 1

    def test_a_file_that_nobody_applied_is_erased(self, town):
        run = checked(town, many(3))
        town.forward(days=31)
        with town.work() as work:
            assert batches.sweep(work) == 3
        with town.work() as work:
            run = runs.get(work.session, run.id)
            assert (run.state, run.content) == (RunState.DISCARDED, None)
        assert town.events("import_discarded")[0].reason == "forgotten"


class TestWhoMay:
    @pytest.mark.parametrize("role", [None, "unit_admin", "auditor", "second_approver"])
    def test_only_hr_and_administrators_upload(self, town, role):
        person = town.actor(town.person("siti", role=role))
        with pytest.raises(Forbidden), town.work(person) as work:
            batches.upload(work, "a.csv", many(1), "delta")


class TestAWholeCity:
    def test_thirteen_thousand_rows_take_less_than_a_minute(self, town):
        """DOMAIN.md D1: check and application together."""
        content = many(13_000)
        begun = time.monotonic()
        run = imported(town, content)
        taken = time.monotonic() - begun
        assert run.done == 13_000
        assert taken < 60
        with town.work() as work:
            assert work.session.scalar(select(func.count()).select_from(Account)) == 13_000
