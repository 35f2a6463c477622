"""Forms of the console: what was typed is kept, what was refused stands at its field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from flask import request

from idp.domain.errors import DomainError, Forbidden, Invalid
from idp.web import context
from idp.web.forms import argument, field
from idp.web.i18n import sentence_of

MAX_CHOICES = 60


class Form:
    """Fields by name. Only names that are listed here are ever read from a request (C-191)."""

    def __init__(self, *names: str, lists: tuple[str, ...] = (), **initial: str | list[str] | None) -> None:
        self.posted = request.method == "POST"
        self.errors: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.chosen: dict[str, list[str]] = {}
        for name in names:
            first = str(initial.get(name) or "") or argument(name)
            self.values[name] = field(name, maximum=12_000).strip() if self.posted else first
        for name in lists:
            self.chosen[name] = (
                request.form.getlist(name)[:MAX_CHOICES] if self.posted else list(initial.get(name) or [])
            )

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def optional(self, name: str) -> str | None:
        """The value, or None when nothing was typed."""
        return self.values[name] or None

    def lines(self, name: str) -> list[str]:
        """One value per line that is not empty."""
        return [line.strip() for line in self.values[name].splitlines() if line.strip()]

    def ticked(self, name: str) -> bool:
        return bool(self.chosen[name])

    def day(self, name: str) -> date | None:
        """Raises Invalid for what is no date."""
        return parse_day(self.values[name], name)

    def refuse(self, error: DomainError, names: dict[str, str] | None = None) -> None:
        """Put the sentence at the field that the error names, if the form has it, otherwise at the top."""
        name = str(error.values.get("field", "form"))
        name = (names or {}).get(name, name)
        known = name in self.values or name in self.chosen
        self.errors[name if known else "form"] = sentence_of(error)

    @contextmanager
    def attempt(self, names: dict[str, str] | None = None) -> Iterator[None]:
        """Run a verb; a refusal becomes an error of the form and changes nothing. `names`: field of the domain → ours."""
        try:
            yield
        except Forbidden:
            raise
        except DomainError as error:
            context.rollback()
            self.refuse(error, names)


def parse_day(text: str, name: str) -> date | None:
    """2026-11-27, or None for an empty text. Raises Invalid."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("date_malformed", field=name) from error
    if not 1900 <= found.year <= 2200:
        raise Invalid("date_malformed", field=name)
    return found
