"""Certificates of destruction, and the history of the store that completes them.

What is in them is chosen and checked by `bwcstore.purge`; here it is fetched and proven.
"""

from collections.abc import Iterable, Iterator, Sequence

from bwcstore._session._annexes import get_annex
from bwcstore._session._services import Services
from bwcstore._values import STORE_SCOPE, ActId, Digest, ObjectId, ScopeId
from bwcstore.custody._object_records import Purge
from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate import make_certificate
from bwcstore.purge._certificate_choice import choose
from bwcstore.purge._certificate_form import ProvenEntry
from bwcstore.purge._certificate_history import encode_history
from bwcstore.purge._certificate_parts import OPENED


def certificates(services: Services, object_ids: Iterable[ObjectId]) -> Iterator[bytes]:
    """The certificates of destroyed recordings; see `Store.certificates`."""
    log = services.log
    store: tuple[Entry, ...] = ()
    plans: dict[ActId, tuple[Entry, ...]] = {}
    for object_id in object_ids:
        plan = _completed(services, object_id).plan
        # The chains that many recordings share are read once.
        store = store or log.scope_entries(STORE_SCOPE)
        if plan not in plans:
            plans[plan] = log.scope_entries(ScopeId.act(plan))
        recording = log.scope_entries(ScopeId.object(object_id))
        yield _certified(
            services, choose(recording=recording, plan=plans[plan], store=store), store
        )


def _certified(services: Services, chosen: Sequence[Entry], store: Sequence[Entry]) -> bytes:
    entries = sorted({*chosen, *_openings(services, chosen, store)}, key=lambda entry: entry.index)
    proofs = services.log.prove_entries(one.index for one in entries)
    notes = dict.fromkeys(proofs[one.index].note for one in entries)
    named = [one.body.get("outcomes_annex") for one in chosen if one.kind == "purge.completed"]
    return make_certificate(
        [ProvenEntry(entry=one, hashes=proofs[one.index].hashes) for one in entries],
        checkpoints=tuple(notes),
        annexes=[
            get_annex(services.backend, Digest.parse(one)) for one in named if isinstance(one, str)
        ],
    )


def store_history(services: Services, *, until: int | None) -> bytes:
    """The history of a store; see `Store.store_history`."""
    entries = services.log.scope_entries(STORE_SCOPE)
    return encode_history(
        services.store_id, (one for one in entries if until is None or one.index < until)
    )


def _completed(services: Services, object_id: ObjectId) -> Purge:
    state = services.log.state.object(object_id)
    if state is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    purge = state.keeping.purge
    if purge is None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"object {object_id} is not destroyed, so it has no certificate",
        )
    if purge.completed_index is None:
        raise InvalidInputError(
            ErrorKind.PURGE_UNFINISHED,
            f"the destruction of object {object_id} has begun and is not complete: run plan"
            f" {purge.plan} again",
        )
    return purge


def _openings(services: Services, chosen: Sequence[Entry], store: Sequence[Entry]) -> list[Entry]:
    """The first entries of the later generations that the chosen ones are of."""
    needed = {services.log.place(one.index)[0] for one in chosen}
    return [one for one in store if one.kind == OPENED and one.body["generation"] in needed]
