"""The frozen tree of settings and the only reader of TOML, environment and secret files.

`config.example.toml` names every key with its unit, default and reason; a test keeps the two equal.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator


class SettingsError(Exception):
    """The configuration cannot be used; the message is one line that names the key and the mend."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Section):
    url: str = "sqlite:///gapura.db"
    pool_size: int = Field(8, ge=1, le=200)
    statement_timeout_milliseconds: int = Field(2500, ge=100)


class Secrets(_Section):
    directory: Path = Path("secrets")


class Server(_Section):
    bind: str = "127.0.0.1:8000"
    workers: int = Field(1, ge=1, le=64)
    threads: int = Field(4, ge=1, le=64)
    trusted_proxies: tuple[str, ...] = ()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            ipaddress.ip_network(entry, strict=False)
        return value


class City(_Section):
    name: str = "Kota Bogor"
    timezone: str = "Asia/Jakarta"
    helpdesk: str = "Helpdesk Diskominfo"


class Lifetimes(_Section):
    code_seconds: int = Field(60, ge=10, le=60)
    id_token_seconds: int = Field(300, ge=60, le=3600)
    access_token_seconds: int = Field(600, ge=60, le=3600)
    jwt_access_token_seconds: int = Field(300, ge=60, le=300)
    refresh_idle_seconds: int = Field(8 * 3600, ge=300)
    refresh_absolute_seconds: int = Field(12 * 3600, ge=300)
    offline_refresh_absolute_seconds: int = Field(30 * 86400, ge=3600)
    refresh_grace_seconds: int = Field(10, ge=0, le=60)
    session_idle_seconds: int = Field(3600, ge=300, le=3600)
    session_absolute_seconds: int = Field(12 * 3600, ge=600, le=12 * 3600)
    console_idle_seconds: int = Field(900, ge=60, le=900)
    console_absolute_seconds: int = Field(8 * 3600, ge=600, le=8 * 3600)
    fresh_authentication_seconds: int = Field(900, ge=60, le=900)
    interaction_seconds: int = Field(1800, ge=300, le=1800)
    activation_seconds: int = Field(72 * 3600, ge=600, le=14 * 86400)
    jwks_max_age_seconds: int = Field(900, ge=60, le=3600)

    def span(self, name: str) -> timedelta:
        """The lifetime `name` (without its unit) as a timedelta."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))


class Keys(_Section):
    rsa_bits: Literal[2048, 3072] = 2048
    prepublish_seconds: int = Field(86400, ge=0)


class Passwords(_Section):
    argon2_memory_kib: int = Field(19456, ge=1024)
    argon2_iterations: int = Field(2, ge=1)
    minimum_characters: int = Field(15, ge=8, le=64)
    minimum_characters_with_second_factor: int = Field(8, ge=8, le=64)
    hashing_slots: int = Field(2, ge=1, le=64)
    hashing_queue: int = Field(32, ge=1, le=1024)
    hashing_wait_seconds: float = Field(2.0, gt=0, le=10)
    local_words: tuple[str, ...] = ("bogor", "pemkot", "dinas", "pakuan", "kujang")


class Throttle(_Section):
    untrusted_tries: int = Field(5, ge=1)
    untrusted_delay_max_seconds: int = Field(900, ge=1)
    untrusted_daily_failures: int = Field(100, ge=5, le=100)
    trusted_tries_per_10_minutes: int = Field(10, ge=1)
    address_failures_per_minute: int = Field(20, ge=1)
    second_factor_tries_per_5_minutes: int = Field(5, ge=1)
    listed_networks: tuple[str, ...] = ()
    listed_failures_per_minute: int = Field(300, ge=1)


class Protocol(_Section):
    front_channel: bool = False
    default_acr: Literal[1, 2] = 2


class Mail(_Section):
    transport: Literal["none", "file", "smtp"] = "none"
    directory: Path | None = None
    host: str = "127.0.0.1"
    port: int = 25
    sender: str = "gapura@localhost"


class Outbound(_Section):
    allow: tuple[str, ...] = ()
    resolve: dict[str, str] = Field(default_factory=dict)
    ca_file: Path | None = None
    timeout_seconds: float = Field(5.0, gt=0, le=5)
    max_bytes: int = Field(262144, ge=1024, le=262144)

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            ipaddress.ip_network(entry, strict=False)
        return value


class Metrics(_Section):
    bind: str | None = None


class Log(_Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Test(_Section):
    clock_offset_file: Path | None = None


class Imports(_Section):
    ending_brake_percent: float = Field(2.0, gt=0, le=100)
    max_rows: int = Field(50_000, ge=1)


class Settings(_Section):
    """Everything an operator may set. Instances come from `load` only."""

    environment: Literal["production", "demo", "test"] = "production"
    issuer: str
    city: City = City()
    database: Database = Database()
    secrets: Secrets = Secrets()
    server: Server = Server()
    lifetimes: Lifetimes = Lifetimes()
    keys: Keys = Keys()
    passwords: Passwords = Passwords()
    throttle: Throttle = Throttle()
    protocol: Protocol = Protocol()
    imports: Imports = Imports()
    mail: Mail = Mail()
    outbound: Outbound = Outbound()
    metrics: Metrics = Metrics()
    log: Log = Log()
    test: Test = Test()

    @property
    def is_https(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def issuer_host(self) -> str:
        """Host and port exactly as a browser sends them in `Host`."""
        return urlsplit(self.issuer).netloc.lower()

    @property
    def is_rehearsal(self) -> bool:
        """True in the environments `test` and `demo`, where the doors of HARNESS.md are open."""
        return self.environment in ("test", "demo")

    @model_validator(mode="after")
    def _contradictions(self) -> Settings:
        parts = urlsplit(self.issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("issuer: must be an https address such as https://sso.kota.go.id")
        if parts.query or parts.fragment or "@" in parts.netloc or self.issuer.endswith("/"):
            raise ValueError("issuer: no query, fragment, user or trailing slash")
        host = parts.hostname
        local = host in ("localhost", "127.0.0.1", "::1") or host.endswith((".test", ".localhost"))
        if self.is_rehearsal and not local:
            raise ValueError(
                f'environment: "{self.environment}" needs a loopback, .test or .localhost issuer'
            )
        if parts.scheme == "http" and not self.is_rehearsal:
            raise ValueError('issuer: http is refused outside the environments "test" and "demo"')
        if not self.is_rehearsal and (self.test.clock_offset_file or self.outbound.resolve):
            raise ValueError('test.clock_offset_file, outbound.resolve: only in "test" and "demo"')
        if self.mail.transport == "file" and self.mail.directory is None:
            raise ValueError('mail.directory: needed with mail.transport = "file"')
        return self


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read `path` (TOML), then `GAPURA_SECTION__KEY` overrides from the environment.

    Relative paths are taken from the file's folder. Raises SettingsError with one clear line for a file that
    cannot be read, an unknown key (naming the nearest known one), or a value that cannot be used.
    """
    environ = os.environ if environ is None else environ
    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    _apply_environment(tree, environ)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_explain(error)}") from error
    return _absolute(settings, path.resolve().parent)


def failpoints(environ: Mapping[str, str] | None = None) -> str:
    """The raw value of GAPURA_FAILPOINTS, or an empty string."""
    environ = os.environ if environ is None else environ
    return environ.get("GAPURA_FAILPOINTS", "")


def environment_value(name: str) -> str | None:
    """One environment variable by name, for the entries (GAPURA_CONFIG and the metrics directory)."""
    return os.environ.get(name)


def set_environment_value(name: str, value: str) -> None:
    """Hand a value to libraries and child processes that read the environment only."""
    os.environ[name] = value


def _apply_environment(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        if not name.startswith("GAPURA_") or name in _OWN_VARIABLES:
            continue
        section, _, key = name.removeprefix("GAPURA_").lower().partition("__")
        if section not in Settings.model_fields:
            continue
        if key:
            tree.setdefault(section, {})[key] = _typed(section, key, value)
        else:
            tree[section] = value


_OWN_VARIABLES = frozenset({"GAPURA_CONFIG", "GAPURA_FAILPOINTS", "GAPURA_SERVED"})


def _typed(section: str, key: str, value: str) -> Any:
    """Lists are written with commas; everything else pydantic converts from text."""
    model = Settings.model_fields[section].annotation
    field = getattr(model, "model_fields", {}).get(key)
    if field is not None and "tuple" in str(field.annotation):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(where, known_keys(), n=1, cutoff=0.0)
        return f'unknown key "{where}"; did you mean "{nearest[0]}"?'
    if first["type"] == "missing":
        return f'"{where}" is missing'
    message = re.sub(r"^Value error, ", "", first["msg"])
    return f"{where}: {message}" if where else message


def known_keys() -> list[str]:
    """Every key as `section.key`, in the order of config.example.toml."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        keys += [f"{name}.{key}" for key in inner] if inner else [name]
    return keys


def _absolute(settings: Settings, base: Path) -> Settings:
    def place(path: Path | None) -> Path | None:
        return None if path is None else base / path

    url = settings.database.url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{base / url.removeprefix('sqlite:///')}"
    return settings.model_copy(
        update={
            "database": settings.database.model_copy(update={"url": url}),
            "secrets": settings.secrets.model_copy(update={"directory": place(settings.secrets.directory)}),
            "mail": settings.mail.model_copy(update={"directory": place(settings.mail.directory)}),
            "outbound": settings.outbound.model_copy(update={"ca_file": place(settings.outbound.ca_file)}),
            "test": settings.test.model_copy(
                update={"clock_offset_file": place(settings.test.clock_offset_file)}
            ),
        }
    )
