"""What destruction has begun and not ended, and whether a key epoch still has to end (PRG-15)."""

from collections.abc import Iterable

import attrs

from bwcstore._values import ObjectId
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState


@attrs.frozen(kw_only=True)
class Standing:
    """Where destruction stands in a store.

    Attributes:
        begun: recordings whose destruction has begun and not ended, in the order of ingest.
        gone: recordings that are destroyed.
        owes_epoch: a key was destroyed in an epoch that has not ended since.
    """

    begun: tuple[ObjectId, ...]
    gone: tuple[ObjectId, ...]
    owes_epoch: bool


def standing(objects: Iterable[ObjectState], store: StoreState) -> Standing:
    """Where destruction stands."""
    begun: list[ObjectId] = []
    gone: list[ObjectId] = []
    owes = False
    for state in objects:
        purge = state.keeping.purge
        if purge is None:
            continue
        if purge.completed_index is None or purge.epoch is None:
            begun.append(state.object_id)
            continue
        gone.append(state.object_id)
        owes = owes or not _has_ended(store, purge.epoch, after=purge.completed_index)
    return Standing(begun=tuple(begun), gone=tuple(gone), owes_epoch=owes)


def _has_ended(store: StoreState, epoch: int, *, after: int) -> bool:
    return any(one.epoch >= epoch and one.index > after for one in reversed(store.epochs))
