"""The chain of scope `store`, which shows that no hold stood in the way of a destruction.

A certificate alone shows no hold that selects recordings by query, and not that the enrolments
and lists in it were the last. The history of the store shows both: its own chain has no gap, and
entries that the certificate proves name its heads (spec: CRT-19 to CRT-21).
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from bwcstore._encoding import DOCUMENT_SIZE_MAX, Json, decode, encode
from bwcstore._values import StoreId
from bwcstore.custody._act_records import PlanState
from bwcstore.custody._fields import text
from bwcstore.custody._fold_act import fold_act
from bwcstore.custody._fold_store import fold_store
from bwcstore.custody._knowledge import holdings
from bwcstore.custody._records import StoreState
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InvalidInputError
from bwcstore.ledger._entry import Entry, decode_entry
from bwcstore.purge._approval import conditions
from bwcstore.purge._certificate_checks import state_when_started
from bwcstore.purge._certificate_form import invalid
from bwcstore.purge._certificate_parts import ENROLLED, Parts, enrolments, of_kind

FORMAT: Final = "bwcstore-history/1"
_FIELDS: Final = frozenset({"entries", "format", "store"})


def encode_history(store: StoreId, entries: Iterable[Entry]) -> bytes:
    """The bytes of a history: the leaves of scope `store` from its beginning on (CRT-19)."""
    leaves: list[Json] = [one.raw.decode() for one in entries]
    return encode({"entries": leaves, "format": FORMAT, "store": store.text}) + b"\n"


def decode_history(raw: bytes) -> tuple[Entry, ...]:
    """Read a history, and check that it is one chain without a gap.

    Raises:
        FormatError: it is none (`certificate-invalid`, `format-unknown`), or a leaf is none.
        IntegrityError: a leaf does not follow the one before (`certificate-invalid`).
    """
    if len(raw) > DOCUMENT_SIZE_MAX:
        raise FormatError(ErrorKind.TOO_LARGE, f"history: {len(raw)} bytes")
    fields = decode(raw.removesuffix(b"\n"), what="history")
    if fields.get("format") != FORMAT:
        raise FormatError(
            ErrorKind.FORMAT_UNKNOWN,
            f"history: format {fields.get('format')!r:.60}, expected {FORMAT}",
        )
    leaves = fields.get("entries")
    if fields.keys() != _FIELDS or not isinstance(leaves, list) or not leaves:
        raise FormatError(ErrorKind.CERTIFICATE_INVALID, "history: entries are needed")
    entries = []
    for leaf in leaves:
        if not isinstance(leaf, str):
            raise FormatError(ErrorKind.CERTIFICATE_INVALID, "history: a leaf is a text")
        entries.append(decode_entry(leaf.encode(), what="history: leaf"))
    _check_chain(entries)
    if fields["store"] != entries[0].body.get("store"):
        raise invalid("the history is not that of the store that it names")
    return tuple(entries)


def _check_chain(entries: Sequence[Entry]) -> None:
    for seq, one in enumerate(entries):
        if one.scope.id.text != "store" or one.scope.seq != seq:
            raise invalid(f"history: entry {one.index} is not number {seq} of scope store")
    for one, other in pairwise(entries):
        if one.hash != other.scope.prev or one.index != other.scope.prev_index:
            raise invalid(f"history: entry {other.index} does not follow entry {one.index}")
    if entries[0].kind != "store.created":
        raise invalid("history: it does not begin with the store")


def check_history(parts: Parts, history: Sequence[Entry]) -> None:
    """Check with the history of its store that a certificate conceals nothing (CRT-20, CRT-21).

    Args:
        parts: the entries of the certificate, checked.
        history: the chain of scope `store`, checked by `decode_history`.

    Raises:
        IntegrityError: the history is not that of the certificate, ends too early, or shows
            something that forbids the destruction (`certificate-invalid`).
    """
    proven = _proven(parts, history)
    _check_shown(parts, proven)
    try:
        _check_state(parts, _state(proven[: parts.started.decided.store_seq + 1]))
    except (IntegrityError, InvalidInputError) as exc:
        raise exc if exc.kind is ErrorKind.CERTIFICATE_INVALID else invalid(exc.message) from exc
    _check_actors(parts, proven)


def _check_state(parts: Parts, store: StoreState) -> None:
    """Check that what the store implied when the destruction began did not forbid it."""
    if store.opaque:
        raise invalid("scope store has entries of a newer version, which may forbid it")
    held = holdings(state_when_started(parts), store, zone=_zone(parts))
    if held:
        raise invalid(f"{held[0].kind} {held[0].id} held it when its destruction began")
    needs = conditions(_plan(parts), store.policy)
    if len(parts.approvals) < needs.approvals:
        raise invalid(f"{len(parts.approvals)} of {needs.approvals} approvals")
    at = parts.started.decided.at
    if not needs.not_before <= at <= needs.not_after:
        raise invalid(
            f"the plan could be run from {needs.not_before} until {needs.not_after}, not at {at}"
        )


def _zone(parts: Parts) -> ZoneInfo:
    name = text(parts.law.body, "zone")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise invalid(f"no time zone {name:.80} is known here") from exc


def _proven(parts: Parts, history: Sequence[Entry]) -> tuple[Entry, ...]:
    """The part of a history that the certificate proves, by the heads that its entries name."""
    heads = {one.decided.store_seq: one.decided.store_head for one in parts.entries if one.index}
    heads |= {one.scope.seq: one.hash for one in parts.entries if one.scope.id.text == "store"}
    if len(history) <= parts.started.decided.store_seq:
        raise invalid(f"the history ends before entry {parts.started.index} was decided")
    last = max(seq for seq in heads if seq < len(history))
    for seq, head in heads.items():
        if seq <= last and history[seq].hash != head:
            raise invalid(f"history: entry {history[seq].index} is not that of the certificate")
    return tuple(history[: last + 1])


def _check_shown(parts: Parts, proven: Sequence[Entry]) -> None:
    """Check that enrolments, law and backups in the certificate were the last of their kind."""
    enrolled = of_kind(proven, ENROLLED)
    within = tuple(one for one in parts.entries if one.decided.store_seq < len(proven))
    shown, found = enrolments(parts.enrolled, within), enrolments(enrolled, within)
    for index, one in found.items():
        if shown[index] != one:
            raise invalid(f"entry {one.index} had enrolled the actor of entry {index} anew")
    before = [one for one in of_kind(proven, "law.adopted") if one.index < parts.started.index]
    if before[-1:] != [parts.law]:
        raise invalid("another law was in force")
    lists = of_kind(proven, "backups.declared")
    last = [one for one in lists if one.index < parts.started.index][-1:]
    until = (parts.attested or parts.completed).index
    later = [one for one in lists if parts.started.index < one.index < until]
    if (*last, *later) != tuple(one for one in parts.backups if one.scope.seq < len(proven)):
        raise invalid("a list of backups was in force that is not there")


def _state(entries: Iterable[Entry]) -> StoreState:
    state = StoreState()
    for entry in entries:
        state = fold_store(state, entry)
    return state


def _plan(parts: Parts) -> PlanState:
    state = None
    for entry in parts.plan:
        if entry.index < parts.started.index:
            state = fold_act(state, entry)
    if not isinstance(state, PlanState):
        raise invalid("no plan was proposed")
    return state


def _check_actors(parts: Parts, proven: Sequence[Entry]) -> None:
    """Check that whoever acted had not been revoked, and signed where it was asked for."""
    created = parts.created.body["signed_kinds"]
    signed = set(created) if isinstance(created, list) else set()
    acts = sorted((parts.plan[0], *parts.approvals, parts.started), key=lambda one: one.index)
    state, following = StoreState(), 0
    for act in acts:
        while following < len(proven) and proven[following].index < act.index:
            state = fold_store(state, proven[following])
            following += 1
        actor = state.actors.get(act.by)
        if actor is None or actor.revoked:
            raise invalid(f"the actor of entry {act.index} might not act any more")
        several = sum(not one.revoked for one in state.actors.values()) > 1
        if act.kind in signed and several and act.auth.key is None:
            raise invalid(f"entry {act.index}, {act.kind}, had to be signed")
        allowed = state.policy.narrowed.get(act.kind)
        if allowed is not None and not actor.roles & allowed:
            raise invalid(f"the agency's policy did not leave entry {act.index} to its actor")
