"""The Merkle tree against the vectors of certificate transparency (RFC 6962, RFC 9162 §2.1)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, strategies

from idp.domain.transparency import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """Nodes in memory, grown leaf by leaf."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.size = 0
        for leaf in leaves:
            for level, index, value in merkle.append(self.read, self.size, merkle.leaf_hash(leaf)):
                self.nodes[level, index] = value
            self.size += 1

    def read(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


@pytest.fixture(scope="module")
def verifier():
    """The offline verifier, which shares no code with the product."""
    path = Path(__file__).parents[2] / "clients/verify/gapura_verify.py"
    spec = importlib.util.spec_from_file_location("gapura_verify", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTheKnownTree:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_has_the_published_roots(self, size):
        assert merkle.root(Tree(LEAVES).read, size).hex() == ROOTS[size - 1]

    def test_without_leaves_has_the_hash_of_nothing(self):
        assert merkle.root(Tree([]).read, 0) == merkle.EMPTY_ROOT


class TestALogOfAMillion:
    """Proofs come from stored nodes: nobody reads a million leaves for one of them."""

    SIZE = 1_000_003

    def test_proves_a_leaf_and_an_older_log_with_few_reads(self):
        levels = [merkle.leaf_hash(b"same")]
        while len(levels) < 21:
            levels.append(merkle.node_hash(levels[-1], levels[-1]))
        reads: list[tuple[int, int]] = []

        def read(level: int, index: int) -> bytes:
            assert (index + 1) << level <= self.SIZE, "only complete subtrees are stored"
            reads.append((level, index))
            return levels[level]

        root = merkle.root(read, self.SIZE)
        proof = merkle.inclusion_proof(read, 777_777, self.SIZE)
        extension = merkle.consistency_proof(read, 500_001, self.SIZE)

        assert merkle.verify_inclusion(levels[0], 777_777, self.SIZE, proof, root)
        older = merkle.root(read, 500_001)
        assert merkle.verify_consistency(500_001, self.SIZE, older, root, extension)
        assert len(reads) < 200


class TestWhatIsNotInTheTree:
    @pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
    def test_has_no_proof(self, index, size):
        tree = Tree(LEAVES)
        with pytest.raises(ValueError, match="outside the tree"):
            merkle.inclusion_proof(tree.read, index, size)
        assert not merkle.verify_inclusion(tree.read(0, 0), index, size, [], merkle.root(tree.read, 8))

    def test_a_longer_or_shorter_proof_is_none(self):
        tree = Tree(LEAVES)
        root, proof = merkle.root(tree.read, 8), merkle.inclusion_proof(tree.read, 5, 8)
        for wrong in (proof[:-1], [*proof, proof[-1]], proof[::-1], []):
            assert not merkle.verify_inclusion(tree.read(0, 5), 5, 8, wrong, root)
        old, extension = merkle.root(tree.read, 3), merkle.consistency_proof(tree.read, 3, 8)
        for wrong in (extension[:-1], [*extension, extension[-1]], extension[::-1], []):
            assert not merkle.verify_consistency(3, 8, old, root, wrong)

    @pytest.mark.parametrize(("first", "second"), [(0, 8), (8, 7), (-1, 8)])
    def test_sizes_out_of_order_have_no_proof(self, first, second):
        with pytest.raises(ValueError, match="out of order"):
            merkle.consistency_proof(Tree(LEAVES).read, first, second)


class TestThePublishedProofs:
    """The paths of the reference implementation's tests over the same eight leaves."""

    def test_of_inclusion(self):
        path = [step.hex() for step in merkle.inclusion_proof(Tree(LEAVES).read, 0, 8)]
        assert path == [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]

    def test_of_consistency(self):
        path = [step.hex() for step in merkle.consistency_proof(Tree(LEAVES).read, 6, 8)]
        assert path == [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]


@given(strategies.integers(1, 90), strategies.data())
def test_every_leaf_proves_its_place_and_no_other(size, data):
    tree = Tree([str(n).encode() for n in range(size)])
    index = data.draw(strategies.integers(0, size - 1))
    root, proof = merkle.root(tree.read, size), merkle.inclusion_proof(tree.read, index, size)

    assert merkle.verify_inclusion(tree.read(0, index), index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, proof, root)
    if size > 1:
        assert not merkle.verify_inclusion(tree.read(0, index), (index + 1) % size, size, proof, root)


@given(strategies.integers(1, 90), strategies.data())
def test_every_prefix_proves_that_nothing_before_it_changed(size, data):
    tree = Tree([str(n).encode() for n in range(size)])
    first = data.draw(strategies.integers(1, size))
    old, new = merkle.root(tree.read, first), merkle.root(tree.read, size)
    proof = merkle.consistency_proof(tree.read, first, size)

    assert merkle.verify_consistency(first, size, old, new, proof)
    assert not merkle.verify_consistency(first, size, merkle.leaf_hash(b"rewritten"), new, proof)


@given(strategies.integers(2, 40), strategies.data())
def test_the_offline_verifier_agrees(verifier, size, data):
    tree = Tree([str(n).encode() for n in range(size)])
    index, first = data.draw(strategies.integers(0, size - 1)), data.draw(strategies.integers(1, size))
    root = merkle.root(tree.read, size)

    inclusion = merkle.inclusion_proof(tree.read, index, size)
    assert verifier.is_included(str(index).encode(), index, size, inclusion, root)
    consistency = merkle.consistency_proof(tree.read, first, size)
    assert verifier.extends(first, size, merkle.root(tree.read, first), root, consistency)
