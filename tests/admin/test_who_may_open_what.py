"""The written matrix of roles and addresses; whatever is not listed fails (SECURITY.md C-188, R-110)."""

from __future__ import annotations

import re

import pytest

from idp.domain.access.grants import Grant
from idp.domain.runtime import keys

SIGN_IN, OPEN, CLOSED = "sign-in", "open", "closed"

EVERYBODY = {"unit_admin", "sso_admin", "auditor", "hr_verifier"}
PEOPLE = EVERYBODY
PEOPLE_WRITERS = {"unit_admin", "sso_admin", "hr_verifier"}
UNIT_WRITERS = {"sso_admin", "hr_verifier"}
GRANT_READERS = {"unit_admin", "sso_admin", "auditor"}
GRANT_WRITERS = {"unit_admin", "sso_admin"}
CLIENT_READERS = {"sso_admin", "auditor"}
ADMIN = {"sso_admin"}
TRAIL = {"sso_admin", "auditor"}

MATRIX: dict[str, set[str]] = {
    "overview": EVERYBODY,
    "people": PEOPLE,
    "person_add": PEOPLE_WRITERS,
    "person": PEOPLE,
    "person_access": GRANT_READERS,
    "person_change": PEOPLE_WRITERS,
    "person_place": PEOPLE_WRITERS,
    "person_leave": PEOPLE_WRITERS,
    "person_disable": PEOPLE_WRITERS,
    "person_enable": PEOPLE_WRITERS,
    "person_code": PEOPLE_WRITERS,
    "person_sessions": PEOPLE_WRITERS,
    "units": EVERYBODY,
    "unit_add": UNIT_WRITERS,
    "unit": EVERYBODY,
    "unit_change": UNIT_WRITERS,
    "position_add": UNIT_WRITERS,
    "grants": GRANT_READERS,
    "grant_give": GRANT_WRITERS,
    "grant_platform": ADMIN,
    "grant_end": GRANT_WRITERS,
    "clients": CLIENT_READERS,
    "client_register": ADMIN,
    "client": CLIENT_READERS,
    "client_change": ADMIN,
    "client_disable": ADMIN,
    "client_enable": ADMIN,
    "secret_add": ADMIN,
    "secret_revoke": ADMIN,
    "client_roles": ADMIN,
    "client_log": CLIENT_READERS,
    "client_preview": CLIENT_READERS,
    "keys": CLIENT_READERS,
    "key_prepare": ADMIN,
    "key_activate": ADMIN,
    "key_revoke": ADMIN,
    "audit": TRAIL,
    "audit_export": TRAIL,
}
"""Name of the address → who may pass its guard. A stranger is sent to sign in; everybody else is refused."""

ISSUER = "http://localhost:8123"
ROLES = ("anonymous", "staff", "unit_admin", "sso_admin", "auditor", "hr_verifier")


@pytest.fixture(scope="module")
def visitors(shared_console):
    return {role: shared_console.role(role) for role in ROLES}


@pytest.fixture(scope="module")
def places(shared_console):
    """Values for the variable parts of addresses; those of things that must not change name nothing."""
    kid = shared_console.run(lambda work: keys.listed(work.session)[0].kid)
    grant = shared_console.run(lambda work: work.session.query(Grant.id).limit(1).scalar())
    return {
        "person_id": shared_console.id_of("siti"),
        "code": "disdukcapil",
        "grant_id": grant,
        "client_id": "perizinan",
        "kid": kid,
        "secret_id": "none",
    }


def addresses(console):
    """(name, method, rule) of everything below /konsol that this door answers."""
    return [
        (rule.endpoint.removeprefix("admin."), method, rule.rule)
        for rule in console.app.url_map.iter_rules()
        if rule.endpoint.startswith("admin.")
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})
    ]


def filled(rule, places):
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: places[match[1]], rule)


def outcome(response):
    if response.status_code == 303 and "/masuk" in response.headers["Location"]:
        return SIGN_IN
    return CLOSED if response.status_code == 403 else OPEN


class TestTheMatrix:
    def test_lists_exactly_the_addresses_that_exist(self, shared_console):
        assert {name for name, _, _ in addresses(shared_console)} == set(MATRIX)

    def test_no_address_takes_other_methods_than_get_and_post(self, shared_console):
        assert {method for _, method, _ in addresses(shared_console)} == {"GET", "POST"}

    @pytest.mark.parametrize("role", ROLES)
    def test_every_page_is_open_to_the_listed_roles_and_no_others(
        self, role, shared_console, visitors, places
    ):
        seen, written = {}, {}
        for name, method, rule in addresses(shared_console):
            if method == "GET":
                seen[name] = outcome(visitors[role].get(filled(rule, places)))
                written[name] = SIGN_IN if role == "anonymous" else OPEN if role in MATRIX[name] else CLOSED
        assert seen == written

    @pytest.mark.parametrize("role", ["anonymous", "staff", "unit_admin", "auditor", "hr_verifier"])
    def test_no_form_takes_a_post_from_a_role_that_is_not_listed(
        self, role, shared_console, visitors, places
    ):
        for name, method, rule in addresses(shared_console):
            if method == "POST" and role not in MATRIX[name]:
                wanted = SIGN_IN if role == "anonymous" else CLOSED
                assert outcome(visitors[role].post(filled(rule, places))) == wanted, name

    def test_the_auditor_passes_no_guard_of_a_post(self):
        """DOMAIN.md E9: read-only by construction."""
        writing = {
            "person_enable",
            "person_code",
            "person_sessions",
            "client_enable",
            "secret_add",
            "key_prepare",
        }
        assert all("auditor" not in MATRIX[name] for name in writing)

    def test_an_attempt_beyond_ones_roles_stays_in_the_trail(self, console):
        console.role("staff").get("/konsol/kunci")
        event = console.events("authz_forbidden")[0]
        assert event.actor_id == console.id_of("siti")
        assert event.result == "refused"

    def test_a_post_without_the_form_token_is_refused(self, console):
        """R-87."""
        before = len(console.events("key_prepared"))
        client = console.role("sso_admin").client
        answer = client.post("/konsol/kunci/siapkan", base_url=ISSUER, data={"algorithm": "RS256"})
        assert answer.status_code == 403
        assert len(console.events("key_prepared")) == before


class TestTheMenu:
    def test_shows_only_what_the_person_may_open(self, shared_console):
        page = shared_console.role("unit_admin").get("/konsol/").text
        assert 'href="/konsol/pegawai"' in page
        assert 'href="/konsol/akses"' in page
        for closed in ("/konsol/aplikasi", "/konsol/kunci", "/konsol/audit", "/konsol/impor"):
            assert f'href="{closed}"' not in page

    def test_leads_to_the_import_for_those_who_may_run_it(self, shared_console):
        assert 'href="/konsol/impor"' in shared_console.role("hr_verifier").get("/konsol/").text
