"""The Merkle tree of RFC 9162 §2.1 (RFC 6962), over stored nodes. Pure.

`Read` gives the hash of a complete subtree: level 0 are leaves, level n covers 2**n of them. Only complete subtrees
are ever stored, so a node never changes once it exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Read = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(read: Read, size: int, hashed_leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The nodes (level, index, hash) that become complete when a leaf joins a tree of `size` leaves."""
    level, index, value = 0, size, hashed_leaf
    yield level, index, value
    while index % 2 == 1:
        value = node_hash(read(level, index - 1), value)
        level, index = level + 1, index // 2
        yield level, index, value


def root(read: Read, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _subtree(read, 0, size)


def inclusion_proof(read: Read, index: int, size: int) -> list[bytes]:
    """RFC 9162 §2.1.3.1. Raises ValueError unless index < size."""
    if not 0 <= index < size:
        raise ValueError("index outside the tree")
    return _path(read, index, 0, size)


def verify_inclusion(
    hashed_leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, value = index, size - 1, hashed_leaf
    for sibling in proof:
        if last == 0:
            return False
        if node % 2 == 1 or node == last:
            value = node_hash(sibling, value)
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            value = node_hash(value, sibling)
        node, last = node // 2, last // 2
    return last == 0 and value == expected_root


def consistency_proof(read: Read, first: int, second: int) -> list[bytes]:
    """RFC 9162 §2.1.4.1: that the tree of `second` leaves extends the one of `first`."""
    if not 0 < first <= second:
        raise ValueError("sizes out of order")
    return [] if first == second else _extension(read, first, 0, second, whole=True)


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """RFC 9162 §2.1.4.2."""
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    steps = list(proof)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    node, last = first - 1, second - 1
    while node % 2 == 1:
        node, last = node // 2, last // 2
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node % 2 == 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            new = node_hash(new, step)
        node, last = node // 2, last // 2
    return last == 0 and old == first_root and new == second_root


def _split(count: int) -> int:
    """The greatest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(read: Read, start: int, end: int) -> bytes:
    count = end - start
    level = count.bit_length() - 1
    if count == 1 << level and start % count == 0:
        return read(level, start >> level)
    middle = start + _split(count)
    return node_hash(_subtree(read, start, middle), _subtree(read, middle, end))


def _path(read: Read, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(read, index, start, middle), _subtree(read, middle, end)]
    return [*_path(read, index, middle, end), _subtree(read, start, middle)]


def _extension(read: Read, first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if first == end:
        return [] if whole else [_subtree(read, start, end)]
    middle = start + _split(end - start)
    if first <= middle:
        return [*_extension(read, first, start, middle, whole=whole), _subtree(read, middle, end)]
    return [*_extension(read, first, middle, end, whole=False), _subtree(read, start, middle)]
