"""What a request knows: settings, its unit of work, the SSO session, the way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from flask import current_app, g, request

from idp.domain.accounts.hashing import Hasher
from idp.domain.actors import Actor, ActorKind
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.sso import Sso
from idp.domain.work import Vault, Work
from idp.kernel.clock import Clock
from idp.kernel.ports import Fetch, Mail
from idp.kernel.settings import Settings
from idp.web.catalogue import Catalogue
from idp.web.cookies import read_cookie
from idp.web.extensions import db
from idp.web.refusals import RefusalWriter


@dataclass
class Runtime:
    """What the composition root made once per process."""

    settings: Settings
    vault: Vault
    clock: Clock
    hasher: Hasher
    catalogue: Catalogue
    fetch: Fetch
    mail: Mail
    csrf_key: bytes = field(repr=False)
    refusals: RefusalWriter = field(default_factory=RefusalWriter)


def runtime() -> Runtime:
    return cast(Runtime, current_app.extensions["gapura"])


def settings() -> Settings:
    return runtime().settings


def catalogue() -> Catalogue:
    return runtime().catalogue


def work() -> Work:
    """The request's one unit of work: one moment, one transaction, the actor as far as it is known."""
    if "work" not in g:
        parts = runtime()
        g.work = Work(db.session, anonymous(), parts.clock.now(), parts.vault, parts.settings)  # type: ignore[arg-type]
    return cast(Work, g.work)


def anonymous() -> Actor:
    agent = request.headers.get("User-Agent", "")
    return Actor(
        ActorKind.ANONYMOUS,
        address=client_address(),
        user_agent=agent[:256] or None,
        request_id=request_id(),
    )


def person_actor(sso: Sso) -> Actor:
    """The signed-in person without any power on Gapura itself; `guards` adds those."""
    base = anonymous()
    return Actor(
        ActorKind.PERSON, sso.person_id, sid=sso.sid,
        address=base.address, user_agent=base.user_agent, request_id=base.request_id,
    )  # fmt: skip


def client_actor(client_id: str) -> Actor:
    base = anonymous()
    return Actor(ActorKind.CLIENT, client_id, address=base.address, request_id=base.request_id)


def sso() -> Sso | None:
    """The live session of this browser; the request's actor becomes its person."""
    if "sso" not in g:
        found = sessions.find(work(), read_cookie("sid"))
        g.sso = found
        if found is not None:
            g.work = work().acting_as(person_actor(found))
    return cast("Sso | None", g.sso)


def act_as(actor: Actor) -> Work:
    """From here on the request's actor is known to be `actor`."""
    g.work = work().acting_as(actor)
    return cast(Work, g.work)


def forget_sso() -> None:
    """The session ended or got another cookie in this request."""
    g.pop("sso", None)


def commit() -> None:
    """A door commits once, at its end; audit rows and change are durable together or not at all."""
    db.session.commit()
    catalogue().expire()


def commit_hot() -> None:
    """As `commit`, on protocol endpoints, which never change clients or keys."""
    db.session.commit()


def rollback() -> None:
    db.session.rollback()


def client_address() -> str | None:
    return cast("str | None", request.environ.get("gapura.address"))


def request_id() -> str:
    return cast(str, request.environ.get("gapura.request_id", "-"))
