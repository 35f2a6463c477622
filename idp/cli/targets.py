"""From what was typed to what it names: an open unit of work, a person, a file of members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from idp.cli.session import installation, open_work
from idp.domain.accounts import accounts
from idp.domain.city import people
from idp.domain.errors import NotFound
from idp.domain.work import Work


@contextmanager
def opened(config: Path) -> Iterator[Work]:
    """A unit of work on the installation of that configuration, committed at the end of the block."""
    place = installation(config)
    try:
        with open_work(place) as work:
            yield work
    finally:
        place.engine.dispose()


def person_named(work: Work, text: str) -> people.Person:
    """PERSON is a username, an e-mail address, a NIP or an id. Raises NotFound."""
    account = accounts.find(work.session, text)
    person = work.session.get(people.Person, account.person_id if account else text)
    if person is None:
        raise NotFound("person_unknown", person=text)
    return person


def json_object(path: Path) -> dict[str, Any]:
    """The members in a JSON file. Raises click.UsageError for anything but an object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{path}: not a JSON object")
    return found
