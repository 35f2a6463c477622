"""Names, sizes and forbidden words: the bars of ARCHITECTURE §3 and §4 that a machine can check."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*(ROOT / "idp").rglob("*.py"), *(ROOT / "clients").rglob("*.py")])
PRODUCT = [path for path in SOURCES if path.is_relative_to(ROOT / "idp")]
WRITTEN = [path for path in SOURCES if path.parent.name != "versions"]
"""Migrations are generated from the tables and then only reviewed; their length says nothing."""

MEANINGLESS = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "managers",
    "misc",
    "core",
    "lib",
    "base",
}
MAX_LINES = 400
MAX_FUNCTION_LINES = 40

LONG_FILES: dict[str, str] = {}
"""File over the limit → the decision record that says why."""

ONE_TRANSACTION = "a token transaction is read from its first check to its last write on one screen"
LONG_FUNCTIONS = {
    "idp/oidc/discovery.py:document": "one table, a line per member of the document",
    "idp/oidc/token_endpoint/authorization_code.py:exchange": ONE_TRANSACTION,
    "idp/oidc/token_endpoint/client_credentials.py:exchange": ONE_TRANSACTION,
    "idp/oidc/token_endpoint/refresh_token.py:exchange": ONE_TRANSACTION,
    "idp/domain/audit/rows.py:append": "one row and its leaf, member by member",
    "idp/domain/access/grants.py:give": "the refusals of a grant in their order, then the row",
    "idp/demo/seed.py:_new_person": "one member of the fixtures document after the other",
}
"""Function over the limit → why it is not split."""

COMMITTERS = (
    "idp/web/context.py",
    "idp/oidc/*",
    "idp/signin/*",
    "idp/account/*",
    "idp/admin/*",
    "idp/ops/*",
    "idp/cli/*",
    "idp/worker.py",
    "idp/demo/seed.py",
)
"""Who may end a unit of work (ARCHITECTURE §4.2); domain verbs never do."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def own_lines(function: FUNCTION) -> int:
    """Lines of a function without its docstring and without the functions inside it (views of a factory)."""
    lines = set(range(function.lineno, function.end_lineno + 1))
    for node in ast.walk(function):
        if isinstance(node, FUNCTION) and node is not function:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines -= set(range(first, node.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        lines -= set(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return len(lines)


def lines_with(pattern: str, paths: list[Path]) -> Iterator[tuple[str, int]]:
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(pattern, line):
                yield name_of(path), number


class TestModules:
    """ARCHITECTURE §2.9 and §3 (Names): a module never shadows the standard library, nor hides behind an empty word."""

    def test_no_top_level_module_is_named_like_one_of_the_standard_library(self):
        names = {path.stem for path in (ROOT / "idp").iterdir() if path.suffix == ".py" or path.is_dir()}
        assert not names & sys.stdlib_module_names

    def test_no_module_has_a_name_that_says_nothing(self):
        assert [name_of(path) for path in SOURCES if {path.stem, path.parent.name} & MEANINGLESS] == []

    def test_every_package_file_of_the_product_is_empty(self):
        """ARCHITECTURE §2.1: importing a folder does nothing."""
        assert [name_of(p) for p in PRODUCT if p.name == "__init__.py" and p.read_text().strip()] == []


class TestSizes:
    """ARCHITECTURE §4.3: a file past 400 lines asks to become a package."""

    def test_no_file_is_over_400_lines_without_a_decision_record(self):
        long = {
            name_of(path)
            for path in WRITTEN
            if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES
        }
        assert long == set(LONG_FILES)
        assert all((ROOT / "docs" / "adr" / record).is_file() for record in LONG_FILES.values())

    def test_no_function_is_over_40_lines_without_a_reason(self):
        long = {
            f"{name_of(path)}:{node.name}"
            for path in WRITTEN
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, FUNCTION) and own_lines(node) > MAX_FUNCTION_LINES
        }
        assert long <= set(LONG_FUNCTIONS)


class TestWhoMayDoWhat:
    """ARCHITECTURE §4.2: commits, the environment and the network each have one place."""

    def test_only_doors_and_entries_commit(self):
        strangers = [
            f"{name}:{number}"
            for name, number in lines_with(r"\.commit\(", PRODUCT)
            if not any(fnmatch(name, allowed) for allowed in COMMITTERS)
        ]
        assert strangers == []

    def test_only_the_settings_read_the_environment(self):
        found = {name for name, _ in lines_with(r"\bos\.(environ|getenv|putenv)\b", PRODUCT)}
        assert found <= {"idp/kernel/settings.py"}

    def test_only_the_outbound_adapter_and_the_demos_browser_open_connections(self):
        found = {
            name
            for name, _ in lines_with(
                r"^\s*(import|from) (socket|urllib3|urllib\.request|http\.client)\b", PRODUCT
            )
        }
        assert found <= {"idp/adapters/outbound.py", "idp/demo/browser.py"}


class TestTemplates:
    """ARCHITECTURE §3 (Templates) and UX §5: escaping stays on, nothing inline, nothing from elsewhere."""

    TEMPLATES = sorted([*(ROOT / "idp" / "templates").rglob("*.html"), *(ROOT / "clients").rglob("*.html")])

    @pytest.mark.parametrize(
        "pattern",
        [
            r"\|\s*safe\b",
            r"autoescape\s+false",
            r"<script(?![^>]*\bsrc=)",
            r"<style\b",
            r"<\w[^>]*\sstyle=",
            r"<\w[^>]*\son[a-z]+=",
            r"""(src|href|action)=["']https?://""",
        ],
    )
    def test_no_template_holds(self, pattern):
        assert list(lines_with(pattern, self.TEMPLATES)) == []


class TestOpenEnds:
    """ARCHITECTURE §3 (Comments): an open end has an issue number, or it is not in the tree."""

    def test_every_todo_names_its_issue(self):
        scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
        tests = [
            p for p in (ROOT / "tests").rglob("*.py") if "node_modules" not in p.parts and p != Path(__file__)
        ]
        word = r"\b(TODO(?!\(#\d+\):)|FIXME|XXX|HACK)\b"
        assert list(lines_with(word, [*SOURCES, *scripts, *tests])) == []
