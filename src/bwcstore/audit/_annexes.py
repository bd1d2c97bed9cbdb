"""Annexes: what entries name by its digest, and keep beside the ledger (spec: AUD-36).

Rules kept here: an annex is believed only if its digest is the one that an entry names; every one
that is named is read once, and nothing is read beyond what an annex may have.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from bwcstore import _layout
from bwcstore._values import Digest
from bwcstore.audit._findings import Findings
from bwcstore.audit._source import Stock
from bwcstore.audit._state import Named
from bwcstore.errors import ErrorKind

CLAUSE_ANNEX: Final = "AUD-36"


class AnnexAudit:
    """Reads annexes, and reports those that are missing or altered, each once."""

    def __init__(self, stock: Stock, findings: Findings, named: Mapping[str, Named]) -> None:
        self._stock = stock
        self._findings = findings
        self._named = named
        self._bad: set[str] = set()

    def check(self) -> None:
        """Check every annex that an entry names."""
        for digest in self._named:
            self.read(digest)

    def read(self, digest: str) -> bytes | None:
        """The bytes of an annex that an entry names; None, and a finding, if they are not right."""
        if digest in self._bad:
            return None
        name = _layout.annex(Digest.parse(digest))
        raw = self._stock.read(
            name,
            missing=ErrorKind.ANNEX_MISSING,
            clause=CLAUSE_ANNEX,
            right=lambda found: hashlib.sha256(found).hexdigest() == digest,
        )
        found = None if raw is None else hashlib.sha256(raw).hexdigest()
        if found == digest:
            return raw
        self._bad.add(digest)
        if found is not None:
            self._findings.add(
                ErrorKind.ANNEX_DIGEST,
                CLAUSE_ANNEX,
                where=name,
                entry=self._named[digest].index,
                expected=digest,
                got=found,
                message=f"{name}: not the bytes whose digest entry {self._named[digest].index} "
                "names",
            )
        return None
