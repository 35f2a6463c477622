"""Passwords: length over composition, a block list, words of the person's own; argon2id, sealed at rest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.accounts import accounts, blocklist
from idp.domain.accounts.hashing import Hasher
from idp.domain.audit.events import Event
from idp.domain.city import people
from idp.domain.errors import Invalid
from idp.domain.work import Work
from idp.kernel.database import Base, Moment
from idp.kernel.text import normalise

MAX_CHARACTERS, MAX_BYTES = 128, 512


class PasswordCredential(Base):
    """The encoded argon2id string, sealed under the key encryption key and bound to this row."""

    __tablename__ = "password_credential"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sealed_hash: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = mapped_column(Moment)


def prepared(password: str) -> str:
    """Length first, then NFKC (R-63, C-219). Raises Invalid for a password that could not have been set."""
    try:
        return normalise(password, max_characters=MAX_CHARACTERS, max_bytes=MAX_BYTES)
    except ValueError as error:
        raise Invalid("password_too_long", field="password", maximum=MAX_CHARACTERS) from error


def stored_hash(work: Work, person_id: str) -> str | None:
    credential = work.session.get(PasswordCredential, person_id)
    if credential is None:
        return None
    return work.vault.sealer.open(credential.sealed_hash, _place(person_id)).decode()


def changed_at(session: Session, person_id: str) -> datetime | None:
    credential = session.get(PasswordCredential, person_id)
    return credential.changed_at if credential else None


def verify(work: Work, person_id: str | None, password: str, hasher: Hasher) -> bool:
    """Whether `password` (prepared) is the person's; the same work is done for nobody (R-70).

    A hash with other parameters than today's is replaced on success. Raises hashing.Busy.
    """
    encoded = stored_hash(work, person_id) if person_id else None
    if not hasher.matches(password, encoded):
        return False
    assert encoded is not None and person_id is not None  # noqa: S101 -- it matched
    if hasher.is_outdated(encoded):
        _store(work, person_id, hasher.hash(password), keep_date=True)
    return True


def check_rules(work: Work, person_id: str, password: str, *, has_second_factor: bool) -> str:
    """Return the prepared password, or raise Invalid with the reason it cannot be used (R-60 to R-62)."""
    secret = prepared(password)
    rules = work.settings.passwords
    minimum = rules.minimum_characters_with_second_factor if has_second_factor else rules.minimum_characters
    if len(secret) < minimum:
        raise Invalid("password_too_short", field="password", minimum=minimum)
    if len(set(secret.casefold())) < 4:
        raise Invalid("password_too_uniform", field="password")
    if blocklist.is_common(secret):
        raise Invalid("password_common", field="password")
    word = blocklist.found_word(secret, [*_own_words(work, person_id), *rules.local_words])
    if word is not None:
        raise Invalid("password_own_word", field="password", word=word)
    return secret


def set_password(
    work: Work, person_id: str, password: str, hasher: Hasher, *, has_second_factor: bool
) -> None:
    """Check the rules and store. Raises Invalid and hashing.Busy."""
    secret = check_rules(work, person_id, password, has_second_factor=has_second_factor)
    _store(work, person_id, hasher.hash(secret))
    work.record(Event("password_changed", subject=person_id))


def _store(work: Work, person_id: str, encoded: str, *, keep_date: bool = False) -> None:
    sealed = work.vault.sealer.seal(encoded.encode(), _place(person_id))
    credential = work.session.get(PasswordCredential, person_id)
    if credential is None:
        work.session.add(PasswordCredential(person_id=person_id, sealed_hash=sealed, changed_at=work.now))
    else:
        credential.sealed_hash = sealed
        credential.changed_at = credential.changed_at if keep_date else work.now
    work.session.flush()


def _own_words(work: Work, person_id: str) -> list[str]:
    person = people.get(work.session, person_id)
    words = person.plain_name.split()
    words += [accounts.get(work.session, person_id).username]
    if person.email:
        words += [person.email.split("@")[0]]
    return words


def _place(person_id: str) -> str:
    return f"password_credential.sealed_hash.{person_id}"


def store_hash(work: Work, person_id: str, encoded: str) -> None:
    """Store a hash whose password passed `check_rules` earlier in the same sign-in transaction."""
    _store(work, person_id, encoded)
    work.record(Event("password_changed", subject=person_id))


def import_hash(work: Work, person_id: str, encoded: str) -> None:
    """Set a fixture's hash without the rules; environments `test` and `demo` only (HARNESS.md §2)."""
    if not work.settings.is_rehearsal:
        raise Invalid("environment_forbids")
    _store(work, person_id, encoded)
