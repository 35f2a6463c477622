"""A truncated export must not lock out the city (DOMAIN.md §4 D2)."""

from __future__ import annotations

import pytest

from idp.domain.lifecycle.brakes import Brake, brakes
from idp.domain.lifecycle.plan import Plan, Planned, Verdict


def ending(count: int) -> Plan:
    return Plan(tuple(Planned(Verdict.ENDING, str(n), None) for n in range(count)), (), ())


class TestTheThreshold:
    @pytest.mark.parametrize(("count", "active"), [(0, 100), (1, 100), (2, 100), (260, 13_000)])
    def test_at_or_below_it_nobody_else_has_to_look(self, count, active):
        assert brakes(ending(count), active, 2.0) == []

    @pytest.mark.parametrize(("count", "active"), [(3, 100), (261, 13_000), (1, 1)])
    def test_above_it_a_second_person_has_to(self, count, active):
        assert [brake.code for brake in brakes(ending(count), active, 2.0)] == ["too_many_ending"]

    def test_the_figures_are_shown(self):
        assert brakes(ending(650), 13_000, 2.0) == [Brake("too_many_ending", 650, 13_000, 5.0)]

    def test_in_a_city_without_accounts_there_is_nothing_to_lock_out(self):
        assert brakes(ending(5), 0, 2.0) == []
