"""What the application is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    """``url`` is our own address as browsers see it, without a slash at the end; ``sessions`` an SQLite file."""

    issuer: str
    client_id: str
    client_secret: str
    url: str
    host: str
    port: int
    session_key: bytes
    sessions: str


def from_environment() -> Settings:
    """Read the settings; raises ``KeyError`` with the name of a variable that is missing.

    ``OIDC_ISSUER``, ``OIDC_CLIENT_ID``, ``OIDC_CLIENT_SECRET_FILE``, ``APP_URL``, ``APP_SESSION_KEY_FILE`` and
    ``APP_SESSIONS`` are needed; ``APP_HOST`` (127.0.0.1) and ``APP_PORT`` (that of ``APP_URL``) are not.
    """
    url = os.environ["APP_URL"].rstrip("/")
    return Settings(
        issuer=os.environ["OIDC_ISSUER"],
        client_id=os.environ["OIDC_CLIENT_ID"],
        client_secret=Path(os.environ["OIDC_CLIENT_SECRET_FILE"]).read_text().strip(),
        url=url,
        host=os.environ.get("APP_HOST", "127.0.0.1"),
        port=int(os.environ.get("APP_PORT") or urlsplit(url).port or 8080),
        session_key=Path(os.environ["APP_SESSION_KEY_FILE"]).read_bytes(),
        sessions=os.environ["APP_SESSIONS"],
    )
