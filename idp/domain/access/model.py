"""What a decision is made from and what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Holder(StrEnum):
    """What a grant is bound to."""

    PERSON = "person"
    POSITION = "position"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class PostFact:
    """One post of the person on the day."""

    position_id: str | None
    title: str | None
    unit: str | None
    unit_and_above: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """The person on the day: whether the account is usable, and the posts held."""

    person_id: str
    account_state: str
    employed: bool
    posts: tuple[PostFact, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What matters of a client: None stands for Gapura itself (platform roles)."""

    client_id: str | None
    enabled: bool = True
    access_default: str = "deny"


@dataclass(frozen=True, slots=True)
class GrantFact:
    """A grant in force or not; the decision looks at its days itself."""

    grant_id: str
    client_id: str | None
    role: str
    holder: Holder
    holder_id: str
    valid_from: date
    valid_to: date | None
    ended: bool = False
    constraint_unit: str | None = None
    constraint_descendants: bool = True
    reason: str = ""
    given_by: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Everything the decision needs to know, as of one day."""

    person: PersonFacts
    client: ClientFacts
    grants: tuple[GrantFact, ...]
    on: date


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that the person holds now, and through which grant."""

    role: str
    grant_id: str
    via: Holder
    constraint_unit: str | None
    constraint_descendants: bool
    valid_to: date | None

    def claim(self) -> dict[str, Any]:
        """The form of DOMAIN.md §5.3 no. 6."""
        value: dict[str, Any] = {"role": self.role, "via": self.via.value}
        if self.constraint_unit:
            value["constraints"] = [
                {"unit": self.constraint_unit, "descendants": self.constraint_descendants}
            ]
        if self.valid_to:
            value["valid_to"] = self.valid_to.isoformat()
        return value


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the explanation: a code with named values, in the order they were weighed."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and its explanation."""

    allowed: bool
    roles: tuple[HeldRole, ...]
    reasons: tuple[Reason, ...]

    @property
    def deciding(self) -> Reason:
        """The reason that settled it."""
        return self.reasons[-1]
