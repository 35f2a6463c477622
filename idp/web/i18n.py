"""Language of a page, dates as people write them, and the sentence that belongs to each error code.

Indonesian is the source language; other languages come from the gettext catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from flask_babel import Babel, format_date, format_timedelta, gettext, lazy_gettext

from idp.domain.city import nip
from idp.domain.errors import DomainError
from idp.web.context import settings, work
from idp.web.cookies import read_cookie

LOCALES = ("id", "en")
babel = Babel()


def choose_locale() -> str:
    """`ui_locales` of the transaction, else the person's own choice, else the browser's, else Indonesian."""
    for wanted in (*getattr(g, "ui_locales", ()), read_cookie("lang") or ""):
        if wanted.split("-")[0].lower() in LOCALES:
            return wanted.split("-")[0].lower()
    return request.accept_languages.best_match(LOCALES) or "id"


def _s(text: str) -> Any:
    return lazy_gettext(text)


SENTENCES: Mapping[str, Any] = {
    "unexpected": _s("Terjadi gangguan pada sistem kami. Coba lagi sebentar lagi."),
    "busy": _s("Layanan sedang sangat sibuk. Coba lagi dalam beberapa detik."),
    "database_away": _s("Layanan sedang tidak dapat dipakai. Coba lagi dalam satu menit."),
    "not_found": _s("Halaman ini tidak ada."),
    "form_foreign": _s(
        "Formulir ini tidak berasal dari halaman kami di peramban ini. Muat ulang lalu coba lagi."
    ),
    "permission_missing": _s("Peran Anda tidak mencakup tindakan ini."),
    "not_for_oneself": _s("Anda tidak dapat melakukan ini untuk diri sendiri."),
    "request_malformed": _s("Permintaan ini tidak dapat dibaca."),
    # sign-in
    "credentials_wrong": _s(
        "NIP/email atau kata sandi tidak cocok. Periksa lagi, atau hubungi admin unit Anda."
    ),
    "sign_in_paused": _s(
        "Masuk dengan kata sandi di sini ditutup sampai pukul %(time)s karena terlalu banyak kali salah."
    ),
    "otp_wrong": _s("Kode salah atau sudah berganti. Masukkan kode yang tampil sekarang."),
    "otp_missing": _s("Masukkan 6 angka dari aplikasi autentikator Anda."),
    "otp_malformed": _s("Kode terdiri dari 6 angka."),
    "recovery_code_wrong": _s("Kode pemulihan salah atau sudah pernah dipakai."),
    "activation_wrong": _s("NIP/email atau kode aktivasi tidak cocok, atau kodenya sudah tidak berlaku."),
    "username_missing": _s("Isi NIP atau email Anda."),
    "password_missing": _s("Isi kata sandi Anda."),
    "current_password_wrong": _s("Kata sandi sekarang tidak cocok."),
    "passwords_differ": _s("Kedua kata sandi tidak sama."),
    "password_too_long": _s("Kata sandi paling panjang %(maximum)s karakter."),
    "password_too_short": _s(
        "Kata sandi paling sedikit %(minimum)s karakter. Beberapa kata acak lebih mudah diingat."
    ),
    "password_common": _s(
        "Kata sandi ini termasuk yang paling sering dipakai atau pernah bocor. Pilih yang lain."
    ),
    "password_own_word": _s(
        "Kata sandi ini dibangun dari kata \u201c%(word)s\u201d yang mudah ditebak. Pilih yang lain."
    ),
    "password_too_uniform": _s("Kata sandi ini hanya mengulang sedikit karakter. Pilih yang lain."),
    "not_employed": _s("Data kepegawaian Anda tidak lagi aktif. Hubungi BKPSDM."),
    # city and access
    "unit_unknown": _s("Unit \u201c%(unit)s\u201d tidak ada."),
    "unit_exists": _s("Kode unit ini sudah dipakai."),
    "unit_code_malformed": _s("Kode unit: huruf kecil, angka dan tanda hubung, tanpa spasi."),
    "unit_kind_unknown": _s("Jenis unit tidak dikenal."),
    "unit_below_itself": _s("Sebuah unit tidak dapat berada di bawah dirinya sendiri."),
    "name_missing": _s("Isi namanya."),
    "reason_missing": _s("Isi alasannya."),
    "person_unknown": _s("Pegawai ini tidak ada."),
    "account_unknown": _s("Pegawai ini tidak mempunyai akun."),
    "position_unknown": _s("Jabatan ini tidak ada."),
    "position_type_unknown": _s("Jenis jabatan tidak dikenal."),
    "username_taken": _s("Nama pengguna ini sudah dipakai."),
    "username_malformed": _s("Nama pengguna: huruf kecil dan angka, 2\u201364 karakter."),
    "name_taken": _s("NIP atau email ini milik orang lain."),
    "number_taken": _s("NIP ini milik pegawai lain."),
    "role_unknown": _s("Peran \u201c%(role)s\u201d tidak ada."),
    "role_name_malformed": _s("Nama peran tidak boleh memuat spasi."),
    "grant_unknown": _s("Pemberian akses ini tidak ada."),
    "grant_ended": _s("Pemberian akses ini sudah diakhiri."),
    "grant_exists": _s("Peran ini sudah diberikan untuk masa itu."),
    "ends_before_it_begins": _s("Tanggal akhir mendahului tanggal awal."),
    "roles_incompatible": _s("Peran ini tidak boleh dipegang bersama peran \u201c%(other)s\u201d."),
    "unit_admin_needs_unit": _s("Admin unit harus dibatasi pada satu unit."),
    "platform_role_to_person_only": _s("Peran pada Gapura hanya dapat diberikan kepada orang."),
    "last_administrator": _s("Setidaknya satu administrator kota harus tetap ada."),
    # clients
    "client_unknown": _s("Aplikasi ini tidak ada."),
    "client_exists": _s("ID aplikasi ini sudah dipakai."),
    "client_id_malformed": _s(
        "ID aplikasi: huruf, angka, titik, garis bawah dan tanda hubung, 2\u201364 karakter."
    ),
    "client_member_unknown": _s("Isian \u201c%(field)s\u201d tidak dikenal."),
    "client_member_type": _s("Isian \u201c%(field)s\u201d bukan jenis nilai yang benar."),
    "client_member_value": _s("Nilai \u201c%(value)s\u201d tidak dapat dipakai untuk \u201c%(field)s\u201d."),
    "client_member_repeated": _s("Ada nilai yang berulang pada \u201c%(field)s\u201d."),
    "redirect_uri_missing": _s("Isi setidaknya satu redirect URI."),
    "redirect_uri_scheme": _s("%(uri)s: harus https (http hanya untuk localhost pada lingkungan uji)."),
    "uri_malformed": _s("%(uri)s: bukan alamat lengkap tanpa wildcard, fragmen, spasi atau nama pengguna."),
    "uri_scheme": _s("%(uri)s: harus https."),
    "uri_not_reachable_by_policy": _s("Alamat ini berada di jaringan yang tidak diizinkan operator."),
    "too_many_uris": _s("Paling banyak %(maximum)s alamat."),
    "scope_malformed": _s("Scope memuat karakter yang tidak diizinkan."),
    "jwks_missing": _s("private_key_jwt memerlukan kunci publik (JWKS)."),
    "jwks_malformed": _s("JWKS tidak dapat dipakai: hanya kunci publik RSA \u2265 2048 atau P-256."),
    "public_client_credentials": _s("Aplikasi publik tidak dapat memakai client_credentials."),
    "legacy_must_be_confidential": _s("Profil lama hanya untuk aplikasi yang memegang rahasia."),
    "refresh_without_code": _s("refresh_token memerlukan authorization_code."),
    "two_secrets_live": _s("Sudah ada dua rahasia yang berlaku. Cabut salah satunya lebih dahulu."),
    "secret_unknown": _s("Rahasia ini tidak ada atau sudah dicabut."),
    "changed_meanwhile": _s("Seseorang mengubahnya sementara Anda mengedit. Periksa lalu simpan lagi."),
    "client_disabled": _s("Aplikasi ini sedang ditutup."),
    "client_enabled": _s("Aplikasi ini sudah dibuka."),
    "environment_forbids": _s("Tidak diizinkan pada lingkungan produksi."),
    # keys
    "key_unknown": _s("Kunci ini tidak ada."),
    "key_already_prepared": _s("Sudah ada kunci berikutnya yang menunggu diaktifkan."),
    "key_not_prepared": _s("Kunci ini tidak sedang menunggu diaktifkan."),
    "key_published_too_recently": _s("Kunci ini baru dipublikasikan; aman diaktifkan mulai %(ready_at)s."),
    "key_still_needed": _s("Masih ada token yang memerlukan kunci ini."),
    # console
    "date_malformed": _s("Tanggal ini tidak dapat dibaca. Contoh: 2026-11-27."),
    "date_missing": _s("Isi tanggalnya."),
    "unit_missing": _s("Pilih unit kerja."),
    "role_missing": _s("Pilih perannya."),
    "holder_missing": _s("Isi siapa yang menerimanya."),
    "person_ambiguous": _s("Lebih dari satu pegawai cocok. Ketik NIP, email atau nama lengkapnya."),
    "client_kind_missing": _s("Pilih jenis aplikasi."),
    "early_unconfirmed": _s("Centang bahwa Anda mengerti akibatnya."),
    "word_missing": _s("Ketik kata yang diminta."),
    "key_destroyed": _s("Kunci ini sudah dicabut."),
    "employment_status_unknown": _s("Status kepegawaian tidak dikenal."),
    "account_disabled": _s("Akun ini sudah ditutup."),
    "account_not_disabled": _s("Akun ini tidak sedang ditutup."),
    "person_holds_more_power": _s("Orang ini memegang wewenang yang lebih besar daripada Anda."),
    "text_malformed": _s("Isian ini memuat tanda yang tidak dapat dipakai."),
    "member_unknown": _s("Isian ini tidak dikenal."),
    "session_unknown": _s("Sesi ini tidak ada."),
    "consent_unknown": _s("Persetujuan ini tidak ada."),
}


EMPLOYMENT_LABELS: Mapping[str, Any] = {
    "pns": _s("PNS"),
    "cpns": _s("CPNS"),
    "pppk": _s("PPPK"),
    "pppk_part_time": _s("PPPK Paruh Waktu"),
    "non_asn": _s("Non-ASN"),
    "official": _s("Pejabat"),
    "external": _s("Pihak luar"),
}


def employment_word(status: str | None) -> str:
    """`employment_status` as people call it."""
    return str(EMPLOYMENT_LABELS.get(status or "", status or "–"))


def sentence(code: str, **values: Any) -> str:
    """The sentence of an error code in the page's language."""
    text = SENTENCES.get(code)
    if text is None:
        return f"{gettext('Permintaan ini tidak dapat dipenuhi.')} ({code})"
    shown = {name: datetime_wib(v) if isinstance(v, datetime) else v for name, v in values.items()}
    return str(text) % shown if "%(" in str(text) else str(text)


def sentence_of(error: DomainError) -> str:
    return sentence(error.code, **error.values)


def zone() -> ZoneInfo:
    return ZoneInfo(settings().city.timezone)


def datetime_wib(value: datetime | None) -> str:
    """27 November 2026 07.15 WIB."""
    if value is None:
        return "\u2013"
    local = value.astimezone(zone())
    abbreviation = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}.get(
        settings().city.timezone, local.strftime("%Z")
    )
    return f"{format_date(local.date(), 'd MMMM yyyy')} {local:%H.%M} {abbreviation}"


def clock_time(value: datetime) -> str:
    return f"{value.astimezone(zone()):%H.%M}"


def day(value: Any) -> str:
    return format_date(value, "d MMMM yyyy") if value else "\u2013"


def ago(value: datetime | None) -> str:
    """2 jam lalu."""
    if value is None:
        return gettext("belum pernah")
    distance: timedelta = work().now - value
    if distance < timedelta(seconds=60):
        return gettext("baru saja")
    return str(gettext("%(span)s lalu")) % {"span": format_timedelta(distance)}


def grouped_nip(value: str | None) -> str:
    return (
        f"{value[:8]} {value[8:14]} {value[14]} {value[15:]}"
        if value and len(value) == nip.LENGTH
        else value or ""
    )


def masked_nip(value: str | None) -> str:
    return f"{value[:4]}••••{value[8:14]}•{value[15:]}" if value and len(value) == nip.LENGTH else ""
