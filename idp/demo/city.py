"""The sample city: invented people in units such as Bogor has, two applications and one API, as one fixtures document.

Every NIP here ends in a sequence of 900 to 999, which no register of this city has reached.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PASSWORD = "kota-contoh-satu-pintu"
PERIZINAN, EOFFICE, API = "perizinan", "e-office", "api-izin"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the provider, the two applications and the API answer, without a slash at the end."""

    issuer: str
    perizinan: str
    eoffice: str
    api: str


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to sign in as; `shows` says what for."""

    username: str
    shows: str


PERSONAS = (
    Persona("siti", "pegawai dengan autentikator; verifikator di Perizinan, penandatangan di e-Office"),
    Persona("budi", "pegawai tanpa peran di Perizinan; boleh melihat saja"),
    Persona("dewi", "admin unit DPMPTSP; memberi akses kepada pegawainya"),
    Persona("rangga", "admin SSO kota"),
    Persona("ratna", "verifikator kepegawaian; mengimpor data pegawai"),
    Persona("hendra", "penyetuju kedua"),
    Persona("intan", "auditor Inspektorat"),
    Persona("bayu", "pengembang aplikasi"),
)

UNITS = (
    ("kota", "Pemerintah Kota Contoh", "agency", None),
    ("setda", "Sekretariat Daerah", "agency", "kota"),
    ("setda-umum", "Bagian Umum", "section", "setda"),
    ("setda-organisasi", "Bagian Organisasi", "section", "setda"),
    ("inspektorat", "Inspektorat Daerah", "agency", "kota"),
    ("bkpsdm", "Badan Kepegawaian dan Pengembangan Sumber Daya Manusia", "agency", "kota"),
    ("diskominfo", "Dinas Komunikasi dan Informatika", "agency", "kota"),
    ("diskominfo-egov", "Bidang Aplikasi dan Informatika", "section", "diskominfo"),
    ("dpmptsp", "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu", "agency", "kota"),
    ("dpmptsp-izin", "Bidang Pelayanan Perizinan", "section", "dpmptsp"),
    ("dpmptsp-data", "Bidang Data dan Pengaduan", "section", "dpmptsp"),
    ("dinkes", "Dinas Kesehatan", "agency", "kota"),
    ("pkm-tegalwangi", "Puskesmas Tegalwangi", "technical_unit", "dinkes"),
    ("pkm-sukasari", "Puskesmas Sukasari Indah", "technical_unit", "dinkes"),
    ("disdik", "Dinas Pendidikan", "agency", "kota"),
    ("sdn-melati", "SD Negeri Melati 1", "technical_unit", "disdik"),
    ("disdukcapil", "Dinas Kependudukan dan Pencatatan Sipil", "agency", "kota"),
    ("kec-utara", "Kecamatan Kota Utara", "district", "kota"),
    ("kel-cibunga", "Kelurahan Cibunga", "ward", "kec-utara"),
    ("kel-rancaasri", "Kelurahan Rancaasri", "ward", "kec-utara"),
    ("kec-selatan", "Kecamatan Kota Selatan", "district", "kota"),
    ("kel-pasirbaru", "Kelurahan Pasirbaru", "ward", "kec-selatan"),
)

# username, plain name, before, after, nip, unit, position
STAFF = (
    ("siti", "Siti Aminah", None, "S.H.", "198609262015052901", "dpmptsp-izin", "Analis Perizinan Ahli Muda"),
    ("budi", "Budi Santoso", None, "S.Kom.", "199003142019031902", "dpmptsp-data", "Pranata Komputer Pertama"),
    ("dewi", "Dewi Lestari", None, "S.E., M.M.", "198205112008012903", "dpmptsp", "Kepala Subbagian Umum dan Kepegawaian"),
    ("rangga", "Rangga Wijaya", None, "S.T.", "198811022014031904", "diskominfo-egov", "Pranata Komputer Ahli Muda"),
    ("ratna", "Ratna Puspita", None, "S.Psi.", "198704232012012905", "bkpsdm", "Analis SDM Aparatur Ahli Muda"),
    ("hendra", "Hendra Gunawan", "Drs.", "M.Si.", "197002171995031906", "setda", "Asisten Administrasi Umum"),
    ("intan", "Intan Permatasari", None, "S.Ak.", "198910302015032907", "inspektorat", "Auditor Ahli Pertama"),
    ("bayu", "Bayu Pratama", None, "S.Kom.", "199306152023211908", "diskominfo-egov", "Pranata Komputer Ahli Pertama"),
    ("joko", "Joko Susilo", "Ir.", "M.T.", "196911251994031909", "dpmptsp", "Kepala Dinas"),
    ("maya", "Maya Anggraini", None, "S.AP.", "198512122010012910", "dpmptsp-izin", "Kepala Bidang Pelayanan Perizinan"),
    ("fajar", "Fajar Nugroho", None, "A.Md.", "199507072022211911", "dpmptsp-izin", "Pengelola Layanan Perizinan"),
    ("lina", "Lina Marlina", None, None, "199808182025242912", "dpmptsp-data", "Operator Layanan Operasional"),
    ("agus", "Agus Hermawan", None, "M.Kom.", "197408081999031913", "diskominfo", "Kepala Dinas"),
    ("nina", "Nina Kurniasih", None, "S.I.Kom.", "199102282016012914", "diskominfo", "Pranata Humas Ahli Pertama"),
    ("dimas", "Dimas Prakoso", None, "S.Kom.", "199612012024211915", "diskominfo-egov", "Pranata Komputer Ahli Pertama"),
    ("wulan", "Wulan Handayani", "dr.", "M.Kes.", "197809092005012916", "dinkes", "Kepala Dinas"),
    ("eko", "Eko Prasetyo", None, "S.KM.", "198401202009031917", "dinkes", "Kepala Bidang Kesehatan Masyarakat"),
    ("rina", "Rina Oktaviani", "dr.", None, "199010102017012918", "pkm-tegalwangi", "Dokter Ahli Pertama"),
    ("yuli", "Yuliana", None, "A.Md.Kep.", "199207152022212919", "pkm-tegalwangi", "Perawat Terampil"),
    ("asep", "Asep Saepudin", None, "A.Md.Kes.", "198906302021211920", "pkm-tegalwangi", "Pranata Laboratorium Terampil"),
    ("tuti", "Tuti Herawati", "drg.", None, "198303032010012921", "pkm-sukasari", "Dokter Gigi Ahli Muda"),
    ("gilang", "Gilang Ramadhan", None, None, "200001252025241922", "pkm-sukasari", "Operator Layanan Operasional"),
    ("sri", "Sri Wahyuni", "Dra.", "M.Pd.", "196808171993032923", "disdik", "Kepala Dinas"),
    ("rudi", "Rudi Hartono", None, "S.Pd.", "198707072011011924", "sdn-melati", "Kepala Sekolah"),
    ("ani", "Ani Suryani", None, "S.Pd.", "199404242022212925", "sdn-melati", "Guru Ahli Pertama"),
    ("deden", "Deden Hidayat", None, "S.Pd.", "199209092022211926", "sdn-melati", "Guru Ahli Pertama"),
    ("lilis", "Lilis Suryati", None, "S.Sos.", "198008082006042927", "disdukcapil", "Kepala Bidang Pelayanan"),
    ("taufik", "Taufik Hidayatullah", None, None, "199711112025241928", "disdukcapil", "Operator Layanan Operasional"),
    ("hadi", "Hadi Suprapto", None, "M.Si.", "197505051998031929", "kec-utara", "Camat"),
    ("yanti", "Yanti Rosmawati", None, "S.STP.", "198812252011012930", "kec-utara", "Sekretaris Kecamatan"),
    ("ujang", "Ujang Suherman", None, "S.IP.", "197907072007011931", "kel-cibunga", "Lurah"),
    ("neng", "Neng Fitriani", None, None, "199903032025242932", "kel-cibunga", "Operator Layanan Operasional"),
    ("iwan", "Iwan Setiawan", None, "S.Sos.", "198202022009011933", "kel-rancaasri", "Lurah"),
    ("ika", "Ika Kartika", None, "M.AP.", "197612122000032934", "kec-selatan", "Camat"),
    ("dadan", "Dadan Ramdani", None, "S.IP.", "198404042010011935", "kel-pasirbaru", "Lurah"),
    ("euis", "Euis Komalasari", None, "S.AP.", "199001012015032936", "kel-pasirbaru", "Kepala Seksi Pemerintahan"),
    ("bambang", "Bambang Sudrajat", "Dr.", "M.Si.", "196906061992031937", "setda", "Sekretaris Daerah"),
    ("citra", "Citra Maharani", None, "S.H., M.H.", "198606162011012938", "setda-organisasi", "Kepala Bagian Organisasi"),
    ("opik", "Opik Taufik", None, None, None, "setda-umum", "Petugas Keamanan"),
    ("sinta", "Sinta Rahayu", None, "S.E.", "199505252020122939", "setda-umum", "Bendahara"),
    ("wawan", "Wawan Kurniawan", None, "Ak.", "197303031998031940", "inspektorat", "Inspektur Pembantu"),
    ("galih", "Galih Purnama", None, None, None, "diskominfo-egov", "Pendamping Teknis"),
)  # fmt: skip

PLATFORM_ROLES = {
    "dewi": ["unit_admin"], "rangga": ["sso_admin"], "ratna": ["hr_verifier"], "hendra": ["second_approver"],
    "intan": ["auditor"], "bayu": ["developer"],
}  # fmt: skip
ROLES = {
    "siti": {PERIZINAN: ["verifikator"], EOFFICE: ["penandatangan"]},
    "maya": {PERIZINAN: ["verifikator", "penyetuju"]},
    "joko": {PERIZINAN: ["penyetuju"], EOFFICE: ["penandatangan"]},
    "bambang": {EOFFICE: ["penandatangan"]},
}


def totp_secret(username: str) -> str:
    """The generator of a persona: the same in each demo city, and worthless anywhere else."""
    return base64.b32encode(hashlib.sha256(f"gapura demo {username}".encode()).digest())[:32].decode()


def document(addresses: Addresses, secrets: Mapping[str, str]) -> dict[str, Any]:
    """The fixtures of HARNESS.md §2. `secrets` holds the client secret of each application and of the API."""
    return {
        "units": [dict(zip(("code", "name", "kind", "parent"), unit, strict=True)) for unit in UNITS],
        "people": [_person(*entry) for entry in STAFF],
        "clients": [_perizinan(addresses, secrets[PERIZINAN]), _eoffice(addresses, secrets[EOFFICE])],
        "resource_servers": [
            {
                "identifier": addresses.api,
                "name": "API Izin",
                "client_id": API,
                "client_secret": secrets[API],
                "scopes": ["permits:read"],
            }
        ],
    }


def _person(
    username: str, name: str, before: str | None, after: str | None, nip: str | None, unit: str, title: str
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "username": username,
        "name": name,
        "title_before": before,
        "title_after": after,
        "nip": nip,
        "email": f"{username}@kota-contoh.test",
        "employment_status": _status(nip),
        "unit": unit,
        "position": title,
        "platform_roles": PLATFORM_ROLES.get(username, []),
        "roles": ROLES.get(username, {}),
    }
    if username in {persona.username for persona in PERSONAS}:
        entry |= {"password": PASSWORD, "totp_secret": totp_secret(username)}
    return entry


def _status(nip: str | None) -> str:
    """PPPK have 21 and above where others have the month of their appointment."""
    if nip is None:
        return "non_asn"
    if nip[12] != "2":
        return "pns"
    return "pppk_part_time" if nip[8:12] == "2025" else "pppk"


def _perizinan(addresses: Addresses, secret: str) -> dict[str, Any]:
    return _application(
        PERIZINAN,
        "Perizinan",
        "dpmptsp",
        addresses.perizinan,
        secret,
        description="Permohonan izin warga dan persetujuannya.",
        purpose="Mengetahui petugas yang memeriksa dan menyetujui permohonan izin.",
        scope="openid profile email roles unit permits:read",
        roles=[
            {"name": "verifikator", "title": "Verifikator"},
            {"name": "penyetuju", "title": "Penyetuju izin"},
        ],
    )


def _eoffice(addresses: Addresses, secret: str) -> dict[str, Any]:
    return _application(
        EOFFICE,
        "e-Office",
        "setda",
        addresses.eoffice,
        secret,
        description="Surat masuk, surat keluar dan tanda tangan.",
        purpose="Mengetahui pegawai yang membaca dan menandatangani surat dinas.",
        scope="openid profile email roles unit",
        roles=[{"name": "penandatangan", "title": "Penandatangan"}],
    )


def _application(
    client_id: str, name: str, agency: str, url: str, secret: str, **members: Any
) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": secret,
        "client_name": name,
        "agency": agency,
        "profile": "standard",
        "environment": "production",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [f"{url}/auth/callback"],
        "post_logout_redirect_uris": [f"{url}/auth/signed-out"],
        "backchannel_logout_uri": f"{url}/auth/backchannel-logout",
        "backchannel_logout_session_required": True,
        "client_uri": url,
        "initiate_login_uri": f"{url}/auth/sign-in",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "subject_type": "pairwise",
        "skip_notice": False,
        "access": {"default": "allow"},
        **members,
    }
