"""The clock: aware UTC, moved by an offset file in the environments `test` and `demo` only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Tells the moment. With `offset_file`, the number of seconds in it is added at each reading."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        """Aware UTC."""
        moment = datetime.now(UTC)
        return moment if self._offset_file is None else moment + self._offset()

    def _offset(self) -> timedelta:
        assert self._offset_file is not None  # noqa: S101 -- narrowed for mypy
        try:
            return timedelta(seconds=float(self._offset_file.read_text() or 0))
        except (OSError, ValueError):
            return timedelta(0)
