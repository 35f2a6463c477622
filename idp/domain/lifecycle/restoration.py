"""After a backup was restored: nothing that was handed out before may work again (F-33)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from idp.domain.accounts.tickets import Ticket
from idp.domain.audit.events import Event
from idp.domain.runtime import epochs
from idp.domain.sessions.interactions import Interaction
from idp.domain.transparency import log as audit_log
from idp.domain.work import Work


def declare(work: Work, made_at: datetime) -> None:
    """End every session, code, token, ticket and begun sign-in of before, and record where the log goes on from.

    The audit log continues as a declared fork: events after the backup are gone here, and the record names the
    checkpoint that both have in common, to be compared with the copies kept elsewhere.
    """
    epochs.bump(work, epochs.GLOBAL)
    epochs.bump(work, epochs.CONFIGURATION)
    work.session.execute(
        update(Ticket).where(Ticket.spent_at.is_(None), Ticket.ended_at.is_(None)).values(ended_at=work.now)
    )
    work.session.execute(delete(Interaction))
    common = audit_log.newest_checkpoint(work.session)
    details = {"made_at": made_at.isoformat(), "checkpoint_size": common.size if common else 0}
    work.record(Event("backup_restored", details=details))
