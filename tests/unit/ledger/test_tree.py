"""Merkle trees: roots, proofs, and proofs that do not hold."""

import hashlib

import pytest

from bwcstore import _merkle
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError
from bwcstore.ledger._tree import (
    Tree,
    check_consistency,
    check_inclusion,
    prove_consistency,
    prove_inclusion,
    tree_root,
)

LEAVES = [hashlib.sha256(bytes([number])).digest() for number in range(20)]


def grown(size: int) -> Tree:
    """A tree of the first leaves."""
    tree = Tree()
    tree.extend(LEAVES[:size])
    return tree


@pytest.mark.spec("CHK-13", "LED-13")
@pytest.mark.parametrize("size", range(20))
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    """Every root of a tree, also of an earlier size, is that over the leaves alone."""

    def mth(leaves: list[bytes]) -> bytes:
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaves[0]
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()

    assert grown(20).root(size) == mth(LEAVES[:size])
    assert grown(size).root() == mth(LEAVES[:size])
    assert _merkle.root(LEAVES[:size]) == mth(LEAVES[:size])


def test_no_root_beyond_the_tree() -> None:
    """A size that the tree has not reached has no root."""
    for size in (-1, 21):
        with pytest.raises(InvalidInputError) as caught:
            grown(20).root(size)

        assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


def test_a_proof_reads_no_more_hashes_than_it_needs() -> None:
    """A proof in a tree of 2**20 leaves reads about log2 of the size, and no leaf twice."""
    read: list[tuple[int, int]] = []

    def hash_at(level: int, number: int) -> bytes:
        read.append((level, number))
        return bytes(32)

    prove_inclusion(777_777, 2**20 - 1, hash_at)
    tree_root(2**20 - 1, hash_at)

    assert len(read) <= 60


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_what_is_not_there_is_not_proven(index: int, size: int) -> None:
    """There is no proof of a leaf outside the tree, and none verifies."""
    with pytest.raises(InvalidInputError) as proving:
        prove_inclusion(index, size, grown(5).hash)
    with pytest.raises(IntegrityError) as checking:
        check_inclusion(index, size, LEAVES[0], (), LEAVES[0])

    assert proving.value.kind is ErrorKind.ARGUMENT_INVALID
    assert checking.value.kind is ErrorKind.PROOF_INVALID


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    """There is no consistency proof to a smaller tree, and none verifies."""
    with pytest.raises(InvalidInputError) as proving:
        prove_consistency(old, new, grown(10).hash)
    with pytest.raises(IntegrityError) as checking:
        check_consistency(old, bytes(32), new, bytes(32), ())

    assert proving.value.kind is ErrorKind.ARGUMENT_INVALID
    assert checking.value.kind is ErrorKind.PROOF_INVALID


@pytest.mark.spec("CHK-15")
@pytest.mark.parametrize(
    ("old", "old_root", "new", "proof"),
    [
        (0, bytes(32), 5, ()),
        (0, _merkle.EMPTY_ROOT, 5, (bytes(32),)),
        (5, bytes(32), 5, ()),
        (5, grown(5).root(), 5, (bytes(32),)),
        (3, grown(3).root(), 5, ()),
        (4, grown(4).root(), 5, ()),
    ],
)
def test_the_ends_of_consistency(
    old: int, old_root: bytes, new: int, proof: tuple[bytes, ...]
) -> None:
    """From nothing and between equals the proof is empty, and the roots must be right."""
    with pytest.raises(IntegrityError) as caught:
        check_consistency(old, old_root, new, grown(new).root(), proof)

    assert caught.value.kind is ErrorKind.PROOF_INVALID


def test_there_is_no_subtree_beyond_the_tree() -> None:
    """Asking for a subtree that is not full is refused."""
    with pytest.raises(InvalidInputError) as caught:
        grown(5).hash(2, 1)

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID
