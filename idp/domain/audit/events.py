"""Every type of event: its name, what it means, and the event itself.

Names follow the OWASP logging vocabulary where it has one (R-120). The list is closed: recording an unlisted
name raises KeyError, and the reference in the documentation is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SUCCESS, REFUSED = "success", "refused"

EVENTS: Mapping[str, str] = {
    # sign-in
    "authn_login_success": "signed in",
    "authn_login_fail": "a sign-in was refused",
    "authn_login_throttled": "sign-in was paused for this browser or address",
    "authn_second_factor_fail": "a second factor was refused",
    "authn_reauthenticated": "proved again who they are",
    "authn_token_issued": "an application received tokens",
    "authn_token_refused": "an application was refused tokens",
    "authn_token_refreshed": "an application renewed its tokens",
    "authn_token_reuse": "a spent code or refresh token was presented again; everything issued from it was revoked",
    "authn_token_revoked": "an application gave tokens back",
    "authn_client_fail": "an application failed to authenticate",
    "authz_code_issued": "was sent to an application with an authorization code",
    "authz_refused": "was refused entry to an application",
    "authz_denied_by_person": "declined to continue to an application",
    "authz_forbidden": "tried something that their roles do not allow",
    "notice_seen": "was shown what an application receives",
    "consent_given": "agreed that an application receives data",
    "consent_withdrawn": "withdrew a consent",
    # sessions
    "session_started": "a session began",
    "session_ended": "a session ended",
    "sessions_ended_everywhere": "all sessions of a person were ended",
    "backchannel_logout_delivered": "an application confirmed the sign-out",
    "backchannel_logout_failed": "an application did not confirm the sign-out",
    # authenticators
    "password_changed": "changed the password",
    "totp_enrolled": "set up a code generator",
    "totp_replaced": "replaced the code generator",
    "totp_removed": "a code generator was removed",
    "recovery_codes_made": "made new recovery codes",
    "recovery_code_used": "used a recovery code",
    "activation_code_issued": "an activation code was issued",
    "activation_code_used": "an activation code was used",
    "account_activated": "an account became usable",
    "account_disabled": "an account was disabled",
    "account_enabled": "an account was enabled again",
    # city
    "person_added": "a person was added",
    "person_changed": "data of a person changed",
    "employment_ended": "an employment ended",
    "placement_changed": "a person was placed in a position",
    "unit_added": "a unit was added",
    "unit_changed": "a unit changed its name or place",
    "position_added": "a position was added",
    "import_uploaded": "an HR file was uploaded",
    "import_checked": "an HR file was checked without applying it",
    "import_approved": "a second person released a stopped HR file",
    "import_applied": "an HR file was applied",
    "import_discarded": "an HR file was discarded",
    # access
    "grant_given": "access was given",
    "grant_ended": "access was ended",
    "role_defined": "a role was defined",
    # clients
    "client_registered": "an application was registered",
    "client_changed": "an application's settings changed",
    "client_disabled": "an application was disabled",
    "client_enabled": "an application was enabled again",
    "client_secret_added": "an application received a further secret",
    "client_secret_revoked": "a secret of an application was revoked",
    "resource_server_registered": "an API was registered",
    "registration_refused": "a registration was refused",
    # system
    "key_prepared": "a signing key was prepared and published",
    "key_activated": "a signing key was activated",
    "key_retired": "a signing key was retired",
    "key_revoked": "a signing key was revoked in an emergency",
    "key_destroyed": "a retired signing key was destroyed",
    "installation_initialised": "the installation was initialised",
    "bootstrap_used": "the first administrator's link was used",
    "backup_created": "a backup was made",
    "backup_restored": "a backup was restored",
    "audit_exported": "audit events were exported",
    "audit_read": "audit events were read",
    "setting_switched": "a setting of the protocol was switched",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `before`/`after` hold only what changed; `details` other plain facts; `personal` values that are committed to
    with a salt and kept outside the tree, so that they can be erased and the proofs stay valid.
    All values are text, integers, booleans, None, or lists and objects of these.
    """

    name: str
    result: str = SUCCESS
    reason: str | None = None
    subject: str | None = None
    client: str | None = None
    unit: str | None = None
    target: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
