"""Counters compared inside every query: raising one ends everything issued before it, on every node at once.

The account's own epoch is a column of `account`, a client's of `client`; here are those of the installation.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.work import Work
from idp.kernel.database import Base
from idp.kernel.prepared import Prepared

GLOBAL = "global"
CONFIGURATION = "configuration"
NAMES = (GLOBAL, CONFIGURATION)


class Epoch(Base):
    """`global` ends every session and token; `configuration` tells nodes to read clients and keys again."""

    __tablename__ = "epoch"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)


_CURRENT = Prepared(select(Epoch.value).where(Epoch.name == bindparam("name", type_=String)))
_VALUE = select(Epoch.name, Epoch.value)


def ensure(session: Session) -> None:
    """Insert the counters that are missing."""
    present = {name for name, _ in session.execute(_VALUE)}
    for name in NAMES:
        if name not in present:
            session.add(Epoch(name=name, value=0))
    session.flush()


def read(session: Session) -> dict[str, int]:
    """All counters by name."""
    return {name: value for name, value in session.execute(_VALUE)}


def current(session: Session, name: str) -> int:
    row = _CURRENT.first(session, name=name)
    return int(row[0]) if row else 0


def bump(work: Work, name: str) -> None:
    """Raise a counter; takes effect when the door commits."""
    work.session.execute(update(Epoch).where(Epoch.name == name).values(value=Epoch.value + 1))
