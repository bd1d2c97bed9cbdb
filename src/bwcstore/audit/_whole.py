"""The steps of one audit, from the ledger to the last chunk that the budget allows.

Rules kept here (spec: AUD-1, AUD-2): everything is re-derived from stored bytes through the
storage port, in one order; nothing is written; what is found is returned, never raised.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar, cast

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Pending, Progress, Workers
from bwcstore._values import ObjectId
from bwcstore._vault_port import KeyVault
from bwcstore.audit._annexes import AnnexAudit
from bwcstore.audit._batches import LedgerAudit, Wanted
from bwcstore.audit._budget import UNBOUNDED, Budget, Cursor, Deadline
from bwcstore.audit._checkpoints import (
    CheckpointAudit,
    Kept,
    find_key,
    note_nothing_kept,
    sizes_of,
)
from bwcstore.audit._commitments import EarlierStates
from bwcstore.audit._entries import EntryAudit
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._keyed import KeyedAudit
from bwcstore.audit._naming import Naming
from bwcstore.audit._objects import ObjectAudit
from bwcstore.audit._proving import note_unproven
from bwcstore.audit._receipts import ReceiptAudit, is_receipt, wanted_entries
from bwcstore.audit._records import Ingested
from bwcstore.audit._rejudge import Rejudge
from bwcstore.audit._report import Coverage, Report
from bwcstore.audit._rotation import Inventory, Rotation, Stop
from bwcstore.audit._source import CHECKPOINTS, Shelf, Stock
from bwcstore.audit._state import Fold
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._note import VerifierKey
from bwcstore.objects._segment import Geometry

T = TypeVar("T")

REMEMBERED: Final = "head"
_CLAUSE_GENESIS: Final = "AUD-6"
_CLAUSE_BUDGET: Final = "AUD-28"
_FORMAT: Final = "1.0"
_PROTOCOLS: Final = ("numbered", "claimed")
_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


class _Done(Pending[T]):
    def __init__(self, value: T) -> None:
        self._value = value

    def result(self) -> T:
        return self._value


class _Caller:
    """Does all work at once in the caller's thread, for callers that bring no workers."""

    count = 1

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        return _Done(work())


@attrs.frozen(kw_only=True)
class _Audit:
    """What the steps of one audit share."""

    stock: Stock
    findings: Findings
    entries: EntryAudit
    keyed: KeyedAudit | None
    budget: Budget
    deadline: Deadline
    progress: Progress


def audit_whole(
    backend: Backend,
    *,
    vault: KeyVault | None,
    verifier_key: VerifierKey | str | None,
    expect: Sequence[bytes],
    remembered: Sequence[bytes],
    budget: Budget,
    cursor: Cursor | None,
    object_id: ObjectId | None,
    workers: Workers | None,
    monotonic: Callable[[], float] | None,
    progress: Progress,
) -> Report:
    """Check a store; see `audit_store`.

    Raises:
        StorageError: the storage cannot be listed at all.
        InvalidInputError: the verifier key is malformed, or seconds were given without a clock.
    """
    key = VerifierKey.parse(verifier_key) if isinstance(verifier_key, str) else verifier_key
    findings = Findings()
    keyed = KeyedAudit(vault, findings) if vault is not None else None
    audit = _Audit(
        stock=Stock(backend, findings),
        findings=findings,
        entries=EntryAudit(findings, keyed),
        keyed=keyed,
        budget=budget,
        deadline=Deadline(budget.seconds, monotonic),
        progress=progress,
    )
    ledger, checkpoints, extends = _check_ledger(audit, key, _kept(expect, remembered, vault))
    objects = ObjectAudit(
        audit.stock,
        findings,
        workers or _Caller(),
        geometry=_check_parameters(audit.entries.fold, findings),
    )
    inventory, rotation = _check_objects(audit, ledger, objects, object_id, cursor)
    return Report(
        store=ledger.store,
        findings=findings.sorted(),
        coverage=_coverage(
            audit, ledger, objects, inventory, rotation, checkpoints=checkpoints.count
        ),
        ledger_complete=ledger.complete,
        complete=ledger.complete and rotation.complete and object_id is None,
        keyed=keyed is not None,
        extends_count=extends,
        checkpoint=checkpoints.agreed_note,
        cursor=cursor if object_id or rotation.cursor is None else rotation.cursor,
    )


def _coverage(
    audit: _Audit,
    ledger: LedgerAudit,
    objects: ObjectAudit,
    inventory: Inventory,
    rotation: Rotation,
    *,
    checkpoints: int,
) -> Coverage:
    states = Counter(facts.status for facts in audit.entries.fold.objects.values())
    return Coverage(
        generations=len(ledger.generations),
        batches=ledger.batch_count,
        entries=audit.entries.count,
        payloads=audit.entries.payload_count,
        checkpoints=checkpoints,
        objects=len(audit.entries.fold.objects),
        objects_present=states["present"],
        objects_purging=states["purging"],
        objects_purged=states["purged"],
        objects_missing=inventory.missing,
        objects_checked=rotation.objects_checked,
        segments_checked=objects.segment_count,
        bytes_checked=objects.pipeline.checked_bytes,
        bytes_total=inventory.total_bytes,
        plain_bytes=audit.keyed.plain_bytes if audit.keyed else 0,
        unreferenced_names=inventory.unreferenced_names,
        unreferenced_bytes=inventory.unreferenced_bytes,
        foreign_names=inventory.foreign_names,
        versions=audit.stock.covers.versions,
        covered_names=audit.stock.covers.names,
    )


def _check_ledger(
    audit: _Audit, key: VerifierKey | None, kept: list[Kept]
) -> tuple[LedgerAudit, CheckpointAudit, int]:
    """Everything about the ledger, and how much of what was kept it honours."""
    findings, fold = audit.findings, audit.entries.fold
    notes = [item for item in kept if not is_receipt(item.raw)]
    receipts = [item for item in kept if is_receipt(item.raw)]
    shelves = audit.stock.ledger()
    for prefix in (CHECKPOINTS, _layout.LEDGER, _layout.ANNEXES):
        audit.stock.survey(prefix)
    wanted = Wanted(sizes=sizes_of(shelves, notes), entries=wanted_entries(receipts))
    ledger = LedgerAudit(audit.stock, findings, audit.entries, wanted)
    ledger.run(shelves, deadline=audit.deadline, progress=audit.progress)
    _check_implied(audit, ledger, shelves)
    key = find_key(key, fold.parameters, findings)
    checkpoints = CheckpointAudit(audit.stock, findings, ledger, key)
    checkpoints.check_stored(shelves)
    checkpoints.check_contested()
    extends = checkpoints.check_kept(notes)
    extends += ReceiptAudit(findings, ledger, fold, key).check(receipts)
    if not kept:
        note_nothing_kept(findings)
    return ledger, checkpoints, extends


def _check_implied(audit: _Audit, ledger: LedgerAudit, shelves: Mapping[int, Shelf]) -> None:
    """What is looked at once the whole ledger was read: earlier states, annexes, purges."""
    if not ledger.complete:
        return
    findings, fold = audit.findings, audit.entries.fold
    EarlierStates(stock=audit.stock, findings=findings, entries=audit.entries).check(shelves)
    note_unproven(findings, fold.parameters, fold.proven)
    annexes = AnnexAudit(audit.stock, findings, fold.annexes)
    annexes.check()
    judge = Rejudge(annexes, findings, ledger.store)
    for plan in fold.purging.plans.values():
        judge.check_plan(plan)
    for case in fold.purging.cases:
        judge.check(case)


def _check_objects(
    audit: _Audit,
    ledger: LedgerAudit,
    objects: ObjectAudit,
    object_id: ObjectId | None,
    cursor: Cursor | None,
) -> tuple[Inventory, Rotation]:
    """What is stored against what the ledger names, and the bytes that the budget allows."""
    fold = audit.entries.fold
    inventory = Inventory(audit.findings, fold.objects, fold.annexes)
    selected = _selected(fold, object_id, audit.findings)
    rotation = Rotation(objects, audit.keyed, selected, ledger.store, remains=inventory.remains)
    if ledger.complete:
        inventory.take(audit.stock, _layout.object_prefix(object_id) if object_id else "")
        inventory.settle(selected)
        total = inventory.total_bytes
        rotation.run(
            _usable(cursor, ledger, object_id, audit.findings),
            Stop.of(UNBOUNDED if object_id else audit.budget, audit.deadline, total),
            progress=audit.progress,
            total=total,
        )
    naming = Naming(fold.objects, fold.annexes)
    audit.stock.covers.report(audit.findings, named=naming.names, gone=naming.destroyed)
    return inventory, rotation


def _kept(
    expect: Iterable[bytes], remembered: Iterable[bytes], vault: KeyVault | None
) -> list[Kept]:
    """Everything that was kept outside the store, each once and with a name for findings."""
    notes = list(remembered)
    if vault is not None:
        try:
            notes += vault.recall(REMEMBERED)
        except BwcStoreError:
            # What a vault cannot recall it does not remember; its keys tell whether it works.
            notes += ()
    unique = list(dict.fromkeys(notes))
    return [
        Kept(where=f"{name}/{number}", raw=raw)
        for name, items in (("expected", list(expect)), ("remembered", unique))
        for number, raw in enumerate(items)
    ]


def _refusal_of(word: str) -> ErrorKind:
    """Why a store of another format word is refused (VER-2): it is a later version, or none."""
    found = _VERSION.fullmatch(word)
    later = found is not None and (int(found[1]), int(found[2])) > (1, 0)
    return ErrorKind.FORMAT_NEWER if later else ErrorKind.FORMAT_UNKNOWN


def _check_parameters(fold: Fold, findings: Findings) -> Geometry | None:
    """Check what the first entry fixes for ever; the geometry of every object."""
    parameters = fold.parameters
    if not parameters:
        return None
    where = _layout.batch(0, 0)
    if parameters["format"] != _FORMAT:
        findings.add(
            _refusal_of(cast("str", parameters["format"])),
            _CLAUSE_GENESIS,
            where=where,
            entry=0,
            expected=_FORMAT,
            got=parameters["format"],
            message="the store is of a format that this audit does not know",
        )
    if parameters["protocol"] not in _PROTOCOLS:
        findings.add(
            ErrorKind.STORAGE_UNFIT,
            _CLAUSE_GENESIS,
            where=where,
            entry=0,
            expected=" or ".join(_PROTOCOLS),
            got=parameters["protocol"],
            message="the store commits batches in a way that this audit does not know",
        )
    try:
        return Geometry(
            chunk_bytes=cast("int", parameters["chunk_bytes"]),
            segment_chunks=cast("int", parameters["segment_chunks"]),
        )
    except BwcStoreError as exc:
        findings.add_error(
            exc, _CLAUSE_GENESIS, where=where, entry=0, code=ErrorKind.GENESIS_INVALID
        )
        return None


def _selected(fold: Fold, object_id: ObjectId | None, findings: Findings) -> dict[str, Ingested]:
    if object_id is None:
        return fold.objects
    facts = fold.objects.get(object_id.text)
    if facts is None:
        findings.add(
            ErrorKind.OBJECT_UNKNOWN,
            _CLAUSE_BUDGET,
            where=_layout.object_prefix(object_id),
            object_id=object_id.text,
            message=f"the ledger knows no object {object_id}",
        )
        return {}
    return {object_id.text: facts}


def _usable(
    cursor: Cursor | None, ledger: LedgerAudit, object_id: ObjectId | None, findings: Findings
) -> Cursor | None:
    if cursor is None or object_id is not None:
        return None
    if ledger.store is not None and cursor.store != ledger.store:
        findings.add(
            ErrorKind.ARGUMENT_INVALID,
            _CLAUSE_BUDGET,
            severity=Severity.WARNING,
            where="cursor",
            expected=ledger.store,
            got=cursor.store,
            message="the cursor is another store's; the rotation begins anew",
        )
        return None
    return cursor
