"""Person, client and decision → the values of claims. Claims without a value are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, select

from idp.domain.access import state
from idp.domain.access.model import Decision
from idp.domain.accounts.accounts import Account
from idp.domain.city import nip, people, placements, units
from idp.domain.errors import NotFound
from idp.domain.release.claims import FIXTURE_CLAIMS
from idp.domain.work import Work
from idp.kernel.prepared import Prepared


@dataclass(frozen=True, slots=True)
class _PersonRow:
    plain_name: str
    title_before: str | None
    title_after: str | None
    email: str | None
    email_verified: bool
    phone: str | None
    locale: str
    zoneinfo: str
    fixture_claims: dict[str, Any] | None
    updated_at: datetime
    username: str

    @property
    def name(self) -> str:
        return people.formatted_name(self.plain_name, self.title_before, self.title_after)


_PERSON = Prepared(
    select(
        *(getattr(people.Person, name) for name in _PersonRow.__dataclass_fields__ if name != "username"),
        Account.username,
    )
    .join(Account, Account.person_id == people.Person.id)
    .where(people.Person.id == bindparam("person_id", type_=String))
)


@dataclass(slots=True)
class _Sources:
    """Reads each table at most once, and only when a claim needs it."""

    work: Work
    person_id: str
    decision: Decision
    _person: _PersonRow | None = None
    _posts: list[placements.Post] | None = None
    _tree: units.Tree | None = None

    def person(self) -> _PersonRow:
        if self._person is None:
            row = _PERSON.first(self.work.session, person_id=self.person_id)
            if row is None:
                raise NotFound("person_unknown")
            self._person = _PersonRow(*row)
        return self._person

    def post(self) -> placements.Post | None:
        if self._posts is None:
            self._posts = placements.posts(self.work.session, self.person_id, state.today(self.work))
        return self._posts[0] if self._posts else None

    def path(self) -> list[units.Node]:
        post = self.post()
        if post is None or post.unit_id is None:
            return []
        if self._tree is None:
            self._tree = units.tree(self.work.session, state.today(self.work))
        return self._tree.path(post.unit_id)

    def agency(self) -> units.Node | None:
        path = self.path()
        return self._tree.agency(path[-1].id) if self._tree and path else None

    def fixture(self, name: str) -> Any:
        return (self.person().fixture_claims or {}).get(name)


def values_of(work: Work, person_id: str, decision: Decision, names: Iterable[str]) -> dict[str, Any]:
    """The values of the claims in `names` for a person in a client that `decision` is about."""
    sources = _Sources(work, person_id, decision)
    found: dict[str, Any] = {}
    for name in sorted(names):
        reader = _READERS.get(name)
        value = reader(sources) if reader else None
        if value is None and name in FIXTURE_CLAIMS:
            value = sources.fixture(name)
        if value is not None:
            found[name] = value
    return found


def _node(node: units.Node | None) -> dict[str, str] | None:
    return {"code": node.code, "name": node.name} if node else None


def _post_member(name: str) -> Callable[[_Sources], Any]:
    def read(sources: _Sources) -> Any:
        post = sources.post()
        return getattr(post, name) if post else None

    return read


def _nip_type(sources: _Sources) -> str | None:
    post = sources.post()
    return nip.parse(post.number, today=state.today(sources.work)).kind if post and post.number else None


def _assignments(sources: _Sources) -> list[dict[str, Any]] | None:
    post, path = sources.post(), sources.path()
    if post is None or post.position_id is None or not path:
        return None
    return [
        {
            "id": f"as_{post.position_id}",
            "kind": "definitive",
            "position": post.title,
            "unit": path[-1].code,
            "authority": "full",
        }
    ]


def _zoneinfo(sources: _Sources) -> Any:
    return sources.fixture("zoneinfo") or sources.person().zoneinfo


def _locale(sources: _Sources) -> Any:
    return sources.fixture("locale") or sources.person().locale


_READERS: dict[str, Callable[[_Sources], Any]] = {
    "name": lambda s: s.person().name,
    "preferred_username": lambda s: s.person().username,
    "locale": _locale,
    "zoneinfo": _zoneinfo,
    "updated_at": lambda s: int(s.person().updated_at.timestamp()),
    "email": lambda s: s.person().email,
    "email_verified": lambda s: s.person().email_verified if s.person().email else None,
    "phone_number": lambda s: s.person().phone,
    "phone_number_verified": lambda s: False if s.person().phone else None,
    "employment_status": _post_member("status"),
    "active": lambda s: s.post() is not None,
    "position": _post_member("title"),
    "position_type": _post_member("position_type"),
    "position_level": _post_member("position_level"),
    "echelon": _post_member("echelon"),
    "grade": _post_member("grade"),
    "nip": _post_member("number"),
    "nip_type": _nip_type,
    "agency": lambda s: _node(s.agency()),
    "unit": lambda s: _node(s.path()[-1]) if s.path() else None,
    "unit_path": lambda s: [node.code for node in s.path()] or None,
    "roles": lambda s: [role.claim() for role in s.decision.roles],
    "roles_flat": lambda s: sorted({role.role for role in s.decision.roles}),
    "assignments": _assignments,
}
