"""What commands print: aligned tables and sentences for people, JSON for programs, numbers masked in lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class Day(click.ParamType):
    """A day as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-11-27", param, ctx)


DAY = Day()


def show(as_json: bool, value: Any, text: Callable[[], str]) -> None:
    """`value` as JSON, or the text for a person, which is made only when it is wanted."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) if as_json else text())


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns as wide as their widest cell; empty cells show a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(headings), *cells]) for at in range(len(headings))]
    lines = [[*headings], ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def card(pairs: Sequence[tuple[str, Any]]) -> str:
    """One thing, a line for each of its properties."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name:<{width}}  {_cell(value)}" for name, value in pairs)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 person`, `3 people`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def masked(number: str | None) -> str | None:
    """A NIP without birthday and sex, as it may stand in a list; the sequence stays to tell two apart."""
    if number is None or len(number) != 18:
        return None if number is None else "•" * len(number)
    return f"{number[:4]}••••{number[8:14]}•{number[15:]}"


def _cell(value: Any) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(part) for part in value)
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    return str(value)
