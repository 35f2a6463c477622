"""Which counters a try of a password or a code goes through (SECURITY.md §4.8)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter

from idp.domain.accounts import accounts, devices
from idp.domain.runtime import throttle
from idp.domain.runtime.throttle import Rule
from idp.domain.work import Work
from idp.web.cookies import read_cookie

THROTTLED = Counter("gapura_throttled_total", "Tries that were not let through", ["lane"])


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a try was counted, to give it back after a success."""

    name_key: str
    address_key: str
    open_at: datetime | None
    left: int

    @property
    def allowed(self) -> bool:
        return self.open_at is None


def enter(work: Work, submitted: str, person_id: str | None) -> Lane:
    """Count one try of a password for a submitted name, existing or not. The caller commits before it verifies."""
    rules = work.settings.throttle
    digests = work.vault.digests
    name = accounts.submitted_name(submitted)
    cookie = read_cookie("dev")
    trusted = devices.is_known(work, cookie, person_id)
    if trusted:
        key = digests.label("trusted", f"{cookie}:{name}")
        rule = Rule(rules.trusted_tries_per_10_minutes, timedelta(minutes=10), timedelta(minutes=10))
    else:
        key = digests.label("untrusted", name)
        rule = Rule(
            rules.untrusted_tries, timedelta(hours=24), timedelta(seconds=rules.untrusted_delay_max_seconds)
        )
    address_key = digests.label("address", _network(work.actor.address))
    by_address = throttle.look(work, address_key)
    by_name = throttle.reserve(work, key, rule) if by_address.allowed else by_address
    if by_name.allowed:
        return Lane(key, address_key, None, by_name.left)
    THROTTLED.labels("address" if not by_address.allowed else "trusted" if trusted else "untrusted").inc()
    return Lane(key, address_key, by_name.open_at, 0)


def succeed(work: Work, lane: Lane) -> None:
    """The password was right."""
    throttle.refund(work, lane.name_key)


def fail(work: Work, lane: Lane) -> None:
    """Wrong: this counts for the whole address. Right ones never do, so an office behind one address is not hurt."""
    throttle.reserve(work, lane.address_key, _address_rule(work))


def enter_second_factor(work: Work, person_id: str) -> Lane:
    """Count one try of a one-time or recovery code, over all transactions and both kinds."""
    tries = work.settings.throttle.second_factor_tries_per_5_minutes
    key = work.vault.digests.label("second_factor", person_id)
    verdict = throttle.reserve(work, key, Rule(tries, timedelta(minutes=5), timedelta(minutes=5)))
    if not verdict.allowed:
        THROTTLED.labels("second_factor").inc()
    return Lane(key, "", None if verdict.allowed else verdict.open_at, verdict.left)


def succeed_second_factor(work: Work, lane: Lane) -> None:
    throttle.refund(work, lane.name_key)


def _address_rule(work: Work) -> Rule:
    rules = work.settings.throttle
    tries = rules.address_failures_per_minute
    if work.actor.address and rules.listed_networks:
        address = ipaddress.ip_address(work.actor.address)
        if any(address in ipaddress.ip_network(entry, strict=False) for entry in rules.listed_networks):
            tries = rules.listed_failures_per_minute
    return Rule(tries, timedelta(minutes=1), timedelta(minutes=1))


def _network(address: str | None) -> str:
    """IPv4 /32, IPv6 /64."""
    if address is None:
        return "unknown"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    prefix = 32 if parsed.version == 4 else 64
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))
