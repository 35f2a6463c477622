"""Before and after of a change. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.kernel.canonical import canonical


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What a write alters: only the members that differ. The only shape of an administrative write."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def between(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> ChangeSet:
        """The members of `after` that differ from `before`; members that `after` lacks stay as they are (R-114)."""
        differing = [name for name in after if before.get(name) != after[name]]
        return cls({n: before.get(n) for n in differing}, {n: after[n] for n in differing})

    @property
    def is_empty(self) -> bool:
        return not self.after

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, to approve exactly this change and no other."""
        return hashlib.sha256(canonical({"before": dict(self.before), "after": dict(self.after)})).hexdigest()
