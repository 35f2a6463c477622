"""gapura backup: create, prove and restore copies of the whole installation."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from idp.adapters import archive
from idp.adapters import backup as copies
from idp.checks import schema
from idp.cli.main import config_option
from idp.cli.session import Installation, installation, open_work
from idp.domain.audit.events import Event
from idp.domain.errors import Conflict, Invalid
from idp.domain.lifecycle import restoration
from idp.domain.runtime import upkeep
from idp.domain.transparency import log as audit_log
from idp.domain.transparency import verify as verification
from idp.kernel import failpoints, secrets_store
from idp.kernel.settings import SettingsError, load
from idp.kernel.settings import failpoints as failpoint_settings
from idp.migrations.runner import upgrade

PASSPHRASE_FILE, MINIMUM_PASSPHRASE = "backup_passphrase", 16
OLD = timedelta(hours=26)
CONFIG_FILE = "config.toml"
passphrase_option = click.option(
    "--passphrase-file", "passphrase_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"What encrypts the file; without it secrets/{PASSPHRASE_FILE}, made at the first backup.",
)  # fmt: skip
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def backup() -> None:
    """Copies of the whole installation: database, keys and configuration, encrypted."""


@backup.command()
@config_option
@passphrase_option
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def create(config: Path, passphrase_file: Path | None, out: Path, as_json: bool) -> None:
    """Write a consistent, encrypted copy to OUT while everything serves."""
    place = installation(config)
    if place.settings.is_rehearsal:
        failpoints.arm(failpoint_settings())
    directory = place.settings.secrets.directory
    passphrase = _passphrase(passphrase_file or _own_passphrase(directory))
    manifest = _manifest(place)
    files = {name: (directory / name).read_bytes() for name in secrets_store.FILES}
    files[CONFIG_FILE] = config.read_bytes()
    facts = {name: manifest[name] for name in ("made_at", "gapura", "schema")}
    partial = out.with_name(f".{out.name}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            archive.write(target, passphrase, copies.dump(place.engine, manifest, files), facts)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    size = out.stat().st_size
    with open_work(place) as work:
        upkeep.beat(work.session, "backup", work.now, {"bytes": size})
        work.record(Event("backup_created", details={"bytes": size, "schema": manifest["schema"]}))
    if as_json:
        click.echo(json.dumps({"file": str(out), "bytes": size} | manifest))
        return
    click.echo(f"{out}: {size} bytes. It holds the keys; keep it and its passphrase apart.")
    if passphrase_file is None:
        click.echo(
            f"Encrypted with {directory / PASSPHRASE_FILE}: without a copy of that file it cannot be opened."
        )
    click.echo(f"Next: gapura backup verify {out}")


@backup.command()
@config_option
@passphrase_option
@file_argument
@click.option("--json", "as_json", is_flag=True)
def verify(config: Path, passphrase_file: Path | None, file: Path, as_json: bool) -> None:
    """Restore FILE to a scratch place, open its keys and verify its audit log; exit 1 if anything is wrong."""
    passphrase = _passphrase(passphrase_file or _beside(config))
    with _refusals(), tempfile.TemporaryDirectory(prefix="gapura-verify-") as scratch:
        place, manifest, counts = _unpack(file, passphrase, Path(scratch), None)
        with open_work(place, name="backup") as work:
            verdict = verification.verify(work)
        place.engine.dispose()
    result = manifest | {"rows": sum(counts.values()), "audit": verdict.summary()}
    if as_json:
        click.echo(json.dumps(result))
    elif verdict.broken is None:
        click.echo(
            f"Usable: made {manifest['made_at']}, {result['rows']} rows, {verdict.checked} audit events intact."
        )
    if verdict.broken is not None:
        raise click.ClickException(f"audit log broken at {verdict.broken.position}: {verdict.broken.reason}")


@backup.command()
@config_option
@passphrase_option
@file_argument
@click.option("--to", "directory", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--database", help="The new, empty database; without it SQLite in DIRECTORY.")
@click.option("--yes", is_flag=True, help="An installation in DIRECTORY is moved aside.")
@click.option("--json", "as_json", is_flag=True)
def restore(
    config: Path, passphrase_file: Path | None, file: Path, directory: Path, database: str | None, yes: bool, as_json: bool
) -> None:  # fmt: skip
    """Make a working installation from FILE in DIRECTORY. Everybody has to sign in anew."""
    passphrase = _passphrase(passphrase_file or _beside(config))
    place, manifest, counts = _put_in_place(file, passphrase, directory, database, replace=yes)
    made_at = datetime.fromisoformat(manifest["made_at"])
    with open_work(place) as work:
        restoration.declare(work, made_at)
    with open_work(place) as work:
        audit_log.seal(work)
        verdict = verification.verify(work)
        old = work.now - made_at > OLD
    facts = {"config": str(place.config), "rows": sum(counts.values()), "audit": verdict.summary()}
    if as_json:
        click.echo(json.dumps(manifest | facts))
    else:
        click.echo(
            f"Restored {facts['rows']} rows of {manifest['made_at']}; every session and token of before is void."
        )
        click.echo(f"Next: gapura serve --config {place.config} --with-worker")
    if old:
        click.echo(
            "Warning: older than a day. What was done since is lost; compare with later audit exports.",
            err=True,
        )
    if verdict.broken is not None:
        raise click.ClickException(f"audit log broken at {verdict.broken.position}: {verdict.broken.reason}")


def _put_in_place(
    file: Path, passphrase: bytes, directory: Path, database: str | None, *, replace: bool
) -> tuple[Installation, dict[str, Any], dict[str, int]]:
    """Restore beside `directory`, then change places; nothing is touched before the whole file is proven."""
    if directory.exists() and any(directory.iterdir()) and not replace:
        raise Conflict("directory_not_empty", directory=str(directory))
    beginning = directory.with_name(f".{directory.name}.restoring")
    with _refusals():
        for _ in archive.read(file.open("rb"), passphrase):
            pass  # the whole file is proven before anything is touched
        shutil.rmtree(beginning, ignore_errors=True)
        beginning.mkdir(parents=True, mode=0o700)
        place, manifest, counts = _unpack(file, passphrase, beginning, database)
    place.engine.dispose()
    if directory.exists():
        aside = directory.with_name(f"{directory.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        directory.rename(aside)
        click.echo(f"What was there is now in {aside}.", err=True)
    beginning.rename(directory)
    return installation(directory / CONFIG_FILE), manifest, counts


def _manifest(place: Installation) -> dict[str, Any]:
    with open_work(place) as work:
        while audit_log.seal(work):
            pass
    with open_work(place) as work:
        newest = audit_log.newest_checkpoint(work.session)
        return {
            "made_at": work.now.isoformat(timespec="seconds"),
            "gapura": _version(),
            "schema": schema.current(work.session),
            "issuer": place.settings.issuer,
            "database": place.engine.dialect.name,
            "checkpoint": newest.note if newest else None,
        }


def _unpack(
    file: Path, passphrase: bytes, directory: Path, database: str | None
) -> tuple[Installation, dict[str, Any], dict[str, int]]:
    """Schema, rows, files. What was begun is removed again if the file turns out to be unusable."""
    manifest, files = _head(file, passphrase)
    try:
        (directory / "secrets").mkdir(mode=0o700, exist_ok=True)
        for name in secrets_store.FILES:
            place = directory / "secrets" / name
            place.touch(mode=0o600)
            place.write_bytes(files[name])
        config = directory / CONFIG_FILE
        text = _set(files[CONFIG_FILE].decode(), "database", "url", database or "sqlite:///gapura.db")
        config.write_text(_set(text, "secrets", "directory", "secrets"), encoding="utf-8")
        settings = load(config, {})
        if settings.is_rehearsal:
            failpoints.arm(failpoint_settings())
        if upgrade(settings, manifest["schema"]) is not None:
            raise Conflict("database_not_empty", database=settings.database.url.rpartition("@")[2])
        restored = installation(config)
        with file.open("rb") as source:
            manifest, _, counts = copies.load(
                restored.engine, copies.unpack(archive.read(source, passphrase))
            )
        upgrade(settings)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return restored, manifest, counts


def _head(file: Path, passphrase: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Manifest and files, which stand before the rows."""
    with file.open("rb") as source:
        return copies.head(copies.unpack(archive.read(source, passphrase)))


def _set(text: str, section: str, key: str, value: str) -> str:
    """TOML text with `key` of `[section]` set; everything else, comments too, stays as it is."""
    line = f"{key} = {json.dumps(value)}"
    heading = re.search(rf"^\[{section}\][^\n]*$", text, re.M)
    if heading is None:
        return f"{text.rstrip()}\n\n[{section}]\n{line}\n"
    following = re.search(r"^\[", text[heading.end() :], re.M)
    end = heading.end() + following.start() if following else len(text)
    body, changed = re.subn(
        rf"^[ \t]*{key}[ \t]*=[^\n]*$", lambda _: line, text[heading.end() : end], count=1, flags=re.M
    )
    return text[: heading.end()] + (body if changed else f"\n{line}{body}") + text[end:]


def _passphrase(file: Path) -> bytes:
    content = file.read_bytes().strip()
    if len(content) < MINIMUM_PASSPHRASE:
        raise Invalid("passphrase_too_short", minimum=MINIMUM_PASSPHRASE)
    return content


def _own_passphrase(directory: Path) -> Path:
    file = directory / PASSPHRASE_FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file


def _beside(config: Path) -> Path:
    """The installation's own passphrase, when the backup is opened where it was made."""
    with contextlib.suppress(SettingsError):
        file = load(config).secrets.directory / PASSPHRASE_FILE
        if file.exists():
            return file
    raise click.UsageError("--passphrase-file is needed: this is not the installation that made the backup")


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except archive.ArchiveRefused as error:
        raise click.ClickException(f"refused: {error}") from error


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 -- slow, and needed only here

    return version("gapura")
