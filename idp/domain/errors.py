"""What can go wrong, in the city's words: a code and named values, safe to show.

The sentence that belongs to a code stands in `web/i18n.py`; what a stranger may not see is never put in here.
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal. `code` is stable and public; `values` fill its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class NotFound(DomainError):
    """There is no such thing, or the actor may not know that there is."""


class Conflict(DomainError):
    """It exists already, or somebody changed it meanwhile."""


class Invalid(DomainError):
    """The input cannot be used; `field` in values names which, if it is one."""


class Forbidden(DomainError):
    """The actor may not do this."""
