"""The Merkle tree of one generation, grown leaf by leaf in little memory.

Rules kept here (RFC 6962 §2.1, C2SP tlog-tiles):

- full tiles of 256 hashes are handed out as they fill, and only their root is kept;
- the root is known at every size that was asked for beforehand.

This is not the tree that provers use: an audit that shared it would share its mistakes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bwcstore._merkle import EMPTY_ROOT, root

TILE_WIDTH: Final = 256

OnTile = Callable[[int, int, list[bytes]], None]
"""Told of a full tile: its level, its number, its 256 hashes."""


def _perfect_root(hashes: list[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    sha256 = hashlib.sha256
    row = hashes
    while len(row) > 1:
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
    return row[0]


class GrowingTree:
    """A tree that forgets its full tiles.

    Attributes:
        size: how many leaves there are.
        roots: the root at every size that was wanted and is reached.
    """

    def __init__(self, wanted: Iterable[int], on_tile: OnTile | None = None) -> None:
        self.size = 0
        self.roots: dict[int, bytes] = {}
        self._wanted = sorted(set(wanted), reverse=True)
        self._open: list[list[bytes]] = [[]]
        self._done: list[int] = [0]
        self._on_tile = on_tile
        self._remember()

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Append 32-byte leaf hashes in order."""
        at = 0
        while at < len(hashes):
            row = self._open[0]
            step = min(len(hashes) - at, TILE_WIDTH - len(row))
            if self._wanted:
                step = min(step, self._wanted[-1] - self.size)
            row.extend(hashes[at : at + step])
            at += step
            self.size += step
            if len(row) == TILE_WIDTH:
                self._fill(0)
            self._remember()

    def _remember(self) -> None:
        while self._wanted and self._wanted[-1] <= self.size:
            self.roots[self._wanted.pop()] = self.root()

    def _fill(self, level: int) -> None:
        row = self._open[level]
        if self._on_tile is not None:
            self._on_tile(level, self._done[level], row)
        self._open[level] = []
        self._done[level] += 1
        if level + 1 == len(self._open):
            self._open.append([])
            self._done.append(0)
        above = self._open[level + 1]
        above.append(_perfect_root(row))
        if len(above) == TILE_WIDTH:
            self._fill(level + 1)

    def root(self) -> bytes:
        """The root over everything so far."""
        rest: bytes | None = None
        for row in self._open:
            hashes = row if rest is None else [*row, rest]
            if hashes:
                rest = root(hashes)
        return EMPTY_ROOT if rest is None else rest
