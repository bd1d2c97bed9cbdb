"""Certificates of destruction: made from leaves and proofs, and checked offline.

Rules kept here (spec chapter `certificate`):

- a certificate proves what it says with leaves under a signed checkpoint, and needs no store, no
  key and no trust in whoever hands it over to be checked;
- its statement is computed again and compared: every other text is refused;
- what it does not prove it does not say.

Intended use: `make_certificate` with what a ledger proves; `verify_certificate` with the bytes and
the verifier key that the reader has from somewhere else.
"""

from collections.abc import Mapping, Sequence

import attrs

from bwcstore import _merkle
from bwcstore._encoding import Json, encode, sha256
from bwcstore._values import ObjectId, StoreId
from bwcstore.custody._fields import number, text
from bwcstore.errors import ErrorKind, FormatError, IntegrityError
from bwcstore.ledger._checkpoint import Checkpoint, verify_checkpoint
from bwcstore.ledger._entry import Entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._tree import check_inclusion
from bwcstore.purge._certificate_checks import (
    check_decision,
    check_not_held,
    final_state,
    outcomes_of,
)
from bwcstore.purge._certificate_erasure import CertificateState
from bwcstore.purge._certificate_form import (
    Certificate,
    ProvenEntry,
    decode_certificate,
    encode_certificate,
    invalid,
)
from bwcstore.purge._certificate_history import check_history, decode_history
from bwcstore.purge._certificate_links import check_links
from bwcstore.purge._certificate_parts import Parts, find_parts
from bwcstore.purge._certificate_statement import statement_of
from bwcstore.purge._plan_text import PlanText


@attrs.frozen(kw_only=True)
class VerifiedCertificate:
    """What a certificate says, all of which was checked.

    Attributes:
        store: the store.
        object_id: the recording that was destroyed.
        number: the certificate's number: the index of the entry that completes the destruction.
        state: how much is claimed.
        claim: the same in a sentence.
        statement: every field that it states.
        entries: the entries that prove it, in ascending order of index.
        checkpoints: the signed tree heads that they are under, one for each generation.
        with_history: the history of the store was checked too.
        with_plan: the plan was checked too.
    """

    store: StoreId
    object_id: ObjectId
    number: int
    state: CertificateState
    claim: str
    statement: Mapping[str, Json]
    entries: tuple[Entry, ...]
    checkpoints: tuple[Checkpoint, ...]
    with_history: bool = False
    with_plan: bool = False


def make_certificate(
    entries: Sequence[ProvenEntry], *, checkpoints: Sequence[bytes], annexes: Sequence[bytes] = ()
) -> bytes:
    """The bytes of a certificate, whose statement is computed here.

    Args:
        entries: what `choose` chose, and the first entry of each later generation, in ascending
            order of index.
        checkpoints: the signed notes of their generations, in ascending order.
        annexes: the outcomes, where an annex lists them.

    Raises:
        IntegrityError: the entries do not prove a destruction (`certificate-invalid`,
            `signature-invalid`).
    """
    parts = find_parts([one.entry for one in entries])
    return encode_certificate(
        Certificate(
            statement=_checked_statement(parts, tuple(annexes)),
            entries=tuple(entries),
            checkpoints=tuple(checkpoints),
            annexes=tuple(annexes),
        )
    )


def verify_certificate(
    raw: bytes,
    *,
    key: VerifierKey,
    expect_store: StoreId | None = None,
    history: bytes | None = None,
    plan: bytes | None = None,
) -> VerifiedCertificate:
    """Check a certificate offline (CRT-10 to CRT-18).

    Args:
        raw: the certificate.
        key: the store's verifier key, from somewhere else than the certificate.
        expect_store: the store that it must be of.
        history: the chain of scope `store`, which shows that no hold stood in the way (CRT-21).
        plan: the text of the plan, which shows that it names the recording (CRT-22).

    Raises:
        FormatError: it is not a certificate, a leaf, or a checkpoint; the kind tells.
        IntegrityError: it is of another store or key (`certificate-foreign`), a leaf is not in
            the ledger (`proof-invalid`), a signature is wrong (`signature-invalid`), or something
            that it says does not follow from the leaves (`certificate-invalid`).
    """
    certificate = decode_certificate(raw)
    parts = find_parts([one.entry for one in certificate.entries])
    store = _owner(parts, key, expect_store)
    checkpoints = _check_proofs(certificate, parts, key)
    statement = _checked_statement(parts, certificate.annexes)
    _compare(certificate.statement, statement)
    if history is not None:
        check_history(parts, decode_history(history))
    if plan is not None:
        _check_plan(parts, plan)
    return VerifiedCertificate(
        store=store,
        object_id=parts.object_id,
        number=parts.completed.index,
        state=CertificateState(text(statement, "state")),
        claim=text(statement, "claim"),
        statement=statement,
        entries=tuple(one.entry for one in certificate.entries),
        checkpoints=checkpoints,
        with_history=history is not None,
        with_plan=plan is not None,
    )


def _checked_statement(parts: Parts, annexes: tuple[bytes, ...]) -> dict[str, Json]:
    check_links(parts)
    check_decision(parts)
    check_not_held(parts)
    _check_erasure(parts)
    return statement_of(parts, final_state(parts), outcomes_of(parts, annexes))


def _check_erasure(parts: Parts) -> None:
    epoch, attested, completed = parts.epoch, parts.attested, parts.completed
    if epoch is None:
        return
    if epoch.index < completed.index or number(epoch.body, "epoch") < number(
        completed.body, "epoch"
    ):
        raise invalid("the epoch that is shown ended before the recording was destroyed")
    if attested is not None and (
        attested.index < epoch.index or attested.body["epoch"] != epoch.body["epoch"]
    ):
        raise invalid("what was attested is not of the epoch that is shown")


def _owner(parts: Parts, key: VerifierKey, expected: StoreId | None) -> StoreId:
    """The store, if it and its key are those that were expected."""
    created = parts.created
    if created.index or created.scope.seq:
        raise invalid("the store does not begin with its first entry")
    store = StoreId(text(created.body, "store"))
    if expected is not None and store != expected:
        raise IntegrityError(
            ErrorKind.CERTIFICATE_FOREIGN, f"certificate of store {store}, expected {expected}"
        )
    if text(created.body, "verifier_key") != str(key) or text(created.body, "origin") != key.name:
        raise IntegrityError(
            ErrorKind.CERTIFICATE_FOREIGN,
            f"certificate of a store with another key than {key.name:.120}+{key.key_id.hex()}",
        )
    return store


def _check_proofs(
    certificate: Certificate, parts: Parts, key: VerifierKey
) -> tuple[Checkpoint, ...]:
    """Check that every leaf is in the ledger, under the checkpoint of its generation."""
    checkpoints = tuple(verify_checkpoint(note, key) for note in certificate.checkpoints)
    numbers = [one.generation for one in checkpoints]
    if not numbers or numbers != sorted(set(numbers)) or numbers[0] != 0:
        raise invalid("checkpoints are needed, one for each generation, from generation 0 on")
    firsts = (0, *(one.index for one in parts.openings))
    opened = (0, *(number(one.body, "generation") for one in parts.openings))
    if opened != tuple(numbers):
        raise invalid("the beginning of each generation after the first has to be there")
    at, used = 0, set()
    for one in certificate.entries:
        while at + 1 < len(firsts) and firsts[at + 1] <= one.entry.index:
            at += 1
        check_inclusion(
            one.entry.index - firsts[at],
            checkpoints[at].size,
            _merkle.leaf_hash(one.entry.raw),
            one.hashes,
            checkpoints[at].root.raw,
        )
        if one.entry.kind != "generation.opened":
            used.add(at)
    if len(used) != len(checkpoints):
        raise invalid("a checkpoint without an entry has no reason to be there")
    return checkpoints


def _compare(given: Mapping[str, Json], computed: Mapping[str, Json]) -> None:
    for name in sorted(given.keys() | computed.keys()):
        # As bytes: to Python, true and 1 are the same.
        if name not in given or name not in computed or _same(given[name]) != _same(computed[name]):
            raise invalid(f"what it says under {name!r:.60} does not follow from its leaves")


def _same(value: Json) -> bytes:
    return encode({"value": value})


def _check_plan(parts: Parts, raw: bytes) -> None:
    """Check that the plan that was approved names the recording (CRT-22)."""
    if str(sha256(raw)) != text(parts.started.body, "plan_sha256"):
        raise invalid("the plan that was given is not the one that was approved")
    try:
        plan = PlanText.decode(raw)
    except FormatError as exc:
        raise invalid(exc.message) from exc
    if plan.store.text != text(parts.created.body, "store"):
        raise invalid("the plan that was given is of another store")
    if parts.object_id not in {one.object_id for one in plan.items}:
        raise invalid("the plan does not name the recording")
