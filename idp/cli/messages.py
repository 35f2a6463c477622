"""A refusal for the person at the terminal: what is wrong and what mends it, with its code for whoever searches."""

from __future__ import annotations

from collections.abc import Mapping

from idp.domain.errors import DomainError

MESSAGES: Mapping[str, str] = {
    "account_disabled": "the account is closed already",
    "account_not_disabled": "the account is not closed",
    "account_unknown": "the person has no account",
    "algorithm_unknown": "there is no such algorithm",
    "changed_meanwhile": "somebody changed it meanwhile; look at it again",
    "client_disabled": "the application is closed already",
    "client_enabled": "the application is open already",
    "client_exists": "there is an application with this client_id",
    "client_id_malformed": "a client_id has 2 to 64 letters, digits, dots, dashes, underscores or tildes",
    "client_unknown": "there is no such application; see gapura client list",
    "column_missing": "the file needs a column for {column}; name it with --map COLUMN={column}",
    "column_repeated": "the column {column} stands in the file twice",
    "column_twice": "two columns cannot mean the same: {column}",
    "column_unknown": "there is no column or field {column}",
    "email_malformed": "this is not an e-mail address",
    "ends_before_it_begins": "the last day is before the first",
    "environment_forbids": "only in the environments test and demo",
    "file_broken": "the file is broken at row {row}: {reason}",
    "file_empty": "the file is empty",
    "file_not_text": "the file is neither CSV nor XLSX",
    "file_too_large": "the file is larger than {maximum} MB",
    "file_too_long": "the file has more than {maximum} rows; split it",
    "file_without_rows": "the file has no rows below its headings",
    "grant_ended": "the grant has ended already",
    "grant_exists": "this role is held already",
    "grant_unknown": "there is no such grant; see gapura grant list",
    "import_held": "the file would end {ending} of {active} accounts ({percent} %) and waits for a second person",
    "jwks_malformed": "only public RSA keys of 2048 bits or more and P-256 keys can be used",
    "key_already_prepared": "a key waits already; activate it first",
    "key_destroyed": "the key is gone already",
    "key_not_prepared": "the key does not wait to be activated",
    "key_published_too_recently": "applications may not know this key before {ready_at:%Y-%m-%d %H:%M} UTC; --early overrides",
    "key_still_needed": "tokens signed with this key may still be valid",
    "key_unknown": "there is no such key; see gapura key list",
    "last_administrator": "this is the last administrator; appoint another one first",
    "name_missing": "a name is needed",
    "name_taken": "somebody else has this name or address",
    "nip_birth_date_invalid": "the first eight digits of the NIP are no birth date",
    "nip_letters": "a NIP has digits only",
    "nip_month_invalid": "digits 13 and 14 of a NIP are a month (PNS) or 21 to 29 (PPPK)",
    "nip_sex_invalid": "digit 15 of a NIP is 1 or 2",
    "nip_spreadsheet_exponent": "a spreadsheet has turned the NIP into a power of ten; take it from its source as text",
    "nip_spreadsheet_rounded": "a spreadsheet has rounded the NIP to 000; take it from its source as text",
    "nip_wrong_length": "a NIP has 18 digits",
    "nip_year_invalid": "the year of appointment in the NIP is not possible",
    "not_employed": "the person has no employment in force",
    "not_for_oneself": "another person must do this",
    "number_taken": "somebody has this NIP already",
    "permission_missing": "this needs {permission}",
    "person_unknown": "nobody has this username, number or id; see gapura person list --search",
    "person_without_generator": "the person has no code generator",
    "platform_role_to_person_only": "roles on Gapura itself are given to persons only",
    "position_unknown": "there is no such position in the unit",
    "reason_missing": "a reason is needed",
    "redirect_uri_missing": "a redirect URI is needed",
    "redirect_uri_scheme": "a redirect URI begins with https://, in the sandbox also with http://localhost",
    "role_unknown": "there is no such role; see gapura client show, gapura client role-add",
    "roles_incompatible": "who holds {other} cannot also hold {role}",
    "secret_unknown": "there is no such secret, or it was revoked; see gapura client show",
    "two_secrets_live": "two secrets live already; revoke one first",
    "unit_admin_needs_unit": "say with --within where the unit administrator looks after",
    "unit_below_itself": "a unit cannot stand below itself",
    "unit_code_malformed": "a unit's code is lower case ASCII, up to 64 characters",
    "unit_exists": "there is a unit with this code",
    "unit_unknown": "there is no such unit; see gapura unit list",
    "uri_not_reachable_by_policy": "outbound rules forbid this address",
    "username_malformed": "a username has 2 to 64 small letters, digits, dots, dashes or underscores, and is no number",
    "username_taken": "somebody has this username",
}
"""Code → sentence, filled with the values of the refusal."""


def explain(error: DomainError) -> str:
    """`there is no such unit; see gapura unit list (unit_unknown, unit=x)`; the code alone where there is no sentence."""
    facts = ", ".join([error.code, *(f"{name}={value}" for name, value in error.values.items())])
    try:
        sentence = MESSAGES[error.code].format(**error.values)
    except KeyError:
        return facts
    return f"{sentence} ({facts})"
