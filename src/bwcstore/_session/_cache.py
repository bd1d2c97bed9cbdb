"""Where an open store keeps its catalog: in memory, and in a directory beside the store."""

import threading
from pathlib import Path

import attrs

from bwcstore.catalog._tables import Tables


@attrs.define(kw_only=True)
class CatalogCache:
    """The catalog of one open store.

    Attributes:
        place: the directory of its files; None where it is kept in memory alone.
        tables: what was asked for last; None before anybody asked.
        saved: how many entries the files are made of; 0 where there are none, or they are wrong.
        lock: whoever changes any of this holds it.
    """

    place: Path | None = None
    tables: Tables | None = None
    saved: int = 0
    lock: threading.RLock = attrs.field(factory=threading.RLock, init=False, repr=False)
