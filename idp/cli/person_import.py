"""gapura person import FILE: check an HR file, apply it, or say why it has to wait."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from idp.cli.main import config_option
from idp.cli.output import card, counted, json_option, show, table
from idp.cli.session import Installation, installation, open_work
from idp.domain.errors import Forbidden
from idp.domain.lifecycle import batches, feed, runs
from idp.domain.lifecycle.plan import Verdict
from idp.domain.lifecycle.runs import ImportRun, Mode, RunState

ROWS_AT_ONCE = 200
SHOWN_REFUSED = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only check; the city stays as it is and nothing is kept.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.DELTA.value,
    show_default=True,
    help="full: whoever is not in the file leaves.",
)
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help=f"FIELD: {', '.join(feed.FIELDS)}."
)
@click.option(
    "--refused",
    "refused_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the refused rows here, with what is wrong, to be mended and imported again.",
)
@config_option
@json_option
def import_file(
    file: Path,
    dry_run: bool,
    mode: str,
    mapped: tuple[str, ...],
    refused_to: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Import people from a file of HR (CSV or XLSX). Refused rows are left out; all others are applied."""
    place = installation(config)
    with open_work(place) as work:
        run = batches.upload(work, file.name, file.read_bytes(), mode)
        if mapped:
            batches.map_columns(work, run.id, {**run.mapping, **_pairs(mapped)})
        run = batches.check(work, run.id)
        refused = _refused(work.session, run)
        if refused_to is not None:
            refused_to.write_bytes(batches.refused(work, run.id, {}))
        if dry_run:
            batches.discard(work, run.id)
    counts = dict(run.counts)
    held = run.state == RunState.HELD
    if not dry_run and not held:
        run = _apply(place, run.id)
    show(as_json, _facts(run, counts, refused), lambda: _report(run, counts, refused, dry_run))
    if held and not dry_run:
        brake = run.notes["brakes"][0]
        raise Forbidden("import_held", **{name: brake[name] for name in ("ending", "active", "percent")})
    if run.failed:
        sys.exit(1)


def _apply(place: Installation, run_id: str) -> ImportRun:
    """Here and now; a worker that takes the same job finds it done."""
    with open_work(place) as work:
        batches.order(work, run_id)
    more = True
    while more:
        with open_work(place) as work:
            more = batches.apply_next(work, run_id, ROWS_AT_ONCE)
    with open_work(place) as work:
        return runs.get(work.session, run_id)


def _pairs(mapped: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for entry in mapped:
        column, separator, field = entry.rpartition("=")
        if not separator:
            raise click.UsageError(f"--map {entry}: write COLUMN=FIELD")
        found[column] = field
    return found


def _refused(session: Any, run: ImportRun) -> list[dict[str, Any]]:
    rows = runs.rows_of(session, run.id, verdict=Verdict.REFUSED, limit=feed.MAX_ROWS)
    return [{"line": row.line, "name": row.name, **problem} for row in rows for problem in row.problems or []]


def _facts(run: ImportRun, counts: dict[str, int], refused: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state,
        "mode": run.mode,
        "sha256": run.sha256,
        "counts": counts,
        "applied": run.done - run.failed,
        "failed": run.failed,
        "unknown_units": run.notes.get("unknown_units", []),
        "left_out": run.notes.get("left_out", []),
        "refused": refused,
    }


def _report(run: ImportRun, counts: dict[str, int], refused: list[dict[str, Any]], dry_run: bool) -> str:
    lines = [card(list(counts.items()))]
    if run.notes.get("left_out"):
        lines.append(f"Never taken: {', '.join(run.notes['left_out'])}")
    if run.notes.get("unknown_units"):
        lines.append(f"Unknown units: {', '.join(run.notes['unknown_units'])}")
    if refused:
        shown = [(r["line"], r["column"], r["code"], r["value"]) for r in refused[:SHOWN_REFUSED]]
        lines.append(table(("LINE", "COLUMN", "PROBLEM", "VALUE"), shown))
    if dry_run:
        lines.append("Checked only; nothing was changed. Next: the same command without --dry-run")
    elif run.state == RunState.HELD:
        lines.append(
            f"Not applied: a second approver must release it in the console (/konsol/impor/{run.id})."
        )
    else:
        lines.append(
            f"Applied {counted(run.done - run.failed, 'row')}; {run.failed} failed. Next: gapura person list"
        )
    return "\n".join(lines)
