"""The first page: figures, each leading to the list behind it."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from idp.admin.frame import show
from idp.domain.actors import Permission as P
from idp.domain.governance import directory
from idp.domain.runtime import keys
from idp.domain.runtime.keys import KeyState
from idp.web import context
from idp.web.guards import needs


@needs()
def overview() -> Response:
    work = context.work()
    holds = work.actor.powers.holds
    figures = directory.figures(work)
    tiles: list[tuple[int, str, str]] = []
    if holds(P.PEOPLE_READ):
        tiles += [
            (figures.people, gettext("pegawai"), "/konsol/pegawai"),
            (figures.invited, gettext("akun belum diaktifkan"), "/konsol/pegawai?status=invited"),
            (figures.disabled, gettext("akun nonaktif"), "/konsol/pegawai?status=disabled"),
            (
                figures.without_second_factor,
                gettext("akun aktif tanpa faktor kedua"),
                "/konsol/pegawai?status=active&faktor=tanpa",
            ),
        ]
    if holds(P.CLIENTS_READ):
        tiles.append((figures.clients, gettext("aplikasi terbuka"), "/konsol/aplikasi"))
    if holds(P.GRANTS_READ) and work.actor.powers.may(P.GRANTS_READ):
        tiles.append((figures.grants_ending, gettext("akses berakhir dalam 30 hari"), "/konsol/akses"))
    return show("overview", tiles=tiles, hints=_hints())


def _hints() -> list[tuple[str, str]]:
    """What waits for somebody."""
    work = context.work()
    found = []
    if work.actor.powers.holds(P.KEYS_WRITE):
        waiting = [key for key in keys.listed(work.session) if key.state == KeyState.PUBLISHED]
        if waiting:
            text = ngettext(
                "%(num)s kunci menunggu diaktifkan", "%(num)s kunci menunggu diaktifkan", len(waiting)
            )
            found.append((text, "/konsol/kunci"))
    return found
