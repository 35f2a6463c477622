"""Client profiles: the one place that says what each demands (decisions 4 and 5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """`pkce_required`: S256 from every request; otherwise a `nonce` must stand in its place.

    `assertion_audiences`: which `aud` of a client assertion is accepted beside the issuer.
    """

    name: str
    pkce_required: bool
    rotates_refresh_tokens: bool
    accepts_token_endpoint_audience: bool


PROFILES: Mapping[str, Profile] = {
    "standard": Profile("standard", True, True, True),
    "legacy": Profile("legacy", False, True, True),
}
