"""The first entry of a store: what it must say, and what follows from it (spec: LED-40)."""

from typing import TypeVar

import attrs

from bwcstore._ports import Backend
from bwcstore._values import STORE_SCOPE, Instant, StoreId
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    FormatError,
    InvalidInputError,
    StorageError,
)
from bwcstore.ledger._chain import GENESIS_KIND
from bwcstore.ledger._draft import Decide, Decision
from bwcstore.ledger._entry import Entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)

PROTOCOL = "numbered"


@attrs.frozen(kw_only=True)
class Genesis:
    """What the first entry fixes for ever: the store and the key of its checkpoints."""

    entry: Entry
    store: StoreId
    verifier_key: VerifierKey


def check_genesis(entry: Entry | None) -> Genesis:
    """Read the first entry of a ledger.

    Raises:
        FormatError: it is not one that begins a store, or its key does not fit its origin.
        StorageError: its batches are committed in a way that this version does not know.
    """
    if entry is None or entry.kind != GENESIS_KIND:
        raise FormatError(ErrorKind.GENESIS_INVALID, f"entry 0: a {GENESIS_KIND} is needed")
    body = entry.body
    check_protocol(body["protocol"])
    try:
        key = VerifierKey.parse(str(body["verifier_key"]))
    except InvalidInputError as exc:
        raise FormatError(ErrorKind.GENESIS_INVALID, f"entry 0: {exc.message}") from exc
    if key.name != body["origin"]:
        raise FormatError(
            ErrorKind.GENESIS_INVALID,
            f"entry 0: key of {key.name:.120}, expected the origin {body['origin']!s:.120}",
        )
    return Genesis(entry=entry, store=StoreId(str(body["store"])), verifier_key=key)


def check_protocol(protocol: object) -> None:
    """Check that batches are committed in the one way that this version knows (LED-30).

    Raises:
        StorageError: they are not.
    """
    if protocol != PROTOCOL:
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"commit protocol {protocol!s:.40}: this version writes and reads only {PROTOCOL},"
            " which needs storage that lets exactly one writer create a name",
        )


def check_new(store_id: StoreId, backend: Backend, genesis: Decide[S]) -> Decide[S]:
    """A decider that lets `genesis` begin `store_id`, and only in empty storage."""

    def decide(state: S, now: Instant) -> Decision:
        if state.head(STORE_SCOPE) is not None:
            raise AlreadyExistsError(
                ErrorKind.STORE_EXISTS, f"a store exists in {backend.properties.location}"
            )
        decision = genesis(state, now)
        first = decision.drafts[0] if decision.drafts else None
        if first is None or first.kind != GENESIS_KIND or first.body.get("store") != store_id.text:
            raise InvalidInputError(
                ErrorKind.GENESIS_INVALID, f"the first entry must create store {store_id}"
            )
        check_protocol(first.body.get("protocol"))
        return decision

    return decide
