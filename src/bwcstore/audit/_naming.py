"""Which stored names the ledger says there is something under."""

from collections.abc import Container, Mapping

from bwcstore import _layout
from bwcstore.audit._records import Ingested


class Naming:
    """What the ledger names, as far as it was read."""

    def __init__(self, objects: Mapping[str, Ingested], annexes: Container[str]) -> None:
        self._objects = objects
        self._annexes = annexes

    def names(self, name: str) -> bool:
        """Whether something should be under a name."""
        if found := _layout.parse_segment(name):
            facts = self._objects.get(found[0].text)
            return facts is not None and found[1] < facts.segment_count and facts.purge is None
        if manifest := _layout.parse_manifest(name):
            facts = self._objects.get(manifest[0].text)
            return facts is not None and str(manifest[1]) == facts.manifest_sha256
        if annex := _layout.parse_annex(name):
            return str(annex) in self._annexes
        of_ledger = (
            _layout.parse_batch(name) or _layout.parse_checkpoint(name) or _layout.parse_tile(name)
        )
        return of_ledger is not None

    def destroyed(self, name: str) -> bool:
        """Whether what was under a name was destroyed, or is being destroyed."""
        found = _layout.parse_segment(name)
        facts = self._objects.get(found[0].text) if found else None
        return facts is not None and facts.purge is not None
