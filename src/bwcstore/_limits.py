"""How long what has a stored name can be, and the range that tells whether it is longer.

Rules kept here (spec: NAM-13, NAM-14):

- the name says what is there, and so how long it is at most;
- one byte more than that is enough to see that something is too long, and no more is read.

Segments have no limit here: they are never read at once.
"""

from typing import Final

from bwcstore import _layout
from bwcstore._encoding import DOCUMENT_SIZE_MAX
from bwcstore._values import ByteRange

LEAF_SIZE_MAX: Final = 32 * 1024
BATCH_SIZE_MAX: Final = 16 * 1024 * 1024
NOTE_SIZE_MAX: Final = 64 * 1024
ANNEX_SIZE_MAX: Final = 64 * 1024 * 1024
TILE_SIZE: Final = 256 * 32
BUNDLE_SIZE_MAX: Final = 256 * (2 + LEAF_SIZE_MAX)


def size_max(name: str) -> int:
    """How many bytes there can be under a stored name, a segment's apart."""
    if _layout.parse_batch(name) or _layout.parse_candidate(name):
        return BATCH_SIZE_MAX
    if _layout.parse_checkpoint(name):
        return NOTE_SIZE_MAX
    if tile := _layout.parse_tile(name):
        return BUNDLE_SIZE_MAX if tile[1] == _layout.ENTRIES_LEVEL else TILE_SIZE
    if _layout.parse_annex(name):
        return ANNEX_SIZE_MAX
    return DOCUMENT_SIZE_MAX


def whole(name: str) -> ByteRange:
    """Everything that can be right under a stored name, and one byte more."""
    return ByteRange(offset_bytes=0, length_bytes=size_max(name) + 1)
