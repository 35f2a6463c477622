"""NIP and NI PPPK: 18 digits, always a string (DOMAIN.md §2.2). Pure.

PNS: birth date · year and month of appointment · sex · sequence. PPPK: the month's place holds 21 to 29. There is
no check digit, so a typo can pass; what a spreadsheet has mangled is recognised and refused with that reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LENGTH = 18
YOUNGEST = timedelta(days=15 * 365)
OLDEST = date(1940, 1, 1)
_EXPONENT = re.compile(r"\d([.,]\d+)?E\+?\d+\Z", re.IGNORECASE | re.ASCII)


class NipKind(StrEnum):
    NIP = "nip"
    NI_PPPK = "ni_pppk"


class NipRefused(ValueError):
    """`code` says what is wrong with the number."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Nip:
    """A number that can exist."""

    value: str
    kind: NipKind
    birth_date: date

    def grouped(self) -> str:
        """`19860926 201505 1 001`, as it stands in letters."""
        v = self.value
        return f"{v[:8]} {v[8:14]} {v[14]} {v[15:]}"

    def masked(self) -> str:
        """`1986••••201505•001`: neither the birthday nor the sex."""
        v = self.value
        return f"{v[:4]}••••{v[8:14]}•{v[15:]}"


def squeezed(text: str) -> str:
    """Without the spaces, dots and apostrophes that people and spreadsheets put in."""
    return re.sub(r"[\s.'\u2019\u00a0-]", "", text)


def looks_like_nip(text: str) -> bool:
    digits = squeezed(text)
    return len(digits) == LENGTH and digits.isascii() and digits.isdigit()


def parse(text: str, *, today: date) -> Nip:
    """Raises NipRefused with one of: empty, spreadsheet_exponent, letters, wrong_length, birth_date_invalid,
    month_invalid, year_invalid, sex_invalid, spreadsheet_rounded."""
    if _EXPONENT.match(text.strip().lstrip("'")):
        raise NipRefused("spreadsheet_exponent")
    digits = squeezed(text)
    if not digits:
        raise NipRefused("empty")
    if not (digits.isascii() and digits.isdigit()):
        raise NipRefused("letters")
    if len(digits) != LENGTH:
        raise NipRefused("wrong_length")
    born = _birth_date(digits, today)
    kind = _kind(digits, born, today)
    if digits[14] not in "12":
        raise NipRefused("sex_invalid")
    if digits[15:] == "000":
        raise NipRefused("spreadsheet_rounded")
    return Nip(digits, kind, born)


def _birth_date(digits: str, today: date) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise NipRefused("birth_date_invalid") from error
    if not OLDEST <= born <= today - YOUNGEST:
        raise NipRefused("birth_date_invalid")
    return born


def _kind(digits: str, born: date, today: date) -> NipKind:
    year, middle = int(digits[8:12]), int(digits[12:14])
    if not born.year + 15 <= year <= today.year + 1:
        raise NipRefused("year_invalid")
    if 1 <= middle <= 12:
        return NipKind.NIP
    if 21 <= middle <= 29:
        return NipKind.NI_PPPK
    raise NipRefused("month_invalid")
