"""Sign-in transactions: a stored row bound to a browser, the only way to sign in (decision 10).

The frozen request and the place to return to are stored, never carried, so there is no open redirect to guard and
no step that a form could skip: handlers read the person from the row.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base, Json, Moment
from idp.kernel.opaque import Kind, mint, shaped

MAX_PER_BROWSER = 20


class Interaction(Base):
    """`request` is the validated authorization request (empty for a sign-in to Gapura's own pages).

    `return_to` is a path of ours. `proven` maps a factor to the time it was proven in this transaction.
    """

    __tablename__ = "interaction"
    __table_args__ = (Index("ix_interaction_browser", "browser_digest", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"))
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    return_to: Mapped[str] = mapped_column(String(200))
    level_wanted: Mapped[int] = mapped_column(Integer, default=1)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    proven: Mapped[dict[str, Any]] = mapped_column(Json)
    second_factor_tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    signed_in_at: Mapped[datetime | None] = mapped_column(Moment)
    approved_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


def new_browser() -> str:
    """The value of a browser's transaction cookie."""
    return mint(Kind.BROWSER)


def browser_digest(work: Work, cookie: str) -> str:
    return work.vault.digests.of(Kind.BROWSER, cookie)


def begin(
    work: Work,
    browser: str,
    *,
    return_to: str,
    client_id: str | None = None,
    request: dict[str, Any] | None = None,
    level_wanted: int = 1,
) -> Interaction:
    """Store a transaction for this browser; the oldest beyond MAX_PER_BROWSER are dropped."""
    interaction = Interaction(
        id=secrets.token_urlsafe(12),
        browser_digest=browser_digest(work, browser),
        client_id=client_id,
        request=request or {},
        return_to=return_to,
        level_wanted=level_wanted,
        proven={},
        second_factor_tries=0,
        created_at=work.now,
        expires_at=work.now + work.settings.lifetimes.span("interaction"),
    )
    work.session.add(interaction)
    work.session.flush()
    _drop_surplus(work, interaction.browser_digest)
    return interaction


def find(work: Work, browser: str | None, interaction_id: str | None) -> Interaction | None:
    """The named transaction if it is this browser's and alive, otherwise the browser's newest live one, or None."""
    if browser is None or not shaped(browser, Kind.BROWSER):
        return None
    live = (
        Interaction.browser_digest == browser_digest(work, browser),
        Interaction.expires_at > work.now,
        Interaction.finished_at.is_(None),
    )
    query = select(Interaction).where(*live).order_by(Interaction.created_at.desc())
    if interaction_id:
        named = work.session.scalars(query.where(Interaction.id == interaction_id[:32])).first()
        if named is not None:
            return named
    return work.session.scalars(query).first()


def exactly(work: Work, browser: str | None, interaction_id: str | None) -> Interaction | None:
    """The named transaction if it is this browser's, alive or finished a moment ago; never another one."""
    if browser is None or not interaction_id or not shaped(browser, Kind.BROWSER):
        return None
    return work.session.scalars(
        select(Interaction).where(
            Interaction.id == interaction_id[:32],
            Interaction.browser_digest == browser_digest(work, browser),
            Interaction.expires_at > work.now,
        )
    ).first()


def prove(interaction: Interaction, factor: str, person_id: str, now: datetime) -> None:
    """Note a proven factor. A different person starts the transaction's proofs anew."""
    proven = dict(interaction.proven) if interaction.person_id == person_id else {}
    proven[factor] = now.isoformat()
    interaction.proven, interaction.person_id = proven, person_id


def count_second_factor_try(work: Work, interaction: Interaction) -> int:
    """Count before verification (R-69); returns how many there were in this transaction."""
    counted = (
        update(Interaction)
        .where(Interaction.id == interaction.id)
        .values(second_factor_tries=Interaction.second_factor_tries + 1)
        .returning(Interaction.second_factor_tries)
        .execution_options(synchronize_session="fetch")
    )
    return work.session.execute(counted).scalar_one()


def finish(work: Work, interaction_id: str) -> bool:
    """Complete a transaction: of any number of concurrent calls exactly one is true."""
    finished = (
        update(Interaction)
        .where(Interaction.id == interaction_id, Interaction.finished_at.is_(None))
        .values(finished_at=work.now)
        .returning(Interaction.id)
        .execution_options(synchronize_session="fetch")
    )
    return work.session.execute(finished).first() is not None


def sweep(work: Work) -> int:
    """Remove transactions that ended an hour ago or more."""
    gone = delete(Interaction).where(Interaction.expires_at < work.now - timedelta(hours=1))
    return len(work.session.execute(gone.returning(Interaction.id)).all())


def _drop_surplus(work: Work, digest: str) -> None:
    count = work.session.scalar(
        select(func.count()).select_from(Interaction).where(Interaction.browser_digest == digest)
    )
    if (count or 0) <= MAX_PER_BROWSER:
        return
    kept = (
        select(Interaction.id)
        .where(Interaction.browser_digest == digest)
        .order_by(Interaction.created_at.desc())
        .limit(MAX_PER_BROWSER)
    )
    work.session.execute(
        delete(Interaction)
        .where(Interaction.browser_digest == digest, Interaction.id.not_in(kept.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )
