"""What reaches outside, as Protocols; entries choose the adapter (ARCHITECTURE.md §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class OutboundRefused(Exception):
    """The address may not be reached: scheme, port, or a private network that is not on the allow list."""


class OutboundFailed(Exception):
    """No usable answer: refused connection, time-out, oversize, redirect, wrong certificate."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type and at most `max_bytes` of body."""

    status: int
    content_type: str
    body: bytes


class Fetch(Protocol):
    """The one way out (decision 14). Raises OutboundRefused and OutboundFailed, nothing else."""

    def get(self, url: str) -> Answer: ...

    def post_form(self, url: str, fields: dict[str, str]) -> Answer: ...

    def check(self, url: str) -> None:
        """Refuse at registration what would be refused at connect time, without connecting."""


class Mail(Protocol):
    """Plain-text mail to one recipient."""

    def send(self, *, to: str, subject: str, text: str) -> None: ...
