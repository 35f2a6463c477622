"""Canonical JSON (RFC 8785) for what is hashed or signed.

Restricted to text, integers, booleans, None, lists and objects with ASCII names, for which sorted compact JSON as
orjson writes it is byte for byte the form of RFC 8785; the tests compare it with the examples of the RFC and with the
standard library, on which the offline verifier relies.
"""

from __future__ import annotations

from typing import Any

import orjson

LARGEST_INTEGER = 2**53 - 1
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def canonical(value: Any) -> bytes:
    """The one byte form of `value`. Raises TypeError or ValueError for what the restriction excludes."""
    _check(value)
    return orjson.dumps(value, option=_OPTIONS)


def _check(value: Any) -> None:
    kind = type(value)
    if value is None or kind is bool or isinstance(value, str):
        return
    if kind is int:
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("integer outside the range that every JSON reader keeps")
    elif kind is dict:
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                raise TypeError("names must be ASCII text")
            _check(member)
    elif kind is list or kind is tuple:
        for member in value:
            _check(member)
    else:
        raise TypeError(f"{kind.__name__} has no canonical form")
