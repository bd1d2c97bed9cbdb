"""The report of one audit: findings, what was covered, where the next run begins."""

import base64
import binascii
from typing import Final, Self, TypeVar, cast

import attrs

from bwcstore._encoding import Json, decode, encode
from bwcstore._values import StoreId
from bwcstore.audit._budget import Cursor
from bwcstore.audit._findings import Finding, Severity
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError

_R = TypeVar("_R", bound="Report")

REPORT_SIZE_MAX: Final = 1 << 30


@attrs.frozen(kw_only=True)
class Coverage:
    """How much an audit looked at.

    Attributes:
        generations, batches, entries, payloads, checkpoints: of the ledger, that were read.
        objects: that the ledger says there are, in whatever state.
        objects_present: of which nothing was destroyed.
        objects_purging: whose destruction has begun and is not reported as done.
        objects_purged: that were destroyed; each has a certificate.
        objects_missing: of the present ones, those of which something is not stored.
        objects_checked: of which every segment was checked in this run.
        segments_checked: segments that were read in this run.
        bytes_checked: stored bytes of segments that were read and hashed in this run.
        bytes_total: stored bytes of all segments.
        plain_bytes: plaintext that was opened and digested; 0 without keys.
        unreferenced_names, unreferenced_bytes: stored under `objects/`, and no entry names them.
        foreign_names: stored names that are not names of the format.
        versions: stored versions and markers that were looked at; 0 where the storage keeps none,
            so that nothing can be covered.
        covered_names: names that have several versions, or a marker.
    """

    generations: int = 0
    batches: int = 0
    entries: int = 0
    payloads: int = 0
    checkpoints: int = 0
    objects: int = 0
    objects_present: int = 0
    objects_purging: int = 0
    objects_purged: int = 0
    objects_missing: int = 0
    objects_checked: int = 0
    segments_checked: int = 0
    bytes_checked: int = 0
    bytes_total: int = 0
    plain_bytes: int = 0
    unreferenced_names: int = 0
    unreferenced_bytes: int = 0
    foreign_names: int = 0
    versions: int = 0
    covered_names: int = 0


_COUNTS: Final = tuple(field.name for field in attrs.fields(Coverage))


@attrs.frozen(kw_only=True)
class Report:
    """What an audit found.

    Attributes:
        store: the store, as far as its ledger says.
        findings: in their one order: errors first.
        coverage: how much was looked at.
        ledger_complete: whether the whole ledger was checked.
        complete: whether the whole ledger and every object were checked in this run.
        keyed: whether keys were used.
        extends_count: how many of the checkpoints and receipts that were kept the ledger honours.
        checkpoint: the last checkpoint note that is signed and right; empty when there is none.
            Keep it: it is what a later audit can be given.
        cursor: where a next run with a budget begins; None when there are no objects.
    """

    store: StoreId | None
    findings: tuple[Finding, ...]
    coverage: Coverage
    ledger_complete: bool
    complete: bool
    keyed: bool
    extends_count: int = 0
    checkpoint: bytes = b""
    cursor: Cursor | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that break a promise of the format."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)

    @property
    def ok(self) -> bool:
        """Whether no promise of the format is broken, as far as was looked at."""
        return not self.errors

    def encode(self) -> bytes:
        """The report as canonical JSON; two runs over the same bytes give the same report."""
        value: dict[str, Json] = {
            "checkpoint": base64.b64encode(self.checkpoint).decode("ascii"),
            "complete": self.complete,
            "coverage": {name: getattr(self.coverage, name) for name in _COUNTS},
            "extends_count": self.extends_count,
            "findings": [finding.to_json() for finding in self.findings],
            "keyed": self.keyed,
            "kind": "audit-report",
            "ledger_complete": self.ledger_complete,
            "ok": self.ok,
            "store": self.store.text if self.store else None,
            "v": 1,
        }
        if self.cursor is not None:
            value["cursor"] = self.cursor.encode().decode()
        return encode(value)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            FormatError: anything else.
        """
        value = decode(raw, what="audit report", size_max=REPORT_SIZE_MAX)
        if (value.get("kind"), value.get("v")) != ("audit-report", 1):
            raise FormatError(ErrorKind.FIELD_INVALID, "not an audit report")
        try:
            report = _read(cls, value)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as exc:
            raise FormatError(
                ErrorKind.FIELD_INVALID, "audit report: a field is not valid"
            ) from exc
        except BwcStoreError as exc:
            raise FormatError(ErrorKind.FIELD_INVALID, f"audit report: {exc.message}") from exc
        if report.encode() != raw:
            raise FormatError(ErrorKind.FIELD_INVALID, "audit report: a field is not as written")
        return report


def _read(cls: type[_R], value: dict[str, Json]) -> _R:
    findings = cast("list[dict[str, Json]]", value["findings"])
    store = cast("str | None", value["store"])
    cursor = cast("str | None", value.get("cursor"))
    return cls(
        store=None if store is None else StoreId(store),
        findings=tuple(Finding.from_json(finding) for finding in findings),
        coverage=Coverage(**cast("dict[str, int]", value["coverage"])),
        ledger_complete=cast("bool", value["ledger_complete"]),
        complete=cast("bool", value["complete"]),
        keyed=cast("bool", value["keyed"]),
        extends_count=cast("int", value["extends_count"]),
        checkpoint=base64.b64decode(cast("str", value["checkpoint"])),
        cursor=None if cursor is None else Cursor.decode(cursor.encode()),
    )
