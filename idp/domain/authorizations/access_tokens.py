"""Access tokens: a row before any token leaves, opaque for our own endpoints, `at+jwt` for APIs (decision 7).

The row of a JWT is found by its `jti`; both kinds die with their family, their own revocation, or an epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.authorizations import families
from idp.domain.authorizations.families import TokenFamily
from idp.domain.clients.registered import Client
from idp.domain.work import Work
from idp.kernel.database import Base, Moment, table_of
from idp.kernel.opaque import Kind, mint
from idp.kernel.prepared import Prepared


class AccessToken(Base):
    """`digest` is of the opaque token, or of a JWT's jti. `audience` is None for our own endpoints."""

    __tablename__ = "access_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family_id: Mapped[str] = mapped_column(String(32), index=True)
    scope: Mapped[str] = mapped_column(String(1024))
    audience: Mapped[str | None] = mapped_column(String(255))
    issued_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    disclosed_at: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class Live:
    """An access token that works now, with what it stands for."""

    digest: str
    scope: str
    audience: str | None
    issued_at: datetime
    expires_at: datetime
    disclosed_at: datetime | None
    family_id: str
    client_id: str
    person_id: str | None
    sid: str | None
    request: dict[str, Any]


_TABLE = table_of(AccessToken)
_FAMILY = table_of(TokenFamily)
_COLUMNS = ("digest", "family_id", "scope", "audience", "issued_at", "expires_at")
_INSERT = Prepared(insert(AccessToken).values({name: bindparam(name) for name in _COLUMNS}).inline())


def issue(
    work: Work, family_id: str, scope: str, audience: str | None, lifetime: timedelta
) -> tuple[str, datetime]:
    """Record a token; returns the opaque value (for a JWT: its `jti`) and its end."""
    value = mint(Kind.ACCESS_TOKEN)
    expires_at = work.now + lifetime
    _INSERT.later(
        work.session,
        digest=work.vault.digests.of(Kind.ACCESS_TOKEN, value),
        family_id=family_id,
        scope=scope,
        audience=audience,
        issued_at=work.now,
        expires_at=expires_at,
    )
    return value, expires_at


_LIVE = Prepared(
    select(
        _TABLE.c.digest,
        _TABLE.c.scope,
        _TABLE.c.audience,
        _TABLE.c.issued_at,
        _TABLE.c.expires_at,
        _TABLE.c.disclosed_at,
        _FAMILY.c.id,
        _FAMILY.c.client_id,
        _FAMILY.c.person_id,
        _FAMILY.c.sid,
        _FAMILY.c.request,
    )
    .join(_FAMILY, _FAMILY.c.id == _TABLE.c.family_id)
    .join(Client, Client.client_id == _FAMILY.c.client_id)
    .where(
        _TABLE.c.digest == bindparam("digest", type_=String),
        _TABLE.c.expires_at > bindparam("now", type_=Moment),
        _TABLE.c.revoked_at.is_(None),
        Client.epoch == _FAMILY.c.client_epoch,
        Client.state == "active",
        families.ALIVE,
    )
)


def find_live(work: Work, value: str) -> Live | None:
    """The token if it works now: one joined query, never cached (STACK.md §6.5)."""
    digest = work.vault.digests.of(Kind.ACCESS_TOKEN, value)
    row = _LIVE.first(work.session, digest=digest, now=work.now)
    return Live(*row) if row else None


def family_of(work: Work, value: str) -> tuple[str, str] | None:
    """Family and client of a token, alive or not."""
    digest = work.vault.digests.of(Kind.ACCESS_TOKEN, value)
    row = work.session.execute(
        select(_FAMILY.c.id, _FAMILY.c.client_id)
        .join(_TABLE, _TABLE.c.family_id == _FAMILY.c.id)
        .where(_TABLE.c.digest == digest)
    ).first()
    return (row[0], row[1]) if row else None


def revoke(work: Work, value: str) -> None:
    digest = work.vault.digests.of(Kind.ACCESS_TOKEN, value)
    work.session.execute(
        update(_TABLE)
        .where(_TABLE.c.digest == digest, _TABLE.c.revoked_at.is_(None))
        .values(revoked_at=work.now)
    )


def first_disclosure(work: Work, digest: str) -> bool:
    """True once per token: the first UserInfo answer is what enters the disclosure ledger."""
    marked = (
        update(_TABLE)
        .where(_TABLE.c.digest == digest, _TABLE.c.disclosed_at.is_(None))
        .values(disclosed_at=work.now)
        .returning(_TABLE.c.digest)
    )
    return work.session.execute(marked).first() is not None


def sweep(work: Work) -> int:
    """Remove tokens that expired a day ago."""
    old = select(AccessToken.digest).where(AccessToken.expires_at < work.now - timedelta(days=1)).limit(20000)
    digests = list(work.session.scalars(old))
    if digests:
        work.session.execute(delete(AccessToken).where(AccessToken.digest.in_(digests)))
    return len(digests)
