"""A browser without JavaScript: follows redirects, keeps cookies, fills the forms of HARNESS.md §3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


@dataclass
class Form:
    """``buttons`` are the submit buttons that carry a name."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """One page that was reached: its address, name, data attributes of the root, forms and marked texts."""

    response: requests.Response
    root: dict[str, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    marked: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.root.get("data-page", "")

    @property
    def url(self) -> str:
        return self.response.url

    def json(self) -> dict:
        return self.response.json()

    def form(self, *needed: str) -> Form:
        """The first form that has all of these fields."""
        for form in self.forms:
            if all(name in form.fields or name in dict(form.buttons) for name in needed):
                return form
        raise AssertionError(
            f"{self.url} ({self.name or self.response.status_code}) has no form with {needed}"
        )


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._form: Form | None = None
        self._mark: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.page.root = given
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.page.forms.append(self._form)
        elif self._form is not None and tag in ("input", "button") and given.get("name"):
            if tag == "button" or given.get("type") == "submit":
                self._form.buttons.append((given["name"], given.get("value", "")))
            elif given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self._form.fields[given["name"]] = given.get("value", "")
        for name in given:
            if name in ("data-name", "data-unit", "data-roles", "data-error") and tag != "html":
                self._mark = name
                self.page.marked[name] = ""

    def handle_endtag(self, tag: str) -> None:
        self._mark = None
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._mark:
            self.page.marked[self._mark] += data.strip()


class Browser:
    """One browser profile. Cookies of ``localhost`` are shared by all its ports, as in a real one."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def get(self, url: str) -> Page:
        return self._page(self.session.get(url, timeout=15))

    def submit(self, page: Page, form: Form, **values: str) -> Page:
        """Send a form with these values; the Origin header is that of the page, as browsers do it."""
        target = urljoin(page.url, form.action or page.url)
        origin = "/".join(page.url.split("/", 3)[:3])
        sent = {**form.fields, **values}
        if form.method == "get":
            return self._page(self.session.get(target, params=sent, timeout=15))
        return self._page(self.session.post(target, data=sent, headers={"Origin": origin}, timeout=15))

    def sign_in(self, page: Page, username: str, password: str, otp: Callable[[], str] | None = None) -> Page:
        """From the provider's sign-in page through whatever it asks, until the application is reached."""
        page = self.submit(page, page.form("username", "password"), username=username, password=password)
        for _ in range(3):
            if any("otp" in form.fields for form in page.forms):
                if otp is None:
                    raise AssertionError("a second factor was asked for")
                page = self.submit(page, page.form("otp"), otp=otp())
            elif any(("decision", "approve") in form.buttons for form in page.forms):
                page = self.approve(page)
            else:
                break
        return page

    def approve(self, page: Page) -> Page:
        """Answer a notice or a question with yes, if there is one."""
        for form in page.forms:
            if ("decision", "approve") in form.buttons:
                return self.submit(page, form, decision="approve")
        return page

    @staticmethod
    def _page(response: requests.Response) -> Page:
        page = Page(response)
        if "html" in response.headers.get("Content-Type", ""):
            _Reader(page).feed(response.text)
        return page
