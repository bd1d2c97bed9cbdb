"""The first entry of a store: what it must say, and what follows from it (spec: LED-40)."""

from typing import Final, TypeVar

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Capability
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

NUMBERED: Final = "numbered"
CLAIMED: Final = "claimed"


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
    """Check that batches are committed in a way that this version knows (LED-30, CLM-1).

    Raises:
        StorageError: they are not.
    """
    if protocol not in (NUMBERED, CLAIMED):
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"commit protocol {protocol!s:.40}: this version knows {NUMBERED} and {CLAIMED}",
        )


def check_place(protocol: object, backend: Backend) -> None:
    """Check that storage can commit batches as `protocol` says (CLM-1).

    Raises:
        StorageError: the protocol is unknown, or claims are missing or not wanted.
    """
    check_protocol(protocol)
    place = backend.properties
    claims = Capability.CLAIMS in place.capabilities
    if claims != (protocol == CLAIMED):
        wanted = "without" if claims else "with"
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{place.location}: a store of the protocol {protocol} is opened {wanted} a place for"
            " claims",
        )


def check_found(backend: Backend) -> None:
    """Check that a ledger is not overlooked because its batches lie under candidates' names.

    Raises:
        StorageError: it is, for there is no place for claims; or asking failed.
    """
    if Capability.CLAIMS in backend.properties.capabilities:
        return
    first = next(backend.list(_layout.batch_prefix(0)), None)
    if first is not None and _layout.parse_candidate(first.name):
        check_place(CLAIMED, backend)


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
        check_place(first.body.get("protocol"), backend)
        return decision

    return decide
