"""RFC 6962 trees, and the tiles and bundles that are made of them."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
TILE = 256


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf (CHK-13)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (CHK-13)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(hashes: Iterable[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The tree hashes over the first so many leaves, for every size asked for."""
    stack: list[tuple[int, bytes]] = []
    found = {0: EMPTY} if 0 in sizes else {}
    for count, leaf in enumerate(hashes, 1):
        level, node = 0, leaf
        while stack and stack[-1][0] == level:
            node = node_hash(stack.pop()[1], node)
            level += 1
        stack.append((level, node))
        if count in sizes:
            root = stack[-1][1]
            for _, left in reversed(stack[:-1]):
                root = node_hash(left, root)
            found[count] = root
    return found


def root(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over all leaves."""
    return roots(hashes, {len(hashes)})[len(hashes)]


def tile(hashes: Sequence[bytes], level: int, number: int) -> bytes | None:
    """The bytes of a full tile (LED-38); None when there are not enough leaves."""
    width = TILE**level
    start = TILE * number * width
    if start + TILE * width > len(hashes):
        return None
    spans = range(start, start + TILE * width, width)
    return b"".join(root(hashes[first : first + width]) for first in spans)


def bundle(leaves: Sequence[bytes], number: int) -> bytes | None:
    """The bytes of a full bundle of entries (LED-39); None when there are not enough."""
    chosen = leaves[TILE * number : TILE * (number + 1)]
    if len(chosen) < TILE:
        return None
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in chosen)
