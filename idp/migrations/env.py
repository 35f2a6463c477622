"""Run by Alembic. The connection, its transaction and its lock come from `runner`."""

from __future__ import annotations

from typing import Any

from alembic import context

from idp.domain.tables import Base
from idp.kernel import failpoints


def _applied(**_facts: Any) -> None:
    failpoints.hit("migrate.mid")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    on_version_apply=_applied,
)
with context.begin_transaction():
    context.run_migrations()
