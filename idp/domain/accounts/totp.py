"""Time-based codes (RFC 6238): 160-bit secrets sealed at rest, each time step used once, window ±1 step."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.audit.events import Event
from idp.domain.errors import Invalid
from idp.domain.work import Work
from idp.kernel.database import Base, Id, Moment, new_id

STEP_SECONDS = 30
WINDOW_STEPS = 1
DIAGNOSIS_STEPS = 20
DIGITS = 6


class TotpCredential(Base):
    """Usable once `confirmed_at` is set, until `ended_at` is. `last_step` guards against replay."""

    __tablename__ = "totp_credential"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    label: Mapped[str] = mapped_column(String(64))
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


def active(session: Session, person_id: str) -> list[TotpCredential]:
    return list(
        session.scalars(
            select(TotpCredential).where(
                TotpCredential.person_id == person_id,
                TotpCredential.confirmed_at.is_not(None),
                TotpCredential.ended_at.is_(None),
            )
        )
    )


def new_secret() -> str:
    """160 bits in base 32."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, *, issuer: str, name: str) -> str:
    """The `otpauth://` address for QR code and same-phone link."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def verify(work: Work, person_id: str, code: str) -> bool:
    """Whether `code` is valid now and its step unused; of concurrent uses exactly one is accepted (R-66)."""
    digits = cleaned(code)
    if digits is None:
        return False
    step_now = _step(work.now)
    for credential in active(work.session, person_id):
        secret = open_secret(work, credential)
        for step in range(step_now - WINDOW_STEPS, step_now + WINDOW_STEPS + 1):
            if _fits(secret, step, digits):
                return _use_step(work, credential.id, step)
    return False


def enrol(work: Work, person_id: str, secret: str, code: str, label: str) -> TotpCredential:
    """Store a secret after its first code proved that the person holds it. Raises Invalid (`otp_wrong`)."""
    digits = cleaned(code)
    step_now = _step(work.now)
    fitting = [
        step
        for step in range(step_now - WINDOW_STEPS, step_now + WINDOW_STEPS + 1)
        if digits is not None and _fits(secret, step, digits)
    ]
    if not fitting:
        raise Invalid("otp_wrong", field="otp", minutes=clock_difference(secret, code, work.now))
    credential = _insert(work, person_id, secret, label, last_step=fitting[-1])
    work.record(Event("totp_enrolled", subject=person_id, target=credential.id, details={"label": label}))
    return credential


def import_secret(work: Work, person_id: str, secret: str) -> None:
    """Store a fixture's secret; environments `test` and `demo` only (HARNESS.md §2)."""
    if not work.settings.is_rehearsal:
        raise Invalid("environment_forbids")
    for credential in active(work.session, person_id):
        if hmac.compare_digest(open_secret(work, credential), secret):
            return
    end_all(work, person_id)
    _insert(work, person_id, secret, "Fixture", last_step=0)


def end_all(work: Work, person_id: str) -> int:
    """Close every generator of the person; returns how many there were."""
    ended = (
        update(TotpCredential)
        .where(TotpCredential.person_id == person_id, TotpCredential.ended_at.is_(None))
        .values(ended_at=work.now)
        .returning(TotpCredential.id)
        .execution_options(synchronize_session="fetch")
    )
    return len(work.session.execute(ended).all())


def clock_difference(secret: str, code: str, now: datetime) -> int | None:
    """For diagnosis only: whole minutes by which the generator's clock runs ahead (+) or behind (−), if it does."""
    digits = cleaned(code)
    if digits is None:
        return None
    step_now = _step(now)
    for distance in range(WINDOW_STEPS + 1, DIAGNOSIS_STEPS + 1):
        for step in (step_now - distance, step_now + distance):
            if _fits(secret, step, digits):
                return round((step - step_now) * STEP_SECONDS / 60) or (1 if step > step_now else -1)
    return None


def clock_hint(work: Work, person_id: str, code: str) -> int | None:
    """`clock_difference` over the person's generators; call it only after a right password (DOMAIN.md A12)."""
    for credential in active(work.session, person_id):
        minutes = clock_difference(open_secret(work, credential), code, work.now)
        if minutes is not None:
            return minutes
    return None


def open_secret(work: Work, credential: TotpCredential) -> str:
    return work.vault.sealer.open(credential.sealed_secret, _place(credential.id)).decode()


def cleaned(code: str) -> str | None:
    """Six ASCII digits without the spaces that people type, or None."""
    digits = code.replace(" ", "").replace("\u00a0", "")
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else None


def _insert(work: Work, person_id: str, secret: str, label: str, *, last_step: int) -> TotpCredential:
    credential_id = new_id()
    credential = TotpCredential(
        id=credential_id,
        person_id=person_id,
        label=label[:64],
        sealed_secret=work.vault.sealer.seal(secret.encode(), _place(credential_id)),
        last_step=last_step,
        created_at=work.now,
        confirmed_at=work.now,
    )
    work.session.add(credential)
    work.session.flush()
    return credential


def _use_step(work: Work, credential_id: str, step: int) -> bool:
    used = (
        update(TotpCredential)
        .where(TotpCredential.id == credential_id, TotpCredential.last_step < step)
        .values(last_step=step, last_used_at=work.now)
        .returning(TotpCredential.id)
        .execution_options(synchronize_session=False)
    )
    return work.session.execute(used).first() is not None


def _fits(secret: str, step: int, digits: str) -> bool:
    return hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), digits)


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _place(credential_id: str) -> str:
    return f"totp_credential.sealed_secret.{credential_id}"
