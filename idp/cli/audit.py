"""gapura audit: look at the trail, export it with proofs, verify it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
import orjson
from sqlalchemy import select

from idp.cli.main import config_option
from idp.cli.session import installation, open_work
from idp.domain.audit.events import Event
from idp.domain.audit.rows import AuditEvent
from idp.domain.transparency import log
from idp.domain.transparency import verify as verification
from idp.domain.transparency.exported import verify_export
from idp.kernel.settings import SettingsError

FOLLOW_SECONDS = 1


@click.group()
def audit() -> None:
    """The audit log."""


def _moment(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter("use 2026-11-24 or 2026-11-24T07:30:00+07:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@audit.command()
@config_option
@click.option("--name", help="Only events of this name.")
@click.option("--subject", help="Only events about this person id.")
@click.option("--client", help="Only events about this client id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def search(
    config: Path, name: str | None, subject: str | None, client: str | None, limit: int, as_json: bool
) -> None:
    """Print the newest events, newest first. Reading is itself recorded."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    for column, value in (
        (AuditEvent.name, name),
        (AuditEvent.subject_id, subject),
        (AuditEvent.client_id, client),
    ):
        if value is not None:
            query = query.where(column == value)
    with open_work(installation(config)) as work:
        rows = list(work.session.scalars(query))
        work.record(Event("audit_read", details={"by": "cli", "count": len(rows)}))
    for row in rows:
        body = orjson.loads(row.leaf) | {"index": row.leaf_index}
        if as_json:
            click.echo(json.dumps(body))
        else:
            click.echo(
                f"{body['at']}  {row.name:32} {row.result:8} {row.subject_id or '-':32} {row.client_id or '-'}"
            )


@audit.command()
@config_option
@click.option(
    "--export",
    "exported",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An export to check instead.",
)
@click.option("--vkey", help="With --export: the log's key as the auditor kept it.")
@click.option("--json", "as_json", is_flag=True)
def verify(config: Path, exported: Path | None, vkey: str | None, as_json: bool) -> None:
    """Re-derive the log and compare; exit 1 with the first broken position."""
    if exported is not None:
        _verify_file(exported, vkey, as_json)
        return
    with open_work(installation(config)) as work:
        verdict = verification.verify(work)
        verification.remember(work, verdict)
    if as_json:
        click.echo(json.dumps(verdict.summary()))
    elif verdict.broken is None:
        click.echo(
            f"Intact: {verdict.checked} events, {verdict.checkpoints} checkpoints; {verdict.unsealed} not sealed yet."
        )
    else:
        click.echo(f"BROKEN at position {verdict.broken.position}: {verdict.broken.reason}", err=True)
    sys.exit(0 if verdict.broken is None else 1)


def _verify_file(file: Path, vkey: str | None, as_json: bool) -> None:
    with file.open(encoding="utf-8") as lines:
        verdict = verify_export(lines, vkey)
    result = {"intact": verdict.reason is None, "checked": verdict.checked}
    if verdict.reason is not None:
        result |= {"position": verdict.position, "reason": verdict.reason}
    if as_json:
        click.echo(json.dumps(result))
    elif verdict.reason is None:
        click.echo(f"Intact: {verdict.checked} events are in the signed log.")
    else:
        click.echo(f"BROKEN at position {verdict.position}: {verdict.reason}", err=True)
    sys.exit(0 if verdict.reason is None else 1)


@audit.command()
@config_option
@click.option("--lines", type=click.IntRange(0, 1000), default=10, show_default=True)
@click.option("--follow", is_flag=True, help="Go on until interrupted.")
def tail(config: Path, lines: int, follow: bool) -> None:
    """Print the newest events as JSON lines, oldest first. Reading is itself recorded."""
    place = installation(config)
    with open_work(place) as work:
        work.record(Event("audit_read", details={"by": "cli", "count": lines}))
        newest = list(work.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(lines)))
    after = newest[0].id if newest else 0
    for row in reversed(newest):
        click.echo(json.dumps(orjson.loads(row.leaf)))
    while follow:
        time.sleep(FOLLOW_SECONDS)
        with open_work(place) as work:
            query = select(AuditEvent).where(AuditEvent.id > after).order_by(AuditEvent.id)
            for row in work.session.scalars(query):
                click.echo(json.dumps(orjson.loads(row.leaf)))
                after = row.id


@audit.command()
@config_option
@click.argument("first", type=int)
@click.argument("second", type=int)
def consistency(config: Path, first: int, second: int) -> None:
    """Print the proof that the log of SECOND events extends the log of FIRST events."""
    with open_work(installation(config)) as work:
        proof = log.consistency(work, first, second)
    click.echo(json.dumps({"first": first, "second": second, "proof": proof}))


@audit.command()
@config_option
@click.option("--from", "begin", callback=_moment, help="First moment (inclusive).")
@click.option("--to", "end", callback=_moment, help="Last moment (exclusive).")
@click.option("--out", type=click.File("w", lazy=True), default="-")
def export(config: Path, begin: datetime | None, end: datetime | None, out: TextIO) -> None:
    """Write sealed events as JSON lines with inclusion proofs; check them with clients/verify, without us."""
    place = installation(config)
    with open_work(place) as work:
        while log.seal(work):
            pass
    with open_work(place) as work:
        count = _write(log.export(work, begin, end), out)
        work.record(Event("audit_exported", details={"count": count, "from": str(begin), "to": str(end)}))
    if out.name != "-" and count == 0:
        click.echo("No sealed event lies in this period.", err=True)


@audit.command()
@config_option
@click.option("--json", "as_json", is_flag=True)
def checkpoint(config: Path, as_json: bool) -> None:
    """Print the newest signed checkpoint, for places that the operator cannot rewrite."""
    with open_work(installation(config)) as work:
        newest = log.newest_checkpoint(work.session)
        key = log.vkey(work)
    if newest is None:
        raise SettingsError("no checkpoint yet; is the worker running?")
    click.echo(
        json.dumps({"note": newest.note, "vkey": key, "size": newest.size}) if as_json else newest.note,
        nl=as_json,
    )


def _write(lines: Iterable[dict[str, Any]], out: TextIO) -> int:
    count = -1
    for line in lines:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return max(count, 0)
