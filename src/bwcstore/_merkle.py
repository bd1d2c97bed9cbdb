"""RFC 6962 tree hashing: the one definition of leaf, node and root in this library.

Rules kept here (RFC 6962 §2.1):

- a leaf is hashed behind 0x00 and a node behind 0x01, so neither can pass for the other;
- the root of nothing is SHA-256 of nothing;
- what the leaves are is the caller's affair: nothing here knows chunks or entries.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_LENGTH_BYTES: Final = 32


def leaf_hash(data: bytes | memoryview) -> bytes:
    """The 32-byte hash of a leaf, `SHA-256(0x00 ‖ data)`. `data` is not copied."""
    digest = hashlib.sha256(b"\x00")
    digest.update(data)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of a node over two 32-byte hashes, `SHA-256(0x01 ‖ left ‖ right)`."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of a growing tree: O(log n) memory, any root on demand."""

    def __init__(self) -> None:
        self._roots: list[bytes] = []
        self._size = 0

    @property
    def size(self) -> int:
        """How many leaves were appended."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Append one 32-byte leaf hash."""
        carry = self._size
        while carry & 1:
            leaf = node_hash(self._roots.pop(), leaf)
            carry >>= 1
        self._roots.append(leaf)
        self._size += 1

    def root(self) -> bytes:
        """The 32-byte tree hash of everything appended so far."""
        if not self._roots:
            return EMPTY_ROOT
        result = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            result = node_hash(left, result)
        return result


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The 32-byte Merkle tree hash over 32-byte leaf hashes in order."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()
