"""A refused request of an application in words, with the exact place where it differs (UX.md §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext

from idp.domain.clients.integration_log import Refusal


def _s(text: str) -> Any:
    return lazy_gettext(text)


SENTENCES: Mapping[str, Any] = {
    "redirect_uri_unregistered": _s(
        "Redirect URI yang dikirim tidak terdaftar. Daftarkan persis, sampai garis miring terakhir."
    ),
    "redirect_uri_differs": _s("Redirect URI saat menukar kode berbeda dari saat meminta kode."),
    "redirect_uri_missing": _s("Permintaan tidak memuat redirect_uri."),
    "response_type_missing": _s("Permintaan tidak memuat response_type=code."),
    "response_mode": _s("response_mode ini tidak terdaftar untuk aplikasi ini."),
    "pkce_missing": _s(
        "Aktifkan PKCE (S256) di pustaka OIDC aplikasi; permintaan tidak memuat code_challenge."
    ),
    "pkce_method": _s("PKCE harus memakai S256."),
    "pkce_challenge": _s("code_challenge harus 43 karakter base64url dari SHA-256."),
    "nonce_missing": _s("Aplikasi lama tanpa PKCE harus mengirim nonce."),
    "scope_malformed": _s("scope kosong atau memuat karakter yang tidak diizinkan."),
    "scope_unapproved": _s("Tidak satu pun scope yang diminta disetujui untuk aplikasi ini."),
    "scope_dropped": _s("Sebagian scope yang diminta tidak dikenal atau belum disetujui, lalu diabaikan."),
    "parameter_repeated": _s("Sebuah parameter dikirim lebih dari sekali."),
    "request_malformed": _s("Sebuah parameter berulang, terlalu panjang, atau rusak."),
    "invalid_client": _s("Rahasia atau kunci aplikasi tidak cocok. Periksa client_id dan client_secret."),
    "client_methods_many": _s("Rahasia dikirim dengan dua cara sekaligus. Pilih satu."),
    "client_id_differs": _s("client_id di formulir berbeda dari yang di header Authorization."),
    "no_access": _s("Pegawai yang masuk tidak mempunyai akses ke aplikasi ini."),
    "step_up_required": _s("Aplikasi meminta tingkat pembuktian yang lebih tinggi dengan prompt=none."),
}
"""Code of the refusal → what the developer should do."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`parts`: (text, differs) of what was sent beside `expected`; `facts` are the others, as they stand."""

    at: datetime
    endpoint: str
    error: str
    code: str
    sentence: str
    sent: str
    parts: tuple[tuple[str, bool], ...]
    expected: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    request_id: str | None


def shown(row: Refusal) -> Shown:
    facts = dict(row.facts)
    sent = str(facts.pop("sent", "") or "")
    registered = facts.pop("registered", None)
    expected = (
        tuple(registered) if isinstance(registered, list) else ((str(registered),) if registered else ())
    )
    text = SENTENCES.get(row.code, facts.get("description", row.code))
    return Shown(
        row.at,
        row.endpoint,
        row.error,
        row.code,
        str(text),
        sent,
        marked(sent, _nearest(sent, expected)),
        expected,
        tuple((name, _plain(value)) for name, value in sorted(facts.items()) if name != "description"),
        row.request_id,
    )


def marked(sent: str, expected: str | None) -> tuple[tuple[str, bool], ...]:
    """`sent` in up to three parts, of which the middle one differs from `expected`."""
    if not sent or expected is None or sent == expected:
        return ((sent, False),) if sent else ()
    start = _common(sent, expected)
    end = min(_common(sent[::-1], expected[::-1]), len(sent) - start, len(expected) - start)
    parts = ((sent[:start], False), (sent[start : len(sent) - end], True), (sent[len(sent) - end :], False))
    return tuple(part for part in parts if part[0])


def _nearest(sent: str, expected: tuple[str, ...]) -> str | None:
    return max(expected, key=lambda one: _common(sent, one), default=None)


def _common(left: str, right: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
