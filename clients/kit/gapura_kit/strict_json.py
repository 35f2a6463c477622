"""JSON as security tokens need it: one meaning for every reader."""

import json
from typing import Any, NoReturn


class NotStrictJson(ValueError):
    """Not a JSON object that every reader understands alike."""


def parse_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises ``NotStrictJson`` or another ``ValueError`` on anything but an object, on bytes that are not UTF-8, on a member that occurs
    twice (RFC 7515 §4, RFC 8725 §2.4) and on ``NaN`` and ``Infinity``, which are not JSON.
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_json)
    except RecursionError as error:
        raise NotStrictJson("nested too deeply") from error
    if not isinstance(value, dict):
        raise NotStrictJson("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("a member occurs twice")
    return members


def _not_json(constant: str) -> NoReturn:
    raise NotStrictJson(f"{constant} is not JSON")
