"""Objects in rotation: which ones this run checks, and where the next one begins.

Rules kept here (spec: AUD-25, AUD-28): see `bwcstore.audit._budget`; what is stored and named by
no entry is looked for by listing.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import Progress, ProgressEvent, Stat
from bwcstore._values import ObjectId, StoreId
from bwcstore.audit._budget import Budget, Cursor, Deadline
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._keyed import KeyedAudit
from bwcstore.audit._objects import CLAUSE_PURGED, ObjectAudit, report_remains
from bwcstore.audit._records import Ingested
from bwcstore.audit._source import Stock
from bwcstore.errors import ErrorKind
from bwcstore.objects._manifest import Manifest

CLAUSE_UNREFERENCED: Final = "AUD-25"
CLAUSE_ANNEX: Final = "AUD-36"
_SHOWN_MAX: Final = 5
_KEY_SHOWN_MAX: Final = 80


@attrs.define
class _Leftover:
    """What is stored of an object that no entry names."""

    segments: int = 0
    segment_bytes: int = 0
    manifests: int = 0
    manifest_bytes: int = 0


class Inventory:
    """Everything that is stored, against what the ledger names.

    Attributes:
        total_bytes: stored bytes of segments that are named.
        unreferenced_names, unreferenced_bytes: of what is under `objects/` and is not named.
        foreign_names: how many names are not names of the format.
        remains: the objects that were destroyed and of which segments are listed.
        missing: how many present objects are not stored whole.
    """

    def __init__(
        self, findings: Findings, objects: Mapping[str, Ingested], annexes: Container[str]
    ) -> None:
        self.total_bytes = 0
        self.unreferenced_names = 0
        self.unreferenced_bytes = 0
        self.foreign_names = 0
        self._findings = findings
        self.remains: set[str] = set()
        self.missing = 0
        self._objects = objects
        self._annexes = annexes
        self._annex = _Leftover()
        self._stored: Counter[str] = Counter()
        self._leftovers: dict[str, _Leftover] = {}
        self._foreign: list[str] = []

    def take(self, stock: Stock, prefix: str) -> None:
        """List `prefix` and report what no entry names."""
        stock.survey(prefix or _layout.OBJECTS)
        for stat in stock.list(prefix):
            if found := _layout.parse_segment(stat.name):
                self._take_segment(stat, *found)
            elif manifest := _layout.parse_manifest(stat.name):
                self._take_manifest(stat, manifest[0].text, str(manifest[1]))
            elif annex := _layout.parse_annex(stat.name):
                self._take_annex(stat, str(annex))
            elif not (
                _layout.parse_batch(stat.name)
                or _layout.parse_checkpoint(stat.name)
                or _layout.parse_tile(stat.name)
                or stat.name.startswith(_layout.CANARIES)
            ):
                self._take_foreign(stat.name)
        for key in stock.foreign(prefix):
            # It may be of any length, and of characters that cannot be printed.
            self._take_foreign(repr(key[:_KEY_SHOWN_MAX]))
        self._report()

    def _take_foreign(self, shown: str) -> None:
        self.foreign_names += 1
        if len(self._foreign) < _SHOWN_MAX:
            self._foreign.append(shown)

    def _take_segment(self, stat: Stat, object_id: ObjectId, number: int) -> None:
        facts = self._objects.get(object_id.text)
        if facts is not None and number < facts.segment_count:
            self.total_bytes += stat.length_bytes
            self._stored[object_id.text] += 1
            return
        self._count(stat)
        if facts is None:
            leftover = self._leftovers.setdefault(object_id.text, _Leftover())
            leftover.segments += 1
            leftover.segment_bytes += stat.length_bytes
            return
        # An ingest never writes a segment that its manifest does not name.
        self._findings.add(
            ErrorKind.SEGMENT_ORPHAN,
            CLAUSE_UNREFERENCED,
            where=stat.name,
            object_id=object_id.text,
            segment=number,
            expected=f"{facts.segment_count} segments",
            got=f"{stat.length_bytes} bytes",
            message=f"{stat.name}: the object has no such segment",
        )

    def _take_manifest(self, stat: Stat, object_id: str, digest: str) -> None:
        facts = self._objects.get(object_id)
        if facts is not None and digest == facts.manifest_sha256:
            self._stored[object_id] += 1
            return
        self._count(stat)
        leftover = self._leftovers.setdefault(object_id, _Leftover())
        leftover.manifests += 1
        leftover.manifest_bytes += stat.length_bytes

    def _take_annex(self, stat: Stat, digest: str) -> None:
        if digest not in self._annexes:
            self._count(stat)
            self._annex.segments += 1
            self._annex.segment_bytes += stat.length_bytes

    def settle(self, objects: Mapping[str, Ingested]) -> None:
        """Compare what was listed of objects with the state that the ledger says they are in."""
        for name, facts in objects.items():
            stored = self._stored[name]
            if facts.status == "present":
                self.missing += stored < facts.segment_count + 1
            elif facts.status == "purging":
                self._report_unfinished(name, facts, stored)
            elif stored > 1:
                self.remains.add(name)
                report_remains(self._findings, ObjectId(name), facts, f"{stored - 1} segments")

    def _report_unfinished(self, name: str, facts: Ingested, stored: int) -> None:
        self._findings.add(
            ErrorKind.PURGE_UNFINISHED,
            CLAUSE_PURGED,
            severity=Severity.WARNING,
            where=f"objects/{name}/",
            object_id=name,
            entry=facts.purge.started_index if facts.purge else None,
            expected="nothing",
            got=f"{max(stored - 1, 0)} of {facts.segment_count} segments",
            message=f"object {name}: its destruction has begun and is not reported as done",
        )

    def _count(self, stat: Stat) -> None:
        self.unreferenced_names += 1
        self.unreferenced_bytes += stat.length_bytes

    def _report(self) -> None:
        for object_id, left in sorted(self._leftovers.items()):
            for code, count, size, what in (
                (ErrorKind.SEGMENT_ORPHAN, left.segments, left.segment_bytes, "segments"),
                (ErrorKind.MANIFEST_ORPHAN, left.manifests, left.manifest_bytes, "manifests"),
            ):
                if count:
                    self._findings.add(
                        code,
                        CLAUSE_UNREFERENCED,
                        severity=Severity.NOTE,
                        where=f"objects/{object_id}/",
                        object_id=object_id,
                        got=f"{count} {what}, {size} bytes",
                        message=f"{count} {what} of {size} bytes that no entry names",
                    )
        if self._annex.segments:
            self._findings.add(
                ErrorKind.ANNEX_ORPHAN,
                CLAUSE_ANNEX,
                severity=Severity.NOTE,
                where=_layout.ANNEXES,
                got=f"{self._annex.segments} annexes, {self._annex.segment_bytes} bytes",
                message=f"{self._annex.segments} annexes that no entry names",
            )
        if self.foreign_names:
            self._findings.add(
                ErrorKind.NAME_INVALID,
                CLAUSE_UNREFERENCED,
                severity=Severity.NOTE,
                where="/",
                got=", ".join(self._foreign),
                message=f"{self.foreign_names} stored names are not names of the format",
            )


@attrs.frozen(kw_only=True)
class Stop:
    """When a run ends. `limit_bytes` is None where bytes do not bound it."""

    deadline: Deadline
    limit_bytes: int | None

    @classmethod
    def of(cls, budget: Budget, deadline: Deadline, total_bytes: int) -> "Stop":
        """When `budget` ends, where `total_bytes` are stored."""
        return cls(deadline=deadline, limit_bytes=budget.limit_bytes(total_bytes))


def _tell_nobody() -> None:
    """Stands in before a run begins."""


class Rotation:
    """Walks over objects from a cursor, as far as the budget lets it.

    Attributes:
        objects_checked: how many were checked whole.
        complete: whether all of them were.
        cursor: where the next run begins; None when there are no objects.
    """

    def __init__(
        self,
        audit: ObjectAudit,
        keyed: KeyedAudit | None,
        objects: Mapping[str, Ingested],
        store: StoreId | None,
        *,
        remains: Container[str] = (),
    ) -> None:
        self.objects_checked = 0
        self.complete = False
        self.cursor: Cursor | None = None
        self._audit = audit
        self._keyed = keyed
        self._objects = objects
        self._store = store
        self._remains = remains
        self._spent = 0
        self._tell: Callable[[], None] = _tell_nobody

    def run(self, cursor: Cursor | None, stop: Stop, *, progress: Progress, total: int) -> None:
        """Check objects from `cursor` on and round to it again, until `stop`."""
        order = sorted(self._objects)
        if not order:
            self.complete = True
            return
        start = bisect_left(order, cursor.object_id.text) if cursor else 0
        rotation = cursor.rotation if cursor else 0
        skip = 0
        if start == len(order):
            start, rotation = 0, rotation + 1
        elif cursor and order[start] == cursor.object_id.text and self._keyed is None:
            skip = cursor.segment
        bound = total if stop.limit_bytes is None else min(total, stop.limit_bytes)
        self._tell = partial(self._report, progress, bound, len(order))
        for step in range(len(order) + (skip > 0)):
            at = (start + step) % len(order)
            if step and at == 0:
                rotation += 1
            last = skip if step == len(order) else None
            ended = self._check(order[at], skip if step == 0 else 0, last, stop)
            if ended is not None:
                self._move(order[at], ended, rotation)
                break
        else:
            self.complete = True
            self._move(order[start], skip, rotation + (start == 0))
        self._audit.pipeline.drain()
        self._tell()

    def _report(self, progress: Progress, total_bytes: int, total_count: int) -> None:
        progress(
            ProgressEvent(
                verb="verify",
                item="objects",
                done_bytes=self._audit.pipeline.checked_bytes,
                total_bytes=total_bytes,
                done_count=self.objects_checked,
                total_count=total_count,
            )
        )

    def _move(self, object_id: str, segment: int, rotation: int) -> None:
        if self._store is not None:
            self.cursor = Cursor(
                store=self._store,
                object_id=ObjectId(object_id),
                segment=segment,
                rotation=rotation,
            )

    def _over(self, stop: Stop) -> bool:
        if not self._spent:
            return False
        return stop.deadline.over or (
            stop.limit_bytes is not None and self._spent >= stop.limit_bytes
        )

    def _check(self, name: str, first: int, last: int | None, stop: Stop) -> int | None:
        """Check an object's segments `first` to `last - 1`; the one at which the budget ended."""
        if self._over(stop):
            return first
        object_id, facts = ObjectId(name), self._objects[name]
        manifest = self._audit.read_manifest(object_id, facts, self._store)
        if facts.status == "purged":
            self._check_purged(manifest, object_id, facts)
            return None
        if manifest is None:
            before = self._audit.pipeline.checked_bytes
            self._audit.check_without_manifest(object_id, facts)
            self._spent += self._audit.pipeline.checked_bytes - before
            return None
        if self._keyed is not None:
            self._check_with_keys(manifest, facts)
            return None
        end = len(manifest.segments) if last is None else min(last, len(manifest.segments))
        for segment in range(first, end):
            if segment > first and self._over(stop):
                return segment
            self._audit.check_segment(manifest, segment, facts)
            self._spent += manifest.segments[segment].length_bytes
            self._tell()
        self.objects_checked += first == 0 and last is None
        return None

    def _check_purged(
        self, manifest: Manifest | None, object_id: ObjectId, facts: Ingested
    ) -> None:
        """Check that nothing is left of a recording but what is kept of it as a record."""
        if object_id.text not in self._remains:
            self._audit.check_gone(object_id, facts)
        if self._keyed is not None:
            self._keyed.check_destroyed(object_id, facts)
            if manifest is not None:
                where = _layout.manifest(object_id, manifest.digest)
                self._keyed.check_record(manifest, facts, where=where)
        self.objects_checked += 1

    def _check_with_keys(self, manifest: Manifest, facts: Ingested) -> None:
        """Check a whole object: its plaintext digest is known at its end only."""
        keyed = self._keyed
        where = _layout.manifest(manifest.object_id, manifest.digest)
        opener = keyed.begin_object(manifest, facts, where=where) if keyed else None
        for segment, known in enumerate(manifest.segments):
            self._audit.check_segment(manifest, segment, facts, opener)
            self._spent += known.length_bytes
            self._tell()
        if opener is not None:
            self._audit.pipeline.drain()
            opener.end()
        self.objects_checked += 1
