"""RFC 6962 tree hashing against the definition and the published values."""

import hashlib

import pytest

from bwcstore import _merkle as merkle

# The eight leaves and the roots of their prefixes, as used by the tests of the first CT logs.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def _defined(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 writes it, recursively."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    parts = _defined(leaves[:split]) + _defined(leaves[split:])
    return hashlib.sha256(b"\x01" + parts).digest()


def test_root_of_published_leaves() -> None:
    """The root over the well-known eight leaves is the published one."""
    root = merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES])

    assert ROOT_OF_EIGHT == root.hex()


@pytest.mark.parametrize("count", [*range(34), 63, 64, 65, 127, 128, 129])
def test_root_follows_the_definition(count: int) -> None:
    """Appending gives the root of the recursive definition at every size."""
    leaves = [number.to_bytes(2, "big") for number in range(count)]
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(merkle.leaf_hash(leaf))

    assert (_defined(leaves), count) == (frontier.root(), frontier.size)


def test_leaf_of_a_view() -> None:
    """A view hashes as the bytes that it shows."""
    assert merkle.leaf_hash(b"chunk") == merkle.leaf_hash(memoryview(b"a chunk")[2:])
