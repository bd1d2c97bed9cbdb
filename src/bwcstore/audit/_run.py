"""One audit from beginning to end, as callers ask for it.

Calling sequence: `audit_store` once per audit; keep `Report.cursor` and `Report.checkpoint` for
the next one.
"""

from collections.abc import Callable, Sequence

from bwcstore._ports import Backend, Progress, Workers, no_progress
from bwcstore._values import ObjectId
from bwcstore._vault_port import KeyVault
from bwcstore.audit._budget import UNBOUNDED, Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.ledger._note import VerifierKey


def audit_store(
    backend: Backend,
    *,
    vault: KeyVault | None = None,
    verifier_key: VerifierKey | str | None = None,
    expect: Sequence[bytes] = (),
    remembered: Sequence[bytes] = (),
    budget: Budget = UNBOUNDED,
    cursor: Cursor | None = None,
    object_id: ObjectId | None = None,
    workers: Workers | None = None,
    monotonic: Callable[[], float] | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Check a store from its stored bytes, without keys or with them (spec: AUD-1 to AUD-29).

    The ledger is always read whole, unless the seconds of the budget end before. Nothing that is
    stored makes this raise: whatever is wrong is a finding.

    Args:
        backend: the store's storage; only read.
        vault: the key vault; with it every payload and every plaintext digest is checked too.
            Whoever passes one reads evidence: do so in a session, which logs it.
        verifier_key: the store's key as the auditor knows it; else the one that the store names.
        expect: checkpoint notes and receipts that were kept elsewhere; the store must honour each.
        remembered: checkpoint notes that vaults remember; those of `vault` are added.
        budget: how much may be read.
        cursor: the cursor of the run before; None begins at the first object.
        object_id: check the bytes of this object only; the budget does not bound them.
        workers: where chunks are hashed; None hashes in the caller's thread.
        monotonic: seconds that never go back; needed for a budget in seconds.
        progress: told while the audit runs, in stored bytes.

    Raises:
        StorageError: the storage cannot be listed at all.
        InvalidInputError: the verifier key is malformed, or seconds were given without a clock.
    """
    from bwcstore.audit._whole import audit_whole  # noqa: PLC0415 - few audit; it costs 15 ms

    return audit_whole(
        backend,
        vault=vault,
        verifier_key=verifier_key,
        expect=expect,
        remembered=remembered,
        budget=budget,
        cursor=cursor,
        object_id=object_id,
        workers=workers,
        monotonic=monotonic,
        progress=progress,
    )
