"""`gapura dev demo`: set up the sample city once, start the provider, two applications and the API, stop them all."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.demo import city
from idp.demo.browser import WalkFailed, answers, free_ports, is_taken
from idp.demo.city import Addresses
from idp.demo.walk import walk
from idp.kernel.settings import set_environment_value

PORTS = (8000, 8001, 8002, 8003)
START_SECONDS = 60.0
STOP_SECONDS = 15.0

CONFIG = """# The demo city. Every key, its unit, default and reason: config.example.toml
environment = "demo"
issuer = "{issuer}"

[database]
url = "sqlite:///gapura.db"

[secrets]
directory = "secrets"

[server]
bind = "127.0.0.1:{port}"

[city]
name = "Kota Contoh"

[mail]
transport = "file"
directory = "mail"

[outbound]
allow = ["127.0.0.0/8", "::1/128"]
"""


class DemoFailed(Exception):
    """The demo cannot start; the message says why and what to do."""


def run(directory: Path, *, check: bool, reset: bool) -> int:
    """Run the demo city in `directory` until interrupted, or with `check` walk through a fresh one on free ports.

    Returns the exit code: 0, or 1 with a line on stderr.
    """
    try:
        if check:
            return _check()
        if reset:
            _throw_away(directory)
        _run_until_interrupted(directory)
    except (DemoFailed, WalkFailed) as error:
        print(f"gapura: {error}", file=sys.stderr)
        return 1
    return 0


def _check() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gapura-demo-") as name:
        ports = free_ports(len(PORTS))
        directory = Path(name)
        set_up(directory, ports)
        _say("demo city: created")
        with running(directory, ports) as addresses:
            _say(f"provider, applications and API: started ({addresses.issuer})")
            walk(addresses, _say)
    _say(f"all of it works ({time.monotonic() - started:.0f} s)")
    return 0


def _run_until_interrupted(directory: Path) -> None:
    taken = [port for port in PORTS if is_taken(port)]
    if taken:
        raise DemoFailed(f"port {taken[0]} is in use; stop what listens there, or use --check")
    set_up(directory, PORTS)
    interrupted: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, _frame: interrupted.append(caught))
    with running(directory, PORTS, lambda: bool(interrupted)) as addresses:
        _say(_introduction(addresses, directory))
        while not interrupted:
            time.sleep(0.2)
    _say("Stopped. The data stays; --reset begins anew.")


def addresses_of(ports: list[int] | tuple[int, ...]) -> Addresses:
    return Addresses(*(f"http://localhost:{port}" for port in ports))


def set_up(directory: Path, ports: list[int] | tuple[int, ...]) -> None:
    """Configuration, keys, database and the people of the city, unless they are there already."""
    seeded = directory / "seeded.json"
    if seeded.exists():
        _gapura(directory, "migrate")
        return
    directory.mkdir(parents=True, exist_ok=True)
    addresses = addresses_of(ports)
    config = directory / "config.toml"
    config.write_text(CONFIG.format(issuer=addresses.issuer, port=ports[0]))
    _gapura(directory, "init")
    names = (city.PERIZINAN, city.EOFFICE, city.API)
    made = {name: _kept(directory / f"{name}.secret", secrets.token_urlsafe(32)) for name in names}
    for name in (city.PERIZINAN, city.EOFFICE):
        _kept(directory / f"{name}.session-key", secrets.token_hex(32))
    fixtures = directory / "fixtures.json"
    _write_privately(fixtures, json.dumps(city.document(addresses, made), indent=2, ensure_ascii=False))
    unfinished = directory / "seeded.part"
    _gapura(directory, "dev", "seed", str(fixtures), "--out", str(unfinished))
    unfinished.chmod(0o600)
    unfinished.replace(seeded)


@contextmanager
def running(
    directory: Path, ports: list[int] | tuple[int, ...], interrupted: Callable[[], bool] = lambda: False
) -> Iterator[Addresses]:
    """The four programs, ready; ended on the way out. Raises DemoFailed with the log of one that does not start."""
    addresses = addresses_of(ports)
    logs = directory / "log"
    logs.mkdir(exist_ok=True)
    children: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(name: str, url: str, *command: str) -> None:
        with (logs / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        children.append((name, child))
        deadline = time.monotonic() + START_SECONDS
        while not answers(url) and not interrupted():
            if child.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"{name} did not start:\n{(logs / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.1)

    try:
        config = str(directory / "config.toml")
        serve = (_program(), "serve", "--config", config, "--with-worker")
        start("gapura", f"{addresses.issuer}/readyz", *serve)
        _tell(OIDC_ISSUER=addresses.issuer, API_IDENTIFIER=addresses.api, API_URL=addresses.api)
        _tell(APP_HOST="127.0.0.1", APP_PORT=str(ports[3]))
        start("api", f"{addresses.api}/permits", sys.executable, "-m", "clients.perizinan_api")
        _tell_application(directory, city.PERIZINAN, addresses.perizinan, ports[1])
        start("perizinan", addresses.perizinan, sys.executable, "-m", "clients.perizinan")
        _tell_application(directory, city.EOFFICE, addresses.eoffice, ports[2])
        start("e-office", addresses.eoffice, sys.executable, "-m", "clients.eoffice")
        yield addresses
    finally:
        _stop([child for _, child in children])


def _tell_application(directory: Path, name: str, url: str, port: int) -> None:
    _tell(
        APP_URL=url,
        APP_PORT=str(port),
        OIDC_CLIENT_ID=name,
        OIDC_CLIENT_SECRET_FILE=str(directory.resolve() / f"{name}.secret"),
        APP_SESSION_KEY_FILE=str(directory.resolve() / f"{name}.session-key"),
        APP_SESSIONS=str(directory.resolve() / f"{name}.sessions.db"),
    )


def _tell(**values: str) -> None:
    """What the next programs find in their environment."""
    for name, value in values.items():
        set_environment_value(name, value)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """The applications first, so that none meets a provider that is gone."""
    for child in reversed(children):
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _gapura(directory: Path, *arguments: str) -> None:
    command = (_program(), *arguments, "--config", str(directory / "config.toml"))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise DemoFailed(
            f"gapura {' '.join(arguments[:2])}: {result.stderr.strip() or result.stdout.strip()}"
        )


def _program() -> str:
    """The console script of this very environment."""
    return str(Path(sys.executable).with_name("gapura"))


def _kept(path: Path, text: str) -> str:
    """What the file holds; `text` becomes that if there is none, as after a first start that was interrupted."""
    if not path.exists():
        _write_privately(path, text)
    return path.read_text()


def _write_privately(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _throw_away(directory: Path) -> None:
    """Only what a demo has made."""
    config = directory / "config.toml"
    if directory.exists() and any(directory.iterdir()):
        if not config.is_file() or 'environment = "demo"' not in config.read_text():
            raise DemoFailed(f"{directory} holds no demo city; remove it yourself if you mean it")
        shutil.rmtree(directory)


def _introduction(addresses: Addresses, directory: Path) -> str:
    width = max(len(persona.username) for persona in city.PERSONAS)
    accounts = "\n".join(f"  {p.username:<{width}}  {p.shows}" for p in city.PERSONAS)
    return f"""
Gapura        {addresses.issuer}
Perizinan     {addresses.perizinan}
e-Office      {addresses.eoffice}
API Izin      {addresses.api}

Accounts (password of all: {city.PASSWORD})
{accounts}

The current code of an authenticator: gapura dev otp siti --config {directory}/config.toml
Everything that was created:          {directory}/seeded.json
Stop with Ctrl-C.
"""


def _say(text: str) -> None:
    print(text, flush=True)
