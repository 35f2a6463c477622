"""Signing keys: published, signing, retired, destroyed (SECURITY.md §4.1).

One key signs per algorithm. A key is published before it signs and stays published after, so that no relying
party ever meets a `kid` that it cannot have seen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, NotFound
from idp.domain.runtime import epochs
from idp.domain.work import Work
from idp.kernel import failpoints, jose
from idp.kernel.database import Base, Json, Moment
from idp.kernel.sealed import Sealer


class KeyState(StrEnum):
    PUBLISHED = "published"
    SIGNING = "signing"
    RETIRED = "retired"
    DESTROYED = "destroyed"


IN_JWKS = (KeyState.PUBLISHED, KeyState.SIGNING, KeyState.RETIRED)


class Key(Base):
    """`kid` is the RFC 7638 thumbprint; the private JWK is sealed and erased when the key is destroyed."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    public: Mapped[dict[str, Any]] = mapped_column(Json)
    private: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)
    published_at: Mapped[datetime] = mapped_column(Moment)
    activated_at: Mapped[datetime | None] = mapped_column(Moment)
    retired_at: Mapped[datetime | None] = mapped_column(Moment)
    destroyed_at: Mapped[datetime | None] = mapped_column(Moment)


def listed(session: Session) -> list[Key]:
    """Every key, newest first."""
    return list(session.scalars(select(Key).order_by(Key.created_at.desc(), Key.kid)))


def open_private(key: Key, sealer: Sealer) -> jose.SigningKey:
    """Import the private part. Raises kernel.sealed.Unreadable if the key encryption key is another one."""
    if key.private is None:
        raise NotFound("key_destroyed", kid=key.kid)
    return jose.SigningKey(orjson.loads(sealer.open(key.private, _place(key.kid))), key.algorithm)


def prepare(work: Work, algorithm: str) -> Key:
    """Generate a key and publish it in the JWKS. Raises Conflict while another one waits to be activated."""
    if algorithm not in jose.ALGORITHMS:
        raise NotFound("algorithm_unknown", algorithm=algorithm)
    if _one(work, algorithm, KeyState.PUBLISHED) is not None:
        raise Conflict("key_already_prepared", algorithm=algorithm)
    private, signer = _generated(algorithm, work.settings.keys.rsa_bits)
    failpoints.hit("keys.after_generate")
    key = Key(
        kid=signer.kid,
        algorithm=algorithm,
        state=KeyState.PUBLISHED,
        public=signer.public_jwk,
        private=work.vault.sealer.seal(orjson.dumps(private), _place(signer.kid)),
        created_at=work.now,
        published_at=work.now,
    )
    work.session.add(key)
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("key_prepared", target=key.kid, details={"algorithm": algorithm}))
    failpoints.hit("keys.after_publish")
    return key


def activate(work: Work, kid: str, *, early: bool = False) -> Key:
    """Let the prepared key sign; the one that signed before is retired.

    Raises Conflict if the key was published for less than the prepublication time, unless `early`.
    """
    key = get(work.session, kid)
    if key.state != KeyState.PUBLISHED:
        raise Conflict("key_not_prepared", kid=kid, state=key.state)
    ready_at = key.published_at + timedelta(seconds=work.settings.keys.prepublish_seconds)
    if not early and work.now < ready_at:
        raise Conflict("key_published_too_recently", ready_at=ready_at)
    before = _one(work, key.algorithm, KeyState.SIGNING)
    if before is not None:
        before.state, before.retired_at = KeyState.RETIRED, work.now
    key.state, key.activated_at = KeyState.SIGNING, work.now
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(
        Event(
            "key_activated",
            target=kid,
            before={"signing": before.kid if before else None},
            after={"signing": kid},
        )
    )
    return key


def retire_at(key: Key, work: Work) -> datetime | None:
    """When a retired key may leave the JWKS: last token, skew, and twice the caches' age after it."""
    if key.retired_at is None:
        return None
    lifetimes = work.settings.lifetimes
    longest = max(lifetimes.id_token_seconds, lifetimes.jwt_access_token_seconds)
    return key.retired_at + timedelta(seconds=longest + 300 + 2 * lifetimes.jwks_max_age_seconds)


def destroy(work: Work, kid: str, *, emergency: bool = False) -> Key:
    """Take the key out of the JWKS and erase its private part.

    Planned: only retired keys whose time has come (Conflict otherwise). In an emergency: any key; if it signs,
    the prepared successor signs at once, or a new one is made (SECURITY.md C-231).
    """
    key = get(work.session, kid)
    if key.state == KeyState.DESTROYED:
        raise Conflict("key_destroyed", kid=kid)
    if emergency and key.state == KeyState.SIGNING:
        successor = _one(work, key.algorithm, KeyState.PUBLISHED) or prepare(work, key.algorithm)
        activate(work, successor.kid, early=True)
    if not emergency:
        due = retire_at(key, work)
        if due is None or work.now < due:
            raise Conflict("key_still_needed", kid=kid, until=due)
    key.state, key.destroyed_at, key.private = KeyState.DESTROYED, work.now, None
    work.session.flush()
    epochs.bump(work, epochs.CONFIGURATION)
    work.record(Event("key_revoked" if emergency else "key_destroyed", target=kid))
    return key


def ensure(work: Work) -> None:
    """At first start: a signing key for each algorithm that clients may choose."""
    for algorithm in jose.ALGORITHMS:
        if _one(work, algorithm, KeyState.SIGNING) is None:
            waiting = _one(work, algorithm, KeyState.PUBLISHED) or prepare(work, algorithm)
            activate(work, waiting.kid, early=True)


def get(session: Session, kid: str) -> Key:
    """Raises NotFound."""
    key = session.get(Key, kid)
    if key is None:
        raise NotFound("key_unknown", kid=kid)
    return key


def _generated(algorithm: str, rsa_bits: int) -> tuple[dict[str, Any], jose.SigningKey]:
    """A private JWK and its signer. A `kid` that begins with a hyphen would read as an option of `gapura key`."""
    while True:
        private = jose.generate(algorithm, rsa_bits)
        signer = jose.SigningKey(private, algorithm)
        if not signer.kid.startswith("-"):
            return private, signer


def _one(work: Work, algorithm: str, state: KeyState) -> Key | None:
    return work.session.scalars(select(Key).where(Key.algorithm == algorithm, Key.state == state)).first()


def _place(kid: str) -> str:
    return f"signing_key.private.{kid}"


ROTATE_EVERY = timedelta(days=90)


def rotate_when_due(work: Work) -> None:
    """Prepare the next key before the signing one is 90 days old, and activate it once it was published long enough."""
    prepublish = timedelta(seconds=work.settings.keys.prepublish_seconds)
    for algorithm in jose.ALGORITHMS:
        signing, waiting = _one(work, algorithm, KeyState.SIGNING), _one(work, algorithm, KeyState.PUBLISHED)
        if signing is None or signing.activated_at is None:
            continue
        age = work.now - signing.activated_at
        if waiting is None and age >= ROTATE_EVERY - prepublish - timedelta(hours=1):
            prepare(work, algorithm)
        elif waiting is not None and age >= ROTATE_EVERY and work.now >= waiting.published_at + prepublish:
            activate(work, waiting.kid)
