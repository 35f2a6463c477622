"""One whole sign-in through both applications, the API, and sign-out everywhere, as a person's browser does it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyotp

from idp.demo import city
from idp.demo.browser import Browser, Form, Page, WalkFailed
from idp.demo.city import Addresses

WHO = "siti"
LOGOUT_SECONDS = 30.0


def walk(addresses: Addresses, say: Callable[[str], None]) -> None:
    """Raises WalkFailed at the first page that is not what it should be."""
    browser = Browser()
    page = browser.get(f"{addresses.perizinan}/auth/sign-in?next=/permits")
    _expect(page, "sign-in")
    say(f"Perizinan sends the browser to {page.url.split('?')[0]}")
    page = _sign_in(browser, page, say)
    _expect(page, "permits")
    if "IZN-" not in page.text:
        raise WalkFailed("Perizinan shows no permit of the API")
    say("Perizinan lists the permits that API Izin gave for the access token")
    _approve_a_permit(browser, page, say)
    page = _to_application(browser, browser.get(f"{addresses.eoffice}/auth/sign-in?next=/letters"))
    _expect(page, "letters")
    say("e-Office lets the same person in without a password (single sign-on)")
    for url, name in ((addresses.perizinan, "Perizinan"), (addresses.eoffice, "e-Office")):
        home = browser.get(url)
        say(f"{name} knows {home.marked.get('data-name')} with the roles {home.marked.get('data-roles')}")
    _sign_out(browser, addresses, say)


def _sign_in(browser: Browser, page: Page, say: Callable[[str], None]) -> Page:
    page = browser.submit(
        page,
        _form(page, "username", "password"),
        username=WHO,
        password=city.PASSWORD,
    )
    say(f"the password of {WHO} was accepted")
    code = pyotp.TOTP(city.totp_secret(WHO)).now()
    page = browser.submit(page, _form(page, "otp"), otp=code)
    say("the code of the authenticator was accepted")
    return _to_application(browser, page)


def _to_application(browser: Browser, page: Page) -> Page:
    """Past the notice that says what the application receives, where there is one."""
    notice = page.form_offering("decision", "approve")
    return page if notice is None else browser.submit(page, notice, decision="approve")


def _approve_a_permit(browser: Browser, page: Page, say: Callable[[str], None]) -> None:
    form = next((form for form in page.forms if form.action.endswith("/approve")), None)
    if form is None:
        raise WalkFailed("a verifikator is offered no permit to approve: the role did not arrive")
    _expect(browser.submit(page, form), "permits")
    say("a permit was approved with the role verifikator")


def _sign_out(browser: Browser, addresses: Addresses, say: Callable[[str], None]) -> None:
    home = browser.get(addresses.perizinan)
    form = home.form_to("/auth/sign-out")
    if form is None:
        raise WalkFailed("Perizinan offers no way to sign out")
    page = browser.submit(home, form)
    question = page.form_offering("decision", "approve")
    page = page if question is None else browser.submit(page, question, decision="approve")
    _expect(page, "signed-out")
    say("signed out at Perizinan and at Gapura")
    _wait_signed_out(browser, addresses.perizinan, "Perizinan")
    _wait_signed_out(browser, addresses.eoffice, "e-Office")
    say("both applications ended their sessions (e-Office was told over the back channel)")
    _expect(browser.get(f"{addresses.perizinan}/auth/sign-in"), "sign-in")
    say("a new visit asks for the password again")


def _wait_signed_out(browser: Browser, url: str, name: str) -> None:
    deadline = time.monotonic() + LOGOUT_SECONDS
    while "data-name" in browser.get(url).marked:
        if time.monotonic() > deadline:
            raise WalkFailed(f"{name} still has a session {LOGOUT_SECONDS:.0f} s after sign-out")
        time.sleep(0.3)


def _expect(page: Page, name: str) -> None:
    if page.name != name:
        found = page.name or f"status {page.status}"
        problem = f" ({page.error})" if page.error else ""
        raise WalkFailed(f"{page.url}: expected the page {name}, found {found}{problem}")


def _form(page: Page, *names: str) -> Form:
    form = page.form_with(*names)
    if form is None:
        raise WalkFailed(f"{page.url} ({page.name or page.status}) has no form with {', '.join(names)}")
    return form
