"""Joining, moving, leaving, and closing accounts: DOMAIN.md §2.2 and §4, SECURITY.md R-111, R-115."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from idp.domain.access import grants, roles, state
from idp.domain.access.grants import Grant, Offer
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.accounts.accounts import AccountState
from idp.domain.city import employment, people, placements
from idp.domain.clients import registered
from idp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from idp.domain.lifecycle import moves
from idp.domain.lifecycle.moves import NewPerson
from idp.domain.runtime.outbox import Job
from idp.domain.sessions import sso

NIP = "198609262015052901"
TODAY = date(2026, 11, 24)


def newcomer(**given) -> NewPerson:
    values = {
        "plain_name": "Siti  Aminah", "employment_status": "pns", "unit": "pkm", "valid_from": date(2020, 1, 1),
        "username": "siti", "nip": "19860926 201505 2 901", "email": "Siti@Kota.test", "position": "Perawat",
    }  # fmt: skip
    return NewPerson(**{**values, **given})


def a_client(work, client_id: str = "perizinan") -> None:
    registered.register(
        work, client_id, {"client_name": client_id, "redirect_uris": [f"https://{client_id}.test/cb"]}
    )
    roles.define(work, client_id, "verifikator")


def signed_in(work, person_id: str, client_id: str | None = None) -> None:
    session, _ = sso.start(work, person_id, ("pwd", "otp"), 2)
    if client_id:
        sso.took_part(work, session.id, client_id)


class TestJoining:
    def test_makes_person_employment_post_and_an_invited_account(self, town):
        with town.work() as work:
            person_id = moves.join(work, newcomer())
        with town.work() as work:
            person = people.get(work.session, person_id)
            assert (person.plain_name, person.email, person.email_verified) == (
                "Siti Aminah",
                "siti@kota.test",
                False,
            )
            assert accounts.get(work.session, person_id).state == AccountState.INVITED
            (post,) = placements.posts(work.session, person_id, TODAY)
            assert (post.number, post.title) == (NIP, "Perawat")

    @pytest.mark.parametrize(
        "typed", ["siti", "SITI@kota.test", "19860926 201505 2 901", "'198609262015052901"]
    )
    def test_the_person_is_found_by_each_of_their_names(self, town, typed):
        """DOMAIN.md §2.2: NIP with or without spaces, official mail, or the handle."""
        with town.work() as work:
            person_id = moves.join(work, newcomer())
        with town.work() as work:
            assert accounts.find(work.session, typed).person_id == person_id

    def test_leaves_one_event_for_the_person_and_one_for_the_post(self, town):
        with town.work() as work:
            person_id = moves.join(work, newcomer())
        assert [event.subject_id for event in town.events("person_added")] == [person_id]
        assert [event.unit for event in town.events("placement_changed")] == ["pkm"]
        assert town.events("person_added")[0].openings["name"]["value"] == "Siti Aminah"

    def test_two_people_share_the_position_of_one_title(self, town):
        with town.work() as work:
            first = moves.join(work, newcomer())
            second = moves.join(work, newcomer(username="budi", nip=None, email=None))
            held = {placements.posts(work.session, who, TODAY)[0].position_id for who in (first, second)}
        assert len(held) == 1

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"nip": "1,98609E+17"}, "nip_spreadsheet_exponent"),
            ({"nip": "198609262015051000"}, "nip_spreadsheet_rounded"),
            ({"nip": "1986"}, "nip_wrong_length"),
            ({"email": "bukan surel"}, "email_malformed"),
            ({"plain_name": "  "}, "name_missing"),
            ({"employment_status": "raja"}, "employment_status_unknown"),
            ({"valid_to": date(2019, 1, 1)}, "ends_before_it_begins"),
            ({"username": "123456"}, "username_malformed"),
        ],
    )
    def test_is_refused_with_the_reason(self, town, given, code):
        with pytest.raises(Invalid) as refused, town.work() as work:
            moves.join(work, newcomer(**given))
        assert refused.value.code == code

    def test_is_refused_for_an_unknown_unit(self, town):
        with pytest.raises(NotFound), town.work() as work:
            moves.join(work, newcomer(unit="bulan"))

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"username": "siti2", "email": None}, "number_taken"),
            ({"username": "siti2", "nip": None}, "name_taken"),
            ({"nip": None, "email": None}, "username_taken"),
        ],
    )
    def test_nobody_takes_a_name_or_number_of_another(self, town, given, code):
        with town.work() as work:
            moves.join(work, newcomer())
        with pytest.raises(Conflict) as refused, town.work() as work:
            moves.join(work, newcomer(**given))
        assert refused.value.code == code


class TestAUnitAdministrator:
    """R-111: within the unit, and over nobody who holds more."""

    def test_adds_people_to_the_unit_and_those_below_it(self, town):
        admin = town.actor(town.person("dewi", "dinkes", "unit_admin"))
        with town.work(admin) as work:
            moves.join(work, newcomer(unit="pkm"))
        assert len(town.events("person_added")) == 2

    def test_adds_nobody_elsewhere(self, town):
        admin = town.actor(town.person("dewi", "dinkes", "unit_admin"))
        with pytest.raises(Forbidden), town.work(admin) as work:
            moves.join(work, newcomer(unit="dpmptsp"))

    def test_moves_nobody_into_another_unit(self, town):
        admin = town.actor(town.person("dewi", "dinkes", "unit_admin"))
        budi = town.person("budi", "pkm")
        with pytest.raises(Forbidden), town.work(admin) as work:
            moves.place(work, budi, "dpmptsp", "Analis", TODAY)

    @pytest.mark.parametrize("verb", ["disable", "leave", "change"])
    def test_has_no_power_over_an_administrator_of_the_city(self, town, verb):
        town.person("cadangan", "dinkes", "sso_admin")
        chief = town.person("rangga", "dinkes", "sso_admin")
        admin = town.actor(town.person("dewi", "dinkes", "unit_admin"))
        verbs = {
            "disable": lambda work: moves.disable(work, chief, "uji"),
            "leave": lambda work: moves.leave(work, chief, TODAY, "uji"),
            "change": lambda work: moves.change_data(work, chief, email="lain@kota.test"),
        }
        with pytest.raises(Forbidden) as refused, town.work(admin) as work:
            verbs[verb](work)
        assert refused.value.code == "person_holds_more_power"

    def test_has_power_over_colleagues_and_auditors_only_read(self, town):
        auditor = town.person("intan", "dinkes", "auditor")
        admin = town.actor(town.person("dewi", "dinkes", "unit_admin"))
        with town.work(admin) as work:
            moves.disable(work, auditor, "cuti panjang")
        assert town.events("account_disabled")[0].subject_id == auditor


class TestChangingData:
    def test_a_new_address_is_unverified_and_found(self, town):
        siti = town.person("siti", email="siti@kota.test")
        with town.work() as work:
            people.get(work.session, siti).email_verified = True
        with town.work() as work:
            change = moves.change_data(work, siti, email="aminah@kota.test")
        assert dict(change.after) == {"email": "aminah@kota.test"}
        with town.work() as work:
            assert people.get(work.session, siti).email_verified is False
            assert accounts.find(work.session, "aminah@kota.test").person_id == siti
            assert accounts.find(work.session, "siti@kota.test") is None

    def test_members_not_given_stay(self, town):
        siti = town.person("siti", title_after="M.Si.", phone="0812 000 111")
        with town.work() as work:
            moves.change_data(work, siti, title_before="Dr.")
            person = people.get(work.session, siti)
            assert (person.name, person.phone) == ("Dr. Siti, M.Si.", "0812 000 111")

    def test_the_trail_names_the_members_and_keeps_values_erasable(self, town):
        siti = town.person("siti", phone="0812 000 111")
        with town.work() as work:
            moves.change_data(work, siti, phone="0813 222 333")
        (event,) = town.events("person_changed")
        assert b"0813" not in event.leaf
        assert event.openings["after.phone"]["value"] == "0813 222 333"

    def test_nothing_new_leaves_no_event(self, town):
        siti = town.person("siti")
        with town.work() as work:
            assert moves.change_data(work, siti, plain_name="Siti").is_empty
        assert town.events("person_changed") == []


class TestMoving:
    def test_the_post_before_ends_the_day_before(self, town):
        siti = town.person("siti", "pkm", position="Perawat")
        with town.work() as work:
            moves.place(work, siti, "dpmptsp", "Analis", date(2026, 12, 1), "SK 12/2026")
        with town.work() as work:
            found = [
                placements.posts(work.session, siti, date(2026, *day))[0].title for day in ((11, 30), (12, 1))
            ]
        assert found == ["Perawat", "Analis"]


class TestLeaving:
    def test_ends_employment_post_and_what_was_given_to_the_person(self, town):
        siti = town.person("siti", "pkm")
        with town.work() as work:
            a_client(work)
            grants.give(work, Offer("perizinan", "verifikator", Holder.PERSON, siti, "SK"))
        with town.work() as work:
            moves.leave(work, siti, date(2026, 11, 30), "pensiun")
        with town.work() as work:
            tie = employment.open_for(work.session, siti)
            assert tie.valid_to == date(2026, 11, 30)
            assert (
                work.session.scalars(select(Grant).where(Grant.holder_id == siti)).one().valid_to
                == tie.valid_to
            )
            view = registered.view(work.session, "perizinan")
            decided = [
                state.decide_for(work, siti, view, date(2026, *day)).allowed for day in ((11, 30), (12, 1))
            ]
        assert decided == [True, False]

    def test_sessions_go_on_until_the_last_day(self, town):
        siti = town.person("siti")
        with town.work() as work:
            signed_in(work, siti)
            moves.leave(work, siti, date(2026, 11, 30), "pensiun")
            assert len(sso.live_of(work, siti)) == 1

    def test_sessions_end_at_once_when_the_day_has_come(self, town):
        siti = town.person("siti")
        with town.work() as work:
            signed_in(work, siti)
            moves.leave(work, siti, TODAY, "diberhentikan")
            assert sso.live_of(work, siti) == []

    def test_nobody_ends_themselves(self, town):
        town.person("cadangan", role="sso_admin")
        admin = town.actor(town.person("rangga", role="sso_admin"))
        with pytest.raises(Forbidden), town.work(admin) as work:
            moves.leave(work, admin.id, TODAY, "lelah")


class TestClosingAnAccount:
    def test_ends_every_session_and_tells_each_application(self, town):
        siti = town.person("siti")
        with town.work() as work:
            a_client(work)
            signed_in(work, siti, "perizinan")
            signed_in(work, siti)
        with town.work() as work:
            assert moves.disable(work, siti, "perangkat hilang") == 2
        with town.work() as work:
            assert [job.payload["client_id"] for job in work.session.scalars(select(Job))] == ["perizinan"]
            account = accounts.get(work.session, siti)
            assert (account.state, account.epoch) == (AccountState.DISABLED, 1)

    def test_needs_a_reason(self, town):
        siti = town.person("siti")
        with pytest.raises(Invalid), town.work() as work:
            moves.disable(work, siti, "  ")

    def test_the_last_administrator_stays(self, town):
        """R-115."""
        chief = town.person("rangga", role="sso_admin")
        with pytest.raises(Conflict) as refused, town.work() as work:
            moves.disable(work, chief, "uji")
        assert refused.value.code == "last_administrator"

    def test_one_of_two_administrators_may_go(self, town):
        town.person("cadangan", role="sso_admin")
        chief = town.person("rangga", role="sso_admin")
        with town.work() as work:
            moves.disable(work, chief, "uji")
        assert len(town.events("account_disabled")) == 1

    @pytest.mark.parametrize(("has_signed_in", "state"), [(True, "active"), (False, "invited")])
    def test_opened_again_it_is_what_it_was_good_for(self, town, has_signed_in, state):
        siti = town.person("siti")
        with town.work() as work:
            if has_signed_in:
                signed_in(work, siti)
            moves.disable(work, siti, "uji")
        with town.work() as work:
            assert moves.enable(work, siti) == state
            assert sso.live_of(work, siti) == []
