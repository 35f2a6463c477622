"""Mail: SMTP, one file per message in tests and the demo, or none."""

from __future__ import annotations

import smtplib
import uuid
from email.message import EmailMessage
from pathlib import Path

from idp.kernel.settings import Settings


class NoMail:
    """A city without a mail server."""

    def send(self, *, to: str, subject: str, text: str) -> None:  # noqa: ARG002 -- the port's signature
        return None


class FileMail:
    """One `.eml` per message (HARNESS.md §4)."""

    def __init__(self, directory: Path, sender: str) -> None:
        self._directory, self._sender = directory, sender
        directory.mkdir(parents=True, exist_ok=True)

    def send(self, *, to: str, subject: str, text: str) -> None:
        (self._directory / f"{uuid.uuid4().hex}.eml").write_bytes(
            bytes(_message(self._sender, to, subject, text))
        )


class SmtpMail:
    """A relay of the city."""

    def __init__(self, host: str, port: int, sender: str) -> None:
        self._host, self._port, self._sender = host, port, sender

    def send(self, *, to: str, subject: str, text: str) -> None:
        with smtplib.SMTP(self._host, self._port, timeout=5) as relay:
            relay.send_message(_message(self._sender, to, subject, text))


def mailer(settings: Settings) -> NoMail | FileMail | SmtpMail:
    mail = settings.mail
    if mail.transport == "file" and mail.directory is not None:
        return FileMail(mail.directory, mail.sender)
    if mail.transport == "smtp":
        return SmtpMail(mail.host, mail.port, mail.sender)
    return NoMail()


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """EmailMessage refuses line breaks in headers, so a name cannot add recipients (C-187)."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(text)
    return message
