"""A person's own activity, in sentences, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp.account.present import present
from idp.account.present import show as render
from idp.domain.audit.rows import AuditEvent
from idp.web import context
from idp.web.agents import describe
from idp.web.extensions import db

PER_PAGE = 50
SENTENCES = {
    "authn_login_success": "Anda masuk", "authn_login_fail": "Percobaan masuk ditolak",
    "authn_login_throttled": "Percobaan masuk ditunda", "authn_second_factor_fail": "Kode verifikasi ditolak",
    "authn_reauthenticated": "Anda membuktikan diri lagi", "authz_code_issued": "Anda diteruskan ke {client}",
    "authz_refused": "Akses ke {client} ditolak", "authz_denied_by_person": "Anda membatalkan masuk ke {client}",
    "authn_token_issued": "{client} menerima token Anda", "authn_token_reuse": "Token Anda dipakai dua kali; semuanya dicabut",
    "session_started": "Sesi dimulai", "session_ended": "Sesi berakhir",
    "sessions_ended_everywhere": "Anda keluar dari semua peramban", "password_changed": "Kata sandi diganti",
    "totp_enrolled": "Aplikasi autentikator dipasang", "totp_replaced": "Aplikasi autentikator diganti",
    "recovery_codes_made": "Kode pemulihan baru dibuat", "recovery_code_used": "Kode pemulihan dipakai",
    "activation_code_issued": "Kode aktivasi dibuat untuk Anda", "activation_code_used": "Kode aktivasi dipakai",
    "account_activated": "Akun Anda aktif", "account_disabled": "Akun Anda ditutup", "account_enabled": "Akun Anda dibuka lagi",
    "grant_given": "Anda diberi peran {role} di {client}", "grant_ended": "Peran {role} Anda di {client} diakhiri",
    "notice_seen": "Anda membaca pemberitahuan {client}", "consent_given": "Anda menyetujui data untuk {client}",
    "person_changed": "Data Anda berubah", "placement_changed": "Penempatan Anda berubah",
}  # fmt: skip
"""Events that concern a person and are worth a line; the others are technical companions of these."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the person reads it."""

    at: datetime
    sentence: str
    where: str | None


def show(before: str) -> Response:
    here = present()
    query = (
        select(AuditEvent)
        .where(AuditEvent.subject_id == here.sso.person_id, AuditEvent.name.in_(SENTENCES))
        .order_by(AuditEvent.id.desc())
        .limit(PER_PAGE + 1)
    )
    if before.isascii() and before.isdigit():
        query = query.where(AuditEvent.id < int(before))
    rows = list(context.work().session.scalars(query))
    older = url_for("account.activity", sebelum=rows[PER_PAGE - 1].id) if len(rows) > PER_PAGE else None
    lines = [_line(row) for row in rows[:PER_PAGE]]
    return render("account/activity.html", here, events=lines, older_url=older)


def _line(row: AuditEvent) -> Line:
    client = context.catalogue().client(db.session, row.client_id) if row.client_id else None  # type: ignore[arg-type]
    body = orjson.loads(row.leaf)
    role = (body.get("after") or body.get("before") or {}).get("role", "")
    text = str(gettext(SENTENCES[row.name]))
    agent = ((row.openings or {}).get("user_agent") or {}).get("value")
    return Line(
        row.at,
        text.format(client=client.client_name if client else "Gapura", role=role),
        describe(agent) if agent else None,
    )
