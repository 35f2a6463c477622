"""Token families: what was issued from one authorization, and its rotating refresh tokens (R-25 to R-27).

A family has at most one usable refresh token. A rotated one presented again within the grace, while its successor
is unused, supersedes the successor; later it is reuse, and the family dies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.audit.events import REFUSED, Event
from idp.domain.runtime.epochs import GLOBAL, Epoch
from idp.domain.sessions.sso import SsoSession
from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment, table_of
from idp.kernel.opaque import Kind, mint, shaped
from idp.kernel.prepared import Prepared


class TokenFamily(Base):
    """Everything issued from one code, or one client_credentials grant (then without person and session)."""

    __tablename__ = "token_family"
    __table_args__ = (
        Index("ix_token_family_person_id", "person_id"),
        Index("ix_token_family_session_id", "session_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    client_epoch: Mapped[int] = mapped_column(Integer)
    person_id: Mapped[str | None] = mapped_column(String(32))
    session_id: Mapped[str | None] = mapped_column(String(32))
    sid: Mapped[str | None] = mapped_column(String(32))
    scope: Mapped[str] = mapped_column(String(1024))
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    offline: Mapped[bool] = mapped_column(Boolean, default=False)
    account_epoch: Mapped[int | None] = mapped_column(Integer)
    global_epoch: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    absolute_until: Mapped[datetime] = mapped_column(Moment, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revoke_reason: Mapped[str | None] = mapped_column(String(32))


class RefreshToken(Base):
    """One generation of a family. `superseded_at`: replaced within the grace without having been used."""

    __tablename__ = "refresh_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family_id: Mapped[str] = mapped_column(ForeignKey("token_family.id"), index=True)
    generation: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    idle_until: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    superseded_at: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Family:
    """A family as the token endpoint sees it. `request`: nonce, auth_time, factors, level, claims."""

    id: str
    client_id: str
    client_epoch: int
    person_id: str | None
    session_id: str | None
    sid: str | None
    scope: str
    request: dict[str, Any]
    offline: bool
    account_epoch: int | None
    global_epoch: int
    absolute_until: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """A presented refresh token with its family."""

    digest: str
    generation: int
    family: Family


class Rotation(Enum):
    """FIRST: rotated. AGAIN: reuse. DEAD: expired or revoked, or its session or account has ended."""

    FIRST = "first"
    AGAIN = "again"
    DEAD = "dead"


_FAMILY = table_of(TokenFamily)
_TOKEN = table_of(RefreshToken)
_FAMILY_COLUMNS = [_FAMILY.c[name] for name in Family.__dataclass_fields__]
_FAMILY_NAMES = [*Family.__dataclass_fields__, "created_at"]
_INSERT_FAMILY = Prepared(insert(TokenFamily).values({n: bindparam(n) for n in _FAMILY_NAMES}).inline())
_TOKEN_NAMES = ("digest", "family_id", "generation", "created_at", "idle_until")
_INSERT_TOKEN = Prepared(insert(RefreshToken).values({n: bindparam(n) for n in _TOKEN_NAMES}).inline())
_NOW = bindparam("now", type_=Moment)
_LIVE_ACCOUNT = (
    select(1)
    .where(
        Account.person_id == _FAMILY.c.person_id,
        Account.state == AccountState.ACTIVE.value,
        Account.epoch == _FAMILY.c.account_epoch,
    )
    .exists()
)
_LIVE_SESSION = select(1).where(SsoSession.id == _FAMILY.c.session_id, SsoSession.ended_at.is_(None)).exists()
_LIVE_INSTALLATION = select(1).where(Epoch.name == GLOBAL, Epoch.value == _FAMILY.c.global_epoch).exists()
ALIVE = (
    _FAMILY.c.revoked_at.is_(None)
    & (_FAMILY.c.absolute_until > _NOW)
    & _LIVE_INSTALLATION
    & (_FAMILY.c.person_id.is_(None) | _LIVE_ACCOUNT)
    & (_FAMILY.c.session_id.is_(None) | _FAMILY.c.offline | _LIVE_SESSION)
)
"""SQL condition with the parameter `now`: the family at hand is usable (epochs, session, account, end)."""


def begin(work: Work, family: Family) -> None:
    """Record what is issued from one authorization."""
    values = {name: getattr(family, name) for name in Family.__dataclass_fields__}
    _INSERT_FAMILY.later(work.session, **values, created_at=work.now)


def issue(work: Work, family: Family, generation: int = 1) -> str:
    """The family's next refresh token."""
    token = mint(Kind.REFRESH_TOKEN)
    idle = work.settings.lifetimes.span("offline_refresh_absolute" if family.offline else "refresh_idle")
    _INSERT_TOKEN.later(
        work.session,
        digest=work.vault.digests.of(Kind.REFRESH_TOKEN, token),
        family_id=family.id,
        generation=generation,
        created_at=work.now,
        idle_until=min(work.now + idle, family.absolute_until),
    )
    return token


_FIND = Prepared(
    select(_TOKEN.c.digest, _TOKEN.c.generation, *_FAMILY_COLUMNS)
    .join(_FAMILY, _FAMILY.c.id == _TOKEN.c.family_id)
    .where(_TOKEN.c.digest == bindparam("digest", type_=String))
)


def find(work: Work, token: str) -> Found | None:
    """The token, used or not; nothing is spent."""
    if not shaped(token, Kind.REFRESH_TOKEN):
        return None
    digest = work.vault.digests.of(Kind.REFRESH_TOKEN, token)
    row = _FIND.first(work.session, digest=digest)
    return Found(row[0], row[1], Family(*row[2:])) if row else None


_USABLE_FAMILY = (
    select(1)
    .select_from(_FAMILY)
    .where(
        _FAMILY.c.id == bindparam("family_id", type_=String),
        _FAMILY.c.client_epoch == bindparam("client_epoch", type_=Integer),
        ALIVE,
    )
)
_USABLE = Prepared(_USABLE_FAMILY)
_CLAIM = Prepared(
    update(_TOKEN)
    .where(
        _TOKEN.c.digest == bindparam("digest", type_=String),
        _TOKEN.c.used_at.is_(None),
        _TOKEN.c.superseded_at.is_(None),
        _TOKEN.c.idle_until > _NOW,
        _USABLE_FAMILY.exists(),
    )
    .values(used_at=bindparam("spent_at", type_=Moment))
    .returning(_TOKEN.c.digest)
)


def rotate(
    work: Work, found: Found, client_epoch: int, *, spends: bool = True
) -> tuple[Rotation, str | None]:
    """Spend the presented token and issue its successor; of concurrent calls at most one leaf stays usable.

    With `spends=False` (profiles that do not rotate) the same token stays good, if it is alive.
    """
    condition = {"family_id": found.family.id, "client_epoch": client_epoch, "now": work.now}
    spent_at = work.now if spends else None
    if _CLAIM.first(work.session, digest=found.digest, spent_at=spent_at, **condition) is not None:
        return Rotation.FIRST, issue(work, found.family, found.generation + 1) if spends else None
    return _again(work, found, condition)


def _again(work: Work, found: Found, condition: dict[str, Any]) -> tuple[Rotation, str | None]:
    if _USABLE.first(work.session, **condition) is None:
        return Rotation.DEAD, None
    row = work.session.execute(
        select(_TOKEN.c.used_at, _TOKEN.c.superseded_at, _TOKEN.c.idle_until).where(
            _TOKEN.c.digest == found.digest
        )
    ).one()
    spent_at = row.used_at or row.superseded_at
    if spent_at is None:
        return Rotation.DEAD, None
    grace = timedelta(seconds=work.settings.lifetimes.refresh_grace_seconds)
    if work.now - spent_at <= grace:
        leaf = _supersede_unused_leaf(work, found.family.id)
        if leaf is not None:
            return Rotation.FIRST, issue(work, found.family, leaf + 1)
    return Rotation.AGAIN, None


def _supersede_unused_leaf(work: Work, family_id: str) -> int | None:
    superseded = (
        update(_TOKEN)
        .where(_TOKEN.c.family_id == family_id, _TOKEN.c.used_at.is_(None), _TOKEN.c.superseded_at.is_(None))
        .values(superseded_at=work.now)
        .returning(_TOKEN.c.generation)
    )
    generations = list(work.session.execute(superseded).scalars())
    return max(generations) if generations else None


def revoke(work: Work, family_id: str, reason: str, *, event: str | None = None) -> bool:
    """End a family and everything issued from it; whether it was alive.

    `event` names what is recorded: reuse of a code or refresh token, or a client giving tokens back.
    """
    ended = (
        update(_FAMILY)
        .where(_FAMILY.c.id == family_id, _FAMILY.c.revoked_at.is_(None))
        .values(revoked_at=work.now, revoke_reason=reason)
        .returning(_FAMILY.c.person_id, _FAMILY.c.client_id)
    )
    row = work.session.execute(ended).first()
    if event is not None:
        if row is None:
            row = work.session.execute(
                select(_FAMILY.c.person_id, _FAMILY.c.client_id).where(_FAMILY.c.id == family_id)
            ).first()
        work.record(
            Event(
                event,
                result=REFUSED if event == "authn_token_reuse" else "success",
                reason=reason,
                subject=row.person_id if row else None,
                client=row.client_id if row else None,
                target=family_id,
            )
        )
    return row is not None


def revoke_given(work: Work, person_id: str, client_id: str) -> None:
    """A consent was withdrawn: what the client holds of this person ends, offline or not."""
    work.session.execute(
        update(_FAMILY)
        .where(
            _FAMILY.c.person_id == person_id, _FAMILY.c.client_id == client_id, _FAMILY.c.revoked_at.is_(None)
        )
        .values(revoked_at=work.now, revoke_reason="consent_withdrawn")
    )


def revoke_of_session(work: Work, session_id: str) -> None:
    """A session ended: its session-bound families end with it; offline ones were consented to outlive it."""
    work.session.execute(
        update(_FAMILY)
        .where(
            _FAMILY.c.session_id == session_id, _FAMILY.c.offline.is_(False), _FAMILY.c.revoked_at.is_(None)
        )
        .values(revoked_at=work.now, revoke_reason="session_ended")
    )


def sweep(work: Work) -> int:
    """Remove families (and their tokens) a day after their absolute end."""
    old = select(TokenFamily.id).where(TokenFamily.absolute_until < work.now - timedelta(days=1)).limit(5000)
    ids = list(work.session.scalars(old))
    if ids:
        work.session.execute(delete(RefreshToken).where(RefreshToken.family_id.in_(ids)))
        work.session.execute(delete(TokenFamily).where(TokenFamily.id.in_(ids)))
    return len(ids)


def is_usable(work: Work, found: Found, client_epoch: int) -> bool:
    """Whether the token could be rotated now; changes nothing."""
    unused = select(1).where(
        _TOKEN.c.digest == found.digest,
        _TOKEN.c.used_at.is_(None),
        _TOKEN.c.superseded_at.is_(None),
        _TOKEN.c.idle_until > work.now,
    )
    if work.session.execute(unused).first() is None:
        return False
    condition = {"family_id": found.family.id, "client_epoch": client_epoch, "now": work.now}
    return _USABLE.first(work.session, **condition) is not None
