"""HR files (being built)."""

from __future__ import annotations

from idp.domain.work import Work

HANDLER_KIND = "import_apply"


def apply_next(work: Work, run_id: str, limit: int) -> bool:
    """Apply up to `limit` rows; whether there is more to do."""
    raise NotImplementedError(run_id, limit, work)
