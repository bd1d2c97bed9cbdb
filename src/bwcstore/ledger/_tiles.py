"""Full tiles and entry bundles (C2SP tlog-tiles), derived from what is committed.

Both hold 256 things and are written once they are full; deriving one again gives equal bytes
(spec: LED-38, LED-39).
"""

from collections.abc import Sequence
from typing import Final

from bwcstore import _merkle
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._tree import Tree

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
BUNDLE_WIDTH: Final = 256


def encode_tile(tree: Tree, level: int, number: int) -> bytes:
    """A full tile: 256 hashes of 32 bytes, those of subtrees of `256**level` leaves."""
    first = TILE_WIDTH * number
    return tree.row(TILE_HEIGHT * level, first, first + TILE_WIDTH)


def encode_bundle(leaves: Sequence[bytes]) -> bytes:
    """A bundle: before each leaf its length as 2 bytes, big-endian."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def decode_bundle(raw: bytes, *, what: str = "bundle") -> list[bytes]:
    """The 256 leaves of a full bundle.

    Raises:
        FormatError: it is cut off, or does not hold exactly 256 leaves.
    """
    leaves: list[bytes] = []
    at = 0
    while at < len(raw) and len(leaves) < BUNDLE_WIDTH:
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        leaves.append(raw[at + 2 : end])
        at = end
    if at != len(raw) or len(leaves) != BUNDLE_WIDTH:
        raise FormatError(
            ErrorKind.BATCH_INVALID, f"{what}: not {BUNDLE_WIDTH} leaves with their lengths"
        )
    return leaves


def check_leaf(leaf: bytes, expected: bytes, index: int) -> bytes:
    """Return `leaf` if it has the expected 32-byte hash.

    Raises:
        IntegrityError: it has not.
    """
    if _merkle.leaf_hash(leaf) != expected:
        raise IntegrityError(
            ErrorKind.BUNDLE_DIFFERS, f"entry {index}: its bundle holds something else"
        )
    return leaf
