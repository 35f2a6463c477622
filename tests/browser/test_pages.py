"""Every page in Chromium, both languages, on a phone: axe without violations, no CSP message, no other host, no
sideways scrolling (UX.md §5.4, §9)."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import sign_in

AXE = Axe()
STAFF = [
    "/", "/?q=tidak-ada", "/keamanan", "/keamanan/kata-sandi", "/keamanan/autentikator", "/keamanan/kode-pemulihan",
    "/aktivitas", "/data-saya", "/oauth/logout", "/tidak-ada",
]  # fmt: skip
CONSOLE = [
    "/konsol/", "/konsol/pegawai", "/konsol/unit", "/konsol/akses", "/konsol/aplikasi", "/konsol/impor",
    "/konsol/kunci", "/konsol/audit",
]  # fmt: skip


def examine(window, where: str) -> list[str]:
    """What is wrong with the page that is shown."""
    page = window.page
    problems = [
        f"{where}: {v['id']}: {v['nodes'][0]['html'][:160]}" for v in AXE.run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    problems += [f"{where}: scrolls sideways by {wide}"] if wide > 0 else []
    problems += [f"{where}: {text}" for text in window.complaints if "Content Security Policy" in text]
    others = window.hosts - {page.url.split("/")[2]}
    problems += [f"{where}: loads from {host}" for host in others if host]
    return problems


@pytest.mark.parametrize("locale", ["id-ID", "en-GB"])
class TestOnAPhone:
    def test_sign_in_pages_and_their_errors(self, stage, window, locale):
        shown = window(360, locale)
        page, base = shown.page, stage.provider.issuer
        pending = stage.client.request()
        page.goto(base + stage.client.url(pending))
        assert page.title().split(" – ")[0] in (
            "Masuk untuk melanjutkan ke Aplikasi LAYAR", "Sign in to continue to Aplikasi LAYAR",
        )  # fmt: skip
        problems = examine(shown, "sign-in")
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state()
        problems += examine(shown, "sign-in, empty")
        page.fill("input[name=username]", stage.staff.username)
        page.fill("input[name=password]", stage.staff.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state()
        problems += examine(shown, "second factor")
        page.fill("input[name=otp]", "123")
        page.press("input[name=otp]", "Enter")
        page.wait_for_load_state()
        problems += examine(shown, "second factor, wrong")
        page.goto(base + "/masuk/pemulihan")
        problems += examine(shown, "recovery code")
        page.goto(base + "/masuk/aktivasi")
        problems += examine(shown, "activation")
        page.goto(base + stage.client.url(stage.client.request(redirect_uri="https://evil.test/")))
        problems += examine(shown, "error page")
        assert problems == []

    def test_pages_of_the_person(self, stage, window, locale):
        shown = window(360, locale)
        page, base = shown.page, stage.provider.issuer
        stage.provider.clock.forward(60)
        page.goto(base + "/masuk")
        sign_in(stage, page, stage.staff)
        problems = []
        for path in STAFF:
            page.goto(base + path)
            problems += examine(shown, path)
        page.goto(base + stage.client.url(stage.client.request()))
        problems += examine(shown, "notice")
        assert problems == []
        assert page.get_attribute("html", "lang") == locale[:2]

    def test_pages_of_the_console(self, stage, window, locale):
        shown = window(360, locale)
        page, base = shown.page, stage.provider.issuer
        stage.provider.clock.forward(60)
        page.goto(base + "/konsol/")
        sign_in(stage, page, stage.admin)
        problems = []
        for path in CONSOLE:
            page.goto(base + path)
            problems += examine(shown, path)
        assert problems == []


def weigh(window, url: str) -> tuple[int, int]:
    """Encoded bytes with headers, and requests, of one visit with an empty cache."""
    session = window.context.new_cdp_session(window.page)
    session.send("Network.enable")
    received, count = [], []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: count.append(event["requestId"]))
    window.page.goto(url)
    window.page.wait_for_load_state("networkidle")
    return int(sum(received)), len(count)


class TestBudgets:
    """UX.md §5.5."""

    def test_sign_in_is_at_most_50_kb_and_6_requests(self, stage, window):
        size, requests = weigh(window(), stage.provider.issuer + stage.client.url(stage.client.request()))
        assert size <= 50_000 and requests <= 7, (size, requests)

    def test_sign_in_without_javascript_is_at_most_20_kb(self, stage, window):
        size, _ = weigh(window(java_script_enabled=False), stage.provider.issuer + "/masuk")
        assert size <= 20_000, size

    def test_pages_of_the_person_are_at_most_60_kb_and_of_the_console_120_kb(self, stage, window):
        shown = window()
        stage.provider.clock.forward(60)
        shown.page.goto(stage.provider.issuer + "/masuk")
        sign_in(stage, shown.page, stage.admin)
        state = shown.context.storage_state()
        for path, budget in (
            ("/", 60_000),
            ("/keamanan", 60_000),
            ("/konsol/pegawai", 120_000),
            ("/konsol/audit", 120_000),
        ):
            fresh = window(storage_state=state)
            size, _ = weigh(fresh, stage.provider.issuer + path)
            assert size <= budget, (path, size)


class TestWithoutJavaScript:
    def test_password_code_notice_and_the_way_to_the_client(self, stage, window):
        shown = window(java_script_enabled=False)
        page = shown.page
        stage.provider.clock.forward(60)
        pending = stage.client.request()
        page.goto(stage.provider.issuer + stage.client.url(pending))
        sign_in(stage, page, stage.staff)
        if page.query_selector("button[value=approve]"):
            page.click("button[value=approve]")
        page.wait_for_url("**/mendarat?**")
        assert f"state={pending.state}" in page.url and "code=" in page.url and "iss=" in page.url
