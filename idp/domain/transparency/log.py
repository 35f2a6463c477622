"""The audit log as a Merkle log: seal rows, sign checkpoints, prove, export (decision 9, SECURITY.md §4.7).

Sealing follows: it looks for unsealed rows, not for ids beyond the last, because on PostgreSQL a smaller id may
commit later. One sealer at a time; a checkpoint is stored in the transaction that seals what it covers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.rows import AuditEvent
from idp.domain.errors import Invalid
from idp.domain.transparency import merkle
from idp.domain.transparency.checkpoint import Checkpoint, sign, verifier_key
from idp.domain.work import Work
from idp.kernel import failpoints
from idp.kernel.database import Base, Moment
from idp.kernel.sealed import Sealer

BATCH = 2048
_ADVISORY_LOCK = 0x67617075  # "gapu"
_PLACE = "audit_key.private.audit"


class TreeNode(Base):
    """The hash of a complete subtree; never changes once it exists."""

    __tablename__ = "tree_node"

    level: Mapped[int] = mapped_column(Integer, primary_key=True)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class StoredCheckpoint(Base):
    """A signed checkpoint; one per size."""

    __tablename__ = "checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class AuditKey(Base):
    """The key that signs checkpoints and nothing else (R-132)."""

    __tablename__ = "audit_key"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    private: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)


def origin(work: Work) -> str:
    """The log's name: the issuer without its scheme, and `/audit`."""
    return work.settings.issuer.split("://", 1)[1] + "/audit"


def ensure_key(work: Work) -> None:
    """Make the checkpoint key at first start."""
    if work.session.get(AuditKey, "audit") is None:
        key = Ed25519PrivateKey.generate()
        work.session.add(
            AuditKey(
                name="audit",
                public=key.public_key().public_bytes_raw(),
                private=work.vault.sealer.seal(key.private_bytes_raw(), _PLACE),
                created_at=work.now,
            )
        )
        work.session.flush()


def vkey(work: Work) -> str:
    """What an auditor keeps to verify checkpoints."""
    return verifier_key(origin(work), work.session.get_one(AuditKey, "audit").public)


def reader(session: Session) -> merkle.Read:
    """Nodes by level and index, remembered for the life of the reader."""
    known: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        found = known.get((level, index))
        if found is None:
            found = session.execute(
                select(TreeNode.hash).where(TreeNode.level == level, TreeNode.index == index)
            ).scalar_one()
            known[level, index] = found
        return found

    return read


def size(session: Session) -> int:
    """How many events are sealed."""
    return (
        (session.scalar(select(func.max(TreeNode.index)).where(TreeNode.level == 0)) or 0) + 1
        if _any(session)
        else 0
    )


def seal(work: Work) -> int:
    """Give unsealed events their leaves, and sign a checkpoint over all; returns how many were sealed.

    0 also when somebody else is sealing. The caller commits.
    """
    session = work.session
    # Looking first costs nothing; the turn of SQLite is its write lock.
    if not has_unsealed(session) or not _take_turn(session):
        return 0
    rows = session.execute(
        select(AuditEvent.id, AuditEvent.leaf)
        .where(AuditEvent.leaf_index.is_(None))
        .order_by(AuditEvent.id)
        .limit(BATCH)
    ).all()
    if not rows:
        return 0
    count = size(session)
    stored = reader(session)
    fresh: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        return fresh[level, index] if (level, index) in fresh else stored(level, index)

    assigned = []
    for position, (row_id, leaf) in enumerate(rows, start=count):
        for level, index, value in merkle.append(read, position, merkle.leaf_hash(leaf)):
            fresh[level, index] = value
        assigned.append({"id": row_id, "leaf_index": position})
    session.execute(
        insert(TreeNode), [{"level": at[0], "index": at[1], "hash": value} for at, value in fresh.items()]
    )
    session.execute(update(AuditEvent), assigned)
    total = count + len(rows)
    _publish(work, Checkpoint(origin(work), total, merkle.root(read, total)))
    return len(rows)


def has_unsealed(session: Session) -> bool:
    """Whether an event waits for its leaf."""
    waiting = select(AuditEvent.id).where(AuditEvent.leaf_index.is_(None)).limit(1)
    return session.execute(waiting).first() is not None


def newest_checkpoint(session: Session) -> StoredCheckpoint | None:
    return session.scalars(select(StoredCheckpoint).order_by(StoredCheckpoint.size.desc()).limit(1)).first()


def export(work: Work, begin: datetime | None, end: datetime | None) -> Iterator[dict[str, Any]]:
    """Lines of an export: a manifest, then sealed events with inclusion proofs.

    From the first to the last event of the period (`begin` inclusive, `end` exclusive) without gap, because moments
    and positions may cross. The format is documented in clients/verify/gapura_verify.py, which checks it without us.
    """
    newest = newest_checkpoint(work.session)
    first, last = _positions(work.session, begin, end, newest.size if newest else 0)
    yield {
        "kind": "manifest",
        "version": 1,
        "origin": origin(work),
        "from": begin.isoformat() if begin else None,
        "to": end.isoformat() if end else None,
        "first": first,
        "count": last - first + 1 if first is not None and last is not None else 0,
        "checkpoint": newest.note if newest else None,
        "vkey": vkey(work),
    }
    if newest is None or first is None or last is None:
        return
    read = reader(work.session)
    for start in range(first, last + 1, BATCH):
        rows = work.session.execute(
            select(AuditEvent.leaf_index, AuditEvent.leaf, AuditEvent.openings)
            .where(AuditEvent.leaf_index.between(start, min(start + BATCH - 1, last)))
            .order_by(AuditEvent.leaf_index)
        )
        for index, leaf, openings in rows:
            proof = merkle.inclusion_proof(read, index, newest.size)
            yield {
                "kind": "event",
                "index": index,
                "leaf": base64.b64encode(leaf).decode(),
                "proof": [base64.b64encode(step).decode() for step in proof],
                "openings": openings or {},
            }


def _positions(
    session: Session, begin: datetime | None, end: datetime | None, sealed: int
) -> tuple[int | None, int | None]:
    query = select(func.min(AuditEvent.leaf_index), func.max(AuditEvent.leaf_index))
    query = query.where(AuditEvent.leaf_index < sealed)
    if begin is not None:
        query = query.where(AuditEvent.at >= begin)
    if end is not None:
        query = query.where(AuditEvent.at < end)
    first, last = session.execute(query).one()
    return first, last


def consistency(work: Work, first: int, second: int) -> list[str]:
    """Base64 of the proof that the log of `second` events extends the one of `first`. Raises Invalid."""
    if not 0 < first <= second <= size(work.session):
        raise Invalid("audit_sizes_out_of_order", first=first, second=second)
    proof = merkle.consistency_proof(reader(work.session), first, second)
    return [base64.b64encode(step).decode() for step in proof]


def _publish(work: Work, checkpoint: Checkpoint) -> None:
    """Stored in this same transaction: never two checkpoints of one size with different roots (F-36)."""
    failpoints.hit("audit.before_checkpoint_sign")
    key = work.session.get_one(AuditKey, "audit")
    private = Ed25519PrivateKey.from_private_bytes(_open(work.vault.sealer, key))
    note = sign(checkpoint, checkpoint.origin, private)
    failpoints.hit("audit.after_sign_before_publish")
    work.session.add(
        StoredCheckpoint(size=checkpoint.size, root=checkpoint.root, note=note, created_at=work.now)
    )
    work.session.flush()


def _open(sealer: Sealer, key: AuditKey) -> bytes:
    return sealer.open(key.private, _PLACE)


def _any(session: Session) -> bool:
    return session.execute(select(TreeNode.index).where(TreeNode.level == 0).limit(1)).first() is not None


def _take_turn(session: Session) -> bool:
    """PostgreSQL: an advisory lock for this transaction. SQLite: the write lock, taken by an empty write."""
    if session.get_bind().dialect.name == "postgresql":
        return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}))
    session.execute(text("UPDATE audit_key SET name = name WHERE name = 'audit'"))
    return True
