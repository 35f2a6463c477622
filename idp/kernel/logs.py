"""Logs: one JSON object per line on standard output, bounded, with nothing in it that opens a door (R-122, R-123)."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

MAX_TEXT = 256
MAX_TRACE = 8000
SECRET_NAMES = frozenset(
    {
        "password", "otp", "code", "token", "secret", "authorization", "cookie", "client_secret", "client_assertion",
        "refresh_token", "access_token", "id_token", "recovery_code", "activation_code", "code_verifier", "csrf_token",
    }
)  # fmt: skip


def configure(level: str) -> None:
    """Set up logging for this process. Authlib logs issued tokens at DEBUG, so it never goes below INFO."""
    logging.basicConfig(level=level, format="%(message)s", handlers=[_JsonHandler(sys.stdout)], force=True)
    logging.getLogger("authlib").setLevel(max(logging.INFO, logging.getLevelName(level)))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what is named like a secret, and bound every text."""
    for name, value in event.items():
        if name in SECRET_NAMES:
            event[name] = "[redacted]"
        elif isinstance(value, str):
            limit = MAX_TRACE if name == "exception" else MAX_TEXT
            event[name] = value if len(value) <= limit else value[:limit] + "…"
    return event


def _dump(value: Any, default: Any = None, **_options: Any) -> bytes:
    return orjson.dumps(value, default=default or str)


class _JsonHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Lines of libraries in the same form as ours."""

    def emit(self, record: logging.LogRecord) -> None:
        line = {
            "event": record.getMessage()[:MAX_TEXT],
            "logger": record.name,
            "level": record.levelname.lower(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))[-MAX_TRACE:]
        self.stream.write(orjson.dumps(line).decode() + "\n")
        self.flush()
