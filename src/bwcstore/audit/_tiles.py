"""Stored tiles and bundles of one generation, against what its entries give (spec: AUD-17)."""

from typing import Final

from bwcstore._layout import ENTRIES_LEVEL
from bwcstore._limits import LEAF_SIZE_MAX
from bwcstore.audit._findings import Findings
from bwcstore.audit._source import Shelf, Stock, tile_name
from bwcstore.audit._tree import TILE_WIDTH
from bwcstore.errors import ErrorKind

CLAUSE_TILES: Final = "AUD-17"


class TileAudit:
    """Compares tiles as they fill, and bundles as their leaves come."""

    def __init__(self, generation: int, shelf: Shelf, stock: Stock, findings: Findings) -> None:
        self._generation = generation
        self._shelf = shelf
        self._stock = stock
        self._findings = findings
        self._bundled = any(level == ENTRIES_LEVEL for level, _ in shelf.tiles)
        self._leaves: list[bytes] = []
        self._number = 0

    def check_tile(self, level: int, number: int, hashes: list[bytes]) -> None:
        """Compare one full tile, where it is stored."""
        self._compare(level, number, b"".join(hashes))

    def take_leaves(self, leaves: list[bytes]) -> None:
        """Take the next leaves; compare every bundle that they fill."""
        if not self._bundled:
            return
        self._leaves += leaves
        while len(self._leaves) >= TILE_WIDTH:
            block, self._leaves = self._leaves[:TILE_WIDTH], self._leaves[TILE_WIDTH:]
            # Longer ones have no place in a bundle, and were reported.
            if all(len(leaf) <= LEAF_SIZE_MAX for leaf in block):
                parts = (len(leaf).to_bytes(2, "big") + leaf for leaf in block)
                self._compare(ENTRIES_LEVEL, self._number, b"".join(parts))
            self._number += 1

    def _compare(self, level: int, number: int, derived: bytes) -> None:
        if (level, number) not in self._shelf.tiles:
            return
        bundle = level == ENTRIES_LEVEL
        code = ErrorKind.BUNDLE_DIFFERS if bundle else ErrorKind.TILE_DIFFERS
        name = tile_name(self._generation, level, number)
        found = self._stock.read(
            name,
            missing=code,
            clause=CLAUSE_TILES,
            right=lambda raw: raw == derived,
        )
        if found is not None and found != derived:
            self._findings.add(
                code,
                CLAUSE_TILES,
                where=name,
                message=f"{name}: not the bytes that the batches give",
            )

    def check_end(self, size: int) -> None:
        """Report what covers more than the `size` entries there are: some were taken away."""
        for level, number in sorted(self._shelf.tiles):
            end = (number + 1) * TILE_WIDTH ** (max(level, 0) + 1)
            if end > size:
                name = tile_name(self._generation, level, number)
                self._findings.add(
                    ErrorKind.CHECKPOINT_BEYOND,
                    CLAUSE_TILES,
                    where=name,
                    expected=f"at most {size} entries",
                    got=f"{end} entries",
                    message=f"{name}: covers entries that the ledger does not have",
                )
