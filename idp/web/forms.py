"""Fields of HTML forms: read once, capped, and free of what no form of ours can send."""

from __future__ import annotations

from flask import request

from idp.domain.errors import Invalid


def field(name: str, *, maximum: int = 500) -> str:
    """The one value of a posted field, or an empty text. Raises Invalid for repeated, over-long or broken values."""
    values = request.form.getlist(name)
    if len(values) > 1:
        raise Invalid("request_malformed", field=name)
    value = values[0] if values else ""
    if len(value) > maximum or "\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise Invalid("request_malformed", field=name)
    return value


def argument(name: str, *, maximum: int = 200) -> str:
    """The same for a query parameter."""
    value = request.args.get(name, "")
    if len(value) > maximum or "\x00" in value:
        raise Invalid("request_malformed", field=name)
    return value
