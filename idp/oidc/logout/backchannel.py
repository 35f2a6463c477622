"""Back-channel logout: build a logout token and deliver it (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5).

An outbox handler: a new token (jti, iat, exp) per try; 200 and 204 mean done.
"""

from __future__ import annotations

import secrets
from typing import Any

from prometheus_client import Counter

from idp.domain.accounts import subjects
from idp.domain.audit.events import REFUSED, Event
from idp.domain.work import Work
from idp.kernel.ports import Fetch, OutboundFailed, OutboundRefused
from idp.web.catalogue import Catalogue

LIFETIME_SECONDS = 120
EVENT = "http://schemas.openid.net/event/backchannel-logout"
DELIVERIES = Counter("gapura_backchannel_logout_total", "Logout tokens sent", ["result"])


class NotDelivered(Exception):
    """The application did not confirm; try again later."""


def prepare(work: Work, catalogue: Catalogue, payload: dict[str, Any]) -> tuple[str, str] | None:
    """Where to send which logout token; None if the client has no logout address or is gone."""
    client = catalogue.client(work.session, payload["client_id"])
    if client is None or not client.backchannel_logout_uri:
        return None
    now = int(work.now.timestamp())
    claims: dict[str, Any] = {
        "iss": work.settings.issuer,
        "aud": client.client_id,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(24),
        "events": {EVENT: {}},
        "sid": payload["sid"],
    }
    sub = subjects.find(work.session, payload["person_id"], client.sector_name)
    if sub is not None:
        claims["sub"] = sub
    signer = catalogue.snapshot(work.session).signers[client.id_token_signed_response_alg]
    return client.backchannel_logout_uri, signer.sign(claims, "logout+jwt")


def deliver(fetch: Fetch, uri: str, logout_token: str) -> None:
    """Raises NotDelivered with a reason for the operator."""
    try:
        answer = fetch.post_form(uri, {"logout_token": logout_token})
    except (OutboundFailed, OutboundRefused) as error:
        DELIVERIES.labels("failed").inc()
        raise NotDelivered(str(error)) from error
    if answer.status not in (200, 204):
        DELIVERIES.labels("refused").inc()
        raise NotDelivered(f"status {answer.status}")
    DELIVERIES.labels("confirmed").inc()


def record(work: Work, payload: dict[str, Any], failure: str | None, *, final: bool) -> None:
    """Note the outcome; failures only when they are the first or the last of a job."""
    name = "backchannel_logout_delivered" if failure is None else "backchannel_logout_failed"
    work.record(
        Event(
            name,
            result="success" if failure is None else REFUSED,
            subject=payload["person_id"],
            client=payload["client_id"],
            reason=failure,
            details={"sid": payload["sid"], "final": final},
        )
    )
