"""Accounts: whether a person may sign in, and by which names."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, Invalid, NotFound
from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.text import canonical_name


class AccountState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class Account(Base):
    """`username` is the handle (`preferred_username`), never the NIP. Raising `epoch` ends everything issued."""

    __tablename__ = "account"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    second_factor_required: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(Moment)


class LoginName(Base):
    """Every name a person may type, in canonical form: one row each, so that two cannot share one (R-77)."""

    __tablename__ = "login_name"

    name: Mapped[str] = mapped_column(String(254), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))


def get(session: Session, person_id: str) -> Account:
    """Raises NotFound."""
    account = session.get(Account, person_id)
    if account is None:
        raise NotFound("account_unknown")
    return account


def find(session: Session, submitted: str) -> Account | None:
    """The account that `submitted` names (handle, e-mail address or NIP in any spacing), if there is one."""
    name = submitted_name(submitted)
    return session.scalars(
        select(Account)
        .join(LoginName, LoginName.person_id == Account.person_id)
        .where(LoginName.name == name)
    ).first()


def submitted_name(text: str) -> str:
    """The canonical form of what somebody typed; the same for all spellings of one name, existing or not."""
    squeezed = "".join(character for character in text if character not in " .-'\u00a0\t")
    if squeezed.isascii() and squeezed.isdigit():
        return squeezed
    try:
        return canonical_name(text)
    except ValueError:
        return text.strip().casefold()[:254]


def new_handle() -> str:
    """An opaque handle such as `g-4k7dq2mx`, for people whose HR data gives no username."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "g-" + "".join(secrets.choice(alphabet) for _ in range(8))


def add(
    work: Work, person_id: str, username: str | None, *, state: AccountState = AccountState.INVITED
) -> Account:
    """Open an account. Raises Conflict if the username is taken, Invalid if it is malformed."""
    handle = _checked_username(username) if username else new_handle()
    if work.session.get(LoginName, handle) is not None:
        raise Conflict("username_taken", field="username")
    account = Account(person_id=person_id, username=handle, state=state, created_at=work.now, epoch=0)
    work.session.add(account)
    work.session.flush()
    work.session.add(LoginName(name=handle, person_id=person_id, kind="username"))
    work.session.flush()
    return account


def set_name(work: Work, person_id: str, kind: str, name: str | None) -> None:
    """Let a person be found by `name` of that kind (`email` or `nip`) instead of the one before.

    Raises Conflict when it belongs to somebody else.
    """
    name = submitted_name(name) if name else None
    present = {
        row.name: row
        for row in work.session.scalars(
            select(LoginName).where(LoginName.person_id == person_id, LoginName.kind == kind)
        )
    }
    for row in present.values():
        if row.name != name:
            work.session.delete(row)
    if name and name not in present:
        other = work.session.get(LoginName, name)
        if other is not None and other.person_id != person_id:
            raise Conflict("name_taken", field=kind)
        if other is None:
            work.session.add(LoginName(name=name, person_id=person_id, kind=kind))
    work.session.flush()


def raise_epoch(work: Work, person_id: str) -> None:
    """End every session, code and token of a person, on every node, as soon as the door commits (R-28)."""
    work.session.execute(
        update(Account).where(Account.person_id == person_id).values(epoch=Account.epoch + 1)
    )


def activate(work: Work, person_id: str) -> None:
    """Mark an invited account as usable."""
    account = get(work.session, person_id)
    if account.state == AccountState.INVITED:
        account.state = AccountState.ACTIVE
        work.session.flush()
        work.record(Event("account_activated", subject=person_id))


def _checked_username(username: str) -> str:
    try:
        handle = canonical_name(username)
    except ValueError as error:
        raise Invalid("username_malformed", field="username") from error
    if "@" in handle or handle.isdigit() or not 2 <= len(handle) <= 64:
        raise Invalid("username_malformed", field="username")
    return handle
