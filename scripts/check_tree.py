#!/usr/bin/env python3
"""What must hold of the tracked files as a whole: complete locks, and nothing in them that belongs to one machine.

Lock files pin every declared requirement with hashes and carry no address, so that each installation asks the
index that its own machine is set up with. For the same reason no tracked file names a package registry's host or a
path that exists on one machine only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"requirements.lock": (), "requirements-demo.lock": ("demo",), "requirements-dev.lock": ("dev",)}
"""Lock file → the dependency groups that it holds beside the product's own requirements."""

# Written in pieces, so that this file does not name what it looks for.
REGISTRIES = [".".join(parts) for parts in (
    ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"),
    ("deb", "debian", "org"), ("crates", "io"), ("proxy", "golang", "org"), ("repo1", "maven", "org"),
)]  # fmt: skip
PLACES = ["/".join(("", *parts, "")) for parts in (("root",), ("work",), ("tmp", "gp"), ("tmp", "bash_jobs"))]
ALIEN = re.compile(
    "|".join(
        [rf"(?<![\w-]){re.escape(host)}(?![\w-])" for host in REGISTRIES]
        + [rf"(?<![\w./}}-]){re.escape(place)}" for place in {*PLACES, f"{Path.home()}/", f"{ROOT}/"}]
    )
)


def main() -> int:
    """Print each problem on a line; 1 if there is any."""
    found = [*lock_problems(), *alien_places()]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def lock_problems() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name, groups in LOCKS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        if "://" in text or "--index" in text or "--find-links" in text:
            yield f"{name}: names where packages come from"
        pins = pinned(text)
        for pin, (_, hashed) in pins.items():
            if not hashed:
                yield f"{name}: {pin} has no hash"
        for text_of_requirement in required(project, groups):
            requirement = Requirement(text_of_requirement)
            versions, _ = pins.get(canonicalize_name(requirement.name), ([], False))
            if not any(requirement.specifier.contains(version) for version in versions):
                yield f"{name}: does not hold {requirement}; run scripts/lock"


def pinned(text: str) -> dict[str, tuple[list[str], bool]]:
    """Package → its versions (several where markers differ) and whether each has hashes."""
    pins: dict[str, tuple[list[str], bool]] = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        match = re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", block)
        if match:
            versions, hashed = pins.get(canonicalize_name(match[1]), ([], True))
            pins[canonicalize_name(match[1])] = ([*versions, match[2]], hashed and "--hash=sha256:" in block)
    return pins


def required(project: dict[str, Any], groups: tuple[str, ...]) -> Iterator[str]:
    """The product's requirements and those of `groups`, with the groups they include."""
    yield from project["project"]["dependencies"]
    waiting = list(groups)
    while waiting:
        for entry in project["dependency-groups"][waiting.pop()]:
            if isinstance(entry, str):
                yield entry
            else:
                waiting.append(entry["include-group"])


def alien_places() -> Iterator[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listing.decode().split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            match = ALIEN.search(line)
            if match:
                yield f"{name}:{number}: names {match[0]!r}"


if __name__ == "__main__":
    sys.exit(main())
