"""Forms are bound to the browser: a masked token, and the Origin or Sec-Fetch-Site of the request (R-87).

The token is derived from the transaction or session cookie, and masked anew in each page so that compression
reveals nothing (C-228).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

from flask import request
from markupsafe import Markup

from idp.web.browser import browser
from idp.web.context import runtime, settings

FIELD = "csrf_token"


class CsrfRefused(Exception):
    """The form was not sent by a page of ours in this browser."""


def token() -> str:
    """A token for a form of this response."""
    mask = os.urandom(32)
    return base64.urlsafe_b64encode(mask + _xor(mask, _expected())).decode()


def csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token())


def protect() -> None:
    """Raise CsrfRefused unless the POST at hand comes from a page of ours in this very browser."""
    if not same_origin():
        raise CsrfRefused
    try:
        raw = base64.urlsafe_b64decode(request.form.get(FIELD, "").encode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise CsrfRefused from error
    if len(raw) != 64 or not hmac.compare_digest(_xor(raw[:32], raw[32:]), _expected()):
        raise CsrfRefused


def same_origin() -> bool:
    """What the browser says of where the request comes from; older browsers send neither header."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin == settings().issuer


def _expected() -> bytes:
    """Bound to the transaction cookie, which every browser has that was ever shown a form."""
    bound = browser()
    return hmac.new(runtime().csrf_key, bound.encode(), hashlib.sha256).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
