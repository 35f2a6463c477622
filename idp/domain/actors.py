"""Who acts, and what they may do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Permission(StrEnum):
    """`area:noun:verb`; the console's pages, the CLI and the API ask for nothing else."""

    PEOPLE_READ = "city:people:read"
    PEOPLE_WRITE = "city:people:write"
    UNITS_READ = "city:units:read"
    UNITS_WRITE = "city:units:write"
    IMPORT_RUN = "city:import:run"
    IMPORT_APPROVE = "city:import:approve"
    GRANTS_READ = "access:grants:read"
    GRANTS_WRITE = "access:grants:write"
    PLATFORM_GRANT = "access:platform:grant"
    CLIENTS_READ = "clients:client:read"
    CLIENTS_WRITE = "clients:client:write"
    KEYS_READ = "system:keys:read"
    KEYS_WRITE = "system:keys:write"
    HEALTH_READ = "system:health:read"
    AUDIT_READ = "oversight:audit:read"
    AUDIT_READ_ADMINISTRATIVE = "oversight:audit:read-administrative"
    AUDIT_EXPORT = "oversight:audit:export"


class PlatformRole(StrEnum):
    """Roles on Gapura itself (DOMAIN.md §5.3)."""

    EMPLOYEE = "employee"
    UNIT_ADMIN = "unit_admin"
    HR_VERIFIER = "hr_verifier"
    SSO_ADMIN = "sso_admin"
    SECOND_APPROVER = "second_approver"
    AUDITOR = "auditor"
    DEVELOPER = "developer"
    OPERATOR = "operator"


P = Permission

PERMISSIONS_OF: Mapping[PlatformRole, frozenset[Permission]] = {
    PlatformRole.EMPLOYEE: frozenset(),
    PlatformRole.UNIT_ADMIN: frozenset(
        {P.PEOPLE_READ, P.PEOPLE_WRITE, P.UNITS_READ, P.GRANTS_READ, P.GRANTS_WRITE}
    ),
    PlatformRole.HR_VERIFIER: frozenset(
        {P.PEOPLE_READ, P.PEOPLE_WRITE, P.UNITS_READ, P.UNITS_WRITE, P.IMPORT_RUN}
    ),
    PlatformRole.SSO_ADMIN: frozenset(P) - {P.AUDIT_READ, P.IMPORT_APPROVE},
    PlatformRole.SECOND_APPROVER: frozenset({P.IMPORT_APPROVE, P.PEOPLE_READ, P.UNITS_READ}),
    PlatformRole.AUDITOR: frozenset(
        {
            P.AUDIT_READ,
            P.AUDIT_EXPORT,
            P.PEOPLE_READ,
            P.UNITS_READ,
            P.GRANTS_READ,
            P.CLIENTS_READ,
            P.KEYS_READ,
        }
    ),
    PlatformRole.DEVELOPER: frozenset({P.CLIENTS_READ, P.CLIENTS_WRITE}),
    PlatformRole.OPERATOR: frozenset({P.HEALTH_READ, P.KEYS_READ}),
}

INCOMPATIBLE: frozenset[frozenset[PlatformRole]] = frozenset(
    frozenset({PlatformRole.AUDITOR, other})
    for other in (
        PlatformRole.UNIT_ADMIN,
        PlatformRole.HR_VERIFIER,
        PlatformRole.SSO_ADMIN,
        PlatformRole.SECOND_APPROVER,
        PlatformRole.DEVELOPER,
        PlatformRole.OPERATOR,
    )
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a permission holds: everywhere, or in the listed units (codes, descendants already included)."""

    everywhere: bool = False
    units: frozenset[str] = frozenset()

    def covers(self, unit: str | None) -> bool:
        return self.everywhere or (unit is not None and unit in self.units)

    def __or__(self, other: Reach) -> Reach:
        return Reach(self.everywhere or other.everywhere, self.units | other.units)


EVERYWHERE = Reach(everywhere=True)


@dataclass(frozen=True, slots=True)
class Powers:
    """The permissions an actor holds, each with its reach."""

    by_permission: Mapping[Permission, Reach] = field(default_factory=dict)

    def may(self, permission: Permission, unit: str | None = None) -> bool:
        """Whether `permission` is held in `unit` (None: held everywhere)."""
        reach = self.by_permission.get(permission)
        return reach is not None and reach.covers(unit)

    def holds(self, permission: Permission) -> bool:
        """Whether `permission` is held anywhere at all."""
        return permission in self.by_permission

    def reach(self, permission: Permission) -> Reach:
        return self.by_permission.get(permission, Reach())


ALL_POWERS = Powers({permission: EVERYWHERE for permission in Permission})


class ActorKind(StrEnum):
    PERSON = "person"
    CLIENT = "client"
    OPERATOR = "operator"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from where. `id` is a person id, a client id or the operator's account name."""

    kind: ActorKind
    id: str | None = None
    powers: Powers = Powers()
    sid: str | None = None
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM, powers=ALL_POWERS)
