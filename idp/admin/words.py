"""Words for the codes that administrators meet, by the glossary (DOMAIN.md §1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext


def _s(text: str) -> Any:
    return lazy_gettext(text)


ACCOUNT_STATES: Mapping[str, Any] = {
    "invited": _s("belum diaktifkan"),
    "active": _s("aktif"),
    "disabled": _s("nonaktif"),
}
ACCOUNT_COLOURS = {"invited": "yellow", "active": "green", "disabled": "red"}

EMPLOYMENT: Mapping[str, Any] = {
    "pns": _s("PNS"),
    "cpns": _s("CPNS"),
    "pppk": _s("PPPK"),
    "pppk_part_time": _s("PPPK Paruh Waktu"),
    "non_asn": _s("tenaga non-ASN"),
    "official": _s("pejabat"),
    "external": _s("pihak luar"),
}
UNIT_KINDS: Mapping[str, Any] = {
    "agency": _s("perangkat daerah"),
    "section": _s("bagian, bidang, seksi"),
    "district": _s("kecamatan"),
    "ward": _s("kelurahan"),
    "technical_unit": _s("UPTD"),
}
POSITION_TYPES: Mapping[str, Any] = {
    "managerial": _s("manajerial"),
    "functional": _s("fungsional"),
    "executing": _s("pelaksana"),
}
PLATFORM_ROLES: Mapping[str, Any] = {
    "employee": _s("Pegawai"),
    "unit_admin": _s("Admin unit"),
    "hr_verifier": _s("Verifikator kepegawaian"),
    "sso_admin": _s("Admin SSO"),
    "second_approver": _s("Penyetuju kedua"),
    "auditor": _s("Auditor (Inspektorat)"),
    "developer": _s("Pengembang aplikasi"),
    "operator": _s("Operator sistem"),
}
HOLDERS: Mapping[str, Any] = {
    "person": _s("pegawai"),
    "position": _s("jabatan"),
    "unit": _s("unit kerja"),
}
ENVIRONMENTS: Mapping[str, Any] = {"sandbox": _s("uji"), "production": _s("produksi")}
KEY_STATES: Mapping[str, Any] = {
    "published": _s("berikutnya"),
    "signing": _s("aktif"),
    "retired": _s("dipensiunkan"),
    "destroyed": _s("dicabut"),
}
KEY_COLOURS = {"published": "blue", "signing": "green", "retired": "grey", "destroyed": "red"}
RESULTS: Mapping[str, Any] = {"success": _s("berhasil"), "refused": _s("ditolak")}

SCOPES: Mapping[str, tuple[Any, Any]] = {
    "openid": (
        _s("Mengenali pegawai"),
        _s("Selalu dikirim: pengenal tetap yang hanya berlaku di aplikasi ini."),
    ),
    "profile": (_s("Nama dan nama pengguna"), _s("Contoh: Dr. Siti Aminah, M.Si.")),
    "email": (_s("Email dinas"), _s("Contoh: siti.aminah@kota.example")),
    "phone": (_s("Nomor telepon dinas"), _s("Hanya bila aplikasi menelepon atau mengirim SMS.")),
    "employment": (
        _s("Status kepegawaian, jabatan dan golongan"),
        _s("Contoh: PNS, Analis Kebijakan, III/c"),
    ),
    "nip": (_s("NIP"), _s("Hanya bila aplikasi harus menyambung ke data kepegawaian.")),
    "unit": (_s("Unit kerja dan perangkat daerah"), _s("Contoh: Bidang Pelayanan, Dinas Kependudukan")),
    "roles": (
        _s("Peran di aplikasi ini"),
        _s("Hanya peran di aplikasi ini, tidak pernah peran di aplikasi lain."),
    ),
    "assignments": (
        _s("Penugasan sebagai Plt, Plh atau Pj"),
        _s("Untuk aplikasi persuratan dan persetujuan."),
    ),
    "offline_access": (
        _s("Akses ketika pegawai tidak sedang memakai aplikasi"),
        _s("Memerlukan alasan kuat, misalnya pekerjaan malam hari."),
    ),
}
"""Scope → what it gives in words, and an example or a caution."""


def options(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Choices of a select."""
    return [(value, str(text)) for value, text in table.items()]


def word(table: Mapping[str, Any], code: str | None) -> str:
    """The word for a code, or the code itself when there is none."""
    return str(table.get(code or "", code or "–"))
