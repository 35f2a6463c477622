"""A small browser without JavaScript: keeps cookies, follows redirects, fills forms by their field names.

The only part of the product beside the outbound adapter that opens connections, and only to our own loopback
addresses: the check of the demo city looks at it as a person would.
"""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit

TIMEOUT_SECONDS = 15.0


class WalkFailed(Exception):
    """What was expected of a page was not there; the message is for the person who runs the check."""


@dataclass
class Form:
    """A form as it stood on the page; `buttons` are its named submit buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Page:
    """Where we are: address, status, `data-page` of the root, forms, and text of elements with a data attribute."""

    url: str
    status: int
    text: str
    name: str = ""
    error: str = ""
    forms: list[Form] = field(default_factory=list)
    marked: dict[str, str] = field(default_factory=dict)

    def form_with(self, *names: str) -> Form | None:
        """The first form that has all these fields."""
        return next((form for form in self.forms if all(name in form.fields for name in names)), None)

    def form_offering(self, name: str, value: str) -> Form | None:
        """The first form with that button."""
        return next((form for form in self.forms if (name, value) in form.buttons), None)

    def form_to(self, path: str) -> Form | None:
        """The first form that is sent to `path`."""
        return next((form for form in self.forms if urlsplit(form.action).path == path), None)


class Browser:
    """One browser profile. Cookies of `localhost` are shared by all its ports, as in a real one."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, url: str) -> Page:
        return self._open(urllib.request.Request(url, headers={"Accept": "text/html"}))  # noqa: S310

    def submit(self, page: Page, form: Form, **values: str) -> Page:
        """Send a form of `page` with these values; `Origin` is the page's own, as browsers say it."""
        target = urljoin(page.url, form.action or page.url)
        data = urlencode(form.fields | values)
        if form.method == "get":
            return self.get(f"{target}?{data}")
        parts = urlsplit(page.url)
        headers = {"Accept": "text/html", "Origin": f"{parts.scheme}://{parts.netloc}"}
        return self._open(urllib.request.Request(target, data.encode(), headers))  # noqa: S310

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            answer = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError as error:
            raise WalkFailed(f"{request.full_url}: {error}") from error
        with answer:
            page = Page(answer.geturl(), answer.status, answer.read().decode("utf-8", "replace"))
        _Reader(page).feed(page.text)
        return page


def answers(url: str) -> bool:
    """Whether something serves `url` without an error."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 -- our own loopback address
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(entry.getsockname()[1]) for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def is_taken(port: int) -> bool:
    """Whether somebody else listens on that port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._form: Form | None = None
        self._marks: tuple[str, ...] = ()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self._page.name, self._page.error = given.get("data-page", ""), given.get("data-error", "")
            return
        self._marks = tuple(name for name in given if name.startswith("data-"))
        for name in self._marks:
            self._page.marked.setdefault(name, "")
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self._page.forms.append(self._form)
        elif self._form is not None and given.get("name"):
            self._add_control(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._marks = ()
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        for name in self._marks:
            self._page.marked[name] += data.strip()

    @staticmethod
    def _add_control(form: Form, tag: str, given: dict[str, str]) -> None:
        if tag == "button" or given.get("type") == "submit":
            form.buttons.add((given["name"], given.get("value", "")))
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.fields[given["name"]] = given.get("value", "")
