"""Authorization codes: issued once, spent once by one conditional UPDATE (R-20 to R-22, SECURITY.md §4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.accounts.accounts import Account, AccountState
from idp.domain.audit.events import Event
from idp.domain.runtime.epochs import GLOBAL, Epoch
from idp.domain.sessions.sso import Sso, SsoSession
from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment, new_id, table_of
from idp.kernel.opaque import Kind, mint
from idp.kernel.prepared import Prepared

MAX_FAILED_TRIES = 3
_KEPT = timedelta(days=1)


class AuthorizationCode(Base):
    """Kept after use, so that a second use is recognised; `family_id` is what was issued from it."""

    __tablename__ = "authorization_code"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    client_epoch: Mapped[int] = mapped_column(Integer)
    person_id: Mapped[str] = mapped_column(String(32))
    session_id: Mapped[str] = mapped_column(String(32))
    sid: Mapped[str] = mapped_column(String(32))
    redirect_uri: Mapped[str] = mapped_column(String(512))
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    family_id: Mapped[str] = mapped_column(String(32))
    account_epoch: Mapped[int] = mapped_column(Integer)
    global_epoch: Mapped[int] = mapped_column(Integer)
    failed_tries: Mapped[int] = mapped_column(Integer, default=0)
    issued_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as the token endpoint sees it. `request` holds scope, nonce, claims, auth_time, factors, level."""

    digest: str
    client_id: str
    client_epoch: int
    person_id: str
    session_id: str
    sid: str
    redirect_uri: str
    code_challenge: str | None
    request: dict[str, Any]
    family_id: str
    account_epoch: int
    global_epoch: int
    failed_tries: int
    expires_at: datetime
    used_at: datetime | None


class Spend(Enum):
    """FIRST: go on. AGAIN: it was used before. DEAD: expired, or its session, account or client has ended."""

    FIRST = "first"
    AGAIN = "again"
    DEAD = "dead"


_TABLE = table_of(AuthorizationCode)
_NAMES = (
    "digest", "client_id", "client_epoch", "person_id", "session_id", "sid", "redirect_uri", "code_challenge",
    "request", "family_id", "account_epoch", "global_epoch", "failed_tries", "issued_at", "expires_at",
)  # fmt: skip
_INSERT = Prepared(insert(AuthorizationCode).values({name: bindparam(name) for name in _NAMES}).inline())
_FIND = Prepared(
    select(*(_TABLE.c[name] for name in CodeRow.__dataclass_fields__)).where(
        _TABLE.c.digest == bindparam("digest", type_=String)
    )
)


def issue(
    work: Work,
    sso: Sso,
    *,
    client_id: str,
    client_epoch: int,
    redirect_uri: str,
    code_challenge: str | None,
    request: dict[str, Any],
) -> str:
    """A code bound to client, redirect URI, challenge, person, session and epochs."""
    code = mint(Kind.CODE)
    _INSERT.later(
        work.session,
        digest=work.vault.digests.of(Kind.CODE, code),
        client_id=client_id,
        client_epoch=client_epoch,
        person_id=sso.person_id,
        session_id=sso.id,
        sid=sso.sid,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        request=request,
        family_id=new_id(),
        account_epoch=sso.account_epoch,
        global_epoch=sso.global_epoch,
        failed_tries=0,
        issued_at=work.now,
        expires_at=work.now + work.settings.lifetimes.span("code"),
    )
    work.record(Event("authz_code_issued", subject=sso.person_id, client=client_id, details={"sid": sso.sid}))
    return code


def find(work: Work, code: str) -> CodeRow | None:
    """The row, used or not; nothing is spent."""
    digest = work.vault.digests.of(Kind.CODE, code)
    row = _FIND.first(work.session, digest=digest)
    return CodeRow(*row) if row else None


_LIVE_SESSION = (
    select(1)
    .select_from(SsoSession)
    .join(Account, Account.person_id == SsoSession.person_id)
    .join(Epoch, Epoch.name == GLOBAL)
    .where(
        SsoSession.id == _TABLE.c.session_id,
        SsoSession.ended_at.is_(None),
        Account.state == AccountState.ACTIVE.value,
        Account.epoch == _TABLE.c.account_epoch,
        Epoch.value == _TABLE.c.global_epoch,
    )
    .exists()
)


_NOW = bindparam("now", type_=Moment)
_SPEND = Prepared(
    update(_TABLE)
    .where(
        _TABLE.c.digest == bindparam("digest", type_=String),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires_at > _NOW,
        _TABLE.c.client_epoch == bindparam("client_epoch", type_=Integer),
        _TABLE.c.failed_tries < MAX_FAILED_TRIES,
        _LIVE_SESSION,
    )
    .values(used_at=_NOW)
    .returning(_TABLE.c.digest)
)


def spend(work: Work, row: CodeRow, client_epoch: int) -> Spend:
    """Spend `row` atomically: of any number of concurrent calls one gets FIRST.

    Expiry, the session's end and all epochs are conditions of the same statement.
    """
    if _SPEND.first(work.session, digest=row.digest, now=work.now, client_epoch=client_epoch) is not None:
        return Spend.FIRST
    now_used = work.session.execute(
        select(_TABLE.c.used_at).where(_TABLE.c.digest == row.digest)
    ).scalar_one()
    return Spend.AGAIN if now_used is not None else Spend.DEAD


def count_failed_try(work: Work, row: CodeRow) -> None:
    """A wrong verifier: the code survives at most MAX_FAILED_TRIES of them (C-044)."""
    work.session.execute(
        update(_TABLE).where(_TABLE.c.digest == row.digest).values(failed_tries=_TABLE.c.failed_tries + 1)
    )


def sweep(work: Work) -> int:
    """Remove codes older than a day: by then every token issued from them has ended or stands on its own."""
    gone = delete(AuthorizationCode).where(AuthorizationCode.expires_at < work.now - _KEPT)
    return len(work.session.execute(gone.returning(AuthorizationCode.digest)).all())
