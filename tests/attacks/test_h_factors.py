"""Class H: second factor, recovery, activation."""

from __future__ import annotations

import json
import re

import pyotp
import pytest

from tests.attacks.conftest import a_cast
from tests.attacks.test_c_codes import together
from tests.conftest import City
from tests.relying_party import Person

CODE = re.compile(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b")


@pytest.fixture(scope="module")
def guarded(providers):
    """People with a second factor."""
    return a_cast(providers("sqlite", "attacks"), totp=True)


def at_second_factor(cast, person, client=None):
    client = client or cast.a
    browser = cast.browser()
    pending = client.request()
    page = browser.get(client.url(pending))
    page = browser.submit(page, page.form("password"), username=person.username, password=person.password)
    return browser, pending, page


def test_c_131_totp_replay(guarded):
    cast = guarded
    cast.provider.clock.forward(90)
    browser, _, page = at_second_factor(cast, cast.siti)
    code = cast.siti.otp(cast.provider)
    assert browser.submit(page, page.form("otp"), otp=code).location
    for step in (0, 30):
        cast.provider.clock.forward(step)
        browser, _, page = at_second_factor(cast, cast.siti)
        again = browser.submit(page, page.form("otp"), otp=code)
        assert again.page == "second-factor" and again.location is None


def test_c_134_totp_guessing(guarded):
    cast = guarded
    city = City(cast.provider)
    victim = city.person("korban")
    city.build()
    refused = []
    for _ in range(3):
        browser, _, page = at_second_factor(cast, victim)
        for guess in ("000001", "000002", "000003"):
            page = browser.submit(page, page.form("otp"), otp=guess)
            refused.append(page.status)
    assert refused.count(200) <= 5 and 429 in refused, "a new transaction does not reset the counter"
    cast.provider.clock.forward(15 * 60)
    browser, _, page = at_second_factor(cast, victim)
    assert browser.submit(page, page.form("otp"), otp=victim.otp(cast.provider)).location


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_c_135_totp_window(guarded, steps, accepted):
    cast = guarded
    city = City(cast.provider)
    person = city.person("jendela")
    city.build()
    browser, _, page = at_second_factor(cast, person)
    answer = browser.submit(page, page.form("otp"), otp=person.otp(cast.provider, steps))
    assert bool(answer.location) is accepted


def test_c_136_skipping_the_second_step(guarded):
    cast = guarded
    browser, pending, page = at_second_factor(cast, cast.budi)
    transaction = page.url.split("t=", 1)[1]
    assert browser.get(f"/oauth/lanjut?t={transaction}").page in ("sign-in", "second-factor")
    assert browser.get("/keamanan").page in ("sign-in", "second-factor")
    assert browser.get("/").page in ("sign-in", "second-factor")
    pending, answer = cast.a.authorize(browser, prompt="none")
    assert cast.a.error_of(pending, answer) == "login_required"
    assert browser.get("/masuk/autentikator?t=" + transaction).page in ("sign-in", "second-factor")


def test_c_138_enrolment_needs_a_fresh_proof_and_a_right_code(guarded):
    cast = guarded
    city = City(cast.provider)
    person = city.person("ganti")
    city.build()
    browser = cast.browser()
    cast.a.sign_in(browser, person)
    cast.provider.clock.forward(20 * 60)
    assert browser.get("/keamanan/autentikator").page == "sign-in", "20 minutes are not fresh"
    page = browser.get("/keamanan/autentikator")
    page = browser.submit(page, page.form("password"), username=person.username, password=person.password)
    page = browser.submit(page, page.form("otp"), otp=person.otp(cast.provider))
    assert page.page == "totp-replace"
    secret = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page.text)[1].replace(" ", "")
    wrong = browser.submit(page, page.form("otp"), otp="000000")
    assert wrong.page == "totp-replace" and "totp_enrolled" not in _names(cast, person)
    done = browser.submit(wrong, wrong.form("otp"), otp=pyotp.TOTP(secret).at(int(cast.provider.clock.now())))
    assert done.page == "security"
    old, _, page = at_second_factor(cast, person)
    cast.provider.clock.forward(60)
    assert old.submit(page, page.form("otp"), otp=person.otp(cast.provider)).location is None, (
        "the old one is dead"
    )


def _names(cast, person):
    return [event["name"] for event in cast.provider.events(limit=60)]


def test_c_139_enrolment_by_a_password_thief(cast):
    city = City(cast.provider)
    person = city.person("tanpa", totp=False)
    strict = city.client("ketat", default_acr_values=["2"])
    city.build()
    browser, _, page = at_second_factor(cast, person, strict)
    assert page.page == "no-second-factor"
    for path in ("/masuk/autentikator", "/keamanan/autentikator"):
        assert browser.get(path).page in ("sign-in", "no-second-factor")


def activation_code(provider, person) -> str:
    made = json.loads(provider.run("person", "activation-code", person.username, "--json"))
    return next(value for value in made.values() if isinstance(value, str) and CODE.fullmatch(value))


def activate(cast, person, code, password="enam kata acak yang lain"):
    """Through all pages to the recovery codes; returns the browser, the last page and the new secret."""
    browser = cast.browser()
    page = browser.get("/masuk/aktivasi")
    page = browser.submit(page, page.form("activation_code"), username=person.username, activation_code=code)
    if page.page != "new-password":
        return browser, page, None
    page = browser.submit(page, page.form("password"), password=password, password_again=password)
    assert page.page == "enrol-totp", page.text[:800]
    secret = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page.text)[1].replace(" ", "")
    page = browser.submit(page, page.form("otp"), otp=pyotp.TOTP(secret).at(int(cast.provider.clock.now())))
    return browser, page, secret


class TestActivation:
    """R-74, DOMAIN.md A1: a one-time code opens the account, once, and spends nothing before its last step."""

    @pytest.fixture
    def newcomer(self, cast):
        city = City(cast.provider)
        person = city.person("baru", totp=False)
        city.build()
        return person

    def test_a_code_opens_the_account_and_is_spent(self, cast, newcomer):
        code = activation_code(cast.provider, newcomer)
        browser, page, secret = activate(cast, newcomer, code)
        assert page.page == "recovery-codes"
        assert len(set(CODE.findall(page.text))) == 10
        done = browser.submit(page, next(f for f in page.forms if f.action == "/masuk/kode-pemulihan"))
        assert done.page == "launcher"
        _, again, _ = activate(cast, newcomer, code)
        assert again.page == "activation"
        newcomer.password, newcomer.totp_secret = "enam kata acak yang lain", secret
        cast.provider.clock.forward(60)
        assert cast.a.sign_in(cast.browser(), newcomer).claims["amr"] == ["pwd", "otp", "mfa"]

    def test_stopping_on_the_way_spends_nothing(self, cast, newcomer):
        code = activation_code(cast.provider, newcomer)
        browser = cast.browser()
        page = browser.get("/masuk/aktivasi")
        browser.submit(page, page.form("activation_code"), username=newcomer.username, activation_code=code)
        _, page, _ = activate(cast, newcomer, code)
        assert page.page == "recovery-codes"

    def test_a_newer_code_ends_the_older_and_time_ends_both(self, cast, newcomer):
        older = activation_code(cast.provider, newcomer)
        newer = activation_code(cast.provider, newcomer)
        _, page, _ = activate(cast, newcomer, older)
        assert page.page == "activation"
        cast.provider.clock.forward(73 * 3600)
        _, page, _ = activate(cast, newcomer, newer)
        assert page.page == "activation"

    def test_wrong_name_and_wrong_code_are_one_answer(self, cast, newcomer):
        activation_code(cast.provider, newcomer)
        ghost = Person("tidak-ada", "x")
        texts = set()
        for person in (newcomer, ghost):
            _, page, _ = activate(cast, person, "AAAA-BBBB-CCCC-DDDD")
            texts.add((page.status, re.sub(r'value="[^"]*"|t=[\w-]+', "", page.text)))
        assert len(texts) == 1

    def test_nobody_activates_without_a_code(self, cast, newcomer):
        browser = cast.browser()
        for path in ("/masuk/kata-sandi", "/masuk/autentikator"):
            assert browser.get(path).page in ("activation", "sign-in")


def test_c_141_recovery_codes(cast):
    city = City(cast.provider)
    person = city.person("pulih", totp=False)
    city.build()
    _, page, _ = activate(cast, person, activation_code(cast.provider, person))
    person.password = "enam kata acak yang lain"
    codes = list(dict.fromkeys(CODE.findall(page.text)))
    assert len(codes) == 10

    def use(code):
        browser, _, page = at_second_factor(cast, person)
        page = browser.get(page.url.replace("/masuk/kode", "/masuk/pemulihan"))
        return browser.submit(page, page.form("recovery_code"), recovery_code=code)

    answers = together(3, lambda: use(codes[0]))
    assert sum(answer.page == "enrol-totp" for answer in answers) == 1, [a.page for a in answers]
    cast.provider.clock.forward(600)
    assert use(codes[0]).page == "recovery-code"
    assert use(codes[1].lower().replace("-", " ")).page == "enrol-totp"
    assert "recovery_code_used" in _names(cast, person)
    assert all(code not in cast.provider.log for code in codes)


class TestPasswordRules:
    """C-153: length over composition; common, local and own words refused with the reason."""

    @pytest.mark.parametrize(
        ("password", "reason"),
        [
            ("pendek7", "15"), ("a" * 64, "karakter"), ("password12345678", "sering"), ("qwertyuiop12345", "sering"),
            ("pemkotbogor2026", "bogor"), ("s" * 129, "128"),
        ],
    )  # fmt: skip
    def test_is_refused_with_the_reason(self, cast, password, reason):
        city = City(cast.provider)
        person = city.person("aturan", totp=False)
        city.build()
        browser = cast.browser()
        page = browser.get("/masuk/aktivasi")
        page = browser.submit(
            page,
            page.form("activation_code"),
            username=person.username,
            activation_code=activation_code(cast.provider, person),
        )
        page = browser.submit(page, page.form("password_again"), password=password, password_again=password)
        assert page.page == "new-password" and reason in page.text

    @pytest.mark.parametrize(
        "password", ["tujuh belas kuda hitam", "x y" * 21 + "z", "abcdefg hijklmn opqrstu vwxyzab " * 4]
    )
    def test_long_ones_are_taken_without_composition_rules(self, cast, password):
        city = City(cast.provider)
        person = city.person("aturan", totp=False)
        city.build()
        _, page, _ = activate(cast, person, activation_code(cast.provider, person), password)
        assert page.page == "recovery-codes"


def test_a_phone_with_a_wrong_clock_is_told_so(guarded):
    """DOMAIN.md A12: refused, with the difference, only after a right password."""
    cast = guarded
    city = City(cast.provider)
    person = city.person("jam")
    city.build()
    browser, _, page = at_second_factor(cast, person)
    page = browser.submit(page, page.form("otp"), otp=person.otp(cast.provider, -6))
    assert page.page == "second-factor" and "3 menit" in page.text
