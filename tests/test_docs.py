"""The documentation says what the code does: references, commands, addresses, links, numbers (UX.md §7, datasette's habit).

`config.example.toml` has its own tests in `tests/ops/test_example_configuration.py`.
"""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from idp.app import create_app
from idp.cli.main import cli
from idp.kernel import secrets_store
from idp.kernel.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "clients").rglob("*.md")]
    if "_build" not in path.parts and "node_modules" not in path.parts
)
DECISIONS = sorted((DOCS / "adr").glob("0*.md"))
PICTURE_BYTES = 150_000
PARTS_OF_A_DECISION = [
    "Context",
    "Decision",
    "Rejected, and why",
    "Consequences",
    "How we would notice that we were wrong",
]

a_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


class TestTheReference:
    """docs/reference is made from the code, and nobody edits it by hand."""

    def test_each_page_is_what_the_code_says(self):
        pages: Callable[[], dict[str, str]] = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["pages"]
        for name, text in pages().items():
            assert read(DOCS / "reference" / name) == text, f"{name}: run scripts/reference.py"

    def test_no_page_is_left_over(self):
        pages: Callable[[], dict[str, str]] = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["pages"]
        assert {path.name for path in (DOCS / "reference").glob("*.md")} == {*pages(), "index.md"}


class TestThePages:
    """Somebody reads them, follows their links and types their commands."""

    @a_page
    def test_links_lead_somewhere(self, page: Path):
        for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(read(page))):
            if re.match(r"(https?:|mailto:|#)", target):
                continue
            assert (page.parent / target.split("#")[0]).exists(), target

    @a_page
    def test_files_they_name_exist(self, page: Path):
        for name in re.findall(r"`((?:idp|scripts|tests|clients|docs)/[\w./-]+)`", read(page)):
            if name != "docs/performance.md":  # measured, not written
                assert (ROOT / name).exists(), name

    @a_page
    def test_commands_they_show_exist(self, page: Path):
        for words in commands_in(read(page)):
            command, rest = resolved(words)
            known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            for word in rest:
                if word.startswith("--"):
                    assert word.split("=")[0] in known | {"--help"}, words

    def test_they_build_without_a_warning(self, tmp_path: Path):
        result = subprocess.run(
            [sys.executable, "-m", "sphinx", "-W", "--keep-going", "--quiet", DOCS, tmp_path / "pages"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr

    def test_pictures_are_light(self):
        pictures = sorted((DOCS / "pictures").glob("*.png"))
        assert pictures
        assert [path.name for path in pictures if path.stat().st_size > PICTURE_BYTES] == []

    @pytest.mark.parametrize("folder", ["staff", "developers", "operators"])
    def test_people_read_them_in_both_languages(self, folder: str):
        english = {path.name.removesuffix(".en.md") for path in (DOCS / folder).glob("*.en.md")}
        every = {path.name.removesuffix(".md").removesuffix(".en") for path in (DOCS / folder).glob("*.md")}
        assert english == every
        for name in sorted(every):
            shapes = [
                re.findall(r"^(#+) ", without_blocks(read(DOCS / folder / f"{name}{ending}")), flags=re.M)
                for ending in (".md", ".en.md")
            ]
            assert shapes[0] == shapes[1], f"{folder}/{name}: the headings differ"


def commands_in(text: str) -> Iterator[list[str]]:
    """The words after `gapura` in shell blocks, with continued lines joined; `sudo` and the like are looked through."""
    for block in re.findall(r"^```(?:shell|sh|bash)\n(.*?)^```", text, flags=re.M | re.S):
        for line in re.split(r"\n|&&|\|", block.replace("\\\n", " ")):
            called = re.match(
                r"\s*(?:\w+=\S+ )*(?:(?:sudo|runuser) .*?-- |sudo )?(?:\S*/)?gapura\s+(.*)", line
            )
            if called:
                yield shlex.split(called[1].split(" > ")[0], comments=True)


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that `words` name, and what is left of them."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        inner = command.get_command(click.Context(command), rest[0])
        assert inner is not None, f"gapura has no {' '.join(words)}"
        command, rest = inner, rest[1:]
    return command, rest


class TestTheDecisions:
    """ARCHITECTURE §3: one page each, numbered without holes, always in the same five parts."""

    def test_their_numbers_have_no_hole(self):
        assert [path.name[:4] for path in DECISIONS] == [f"{n:04}" for n in range(1, len(DECISIONS) + 1)]

    @pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
    def test_each_has_its_parts_and_stands_in_the_list(self, path: Path):
        assert re.findall(r"^## (.+)$", read(path), flags=re.M) == PARTS_OF_A_DECISION
        assert read(path).startswith(f"# {path.name[:4]} · ")
        assert path.stem in read(DOCS / "adr" / "index.md").splitlines()

    def test_those_that_the_code_cites_exist(self):
        cited = {
            number
            for path in (ROOT / "idp").rglob("*.py")
            for number in re.findall(r"docs/adr/(\d{4})", read(path))
        }
        assert cited <= {path.name[:4] for path in DECISIONS}


class TestTheVersion:
    def test_the_changelog_begins_with_it(self):
        project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
        headings = re.findall(r"^## \[?([\w.]+)\]?", read(ROOT / "CHANGELOG.md"), flags=re.M)
        assert project["version"] in headings[:2]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    directory = tmp_path_factory.mktemp("addresses")
    secrets_store.create(directory / "secrets")
    return create_app(
        Settings(
            environment="test",
            issuer="http://localhost:1",
            database={"url": f"sqlite:///{directory}/gapura.db"},
            secrets={"directory": directory / "secrets"},
        )
    )


class TestAddresses:
    """A door reaches another by its address alone, so every name and every written address must exist."""

    def test_every_name_given_to_url_for_is_a_view(self, app: Flask):
        named = {
            (name, path.relative_to(ROOT))
            for path in [*(ROOT / "idp").rglob("*.py"), *(ROOT / "idp" / "templates").rglob("*.html")]
            for name in re.findall(r"url_for\(\s*[\"']([\w.]+)[\"']", read(path))
        }
        assert named
        assert {(name, str(path)) for name, path in named if name not in app.view_functions} == set()

    def test_every_address_written_into_a_page_is_served(self, app: Flask):
        missing = []
        addresses = app.url_map.bind("localhost")
        for path in (ROOT / "idp" / "templates").rglob("*.html"):
            for address in re.findall(r"(?:href|action)=\"(/[^\"{]*)(?:\"|\{%)", read(path)):
                if not served(addresses, address.split("?")[0].split("#")[0]):
                    missing.append((path.name, address))
        assert missing == []


def served(addresses: object, path: str) -> bool:
    try:
        addresses.match(path, method="GET")  # type: ignore[attr-defined]
    except (MethodNotAllowed, RequestRedirect):
        return True
    except HTTPException:
        return False
    return True
