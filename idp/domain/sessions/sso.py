"""SSO sessions: one row per signed-in browser, its public `sid`, and the clients that took part.

Validity is decided in the one query that finds the session: digest, end, idle and absolute life, and the epochs of
account and installation (SECURITY.md §4.4).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.audit.events import Event
from idp.domain.errors import NotFound
from idp.domain.runtime import epochs, outbox
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Json, Moment, new_id
from idp.kernel.opaque import Kind, mint, shaped
from idp.kernel.prepared import Prepared

TOUCH_EVERY = timedelta(minutes=1)


class SsoSession(Base):
    """`sid` is what clients see; the cookie's digest never leaves. `factors` are those proven in this session."""

    __tablename__ = "sso_session"
    __table_args__ = (Index("ix_sso_session_person_id_ended_at", "person_id", "ended_at"),)

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    sid: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    auth_time: Mapped[datetime] = mapped_column(Moment)
    factors: Mapped[list[Any]] = mapped_column(Json)
    level: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)
    absolute_until: Mapped[datetime] = mapped_column(Moment)
    account_epoch: Mapped[int] = mapped_column(Integer)
    global_epoch: Mapped[int] = mapped_column(Integer)
    user_agent: Mapped[str | None] = mapped_column(String(256))
    address: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    end_reason: Mapped[str | None] = mapped_column(String(32))


class SessionClient(Base):
    """A client that received a code in a session: whom a sign-out must reach."""

    __tablename__ = "session_client"

    session_id: Mapped[str] = mapped_column(ForeignKey("sso_session.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True, index=True)
    first_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Sso:
    """A live session as a request sees it."""

    id: str
    sid: str
    person_id: str
    auth_time: datetime
    factors: tuple[str, ...]
    level: int
    created_at: datetime
    last_seen_at: datetime
    account_epoch: int
    global_epoch: int


_LIVE = Prepared(
    select(
        SsoSession.id,
        SsoSession.sid,
        SsoSession.person_id,
        SsoSession.auth_time,
        SsoSession.factors,
        SsoSession.level,
        SsoSession.created_at,
        SsoSession.last_seen_at,
        SsoSession.account_epoch,
        SsoSession.global_epoch,
    )
    .join(Account, Account.person_id == SsoSession.person_id)
    .join(epochs.Epoch, epochs.Epoch.name == epochs.GLOBAL)
    .where(
        SsoSession.digest == bindparam("digest", type_=String),
        SsoSession.last_seen_at > bindparam("idle_since", type_=Moment),
        SsoSession.absolute_until > bindparam("now", type_=Moment),
        SsoSession.ended_at.is_(None),
        Account.state == AccountState.ACTIVE.value,
        Account.epoch == SsoSession.account_epoch,
        epochs.Epoch.value == SsoSession.global_epoch,
    )
)


def find(work: Work, cookie: str | None) -> Sso | None:
    """The live session that the cookie names. A malformed cookie means no session (R-88)."""
    if cookie is None or not shaped(cookie, Kind.SESSION):
        return None
    idle = work.now - work.settings.lifetimes.span("session_idle")
    digest = work.vault.digests.of(Kind.SESSION, cookie)
    row = _LIVE.first(work.session, digest=digest, idle_since=idle, now=work.now)
    if row is None:
        return None
    return Sso(row[0], row[1], row[2], row[3], tuple(row[4]), *row[5:])


def touch(work: Work, sso: Sso) -> bool:
    """Note that the session is in use, at most once a minute; whether anything was written."""
    if work.now - sso.last_seen_at < TOUCH_EVERY:
        return False
    work.session.execute(
        update(SsoSession)
        .where(SsoSession.id == sso.id, SsoSession.last_seen_at < work.now)
        .values(last_seen_at=work.now)
        .execution_options(synchronize_session=False)
    )
    return True


def start(
    work: Work, person_id: str, factors: Sequence[str], level: int, replaces: Sso | None = None
) -> tuple[Sso, str]:
    """Begin a session, or give an existing one of the same person a new cookie and fresh factors (R-81).

    Returns the session and the cookie's value. `sid` and the clients that took part survive a re-authentication.
    """
    account = work.session.get_one(Account, person_id, populate_existing=True)
    cookie = mint(Kind.SESSION)
    digest = work.vault.digests.of(Kind.SESSION, cookie)
    account.last_sign_in_at = work.now
    if replaces is not None and replaces.person_id == person_id:
        row = work.session.get_one(SsoSession, replaces.id)
        row.digest, row.auth_time, row.last_seen_at = digest, work.now, work.now
        row.factors, row.level = list(factors), level
        work.session.flush()
        work.record(
            Event("authn_reauthenticated", subject=person_id, details={"sid": row.sid, "level": level})
        )
        return _as_sso(row), cookie
    row = SsoSession(
        id=new_id(),
        digest=digest,
        sid=secrets.token_urlsafe(16),
        person_id=person_id,
        auth_time=work.now,
        factors=list(factors),
        level=level,
        created_at=work.now,
        last_seen_at=work.now,
        absolute_until=work.now + work.settings.lifetimes.span("session_absolute"),
        account_epoch=account.epoch,
        global_epoch=epochs.current(work.session, epochs.GLOBAL),
        user_agent=(work.actor.user_agent or "")[:256] or None,
        address=work.actor.address,
    )
    work.session.add(row)
    work.session.flush()
    work.record(Event("session_started", subject=person_id, details={"sid": row.sid, "level": level}))
    return _as_sso(row), cookie


_NOW = bindparam("now", type_=Moment)
_TOOK_PART = Prepared(
    postgresql_insert(SessionClient)
    .values(session_id=bindparam("session_id"), client_id=bindparam("client_id"), first_at=_NOW, last_at=_NOW)
    .on_conflict_do_update(index_elements=["session_id", "client_id"], set_={"last_at": _NOW})
)


def took_part(work: Work, sso_id: str, client_id: str) -> None:
    """Note that a client received a code in the session."""
    _TOOK_PART.later(work.session, session_id=sso_id, client_id=client_id, now=work.now)


def clients_of(session: Session, sso_id: str) -> list[str]:
    return list(
        session.scalars(
            select(SessionClient.client_id)
            .where(SessionClient.session_id == sso_id)
            .order_by(SessionClient.first_at)
        )
    )


def end(work: Work, sso_id: str, reason: str) -> str | None:
    """End a session and enqueue a sign-out notice for each client in it.

    Returns the topic under which the notices can be followed, or None if it had ended before.
    """
    ended = (
        update(SsoSession)
        .where(SsoSession.id == sso_id, SsoSession.ended_at.is_(None))
        .values(ended_at=work.now, end_reason=reason)
        .returning(SsoSession.sid, SsoSession.person_id)
        .execution_options(synchronize_session="fetch")
    )
    row = work.session.execute(ended).first()
    if row is None:
        return None
    sid, person_id = row
    for client_id in clients_of(work.session, sso_id):
        outbox.enqueue(
            work,
            "backchannel_logout",
            client_id,
            {"client_id": client_id, "sid": sid, "person_id": person_id},
            topic=sid,
        )
    work.record(Event("session_ended", subject=person_id, reason=reason, details={"sid": sid}))
    return str(sid)


def end_all(work: Work, person_id: str, reason: str, except_id: str | None = None) -> int:
    """End every session of a person but one; returns how many ended."""
    rows = [row for row in listed(work.session, person_id) if row.id != except_id]
    return sum(end(work, row.id, reason) is not None for row in rows)


def rebase(work: Work, sso_id: str) -> str:
    """After raising the account's epoch: let this one session go on, under a new cookie (C-085)."""
    row = work.session.get_one(SsoSession, sso_id)
    row.account_epoch = work.session.get_one(Account, row.person_id, populate_existing=True).epoch
    cookie = mint(Kind.SESSION)
    row.digest = work.vault.digests.of(Kind.SESSION, cookie)
    work.session.flush()
    return cookie


def listed(session: Session, person_id: str) -> list[SsoSession]:
    """Sessions of a person that have not been ended, newest use first; some may have expired."""
    return list(
        session.scalars(
            select(SsoSession)
            .where(SsoSession.person_id == person_id, SsoSession.ended_at.is_(None))
            .order_by(SsoSession.last_seen_at.desc())
        )
    )


def live_of(work: Work, person_id: str) -> list[SsoSession]:
    """The sessions of a person that work now."""
    account = work.session.get_one(Account, person_id)
    idle = work.now - work.settings.lifetimes.span("session_idle")
    return [
        row
        for row in listed(work.session, person_id)
        if row.account_epoch == account.epoch and row.last_seen_at > idle and row.absolute_until > work.now
    ]


def own(work: Work, person_id: str, sso_id: str) -> SsoSession:
    """Raises NotFound unless the session is the person's (C-122)."""
    row = work.session.get(SsoSession, sso_id)
    if row is None or row.person_id != person_id:
        raise NotFound("session_unknown")
    return row


def _as_sso(row: SsoSession) -> Sso:
    return Sso(
        row.id, row.sid, row.person_id, row.auth_time, tuple(row.factors), row.level,
        row.created_at, row.last_seen_at, row.account_epoch, row.global_epoch,
    )  # fmt: skip
