"""One unit of work: the open transaction, who acts in it, and the moment it happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from idp.domain.actors import Actor, Permission
from idp.domain.audit import rows
from idp.domain.audit.events import REFUSED, Event
from idp.domain.errors import Forbidden
from idp.kernel import secrets_store
from idp.kernel.opaque import Digests
from idp.kernel.sealed import Sealer
from idp.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Vault:
    """What turns secrets into what may be stored: keyed digests, and sealed values we can read again."""

    digests: Digests
    sealer: Sealer


def open_vault(settings: Settings) -> Vault:
    """Keyed digests and sealer from the root secrets. Raises SettingsError."""
    root = secrets_store.read(settings.secrets.directory)
    return Vault(Digests(root.purpose_key("digests")), Sealer(root.kek))


@dataclass(frozen=True, slots=True)
class Work:
    """First argument of every domain verb. Verbs never commit; the door does, once, at its end."""

    session: Session
    actor: Actor
    now: datetime
    vault: Vault
    settings: Settings

    @property
    def today(self) -> date:
        """The day in the city: what is dated begins and ends at midnight there, not in UTC."""
        return self.now.astimezone(ZoneInfo(self.settings.city.timezone)).date()

    def record(self, event: Event) -> None:
        """Add `event` to the audit trail in this same transaction."""
        rows.append(self.session, self.actor, self.now, event)

    def demand(self, permission: Permission, *, unit: str | None = None) -> None:
        """Raise Forbidden unless the actor holds `permission` in `unit` (None: everywhere)."""
        if not self.actor.powers.may(permission, unit):
            raise Forbidden("permission_missing", permission=permission.value)

    def refuse(self, event_reason: str, permission: Permission) -> None:
        """Record that the actor tried what their roles do not allow; the door still commits."""
        self.record(
            Event(
                "authz_forbidden",
                result=REFUSED,
                reason=event_reason,
                details={"permission": permission.value},
            )
        )

    def acting_as(self, actor: Actor) -> Work:
        """The same transaction and moment with another actor, once it is known who it is."""
        return replace(self, actor=actor)
