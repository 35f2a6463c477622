"""Keyset paging: a page is found by the last key of the one before it, so page 400 costs as much as page 1."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import Session

from idp.domain.errors import Invalid
from idp.kernel.database import Moment
from idp.web.forms import argument

SIZE = 50
AFTER, BEFORE = "setelah", "sebelum"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the addresses of the neighbouring pages with all filters kept."""

    rows: list[Any]
    previous_url: str | None
    next_url: str | None


def page_of(
    session: Session,
    query: Select[*tuple[Any, ...]],
    keys: Sequence[ColumnElement[Any]],
    key_of: Callable[[Any], Sequence[str | int]],
    *,
    descending: bool = False,
    size: int = SIZE,
) -> Page:
    """One page of `query` in the order of `keys`, which together must be unique. Raises Invalid for a bad cursor.

    The row handed to `key_of` is a Row of the query.
    """
    after, before = _read(AFTER, len(keys)), _read(BEFORE, len(keys))
    backwards = before is not None
    start = before if before is not None else after
    upwards = descending == backwards
    if start is not None:
        place = tuple_(
            *[literal(_typed(key, value), key.type) for key, value in zip(keys, start, strict=True)]
        )
        query = query.where(tuple_(*keys) > place if upwards else tuple_(*keys) < place)
    query = query.order_by(*[key.asc() if upwards else key.desc() for key in keys]).limit(size + 1)
    found = session.execute(query).all()
    more, rows = len(found) > size, list(found[:size])
    if backwards:
        rows.reverse()
    has_previous = more if backwards else after is not None
    has_next = bool(rows) if backwards else more
    return Page(
        rows,
        _address(BEFORE, key_of(rows[0])) if rows and has_previous else None,
        _address(AFTER, key_of(rows[-1])) if rows and has_next else None,
    )


def filtered_url(**changed: str | None) -> str:
    """The page at hand with other filters and without a cursor."""
    kept = {
        name: value
        for name, value in request.args.items()
        if name not in (AFTER, BEFORE, "selesai") and value
    }
    kept |= {name: value for name, value in changed.items() if value is not None}
    kept = {name: value for name, value in kept.items() if name not in changed or changed[name] is not None}
    return url_for(str(request.endpoint), **(request.view_args or {}), **kept)


def _typed(key: ColumnElement[Any], value: str | int) -> Any:
    """The value of a cursor as the key's column holds it. Raises Invalid."""
    try:
        if isinstance(key.type, Moment):
            return datetime.fromisoformat(str(value)).astimezone(UTC)
        return key.type.python_type(value)
    except ValueError as error:
        raise Invalid("request_malformed", field=AFTER) from error


def _address(name: str, key: Sequence[str | int]) -> str:
    cursor = base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")
    return filtered_url(**{name: cursor})


def _read(name: str, length: int) -> list[str | int] | None:
    text = argument(name, maximum=600)
    if not text:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Invalid("request_malformed", field=name) from error
    if (
        not isinstance(key, list)
        or len(key) != length
        or not all(isinstance(part, str | int) and not isinstance(part, bool) for part in key)
        or any(isinstance(part, int) and abs(part) > 2**62 for part in key)
    ):
        raise Invalid("request_malformed", field=name)
    return key
