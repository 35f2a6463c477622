#!/usr/bin/env python3
"""Writes docs/reference from the code: settings, commands, roles, claims, events and error codes.

scripts/reference.py           write the pages
scripts/reference.py --check   change nothing; exit 1 and name the pages that differ from the code
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_babel import Babel, force_locale
from pydantic_core import PydanticUndefined

from idp.cli.main import cli
from idp.domain.actors import INCOMPATIBLE, PERMISSIONS_OF, Permission, PlatformRole
from idp.domain.audit.events import EVENTS
from idp.domain.release import claims
from idp.kernel.settings import Settings
from idp.web.i18n import SENTENCES

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "docs" / "reference"
EXAMPLE = ROOT / "config.example.toml"
MADE = "% Made by scripts/reference.py from {source}; change that, not this page.\n"


def main() -> int:
    """0, or 1 with the differing pages on stderr."""
    checking = "--check" in sys.argv[1:]
    differing = []
    for name, text in pages().items():
        path = OUTPUT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        differing.append(name)
        if not checking:
            path.write_text(text, encoding="utf-8")
    for name in differing if checking else ():
        print(f"docs/reference/{name} differs from the code; run scripts/reference.py", file=sys.stderr)
    return 1 if checking and differing else 0


def pages() -> dict[str, str]:
    """Name of each page → its text."""
    makers: tuple[tuple[str, str, str, Callable[[], Iterator[str]]], ...] = (
        ("settings.md", "Settings", "idp/kernel/settings.py and config.example.toml", settings),
        ("commands.md", "Commands", "idp/cli", commands),
        ("roles.md", "Roles and permissions", "idp/domain/actors.py", roles),
        ("claims.md", "Scopes and claims", "idp/domain/release/claims.py", scopes),
        ("events.md", "Audit events", "idp/domain/audit/events.py", events),
        ("errors.md", "Error codes", "idp/web/i18n.py", errors),
    )
    return {
        name: MADE.format(source=source) + f"\n# {title}\n\n" + "\n".join(make()) + "\n"
        for name, title, source, make in makers
    }


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def heading(*cells: str) -> str:
    return row(*cells) + "\n" + row(*("---" for _ in cells))


def code(value: object) -> str:
    return f"`{value}`"


# ------------------------------------------------------------------------------------------------- settings


def settings() -> Iterator[str]:
    reasons = reasons_of(EXAMPLE.read_text(encoding="utf-8"))
    yield (
        "One TOML file; an unknown key refuses to start. Each key can be set by the environment instead: "
        "`GAPURA_SECTION__KEY`, lists with commas."
    )
    yield ""
    yield heading("key", "default", "what it is for")
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        if inner is None:
            yield setting(name, field, reasons)
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        if inner is None:
            continue
        yield f"\n## [{name}]\n"
        yield heading("key", "default", "what it is for")
        for key, member in inner.items():
            yield setting(f"{name}.{key}", member, reasons)


def setting(key: str, field: Any, reasons: Mapping[str, str]) -> str:
    limits = [
        f"{sign} {getattr(limit, name)}"
        for limit in field.metadata
        for name, sign in LIMITS
        if hasattr(limit, name)
    ]
    reason = reasons.get(key, "")
    if limits:
        reason = f"{reason} Allowed: {', '.join(limits)}."
    return row(code(key.rsplit(".", 1)[-1]), default_of(field), reason.strip())


LIMITS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def default_of(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be set"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return code(list(value)) if value else "empty"
    return code(str(value).lower() if isinstance(value, bool) else value) if value != {} else "empty"


def reasons_of(text: str) -> dict[str, str]:
    """Key → the comment above it; neighbours without a comment of their own share one."""
    found: dict[str, str] = {}
    section, comment, open_ = "", "", False
    for line in text.splitlines():
        head = re.match(r"\[(\w+)\]", line)
        key = re.match(r"#?(\w+) = ", line)
        if head:
            section, comment, open_ = f"{head[1]}.", "", False
        elif key:
            found[section + key[1]] = comment
            open_ = False
        elif line.startswith("# "):
            comment = f"{comment} {line[2:].strip()}" if open_ else line[2:].strip()
            open_ = True
        else:
            open_ = False
    return found


# ------------------------------------------------------------------------------------------------- commands


def commands() -> Iterator[str]:
    yield (
        "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 refused by policy. "
        "`--config` is the TOML file; without it `GAPURA_CONFIG`, or `/etc/gapura/config.toml`."
    )
    context = click.Context(cli, info_name="gapura")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None  # noqa: S101 -- the group listed it
        if isinstance(command, click.Group):
            yield f"\n## gapura {name}\n\n{prose(command)}"
            for verb in command.list_commands(context):
                inner = command.get_command(context, verb)
                assert inner is not None  # noqa: S101 -- the same
                yield from one_command(f"gapura {name} {verb}", inner, "###")
        else:
            yield from one_command(f"gapura {name}", command, "##")


def one_command(path: str, command: click.Command, level: str) -> Iterator[str]:
    arguments = [
        p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
    ]
    yield f"\n{level} {path}\n\n```text\n{' '.join([path, *arguments, '[OPTIONS]'])}\n```\n\n{prose(command)}"
    options = [
        p for p in command.params if isinstance(p, click.Option) and p.name != "config" and not p.hidden
    ]
    if options:
        yield ""
        yield heading("option", "what it does")
    for option in options:
        names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
        choice = (
            f" {' · '.join(map(code, option.type.choices))}" if isinstance(option.type, click.Choice) else ""
        )
        extra = " (required)" if option.required else " (may be repeated)" if option.multiple else ""
        yield row(names, f"{option.help or ''}{choice}{extra}".strip())


def prose(command: click.Command) -> str:
    return inspect.cleandoc((command.help or "").replace("\b\n", ""))


# ---------------------------------------------------------------------------------------- roles, claims, words


def roles() -> Iterator[str]:
    yield "Roles on Gapura itself, and the permissions of each. `unit_admin` holds them within one unit and what is below it."
    yield ""
    yield heading("permission", *(code(role.value) for role in PlatformRole))
    for permission in Permission:
        held = ("✓" if permission in PERMISSIONS_OF[role] else "" for role in PlatformRole)
        yield row(code(permission.value), *held)
    yield "\n## Roles that nobody may hold together\n"
    for pair in sorted(sorted(role.value for role in pair) for pair in INCOMPATIBLE):
        yield "- " + " and ".join(map(code, pair))


def scopes() -> Iterator[str]:
    yield (
        "A claim is sent only if it has a value for the person. Scopes of registered APIs stand beside these. "
        f"Version {claims.CLAIMS_VERSION} of the table."
    )
    yield ""
    yield heading("scope", "claims")
    for scope, names in claims.SCOPES.items():
        yield row(
            code(scope),
            ", ".join(map(code, names)) or "none: asks for a refresh token that outlives the session",
        )
    yield (
        f"\nAn ID Token holds what the `claims` parameter asks for, and roles up to {claims.MAX_ROLES_IN_ID_TOKEN}; "
        "UserInfo holds the rest."
    )
    yield "\nThese exist only where a fixture of the environments `test` and `demo` sets them: "
    yield ", ".join(code(name) for name in sorted(claims.FIXTURE_CLAIMS)) + "."


def events() -> Iterator[str]:
    yield "The list is closed: nothing else can be recorded."
    yield ""
    yield heading("event", "meaning")
    for name, meaning in EVENTS.items():
        yield row(code(name), meaning)


def errors() -> Iterator[str]:
    yield "What the domain refuses, as pages say it. The command line and the logs show the code."
    yield ""
    yield heading("code", "Indonesian", "English")
    app = Flask("idp", static_folder=None)
    Babel(app, default_locale="id")
    with app.test_request_context():
        for name, sentence in SENTENCES.items():
            with force_locale("id"):
                indonesian = str(sentence)
            with force_locale("en"):
                yield row(code(name), indonesian, str(sentence))


if __name__ == "__main__":
    sys.exit(main())
