"""JSON logs."""

from __future__ import annotations

import logging

import structlog


def configure(level: str) -> None:
    logging.getLogger("authlib").setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
