"""Imports every table, for Alembic and create_all; nothing else."""

from idp.domain.access import grants, roles
from idp.domain.accounts import accounts, devices, password, recovery_codes, subjects, tickets, totp
from idp.domain.audit import rows
from idp.domain.authorizations import access_tokens, codes, consents, families
from idp.domain.city import employment, people, placements, positions, units
from idp.domain.clients import credentials, integration_log, registered, resource_servers
from idp.domain.lifecycle import runs
from idp.domain.release import ledger
from idp.domain.runtime import epochs, keys, outbox, replay, throttle, upkeep
from idp.domain.sessions import interactions, sso
from idp.domain.transparency import log
from idp.kernel.database import Base

__all__ = [
    "Base", "access_tokens", "accounts", "codes", "consents", "credentials", "devices", "employment", "epochs",
    "families", "grants", "integration_log", "interactions", "keys", "ledger", "log", "outbox", "password", "people",
    "placements", "positions", "recovery_codes", "registered", "replay", "resource_servers", "roles", "rows", "runs",
    "sso", "subjects", "throttle", "tickets", "totp", "units", "upkeep",
]  # fmt: skip
