"""Read a file of HR: CSV as Indonesian Excel writes it, or XLSX, into rows with line numbers and named problems.

The citizen number (NIK) is never taken: a column that holds it is left out, and said so; a single cell that holds it
is emptied of it before anything else sees the row (decision 6).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

from idp.domain.city import nip
from idp.domain.city.employment import EmploymentStatus
from idp.domain.errors import Invalid
from idp.domain.lifecycle import never_taken

MAX_ROWS = 50_000
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 10 * MAX_BYTES
"""What a workbook may grow to: it is a ZIP file, and a small one can hold gigabytes."""
MAX_CELL = 300
PROBLEMS_COLUMN = "masalah"
FIELDS = (
    "nip", "plain_name", "title_before", "title_after", "employment_status", "unit_code", "position_title",
    "position_type", "valid_from", "valid_to", "email", "phone", "active",
)  # fmt: skip
"""What a column can be mapped to."""

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "nip": ("nip", "ni pppk", "nip baru", "nomor induk", "number"),
    "plain_name": ("nama", "nama lengkap", "nama pegawai", "name"),
    "title_before": ("gelar depan", "title before"),
    "title_after": ("gelar belakang", "title after"),
    "employment_status": ("jenis kepegawaian", "status kepegawaian", "jenis pegawai", "employment status"),
    "unit_code": ("kode unit", "kode unit kerja", "unit", "unit kerja", "unit code"),
    "position_title": ("jabatan", "nama jabatan", "position"),
    "position_type": ("jenis jabatan", "position type"),
    "valid_from": ("tmt", "tmt jabatan", "mulai", "valid from"),
    "valid_to": ("s.d.", "sd", "sampai", "berakhir", "valid to"),
    "email": ("email", "email dinas", "e-mail", "surel"),
    "phone": ("hp", "hp dinas", "no hp", "telepon", "phone"),
    "active": ("status", "aktif", "active"),
}
_STATUS_WORDS: Mapping[str, str] = {
    "pns": "pns", "cpns": "cpns", "pppk": "pppk", "p3k": "pppk", "pppk paruh waktu": "pppk_part_time",
    "pppk pw": "pppk_part_time", "non asn": "non_asn", "non-asn": "non_asn", "tkk": "non_asn", "honorer": "non_asn",
    "pejabat": "official", "pihak luar": "external", "vendor": "external",
} | {status.value: status.value for status in EmploymentStatus}  # fmt: skip
_TYPE_WORDS: Mapping[str, str] = {
    "manajerial": "managerial", "struktural": "managerial", "fungsional": "functional", "pelaksana": "executing",
    "managerial": "managerial", "functional": "functional", "executing": "executing",
}  # fmt: skip
_YES = frozenset({"", "aktif", "ya", "y", "1", "true", "active"})
_NO = frozenset({"tidak aktif", "nonaktif", "non aktif", "tidak", "n", "0", "false", "pensiun", "inactive"})
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\Z", re.ASCII)
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([ T]00:00(:00)?)?\Z", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", re.ASCII)
_QUOTED_FORMULA = re.compile(r"'[=+@\t\r\n-]")
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,20}\Z", re.ASCII)


_BROKEN_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, ParseError, NotImplementedError, RuntimeError, EOFError, OSError,
    LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip
"""What zipfile, zlib, the XML parser and openpyxl raise for damaged bytes, found by damaging some."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as read; `left_out` names columns that are never taken."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell: its row and column, the value as it was, and a code with its own sentence."""

    row: int
    column: str
    value: str
    code: str


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row that could be understood."""

    number: int
    nip: str
    plain_name: str
    employment_status: str
    unit_code: str
    title_before: str | None = None
    title_after: str | None = None
    position_title: str | None = None
    position_type: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    email: str | None = None
    phone: str | None = None
    active: bool = True


def read(name: str, content: bytes, *, max_rows: int = MAX_ROWS) -> Sheet:
    """CSV (`;`, `,` or tab; UTF-8 with or without BOM, or cp1252) or XLSX. Raises Invalid with row and reason."""
    if not content:
        raise Invalid("file_empty", field="file")
    if len(content) > MAX_BYTES:
        raise Invalid("file_too_large", field="file", maximum=MAX_BYTES // 1024**2)
    lines = (
        _xlsx(content) if name.lower().endswith(".xlsx") or content[:4] == b"PK\x03\x04" else _csv(content)
    )
    return _sheet(lines, max_rows)


def guess_mapping(columns: Sequence[str]) -> dict[str, str]:
    """Column → field, for headings that are known; of several for one field, the more telling one (a unit's code)."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(re.sub(r"[_\s]+", " ", column.strip().casefold()).strip(" *:"), column)
    return {
        plain[known[0]]: field
        for field, headings in _HEADINGS.items()
        if (known := [heading for heading in headings if heading in plain])
    }


def understand(sheet: Sheet, mapping: Mapping[str, str], today: date) -> tuple[list[FeedRow], list[Problem]]:
    """Rows that can be used, and every problem of those that cannot. Raises Invalid when a needed column is missing."""
    by_field = {field: column for column, field in mapping.items() if column in sheet.columns}
    for needed in ("nip", "plain_name", "unit_code"):
        if needed not in by_field:
            raise Invalid("column_missing", field="mapping", column=needed)
    rows: list[FeedRow] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        reader = _RowReader(row, by_field, today)
        made = reader.feed_row()
        if made is not None and made.nip in seen:
            reader.refuse("nip", "number_repeated")
            made = None
        problems += reader.problems
        if made is not None and not reader.problems:
            seen[made.nip] = row.number
            rows.append(made)
    return rows, problems


class _RowReader:
    def __init__(self, row: Row, by_field: Mapping[str, str], today: date) -> None:
        self._row, self._by_field, self._today = row, by_field, today
        self.problems: list[Problem] = []

    def feed_row(self) -> FeedRow | None:
        number = self._number()
        name = self._text("plain_name")
        if not name:
            self.refuse("plain_name", "name_missing")
        unit = self._text("unit_code")
        if not unit:
            self.refuse("unit_code", "unit_missing")
        made = FeedRow(
            number=self._row.number,
            nip=number,
            plain_name=name,
            employment_status=self._word("employment_status", _STATUS_WORDS, "status_unknown")
            or _status_of(number),
            unit_code=unit.lower(),
            title_before=self._text("title_before") or None,
            title_after=self._text("title_after") or None,
            position_title=self._text("position_title") or None,
            position_type=self._word("position_type", _TYPE_WORDS, "position_type_unknown"),
            valid_from=self._date("valid_from"),
            valid_to=self._date("valid_to"),
            email=self._matching("email", _EMAIL, "email_malformed"),
            phone=self._matching("phone", _PHONE, "phone_malformed"),
            active=self._active(),
        )
        if made.valid_from and made.valid_to and made.valid_to < made.valid_from:
            self.refuse("valid_to", "ends_before_it_begins")
        return None if self.problems else made

    def refuse(self, field: str, code: str) -> None:
        """Note what is wrong with a cell; the first reason is the one to mend."""
        column = self._by_field.get(field, field)
        if any(problem.column == column for problem in self.problems):
            return
        self.problems.append(
            Problem(self._row.number, column, self._row.cells.get(column, "")[:MAX_CELL], code)
        )

    def _number(self) -> str:
        try:
            return nip.parse(self._text("nip"), today=self._today).value
        except nip.NipRefused as error:
            self.refuse("nip", f"nip_{error.code}")
            return ""

    def _text(self, field: str) -> str:
        value = self._row.cells.get(self._by_field.get(field, ""), "")
        value = re.sub(r"\s+", " ", value).strip()
        if value[:1] == "'" and value[1:2] in "=+-@0123456789'":
            value = value[1:]
        malformed = len(value) > MAX_CELL or any(ord(character) < 0x20 for character in value)
        if malformed or never_taken.WITHHELD in value:
            self.refuse(field, "cell_malformed")
            return ""
        return value

    def _word(self, field: str, words: Mapping[str, str], code: str) -> str | None:
        value = self._text(field).casefold()
        if not value:
            return None
        if value not in words:
            self.refuse(field, code)
            return None
        return words[value]

    def _date(self, field: str) -> date | None:
        value = self._text(field)
        if not value:
            return None
        try:
            match = _DATE.match(value)
            iso = _ISO_DATE.match(value)
            made = (
                date(int(match[3]), int(match[2]), int(match[1]))
                if match
                else date.fromisoformat(iso[1] if iso else "")
            )
        except ValueError:
            self.refuse(field, "date_malformed")
            return None
        if not date(1950, 1, 1) <= made <= date(2100, 1, 1):
            self.refuse(field, "date_malformed")
            return None
        return made

    def _matching(self, field: str, pattern: re.Pattern[str], code: str) -> str | None:
        value = self._text(field)
        if value and not pattern.match(value):
            self.refuse(field, code)
        return value or None

    def _active(self) -> bool:
        value = self._text("active").casefold()
        if value not in _YES | _NO:
            self.refuse("active", "active_unknown")
        return value not in _NO


def _status_of(number: str) -> str:
    """The number itself tells a PPPK: its middle is not a month."""
    return "pppk" if number and int(number[12:14]) > 20 else "pns"


def _csv(content: bytes) -> Iterable[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise Invalid("file_not_text", field="file")
    first = re.sub(r'"[^"]*"', "", text).lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise Invalid("file_broken", field="file", row=reader.line_num, reason=str(error)) from error


def _xlsx(content: bytes) -> Iterable[list[str]]:
    """The first sheet. Numbers keep what Excel shows, so that a mangled NIP is recognised by its form."""
    from openpyxl import load_workbook  # noqa: PLC0415 -- large, and rarely needed

    read_rows = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise Invalid("file_too_large", field="file", maximum=MAX_BYTES // 1024**2)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            read_rows += 1
            yield [_cell(value) for value in row]
    except _BROKEN_WORKBOOK as error:
        raise Invalid(
            "file_broken", field="file", row=read_rows + 1, reason="not an XLSX workbook"
        ) from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float):
        return f"{value:.5E}" if abs(value) >= 1e15 else f"{value:g}"
    if isinstance(value, int) and abs(value) >= 10**15:
        return f"{value:.5E}"
    return str(value)


def _sheet(lines: Iterable[list[str]], max_rows: int) -> Sheet:
    columns: list[str] = []
    rows: list[Row] = []
    for number, cells in enumerate(lines, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = [_unquoted(cell.strip()) for cell in cells]
            _check_columns(columns)
            continue
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            raise Invalid("file_broken", field="file", row=number, reason="more cells than columns")
        rows.append(Row(number, dict(zip(columns, map(_unquoted, cells), strict=False))))
        if len(rows) > max_rows:
            raise Invalid("file_too_long", field="file", maximum=max_rows)
    if not columns or not rows:
        raise Invalid("file_without_rows", field="file")
    known = guess_mapping(columns)
    never = tuple(
        c for c in columns if never_taken.is_named(c) or (c not in known and _holds_citizen_numbers(c, rows))
    )
    kept = tuple(c for c in columns if c and c not in never and c.casefold() != PROBLEMS_COLUMN)
    taken = tuple(Row(row.number, {c: _taken(row.cells.get(c, "")) for c in kept}) for row in rows)
    return Sheet(kept, taken, never)


def _unquoted(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a cell (`plan.refused_file` puts it there)."""
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


def _holds_citizen_numbers(column: str, rows: Sequence[Row]) -> bool:
    """Whether at least half of what stands in a column with a heading we do not know is nothing but one."""
    filled = [cell for row in rows if (cell := row.cells.get(column, "").strip())]
    found = sum(1 for cell in filled if never_taken.is_in(cell) and not any(map(str.isalpha, cell)))
    return 2 * found >= max(1, len(filled))


def _taken(cell: str) -> str:
    return never_taken.WITHHELD if never_taken.is_in(cell) else cell


def _check_columns(columns: list[str]) -> None:
    named = [column for column in columns if column]
    if len(set(named)) != len(named):
        raise Invalid("column_repeated", field="file", column=next(c for c in named if named.count(c) > 1))
