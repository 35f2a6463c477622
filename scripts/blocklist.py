#!/usr/bin/env python3
"""Build idp/domain/accounts/data/common.sha256: the offline list of common and breached passwords (R-62).

    scripts/blocklist.py FILE [FILE ...] [--out OUT]

FILE is a JSON list of words or text with one password a line (an operator's own list, or a breach corpus). The
committed list is made from the JSON lists of two MIT-licensed npm packages, named with their versions in
idp/domain/accounts/data/README.md. Entries are the first eight bytes of the SHA-256 of the case-folded password,
sorted; see idp/domain/accounts/blocklist.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ENTRY_BYTES = 8
DEFAULT = Path(__file__).resolve().parent.parent / "idp/domain/accounts/data/common.sha256"


def words(file: Path) -> Iterator[str]:
    """The words of one file."""
    if file.suffix == ".json":
        yield from (word for word in json.loads(file.read_text()) if isinstance(word, str))
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        yield from (line.rstrip("\r\n") for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=DEFAULT)
    options = parser.parse_args()
    entries = {
        hashlib.sha256(word.casefold().encode()).digest()[:ENTRY_BYTES]
        for file in options.files
        for word in words(file)
        if len(word) >= 4
    }
    options.out.write_bytes(b"".join(sorted(entries)))
    print(f"{len(entries)} entries, {options.out.stat().st_size} bytes: {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
