#!/usr/bin/env python3
"""Brings the front-end files named in `idp/static/vendor/vendor.toml` into the tree, trimmed and checked.

    scripts/vendor_assets.py            fetch with `npm pack`, check the integrity, trim, write, compress
    scripts/vendor_assets.py --check    compare digests of what lies in the tree; needs no network
    scripts/vendor_assets.py --compress only renew the .gz files beside our own style sheets and scripts

Nobody who installs Gapura needs Node: the result is committed. The same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parent.parent / "idp" / "static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "vendor.toml"
COMPRESSED = (".css", ".js")
NESTING = ("@media", "@supports")


def main() -> int:
    """Return 0 when the tree is as the manifest says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compress", action="store_true")
    options = parser.parse_args()
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    if options.check:
        return report(problems(manifest))
    if not options.compress:
        for package in manifest["package"]:
            bring(package)
    compress()
    return report(problems(manifest))


def report(found: list[str]) -> int:
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """What differs from the manifest: missing, changed or unlisted files, stale compressed copies."""
    found = []
    listed = {MANIFEST}
    for package in manifest["package"]:
        home = directory(package)
        files = {entry["to"]: entry["sha256"] for entry in package["files"]}
        files[package["licence"]["to"]] = package["licence"]["sha256"]
        for name, digest in files.items():
            path = home / name
            listed.add(path)
            if not path.is_file():
                found.append(f"{path.relative_to(STATIC)}: missing")
            elif (actual := hashlib.sha256(path.read_bytes()).hexdigest()) != digest:
                found.append(f"{path.relative_to(STATIC)}: sha256 is {actual}, the manifest says {digest}")
    present = {path for path in VENDOR.rglob("*") if path.is_file() and path.suffix != ".gz"}
    found += [f"{path.relative_to(STATIC)}: not in the manifest" for path in sorted(present - listed)]
    return found + stale_copies()


def stale_copies() -> list[str]:
    """Compressed copies that do not belong to the file beside them."""
    found = []
    for path in sources():
        packed = path.with_name(path.name + ".gz")
        if not packed.is_file() or gzip.decompress(packed.read_bytes()) != path.read_bytes():
            found.append(
                f"{packed.relative_to(STATIC)}: missing or stale; run scripts/vendor_assets.py --compress"
            )
    return found


def sources() -> Iterator[Path]:
    yield from sorted(path for path in STATIC.rglob("*") if path.suffix in COMPRESSED)


def compress() -> None:
    """Write a .gz beside each style sheet and script; no time stamp inside, so that equal input gives equal bytes."""
    for path in sources():
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def directory(package: Mapping[str, Any]) -> Path:
    return VENDOR / f"{package['name'].removeprefix('@').replace('/', '-')}-{package['version']}"


def bring(package: Mapping[str, Any]) -> None:
    """Fetch one package, check it against the manifest's integrity, and write its files."""
    home = directory(package)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package['name']}@{package['version']}"],
            cwd=scratch, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        archive = next(Path(scratch).glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package["integrity"]:
            raise SystemExit(f"{package['name']}: integrity is sha512-{digest}, the manifest says otherwise")
        with tarfile.open(archive) as tar:
            for entry in package["files"]:
                member = tar.extractfile(f"package/{entry['from']}")
                if member is None:
                    raise SystemExit(f"{package['name']}: {entry['from']} is not in the package")
                text = member.read().decode("utf-8")
                (home / entry["to"]).write_text(prepare(text, entry, package), encoding="utf-8", newline="\n")


def prepare(text: str, entry: Mapping[str, Any], package: Mapping[str, Any]) -> str:
    """The file as we serve it: no source map address; a style sheet keeps only the blocks that pages use."""
    text = re.sub(r"\n?(/\*|//)# sourceMappingURL=[^\n*]*(\*/)?\n?", "\n", text)
    if "keep" not in entry:
        return text
    trimmed = trim(text, frozenset(entry["keep"]), package["prefixes"])
    for old, new in package.get("replace", {}).items():
        trimmed = trimmed.replace(old, new)
    return f"/* {package['name']} {package['version']}, {package['licence']['name']} licence; trimmed */\n{trimmed}\n"


def trim(css: str, keep: frozenset[str], prefixes: list[str]) -> str:
    """Drop rules whose every selector names a block outside `keep`, fonts and pictures that we do not serve."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).replace("\n", "")
    block = re.compile(rf"\.({'|'.join(prefixes)})-([a-z]+(?:-[a-z]+)*)")

    def wanted(selector: str) -> bool:
        return all(f"{prefix}-{name}" in keep for prefix, name in block.findall(selector))

    kept = []
    for head, body in rules(css):
        if head.startswith(NESTING):
            inner = trim(body, keep, prefixes)
            if inner:
                kept.append(f"{head}{{{inner}}}")
        elif head.startswith("@"):
            if head not in ("@font-face",):
                kept.append(f"{head}{{{body}}}" if body else f"{head};")
        elif selectors := [part for part in split_selectors(head) if wanted(part)]:
            declarations = ";".join(d for d in body.split(";") if "url(/assets" not in d and d)
            if declarations:
                kept.append(f"{','.join(selectors)}{{{declarations}}}")
    return "".join(kept)


def split_selectors(head: str) -> list[str]:
    """The selectors of a list; commas within parentheses do not separate."""
    return re.split(r",(?![^(]*\))", head)


def rules(css: str) -> Iterator[tuple[str, str]]:
    """Top-level rules of minified CSS as (head, body); statements such as @charset have no body."""
    position = 0
    while position < len(css):
        opening, semicolon = css.find("{", position), css.find(";", position)
        if opening < 0:
            return
        if 0 <= semicolon < opening:
            yield css[position:semicolon].strip(), ""
            position = semicolon + 1
            continue
        depth, end = 1, opening + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        yield css[position:opening].strip(), css[opening + 1 : end - 1]
        position = end


if __name__ == "__main__":
    raise SystemExit(main())
