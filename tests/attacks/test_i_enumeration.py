"""Class I: enumeration and throttling."""

from __future__ import annotations

import re
import time

import pytest

from tests.attacks.conftest import assert_alike
from tests.attacks.test_c_codes import together
from tests.conftest import City

VOLATILE = re.compile(r'value="[^"]*"|[?&]t=[\w-]+|\d\d\.\d\d')


def attempt(cast, username, password, browser=None, address=None):
    browser = browser or cast.browser()
    page = browser.get(cast.a.url(cast.a.request()))
    fields = {**page.form("password").fields, "username": username, "password": password}
    return browser.request(
        "POST", "/masuk", fields, headers={"X-Forwarded-For": address} if address else None
    )


@pytest.fixture
def victim(cast):
    city = City(cast.provider)
    person = city.person("korban", totp=False)
    city.build()
    return person


def test_c_155_login_answers(cast, victim):
    city = City(cast.provider)
    closed = city.person("tutup", totp=False)
    city.build()
    cast.provider.run("person", "disable", closed.username, "--reason", "uji")
    seen = set()
    for number, (username, password) in enumerate(
        [("tidak-ada", "salah"), (victim.username, "salah"), (closed.username, closed.password)]
    ):
        answer = attempt(cast, username, password, address=f"192.0.2.{number + 1}")
        seen.add((answer.status, answer.location, VOLATILE.sub("", answer.text).replace(username, "")))
    assert len(seen) == 1


def test_c_155_a_pause_reads_the_same_for_names_that_do_not_exist(cast, victim):
    texts = set()
    for username in (victim.username, "tidak-ada-juga"):
        for number in range(6):
            answer = attempt(cast, username, "salah", address=f"192.0.2.{number + 10}")
        texts.add((answer.status, VOLATILE.sub("", answer.text).replace(username, "")))
    assert len(texts) == 1
    assert next(iter(texts))[0] == 429


def test_c_156_login_timing(cast, victim):
    """Medians of interleaved samples of names that exist and names that do not."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(40):
        cast.provider.clock.forward(1000)
        for exists in (True, False):
            username = victim.username if exists else f"hantu-{number}"
            browser = cast.browser()
            page = browser.get("/masuk")
            fields = {**page.form("password").fields, "username": username, "password": "salah"}
            began = time.perf_counter()
            browser.request("POST", "/masuk", fields, headers={"X-Forwarded-For": f"198.51.100.{number}"})
            times[exists].append(time.perf_counter() - began)
    assert_alike(times[True], times[False])


def test_c_157_second_step_reveals_nothing(cast):
    city = City(cast.provider)
    person = city.person("dua")
    city.build()
    assert attempt(cast, "tidak-ada", "x").location is None
    assert attempt(cast, person.username, "salah").location is None
    assert "/masuk/kode" in attempt(cast, person.username, person.password).location


def test_c_158_one_bucket_per_person_and_spelling(cast, victim):
    spellings = [victim.username, victim.username.upper(), f" {victim.username} ", victim.username.title()]
    answers = [
        attempt(cast, spelling, "salah", address=f"192.0.2.{n + 30}")
        for n, spelling in enumerate([*spellings, *spellings])
    ]
    assert [answer.status for answer in answers].count(200) <= 5
    assert answers[-1].status == 429


def test_c_160_lockout_cannot_be_used_against_others(cast, victim):
    home = cast.browser()
    cast.a.sign_in(home, victim)
    home.cookies.pop("gapura_sid")
    hashes = cast.provider.metric("gapura_password_hashes_total")
    for number in range(120):
        attempt(cast, victim.username, "salah", address=f"203.0.113.{number % 50}")
    assert cast.provider.metric("gapura_password_hashes_total") - hashes <= 100
    began = time.monotonic()
    assert attempt(cast, victim.username, victim.password, home).status == 303, (
        "her own browser is not touched"
    )
    assert time.monotonic() - began < 5
    cast.provider.clock.forward(15 * 60)
    assert attempt(cast, victim.username, victim.password, address="192.0.2.99").status == 303


def test_c_162_parallel_guessing(either_cast):
    cast = either_cast
    city = City(cast.provider)
    person = city.person("serentak", totp=False)
    city.build()
    browser = cast.browser()
    page = browser.get("/masuk")
    fields = {**page.form("password").fields, "username": person.username, "password": "salah"}
    cookies = dict(browser.cookies)
    before = cast.provider.metric("gapura_password_hashes_total")

    def guess():
        own = cast.browser()
        own.cookies.update(cookies)
        return own.request("POST", "/masuk", fields)

    answers = together(40, guess)

    assert cast.provider.metric("gapura_password_hashes_total") - before <= 5
    assert sum(answer.status == 429 for answer in answers) >= 35


def test_c_163_forged_client_address(own_provider):
    provider = own_provider(settings="[throttle]\naddress_failures_per_minute = 3\n")
    city = City(provider)
    city.build()
    browser = city.browser()
    for number in range(3):
        page = browser.get("/masuk")
        fields = {**page.form("password").fields, "username": f"x{number}", "password": "salah"}
        spoofed = {
            "X-Forwarded-For": f"10.9.9.{number}, 192.0.2.7",
            "X-Real-IP": "10.0.0.1",
            "Forwarded": "for=10.0.0.2",
        }
        browser.request("POST", "/masuk", fields, headers=spoofed)
    page = browser.get("/masuk")
    fields = {**page.form("password").fields, "username": "x9", "password": "salah"}
    limited = browser.request("POST", "/masuk", fields, headers={"X-Forwarded-For": "10.1.1.1, 192.0.2.7"})
    assert limited.status == 429, "the address is counted from the right"


def test_an_office_behind_one_address_signs_in_all_at_once(cast):
    """Right passwords never count against an address."""
    city = City(cast.provider)
    people = [city.person(f"kantor{n}", totp=False) for n in range(30)]
    city.build()
    answers = [attempt(cast, person.username, person.password, address="203.0.113.200") for person in people]
    assert {answer.status for answer in answers} == {303}
