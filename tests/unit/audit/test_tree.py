"""The growing tree, beside the definition of RFC 6962."""

import hashlib

import pytest

from bwcstore._merkle import EMPTY_ROOT, node_hash
from bwcstore.audit._tree import TILE_WIDTH, GrowingTree

LEAVES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]


def reference(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(reference(leaves[:split]), reference(leaves[split:]))


@pytest.mark.spec("AUD-15")
@pytest.mark.parametrize("step", [1, 3, 256, 1000])
def test_roots_at_wanted_sizes(step: int) -> None:
    """Every root that was wanted is right, however the leaves arrive."""
    sizes = [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 769, 1000]
    tree = GrowingTree([*sizes, 5000])

    for start in range(0, 1000, step):
        tree.extend(LEAVES[start : min(start + step, 1000)])

    assert {size: reference(LEAVES[:size]) for size in sizes} == tree.roots


@pytest.mark.spec("AUD-17")
def test_tiles_of_two_levels() -> None:
    """Full tiles are handed out once each, those of level 1 over the roots of those of level 0."""
    tiles: dict[tuple[int, int], list[bytes]] = {}
    tree = GrowingTree((), lambda level, number, row: tiles.update({(level, number): list(row)}))

    tree.extend(LEAVES)

    assert 273 + 1 == len(tiles)
    assert LEAVES[256:512] == tiles[0, 1]
    expected = [reference(LEAVES[at : at + 256]) for at in range(0, TILE_WIDTH**2, 256)]
    assert expected == tiles[1, 0]
    assert reference(LEAVES) == tree.root()
