"""Factors used → `amr` (RFC 8176) and `acr`. Pure.

`acr` values are addresses under the issuer: `…/acr/1` one factor, `…/acr/2` password and one-time code in this
session (DOMAIN.md §5.5). A recovery code proves possession once and stays at level 1: the weakest pillar decides.
"""

from __future__ import annotations

from collections.abc import Iterable

PASSWORD, OTP, RECOVERY = "pwd", "otp", "recovery"
LEVELS = (1, 2)


def level(factors: Iterable[str]) -> int:
    """1 or 2."""
    return 2 if {PASSWORD, OTP} <= set(factors) else 1


def amr(factors: Iterable[str]) -> list[str]:
    """RFC 8176 values in a stable order; `mfa` only with two factors of different kind."""
    used = set(factors)
    values = [name for name in (PASSWORD, OTP) if name in used]
    if {PASSWORD, OTP} <= used:
        values.append("mfa")
    return values


def acr(issuer: str, of_level: int) -> str:
    return f"{issuer}/acr/{of_level}"


def acr_level(issuer: str, value: str) -> int | None:
    """The level that an `acr` value of ours names, otherwise None."""
    for candidate in LEVELS:
        if value == acr(issuer, candidate) or value == str(candidate):
            return candidate
    return None
