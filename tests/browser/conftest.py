"""Debian's Chromium on a real provider with a small city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import City
from tests.provider import Provider
from tests.relying_party import Person, RelyingParty

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Stage:
    """A provider, a client, and people: staff, an administrator of the city, an auditor."""

    provider: Provider
    client: RelyingParty
    staff: Person
    admin: Person
    auditor: Person


@pytest.fixture(scope="module")
def stage(providers: Any) -> Stage:
    provider = providers("sqlite", "browser")
    city = City(provider)
    client = city.client(
        "layar", skip_notice=False, redirect_uris=[f"{provider.issuer}/mendarat"], environment="sandbox"
    )
    staff = city.person("staf", full_name="Dr. Siti Aminah")
    admin = city.person("admin", platform_roles=["sso_admin"])
    auditor = city.person("auditor", platform_roles=["auditor"])
    city.build()
    return Stage(provider, client, staff, admin, auditor)


@dataclass
class Window:
    """A page with everything its console complained about, and what it loaded."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., Window]]:
    """Open a window of a width and a language."""
    contexts: list[BrowserContext] = []

    def make(width: int = 360, locale: str = "id-ID", **options: Any) -> Window:
        context = chromium.new_context(viewport={"width": width, "height": 780}, locale=locale, **options)
        contexts.append(context)
        made = Window(context, context.new_page())
        made.page.on(
            "console",
            lambda message: made.complaints.append(message.text) if message.type == "error" else None,
        )
        made.page.on("request", lambda request: made.hosts.add(request.url.split("/")[2]))
        return made

    yield make
    for context in contexts:
        context.close()


def sign_in(stage: Stage, page: Page, person: Person) -> None:
    """Through the sign-in pages with keyboard and forms, to wherever the transaction leads."""
    page.fill("input[name=username]", person.username)
    page.fill("input[name=password]", person.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()
    if page.query_selector("input[name=otp]"):
        page.fill("input[name=otp]", person.otp(stage.provider))
        page.press("input[name=otp]", "Enter")
        page.wait_for_load_state()
