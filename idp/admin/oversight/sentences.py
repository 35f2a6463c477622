"""Each type of audit event as a sentence about who did what to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext


def _s(text: str) -> Any:
    return lazy_gettext(text)


SENTENCES: Mapping[str, Any] = {
    "authn_login_success": _s("%(actor)s masuk."),
    "authn_login_fail": _s("Percobaan masuk sebagai %(subject)s ditolak."),
    "authn_login_throttled": _s("Masuk sebagai %(subject)s dijeda karena terlalu banyak kali salah."),
    "authn_second_factor_fail": _s("Kode verifikasi %(subject)s ditolak."),
    "authn_reauthenticated": _s("%(subject)s membuktikan diri lagi."),
    "authn_token_issued": _s("%(client)s menerima token untuk %(subject)s."),
    "authn_token_refused": _s("%(client)s ditolak ketika meminta token."),
    "authn_token_refreshed": _s("%(client)s memperbarui token %(subject)s."),
    "authn_token_reuse": _s("%(client)s memakai lagi kode atau token yang sudah terpakai; semuanya dicabut."),
    "authn_token_revoked": _s("%(client)s mengembalikan token."),
    "authn_client_fail": _s("%(client)s gagal membuktikan dirinya."),
    "authz_code_issued": _s("%(actor)s diteruskan ke %(client)s."),
    "authz_refused": _s("%(actor)s tidak diizinkan masuk ke %(client)s."),
    "authz_denied_by_person": _s("%(actor)s batal melanjutkan ke %(client)s."),
    "authz_forbidden": _s("%(actor)s mencoba sesuatu di luar perannya."),
    "notice_seen": _s("%(actor)s melihat pemberitahuan data untuk %(client)s."),
    "consent_given": _s("%(actor)s menyetujui pengiriman data ke %(client)s."),
    "consent_withdrawn": _s("%(actor)s menarik persetujuan untuk %(client)s."),
    "session_started": _s("Sesi %(subject)s dimulai."),
    "session_ended": _s("Sesi %(subject)s berakhir."),
    "sessions_ended_everywhere": _s("%(actor)s mengakhiri semua sesi %(subject)s."),
    "backchannel_logout_delivered": _s("%(client)s menerima pemberitahuan keluar %(subject)s."),
    "backchannel_logout_failed": _s("%(client)s tidak menjawab pemberitahuan keluar %(subject)s."),
    "password_changed": _s("Kata sandi %(subject)s diganti."),
    "totp_enrolled": _s("%(subject)s memasang aplikasi autentikator."),
    "totp_replaced": _s("%(subject)s mengganti aplikasi autentikator."),
    "totp_removed": _s("Aplikasi autentikator %(subject)s dilepas."),
    "recovery_codes_made": _s("%(subject)s membuat kode pemulihan baru."),
    "recovery_code_used": _s("%(subject)s memakai kode pemulihan."),
    "activation_code_issued": _s("%(actor)s menerbitkan kode aktivasi untuk %(subject)s."),
    "activation_code_used": _s("%(subject)s memakai kode aktivasi."),
    "account_activated": _s("Akun %(subject)s menjadi aktif."),
    "account_disabled": _s("%(actor)s menonaktifkan akun %(subject)s."),
    "account_enabled": _s("%(actor)s mengaktifkan kembali akun %(subject)s."),
    "person_added": _s("%(actor)s menambahkan %(subject)s."),
    "person_changed": _s("%(actor)s mengubah data %(subject)s."),
    "employment_ended": _s("%(actor)s mengakhiri hubungan kepegawaian %(subject)s."),
    "placement_changed": _s("%(actor)s menempatkan %(subject)s pada sebuah jabatan."),
    "unit_added": _s("%(actor)s menambahkan unit %(unit)s."),
    "unit_changed": _s("%(actor)s mengubah nama atau letak unit %(unit)s."),
    "position_added": _s("%(actor)s menambahkan jabatan di %(unit)s."),
    "import_uploaded": _s("%(actor)s mengunggah berkas kepegawaian."),
    "import_checked": _s("%(actor)s memeriksa berkas kepegawaian tanpa menerapkannya."),
    "import_approved": _s("%(actor)s melepas berkas kepegawaian yang tertahan."),
    "import_applied": _s("Berkas kepegawaian diterapkan oleh %(actor)s."),
    "import_discarded": _s("%(actor)s membuang berkas kepegawaian."),
    "grant_given": _s("%(actor)s memberikan peran %(role)s di %(client)s kepada %(holder)s."),
    "grant_ended": _s("%(actor)s mengakhiri peran %(role)s di %(client)s dari %(holder)s."),
    "role_defined": _s("%(actor)s menetapkan peran %(target)s di %(client)s."),
    "client_registered": _s("%(actor)s mendaftarkan aplikasi %(client)s."),
    "client_changed": _s("%(actor)s mengubah %(members)s pada aplikasi %(client)s."),
    "client_disabled": _s("%(actor)s menutup aplikasi %(client)s."),
    "client_enabled": _s("%(actor)s membuka kembali aplikasi %(client)s."),
    "client_secret_added": _s("%(actor)s membuat rahasia baru untuk %(client)s."),
    "client_secret_revoked": _s("%(actor)s mencabut sebuah rahasia %(client)s."),
    "resource_server_registered": _s("%(actor)s mendaftarkan API %(target)s."),
    "registration_refused": _s("Pendaftaran aplikasi ditolak."),
    "key_prepared": _s("%(actor)s menyiapkan kunci penanda tangan berikutnya."),
    "key_activated": _s("%(actor)s mengaktifkan kunci penanda tangan."),
    "key_retired": _s("Sebuah kunci penanda tangan dipensiunkan."),
    "key_revoked": _s("%(actor)s mencabut kunci penanda tangan secara darurat."),
    "key_destroyed": _s("Kunci penanda tangan lama dihapus."),
    "installation_initialised": _s("Instalasi disiapkan."),
    "bootstrap_used": _s("Tautan administrator pertama dipakai."),
    "backup_created": _s("Cadangan dibuat."),
    "backup_restored": _s("Cadangan dipulihkan."),
    "audit_exported": _s("%(actor)s mengekspor jejak audit."),
    "audit_read": _s("%(actor)s membaca jejak audit."),
    "setting_switched": _s("%(actor)s mengganti sebuah pengaturan protokol."),
}
"""Every name of domain.audit.events.EVENTS, as shown to people."""
