"""What the entries of a certificate say of each other: order, chains, heads, signatures.

Rules kept here (spec: CRT-11 and CRT-12): the chains of the recording and of the plan have no gap;
no two entries contradict each other; a signature is by the key that its actor was enrolled with.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bwcstore._values import StoreId
from bwcstore.custody._fields import text
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._auth import verify_auth
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate_form import invalid
from bwcstore.purge._certificate_parts import Parts, enrolments


def check_order(entries: Sequence[Entry]) -> None:
    """Check that entries ascend in index and time, and that neighbours are linked.

    Raises:
        IntegrityError: they do not, or are not (`certificate-invalid`).
    """
    for one, other in pairwise(entries):
        if one.index >= other.index or one.at > other.at:
            raise invalid(f"entry {other.index} is listed after entry {one.index}")
        if one.index + 1 == other.index and one.hash != other.after:
            raise invalid(f"entry {other.index} does not follow entry {one.index}")


def check_chain(chain: Sequence[Entry], first: str) -> None:
    """Check that entries are the beginning of one scope, without a gap.

    Raises:
        IntegrityError: they are not (`certificate-invalid`).
    """
    if not chain or chain[0].kind != first:
        raise invalid(f"a chain that begins with {first} is needed")
    scope = chain[0].scope.id
    for number, one in enumerate(chain):
        if one.scope.id != scope or one.scope.seq != number:
            raise invalid(f"entry {one.index} is not number {number} of {scope}")
        if not one.known:
            raise invalid(f"entry {one.index} is of a newer version, {one.kind}")
    for one, other in pairwise(chain):
        if one.hash != other.scope.prev or one.index != other.scope.prev_index:
            raise invalid(f"entry {other.index} does not follow entry {one.index} in {scope}")


def check_store_heads(entries: Sequence[Entry]) -> None:
    """Check that what entries say of scope `store` fits the entries of it that are there.

    Raises:
        IntegrityError: it does not (`certificate-invalid`).
    """
    store = [one for one in entries if one.scope.id.text == "store"]
    for one, other in pairwise(store):
        if one.scope.seq >= other.scope.seq:
            raise invalid(f"entry {other.index} has a number of an earlier one in scope store")
        if one.scope.seq + 1 == other.scope.seq and one.hash != other.scope.prev:
            raise invalid(f"entry {other.index} does not follow entry {one.index} in scope store")
    following = 0
    for entry in entries:
        while following < len(store) and store[following].index < entry.index:
            following += 1
        before = store[following - 1] if following else None
        after = store[following] if following < len(store) else None
        seq, head = entry.decided.store_seq, entry.decided.store_head
        if before is not None and (
            before.scope.seq > seq or (before.scope.seq == seq and before.hash != head)
        ):
            raise invalid(f"entry {entry.index} was decided before entry {before.index}")
        if after is not None and after.index and after.scope.seq <= seq:
            raise invalid(f"entry {entry.index} was decided after entry {after.index}")


def check_signatures(entries: Iterable[Entry], enrolled: Sequence[Entry], store: StoreId) -> None:
    """Check every signature, with the key that its actor was enrolled with.

    Raises:
        IntegrityError: one is wrong, or by another key (`signature-invalid`).
    """
    signed = tuple(entry for entry in entries if entry.auth.key is not None)
    keys = enrolments(enrolled, signed)
    for entry in signed:
        verify_auth(entry, store=store)
        found = keys.get(entry.index)
        if found is None or found.body.get("public_key") != _key(entry):
            raise IntegrityError(
                ErrorKind.SIGNATURE_INVALID,
                f"entry {entry.index}: signed by a key that its actor was not enrolled with",
            )


def _key(entry: Entry) -> str:
    return entry.auth.key.hex() if entry.auth.key else ""


def check_links(parts: Parts) -> None:
    """Check everything that the entries of a certificate say of each other.

    Raises:
        IntegrityError: it does not hold (`certificate-invalid`, `signature-invalid`).
    """
    entries = parts.entries
    check_order(entries)
    check_chain(parts.recording, "object.ingested")
    check_chain(parts.plan, "plan.proposed")
    check_store_heads(entries)
    check_signatures(entries, parts.enrolled, StoreId(text(parts.created.body, "store")))
