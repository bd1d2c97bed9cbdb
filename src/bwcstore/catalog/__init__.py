"""What the ledger implies as Arrow tables: to list, to filter, to look where something is due.

A catalog decides nothing: it is a cache that can be deleted at any time, and whatever is done to
a recording is decided from the ledger. Imported apart from `bwcstore`, because it loads Arrow.
"""

from bwcstore.catalog._roots import root
from bwcstore.catalog._tables import Position, StoreRow, Tables

__all__ = ["Position", "StoreRow", "Tables", "root"]
