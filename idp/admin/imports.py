"""HR files in the console: upload, columns, check, release by a second person, progress (UX.md §4.2).

Guards come first and the body is read after them, since files are larger than anything else we take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from idp.admin import import_words as words
from idp.domain.actors import Permission as P
from idp.domain.errors import DomainError, Forbidden, Invalid
from idp.domain.governance import directory
from idp.domain.lifecycle import batches, feed, runs
from idp.domain.lifecycle.plan import Verdict
from idp.domain.lifecycle.runs import ImportRow, ImportRun, Mode, RunState
from idp.web import context, csrf, guards
from idp.web.errors import STATUS, error_page
from idp.web.forms import argument, field
from idp.web.guards import needs

bp = Blueprint("imports", __name__, url_prefix="/konsol/impor")

ROWS_PER_PAGE = 100
REFRESH_SECONDS = 3
MAX_COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One row as the page shows it."""

    line: int | None
    name: str
    verdict: str
    sentences: tuple[str, ...]


@bp.get("")
@needs(P.IMPORT_RUN, P.IMPORT_APPROVE)
def index() -> AnyResponse:
    found = runs.newest(context.work().session)
    return _page("index", found=found, names=_names(found))


@bp.route("/baru", methods=["GET", "POST"])
@needs(P.IMPORT_RUN, fresh=True)
def upload() -> AnyResponse:
    if request.method == "GET":
        return _page("upload", errors={}, mode=Mode.DELTA.value)
    csrf.protect()
    mode = field("mode")
    try:
        run = _take(mode)
    except Forbidden:
        raise
    except DomainError as error:
        context.rollback()
        place = str(error.values.get("field", "form"))
        return _page("upload", 422, errors={place: words.refusal(error)}, mode=mode)
    context.commit()
    return redirect(url_for("imports.columns", run_id=run.id), 303)


def _take(mode: str) -> ImportRun:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("file_missing", field="file")
    return batches.upload(context.work(), sent.filename, sent.read(), mode)


@bp.route("/<run_id>/kolom", methods=["GET", "POST"])
@needs(P.IMPORT_RUN)
def columns(run_id: str) -> AnyResponse:
    run = runs.get(context.work().session, run_id)
    if request.method == "GET":
        return _page("columns", run=run, mapping=run.mapping, errors={}, samples=_samples(run))
    csrf.protect()
    mapping = {name: field(f"kolom-{at}") for at, name in enumerate(run.columns[:MAX_COLUMNS])}
    try:
        batches.map_columns(context.work(), run_id, mapping)
        batches.check(context.work(), run_id)
    except Forbidden:
        raise
    except DomainError as error:
        context.rollback()
        return _page(
            "columns", 422, run=runs.get(context.work().session, run_id), mapping=mapping,
            errors={"form": words.refusal(error)}, samples={},
        )  # fmt: skip
    context.commit()
    return redirect(url_for("imports.show", run_id=run_id), 303)


@bp.get("/<run_id>")
@needs(P.IMPORT_RUN, P.IMPORT_APPROVE)
def show(run_id: str) -> AnyResponse:
    """The verdicts, and while it is being applied how far it is."""
    work = context.work()
    run = runs.get(work.session, run_id)
    if run.state == RunState.UPLOADED and work.actor.powers.holds(P.IMPORT_RUN):
        return redirect(url_for("imports.columns", run_id=run_id), 303)
    chosen = argument("hasil") if argument("hasil") in (*words.VERDICTS, "failed") else ""
    after = int(argument("sesudah")) if argument("sesudah").isdecimal() else -1
    rows = runs.rows_of(work.session, run_id, verdict=chosen, after=after, limit=ROWS_PER_PAGE + 1)
    response = _page(
        "run", run=run, chosen=chosen, lines=_lines(rows[:ROWS_PER_PAGE]),
        older=rows[ROWS_PER_PAGE - 1].position if len(rows) > ROWS_PER_PAGE else None,
        names=_names([run]), refresh_seconds=REFRESH_SECONDS if run.state == RunState.APPLYING else 0,
        may_run=work.actor.powers.may(P.IMPORT_RUN),
        may_approve=work.actor.powers.may(P.IMPORT_APPROVE)
        and work.actor.id not in (run.uploaded_by, run.checked_by),
    )  # fmt: skip
    if run.state == RunState.APPLYING:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@bp.get("/<run_id>/ditolak")
@needs(P.IMPORT_RUN)
def refused(run_id: str) -> AnyResponse:
    """The refused rows as a file to mend."""
    run = runs.get(context.work().session, run_id)
    content = batches.refused(context.work(), run_id, words.problems())
    response = Response(content, mimetype="text/csv; charset=utf-8")
    stem = "".join(c for c in run.file_name.rsplit(".", 1)[0] if c.isascii() and (c.isalnum() or c in "-_"))
    response.headers["Content-Disposition"] = f'attachment; filename="{stem or "berkas"}-ditolak.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.post("/<run_id>/terapkan")
@needs(P.IMPORT_RUN, fresh=True, back="imports.show")
def apply(run_id: str) -> AnyResponse:
    csrf.protect()
    batches.order(context.work(), run_id)
    return _done(run_id)


@bp.post("/<run_id>/setujui")
@needs(P.IMPORT_APPROVE, fresh=True, back="imports.show")
def approve(run_id: str) -> AnyResponse:
    csrf.protect()
    batches.approve(context.work(), run_id)
    return _done(run_id)


@bp.post("/<run_id>/buang")
@needs(P.IMPORT_RUN, fresh=True, back="imports.show")
def discard(run_id: str) -> AnyResponse:
    csrf.protect()
    batches.discard(context.work(), run_id)
    return _done(run_id)


@bp.errorhandler(Forbidden)
def _forbidden(error: Forbidden) -> AnyResponse:
    """What a verb refused is undone, but that it was tried stays in the trail."""
    context.rollback()
    return guards.refused(None, error.code)


@bp.errorhandler(DomainError)
def _domain(error: DomainError) -> AnyResponse:
    context.rollback()
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
    return error_page(error.code, words.refusal(error), status)


def _done(run_id: str) -> AnyResponse:
    context.commit()
    return redirect(url_for("imports.show", run_id=run_id), 303)


def _page(template: str, status: int = 200, **variables: Any) -> Response:
    page = render_template(f"admin/imports/{template}.html", words=words, fields=feed.FIELDS, **variables)
    return make_response(page, status)


def _names(found: list[ImportRun]) -> dict[str, str]:
    """Names of those who had to do with the files; others (the operator) go by their id."""
    ids = {who for run in found for who in (run.uploaded_by, run.approved_by, run.ordered_by) if who}
    return {who: who for who in ids} | directory.names_of(context.work(), ids)


def _samples(run: ImportRun) -> dict[str, str]:
    """The first filled cell of each column, to see what it holds."""
    return batches.samples(context.work(), run)


def _lines(rows: list[ImportRow]) -> list[Line]:
    names = directory.names_of(context.work(), {row.person_id for row in rows if not row.name})
    return [
        Line(row.line, row.name or names.get(row.person_id or "", ""), row.verdict, tuple(_sentences(row)))
        for row in rows
    ]


def _sentences(row: ImportRow) -> list[str]:
    if row.failure:
        return [gettext("Tidak diterapkan: %(why)s", why=words.problem(row.failure))]
    if row.verdict == Verdict.REFUSED:
        return [
            f"{found['column']} “{found['value']}”: {words.problem(found['code'])}"
            if found["value"]
            else f"{found['column']}: {words.problem(found['code'])}"
            for found in row.problems or []
        ]
    if row.verdict == Verdict.ENDING and row.line is None:
        return [gettext("Tidak ada lagi di daftar lengkap.")]
    if row.verdict == Verdict.CHANGED and row.task:
        given, before = row.task["row"], row.task["before"]
        return [
            f"{words.FIELDS.get(name, name)}: {value or '–'} → {given.get(name) or '–'}."
            for name, value in before.items()
            if name != "active"
        ] + ([gettext("Aktif kembali.")] if "active" in before else [])
    return []
