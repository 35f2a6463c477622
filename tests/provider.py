"""A real provider: `gapura serve --with-worker` in a process of its own, driven by HARNESS.md alone."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import urllib3

GAPURA = str(Path(sys.executable).with_name("gapura"))
START_SECONDS = 40
CHEAP = "[passwords]\nargon2_memory_kib = 1024\nargon2_iterations = 1\n"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Clock:
    """Moves the time of every process of a provider (HARNESS.md §4)."""

    file: Path

    def forward(self, seconds: float) -> None:
        self.set(self.offset + seconds)

    def set(self, seconds: float) -> None:
        replacement = self.file.with_suffix(".new")
        replacement.write_text(str(seconds))
        replacement.replace(self.file)

    @property
    def offset(self) -> float:
        return float(self.file.read_text() or 0)

    def now(self) -> float:
        return time.time() + self.offset


@dataclass
class Provider:
    """`address` is where it listens, whatever the issuer's name says."""

    directory: Path
    issuer: str
    address: str
    clock: Clock
    database: str
    metrics: str
    process: subprocess.Popen[bytes] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.directory / "config.toml"

    @property
    def log(self) -> str:
        return (self.directory / "serve.log").read_text(errors="replace")

    def run(self, *arguments: str, code: int | None = 0) -> str:
        """A `gapura` command; asserts its exit code unless that is None."""
        command = [GAPURA, *arguments, "--config", str(self.config)]
        environment = {**os.environ, **self.extra}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        assert code is None or done.returncode == code, (
            f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def seed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`gapura dev seed`; clients are served from memory for at most a second after it."""
        name = secrets.token_hex(4)
        fixtures, out = self.directory / f"{name}.json", self.directory / f"{name}.out.json"
        fixtures.write_text(json.dumps(document))
        self.run("dev", "seed", str(fixtures), "--out", str(out))
        time.sleep(0.6)
        return json.loads(out.read_text())

    def events(self, name: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """Newest first."""
        chosen = ["--name", name] if name else []
        lines = self.run("audit", "search", "--json", "--limit", str(limit), *chosen).splitlines()
        return [json.loads(line) for line in lines]

    def metric(self, name: str) -> float:
        """The sum of a series over all labels."""
        text = urllib3.request("GET", f"http://{self.metrics}/metrics", timeout=5).data.decode()
        values = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in values)

    def start(self) -> None:
        with (self.directory / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [GAPURA, "serve", "--config", str(self.config), "--with-worker"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.extra},
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.log[-4000:])
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def _answers(self) -> bool:
        try:
            path = "/.well-known/jwks.json"
            headers = {
                "Host": urlsplit(self.issuer).netloc,
                "X-Forwarded-Proto": urlsplit(self.issuer).scheme,
            }
            answer = urllib3.request(
                "GET", f"http://{self.address}{path}", headers=headers, timeout=2, retries=False
            )
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status < 500


@contextmanager
def a_provider(
    directory: Path,
    database: str = "sqlite",
    *,
    issuer: str | None = None,
    settings: str = "",
    environment: Mapping[str, str] | None = None,
    started: bool = True,
) -> Iterator[Provider]:
    """A provider of one's own. `settings` is further TOML; `issuer` may be https://….test behind a trusted proxy."""
    port, metrics = free_port(), free_port()
    issuer = issuer or f"http://localhost:{port}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "clock").write_text("0")
    with a_database(directory, database) as url:
        (directory / "config.toml").write_text(
            f'environment = "test"\nissuer = "{issuer}"\n'
            f'[database]\nurl = "{url}"\n[secrets]\ndirectory = "{directory}/secrets"\n'
            f'[server]\nbind = "127.0.0.1:{port}"\nthreads = 8\ntrusted_proxies = ["127.0.0.1"]\n'
            f'[test]\nclock_offset_file = "{directory}/clock"\n'
            f'[mail]\ntransport = "file"\ndirectory = "{directory}/mail"\n'
            f'[outbound]\nallow = ["127.0.0.0/8"]\n[metrics]\nbind = "127.0.0.1:{metrics}"\n'
            f"{'' if '[passwords]' in settings else CHEAP}{settings}"
        )
        provider = Provider(
            directory, issuer, f"127.0.0.1:{port}", Clock(directory / "clock"), database,
            f"127.0.0.1:{metrics}", extra=environment or {},
        )  # fmt: skip
        provider.run("init")
        try:
            if started:
                provider.start()
            yield provider
        finally:
            if provider.process is not None and provider.process.poll() is None:
                provider.stop()


@contextmanager
def a_database(directory: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{directory}/gapura.db"
        return
    admin = os.environ["GAPURA_TEST_POSTGRES"]
    name = f"gapura_{secrets.token_hex(6)}"
    plain = admin.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{admin.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
