"""Sentences about HR files: what is wrong with a cell and how to mend it, in the words of those who keep the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from idp.domain.errors import DomainError
from idp.web.i18n import sentence_of


def _s(text: str) -> Any:
    return lazy_gettext(text)


FIELDS: Mapping[str, Any] = {
    "nip": _s("NIP atau NI PPPK"),
    "plain_name": _s("Nama tanpa gelar"),
    "title_before": _s("Gelar depan"),
    "title_after": _s("Gelar belakang"),
    "employment_status": _s("Jenis kepegawaian"),
    "unit_code": _s("Kode unit kerja"),
    "position_title": _s("Jabatan"),
    "position_type": _s("Jenis jabatan"),
    "valid_from": _s("TMT"),
    "valid_to": _s("Berlaku sampai"),
    "email": _s("Surel dinas"),
    "phone": _s("Nomor HP dinas"),
    "active": _s("Aktif atau tidak"),
}
VERDICTS: Mapping[str, Any] = {
    "new": _s("baru"),
    "changed": _s("berubah"),
    "same": _s("sama"),
    "ending": _s("berakhir"),
    "refused": _s("ditolak"),
}
COLOURS = {"new": "green", "changed": "blue", "same": "grey", "ending": "orange", "refused": "red"}
STATES: Mapping[str, Any] = {
    "uploaded": _s("belum diperiksa"),
    "checked": _s("siap diterapkan"),
    "held": _s("menunggu penyetuju kedua"),
    "applying": _s("sedang diterapkan"),
    "applied": _s("sudah diterapkan"),
    "discarded": _s("dibuang"),
}
STATE_COLOURS = {
    "uploaded": "grey", "checked": "blue", "held": "orange", "applying": "yellow", "applied": "green", "discarded": "grey",
}  # fmt: skip
MODES: Mapping[str, Any] = {
    "delta": _s("Hanya perubahan: yang tidak ada di berkas tidak disentuh"),
    "full": _s("Daftar lengkap: yang tidak ada di berkas berakhir"),
}

PROBLEMS: Mapping[str, Any] = {
    "nip_empty": _s("NIP kosong. Isi dengan 18 angka."),
    "nip_spreadsheet_exponent": _s(
        "Excel mengubah NIP menjadi bilangan berpangkat dan angkanya hilang. Ambil lagi dari sumbernya; kolomnya harus berjenis teks."
    ),
    "nip_spreadsheet_rounded": _s(
        "Urutan NIP 000: Excel membulatkan tiga angka terakhir. Ambil lagi dari sumbernya; kolomnya harus berjenis teks."
    ),
    "nip_letters": _s("NIP hanya boleh berisi angka."),
    "nip_wrong_length": _s("NIP harus 18 angka."),
    "nip_birth_date_invalid": _s("Delapan angka pertama NIP bukan tanggal lahir yang mungkin."),
    "nip_year_invalid": _s("Tahun pengangkatan di dalam NIP tidak mungkin."),
    "nip_month_invalid": _s("Angka ke-13 dan ke-14 harus bulan 01–12 (PNS) atau 21–29 (PPPK)."),
    "nip_sex_invalid": _s("Angka ke-15 NIP harus 1 atau 2."),
    "number_repeated": _s("NIP ini sudah ada di baris sebelumnya."),
    "number_taken": _s("NIP ini sudah dipakai pegawai lain."),
    "name_missing": _s("Nama kosong."),
    "name_taken": _s("Sudah dipakai pegawai lain. Periksa apakah keduanya orang yang sama."),
    "unit_missing": _s("Kode unit kosong."),
    "unit_unknown": _s("Kode unit ini tidak ada. Tambahkan unitnya dahulu, atau betulkan kodenya."),
    "status_unknown": _s(
        "Jenis kepegawaian tidak dikenal. Tulis PNS, CPNS, PPPK, PPPK Paruh Waktu atau Non-ASN."
    ),
    "position_type_unknown": _s("Jenis jabatan tidak dikenal. Tulis manajerial, fungsional atau pelaksana."),
    "date_malformed": _s("Bukan tanggal. Tulis seperti 27/11/2026."),
    "ends_before_it_begins": _s("Berakhir sebelum dimulai."),
    "email_malformed": _s("Bukan alamat surel."),
    "email_repeated": _s("Alamat surel ini ada di lebih dari satu baris."),
    "phone_malformed": _s("Bukan nomor telepon."),
    "active_unknown": _s("Tulis “aktif” atau “tidak aktif”."),
    "cell_malformed": _s(
        "Isi sel terlalu panjang, tidak terbaca, atau memuat NIK/KK yang tidak boleh diambil."
    ),
    "cell_too_long": _s("Isi sel terlalu panjang."),
    "changed_meanwhile": _s(
        "Data pegawai ini berubah setelah berkas diperiksa. Periksa berkasnya sekali lagi."
    ),
    "last_administrator": _s("Ini admin SSO terakhir. Tunjuk penggantinya dahulu."),
    "not_for_oneself": _s("Anda tidak dapat mengakhiri diri sendiri."),
}

REFUSALS: Mapping[str, Any] = {
    "file_missing": _s("Pilih berkasnya dahulu."),
    "file_empty": _s("Berkas ini kosong."),
    "file_not_text": _s("Berkas ini bukan CSV atau XLSX."),
    "file_broken": _s("Berkas ini rusak pada baris %(row)s."),
    "file_too_large": _s("Berkas ini lebih besar dari %(maximum)s MB."),
    "file_too_long": _s("Berkas ini lebih panjang dari %(maximum)s baris. Bagi menjadi beberapa berkas."),
    "file_without_rows": _s(
        "Berkas ini tidak berisi pegawai: perlu satu baris judul dan paling sedikit satu baris isi."
    ),
    "column_repeated": _s("Kolom “%(column)s” ada dua kali."),
    "column_missing": _s("Pilih kolom yang berisi NIP, nama dan kode unit kerja."),
    "column_unknown": _s("Kolom “%(column)s” tidak ada di berkas ini."),
    "column_twice": _s("Dua kolom tidak dapat berarti hal yang sama: “%(column)s”."),
    "import_mode_unknown": _s("Pilih jenis berkasnya."),
    "import_unknown": _s("Berkas ini tidak ada."),
    "import_held": _s("Berkas ini menunggu penyetuju kedua."),
    "import_not_held": _s("Berkas ini tidak sedang menunggu persetujuan."),
    "import_not_checked": _s("Periksa berkas ini dahulu."),
    "import_not_waiting": _s("Berkas ini sudah diterapkan atau dibuang."),
}


def refusal(error: DomainError) -> str:
    """The sentence of a refusal, ours or one of all pages."""
    text = REFUSALS.get(error.code)
    if text is None:
        return sentence_of(error)
    return str(text) % error.values if "%(" in str(text) else str(text)


def problem(code: str) -> str:
    """What is wrong with a cell."""
    return str(PROBLEMS.get(code, code))


def problems() -> dict[str, str]:
    """All of them, for the file of refused rows."""
    return {code: str(text) for code, text in PROBLEMS.items()}
