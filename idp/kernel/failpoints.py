"""Named places where a test may make the process crash, wait or fail (SECURITY.md §3.4, HARNESS.md §4).

Without GAPURA_FAILPOINTS, and always in production, `hit` is an empty function.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable


class FailpointRaised(RuntimeError):
    """The action `raise` of a fail point."""


def _nothing(_name: str) -> None:
    return None


hit: Callable[[str], None] = _nothing


def arm(specification: str) -> None:
    """Read `name=action,…`; actions: `crash`, `delay:MS`, `raise`. Raises ValueError for another action."""
    actions: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in specification.split(","))):
        name, _, action = entry.partition("=")
        if action not in ("crash", "raise") and not action.startswith("delay:"):
            raise ValueError(f"unknown fail point action: {entry}")
        actions[name] = action

    def act(name: str) -> None:
        action = actions.get(name)
        if action is None:
            return
        if action == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "raise":
            raise FailpointRaised(name)
        time.sleep(int(action.removeprefix("delay:")) / 1000)

    global hit  # noqa: PLW0603 -- the switch is process-wide by design
    hit = act if actions else _nothing
