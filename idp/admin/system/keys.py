"""Signing keys: next, active, retired, with dates in words (SECURITY.md §4.1)."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.wrappers import Response

from idp.admin import words
from idp.admin.forms import Form
from idp.admin.frame import done, show
from idp.domain.actors import Permission as P
from idp.domain.errors import Invalid
from idp.domain.runtime import keys
from idp.domain.runtime.keys import Key, KeyState
from idp.kernel import jose
from idp.web import context
from idp.web.guards import needs

ORDER = (KeyState.PUBLISHED, KeyState.SIGNING, KeyState.RETIRED, KeyState.DESTROYED)


@needs(P.KEYS_READ)
def index() -> Response:
    work = context.work()
    found = keys.listed(work.session)
    waiting = {key.algorithm for key in found if key.state == KeyState.PUBLISHED}
    return show(
        "keys",
        groups=[(state, [key for key in found if key.state == state]) for state in ORDER],
        ready_at={key.kid: _ready_at(key) for key in found},
        leaves_at={key.kid: keys.retire_at(key, work) for key in found},
        now=work.now,
        preparable=[name for name in jose.ALGORITHMS if name not in waiting],
        may_write=work.actor.powers.may(P.KEYS_WRITE),
        words=words,
    )


def _ready_at(key: Key):  # type: ignore[no-untyped-def]
    return key.published_at + timedelta(seconds=context.settings().keys.prepublish_seconds)


@needs(P.KEYS_WRITE, fresh=True, back="admin.keys")
def prepare() -> Response:
    work = context.work()
    work.demand(P.KEYS_WRITE)
    keys.prepare(work, Form("algorithm")["algorithm"])
    return done("key_prepared", "admin.keys")


@needs(P.KEYS_WRITE, fresh=True)
def activate(kid: str) -> Response:
    """Before the time of publication has passed, only with a confirmation: applications may not know the key yet."""
    work = context.work()
    work.demand(P.KEYS_WRITE)
    key = keys.get(work.session, kid)
    early = work.now < _ready_at(key)
    form = Form(lists=("early",))
    if form.posted:
        with form.attempt():
            if early and not form.ticked("early"):
                raise Invalid("early_unconfirmed", field="early")
            keys.activate(work, kid, early=early)
            return done("key_activated", "admin.keys")
    return show("key_activate", form=form, key=key, early=early, ready_at=_ready_at(key))


@needs(P.KEYS_WRITE, fresh=True)
def revoke(kid: str) -> Response:
    """Emergency: everything this key has signed is worthless from now on."""
    work = context.work()
    work.demand(P.KEYS_WRITE)
    key = keys.get(work.session, kid)
    form = Form("typed")
    if form.posted:
        with form.attempt():
            if form["typed"].casefold() != "cabut":
                raise Invalid("word_missing", field="typed")
            keys.destroy(work, kid, emergency=True)
            return done("key_revoked", "admin.keys")
    return show("key_revoke", form=form, key=key, signs=key.state == KeyState.SIGNING)
