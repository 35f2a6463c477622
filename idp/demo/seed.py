"""One fixtures document → domain verbs, in one transaction, idempotent by natural key (HARNESS.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from idp.domain.access import grants, roles
from idp.domain.access.grants import Offer
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts, password, subjects, totp
from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.accounts.hashing import Hasher
from idp.domain.audit.events import Event
from idp.domain.city import employment, people, placements, positions, units
from idp.domain.clients import credentials, metadata, registered, resource_servers
from idp.domain.errors import Conflict, Invalid
from idp.domain.release.claims import FIXTURE_CLAIMS
from idp.domain.work import Work
from idp.kernel.database import new_id

LONG_AGO = date(2020, 1, 1)
DEFAULT_UNIT = {"code": "kota", "name": "Pemerintah Kota", "kind": "agency", "parent": None}


def seed(work: Work, document: Mapping[str, Any], hasher: Hasher) -> dict[str, Any]:
    """Create what the document names and return it with everything that was generated.

    Raises Invalid for members that are not understood, so that a typo cannot pass unseen.
    """
    unknown = document.keys() - {"units", "people", "clients", "resource_servers"}
    if unknown:
        raise Invalid("fixture_member_unknown", member=min(unknown))
    for unit in document.get("units", []):
        _unit(work, unit)
    clients = [_client(work, client) for client in document.get("clients", [])]
    for server in document.get("resource_servers", []):
        clients += _resource_server(work, server)
    hashes: dict[str, str] = {}
    persons = [_person(work, person, hasher, hashes) for person in document.get("people", [])]
    for person, entry in zip(persons, document.get("people", []), strict=True):
        _roles(work, person["id"], entry)
    for person in persons:
        person["subjects"] = {
            client["client_id"]: subjects.subject_for(work, person["id"], _sector(work, client["client_id"]))
            for client in clients
            if len(persons) <= 50
        }
    return {
        "issuer": work.settings.issuer,
        "units": list(document.get("units", [])),
        "people": persons,
        "clients": clients,
        "resource_servers": list(document.get("resource_servers", [])),
    }


def _unit(work: Work, entry: Mapping[str, Any]) -> None:
    if work.session.scalars(select(units.Unit).where(units.Unit.code == entry["code"])).first() is None:
        units.add(
            work,
            code=entry["code"],
            name=entry["name"],
            kind=entry.get("kind", "agency"),
            parent=entry.get("parent"),
            valid_from=LONG_AGO,
        )


def _client(work: Work, entry: Mapping[str, Any]) -> dict[str, Any]:
    members, secret = _members(entry)
    client_id = entry["client_id"]
    if work.session.get(registered.Client, client_id) is None:
        _, made = registered.register(work, client_id, members, secret=secret)
        secret = made
    else:
        registered.change(work, client_id, members)
        if secret is not None and _is_new_secret(work, client_id, secret):
            credentials.add_secret(work, client_id, secret=secret)
    for role in entry.get("roles", []):
        roles.define(work, client_id, role["name"], role.get("title"))
    return {**entry, "client_secret": secret}


def _members(entry: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Registration names → our members; `access`, `roles`, `client_id` and the secret are not metadata."""
    members = {
        k: v
        for k, v in entry.items()
        if k not in ("client_id", "client_secret", "roles", "access", "default_acr_values")
    }
    members["access_default"] = (entry.get("access") or {}).get("default", "allow")
    levels = [value.rsplit("/", 1)[-1] for value in entry.get("default_acr_values") or []]
    members["default_acr"] = int(levels[0]) if levels and levels[0] in ("1", "2") else 1
    members.setdefault("environment", "production")
    members.setdefault("skip_notice", False)
    unknown = members.keys() - metadata.DEFAULTS.keys()
    if unknown:
        raise Invalid("client_member_unknown", field=min(unknown))
    return members, entry.get("client_secret")


def _is_new_secret(work: Work, client_id: str, secret: str) -> bool:
    live = credentials.live(work.session, client_id)
    return credentials.matches(work.vault.digests, live, secret) is None


def _resource_server(work: Work, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    client_id = entry.get("client_id")
    if client_id and work.session.get(registered.Client, client_id) is None:
        made.append(
            _client(
                work,
                {
                    "client_id": client_id,
                    "client_secret": entry.get("client_secret"),
                    "client_name": entry.get("name", client_id),
                    "grant_types": ["client_credentials"],
                    "response_types": [],
                    "scope": "",
                },
            )
        )
    try:
        resource_servers.register(
            work,
            entry["identifier"],
            scopes=entry.get("scopes", []),
            client_id=client_id,
            name=entry.get("name"),
        )
    except Conflict as conflict:
        if conflict.code not in ("resource_exists", "scope_taken"):
            raise
    return made


def _person(work: Work, entry: Mapping[str, Any], hasher: Hasher, hashes: dict[str, str]) -> dict[str, Any]:
    account = accounts.find(work.session, entry["username"])
    person_id = account.person_id if account else _new_person(work, entry)
    person = people.get(work.session, person_id)
    claims = dict(entry.get("claims") or {})
    person.zoneinfo = claims.get("zoneinfo", person.zoneinfo)
    person.locale = claims.get("locale", person.locale)
    person.fixture_claims = {k: v for k, v in claims.items() if k in FIXTURE_CLAIMS} or None
    held = work.session.get_one(Account, person_id)
    held.second_factor_required = bool(entry.get("second_factor_required", entry.get("totp_secret")))
    if entry.get("password"):
        _set_password(work, person_id, entry["password"], hasher, hashes)
        held.state = AccountState.ACTIVE if held.state == AccountState.INVITED else held.state
    if entry.get("totp_secret"):
        totp.import_secret(work, person_id, entry["totp_secret"])
    work.session.flush()
    return {**entry, "id": person_id}


def _new_person(work: Work, entry: Mapping[str, Any]) -> str:
    person = people.Person(
        id=new_id(),
        plain_name=entry["name"],
        title_before=entry.get("title_before"),
        title_after=entry.get("title_after"),
        email=entry.get("email"),
        email_verified=bool(entry.get("email")),
        phone=entry.get("phone"),
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(person)
    work.session.flush()
    accounts.add(work, person.id, entry["username"])
    accounts.set_name(work, person.id, "email", entry.get("email"))
    accounts.set_name(work, person.id, "nip", entry.get("nip"))
    tie = employment.Employment(
        id=new_id(),
        person_id=person.id,
        number=entry.get("nip"),
        status=entry.get("employment_status", "pns" if entry.get("nip") else "non_asn"),
        valid_from=LONG_AGO,
        source="fixture",
        recorded_at=work.now,
    )
    work.session.add(tie)
    work.session.flush()
    work.record(
        Event("person_added", subject=person.id, unit=entry.get("unit"), details={"source": "fixture"})
    )
    if entry.get("unit") or entry.get("position"):
        code = entry.get("unit") or DEFAULT_UNIT["code"]
        if code == DEFAULT_UNIT["code"]:
            _unit(work, DEFAULT_UNIT)
        unit = units.by_code(work.session, code)
        title = entry.get("position") or "Staf"
        position = positions.find(work.session, unit.id, title) or positions.add(
            work, unit=unit.code, title=title, valid_from=LONG_AGO
        )
        placements.place(work, tie.id, position.id, LONG_AGO)
    return person.id


def _set_password(work: Work, person_id: str, secret: str, hasher: Hasher, hashes: dict[str, str]) -> None:
    """Fixtures often give thousands the same password: it is hashed once per document, not once per person."""
    present = password.stored_hash(work, person_id)
    if present is not None and hasher.matches(password.prepared(secret), present):
        return
    if secret not in hashes:
        hashes[secret] = hasher.hash(password.prepared(secret))
    password.import_hash(work, person_id, hashes[secret])


def _roles(work: Work, person_id: str, entry: Mapping[str, Any]) -> None:
    for name in entry.get("platform_roles", []):
        constraint = entry.get("unit") if name == "unit_admin" else None
        _give(
            work,
            Offer(
                None,
                name,
                Holder.PERSON,
                person_id,
                "fixture",
                valid_from=LONG_AGO,
                constraint_unit=constraint,
                source="fixture",
            ),
        )
    for client_id, names in (entry.get("roles") or {}).items():
        for name in names:
            roles.define(work, client_id, name)
            _give(
                work,
                Offer(
                    client_id,
                    name,
                    Holder.PERSON,
                    person_id,
                    "fixture",
                    valid_from=LONG_AGO,
                    source="fixture",
                ),
            )


def _give(work: Work, offer: Offer) -> None:
    try:
        grants.give(work, offer)
    except Conflict as conflict:
        if conflict.code != "grant_exists":
            raise


def _sector(work: Work, client_id: str) -> str:
    view = registered.view(work.session, client_id)
    return view.sector_name if view else client_id
