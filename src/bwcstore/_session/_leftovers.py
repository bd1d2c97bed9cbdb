"""What broken ingests left behind: found by listing, removed only by an explicit, logged act.

Rules kept here (spec: ORD-13):

- only names under `objects/` whose object has no ingest entry are candidates;
- nothing is touched while anything of the object is younger than the stated age;
- what the storage keeps for now does not keep the rest, and is told;
- the entry that names the objects is durable before the first byte goes, and from then on no
  ingest can commit one of them (ORD-6).
"""

import hashlib
from itertools import groupby
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import Stat
from bwcstore._session._acting import Acting
from bwcstore._session._journal import PREFIX as JOURNALS
from bwcstore._session._record_keys import destroy_record_keys
from bwcstore._session._services import Services
from bwcstore._values import Digest, Instant, ObjectId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError, StorageError
from bwcstore.ledger._draft import Decision
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.objects._resume import JournalState

AGE_SECONDS_DEFAULT: Final = 7 * 86_400.0
AGE_SECONDS_MIN: Final = 3_600.0
_ENTRY_OBJECTS_MAX: Final = 256


@attrs.frozen(kw_only=True)
class Leftover:
    """Stored names of one object that was never ingested, or keys drawn for one.

    Attributes:
        object_id: the object that never was.
        names: the stored names, ascending.
        length_bytes: how much they hold together.
        newest: when the youngest of them was written; None where the storage does not say.
        discarded: whether a discard was begun and not finished.
    """

    object_id: ObjectId
    names: tuple[str, ...]
    length_bytes: int
    newest: Instant | None
    discarded: bool = False


@attrs.frozen(kw_only=True)
class Discarded:
    """What a clean-up removed.

    Attributes:
        leftovers: the objects that never were, and their names.
        temporary_count: uploads and files that had no name yet.
        withheld: names that the storage keeps for now, by a lock or a legal hold: without their
            keys, and found again by a later clean-up.
    """

    leftovers: tuple[Leftover, ...]
    temporary_count: int
    withheld: tuple[str, ...] = ()


def find(services: Services, *, older_than_seconds: float) -> tuple[Leftover, ...]:
    """The leftovers of which nothing is younger than `older_than_seconds`."""
    services.log.refresh()
    state = services.log.state
    limit = services.environment.clock.now().plus_seconds(-older_than_seconds)
    stored = _stored(services, state)
    for object_id in _keyed(services, state):
        stored.setdefault(object_id, [])
    found = []
    for object_id in sorted(stored):
        stats = stored[object_id]
        moments = [stat.modified for stat in stats if stat.modified is not None]
        # The id itself tells when the ingest began, whatever the storage's clock says.
        newest = max([*moments, begun_at(object_id)])
        if newest > limit:
            continue
        found.append(
            Leftover(
                object_id=object_id,
                names=tuple(stat.name for stat in stats),
                length_bytes=sum(stat.length_bytes for stat in stats),
                newest=newest,
                discarded=object_id in state.store.discarded,
            )
        )
    return tuple(found)


def begun_at(object_id: ObjectId) -> Instant:
    """The moment that a UUIDv7 carries, in whole milliseconds."""
    return Instant(int(object_id.text.replace("-", "")[:12], 16) * 1000)


def _stored(services: Services, state: State) -> dict[ObjectId, list[Stat]]:
    def owner(stat: Stat) -> ObjectId | None:
        parsed = _layout.parse_segment(stat.name) or _layout.parse_manifest(stat.name)
        return parsed[0] if parsed else None

    found: dict[ObjectId, list[Stat]] = {}
    for object_id, stats in groupby(services.backend.list(_layout.OBJECTS), key=owner):
        if object_id is not None and state.object(object_id) is None:
            found.setdefault(object_id, []).extend(stats)
    return found


def _keyed(services: Services, state: State) -> list[ObjectId]:
    """Objects that have a content key and never came to be."""
    found = []
    for kept in services.vault.inventory():
        kind, _, text = kept.key_id.partition("/")
        if kind != "content":
            continue
        object_id = ObjectId.parse(text)
        if state.object(object_id) is None:
            found.append(object_id)
    return found


def discard(acting: Acting, *, older_than_seconds: float) -> Discarded:
    """Remove leftovers and their keys; see `Session.discard_leftovers`."""
    if older_than_seconds < AGE_SECONDS_MIN:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"leftovers younger than {AGE_SECONDS_MIN:.0f} s may belong to an ingest under way",
        )
    acting.allow(Verb.DISCARD_LEFTOVERS)
    services = acting.services
    found = find(services, older_than_seconds=older_than_seconds)
    fresh = [leftover for leftover in found if not leftover.discarded]
    for start in range(0, len(fresh), _ENTRY_OBJECTS_MAX):
        _announce(acting, fresh[start : start + _ENTRY_OBJECTS_MAX])
    gone = {leftover.object_id for leftover in found}
    if gone:
        # ORD-13: what announces the end of keys is under a checkpoint before the first key ends.
        services.log.checkpoint()
    # First, because a journal alone is not found again by the next run.
    _forget_journals(services, gone)
    if gone:
        keys = [key(one) for one in sorted(gone) for key in (content_key_id, record_key_id)]
        destroy_record_keys(services.vault, keys)
    withheld = [name for one in found for name in one.names if not _removed(services, name)]
    return Discarded(
        leftovers=found,
        temporary_count=services.backend.discard_leftovers(),
        withheld=tuple(withheld),
    )


def _removed(services: Services, name: str) -> bool:
    """Remove what has a name; whether the storage let it go."""
    try:
        services.backend.delete(name)
    except StorageError as exc:
        # What was locked as it was written stays until its day; it must not keep the rest.
        if exc.kind is not ErrorKind.WITHHELD_BY_STORAGE:
            raise
        return False
    return True


def _announce(acting: Acting, leftovers: list[Leftover]) -> None:
    names = [name for leftover in leftovers for name in leftover.names]
    digest = Digest(hashlib.sha256("".join(f"{name}\n" for name in names).encode()).digest())

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        for leftover in leftovers:
            if state.object(leftover.object_id) is not None:
                raise InvalidInputError(
                    ErrorKind.RACE_LOST,
                    f"object {leftover.object_id} was ingested meanwhile: nothing was removed",
                )
        draft = acting.draft(
            permission,
            "leftovers.discarded",
            {
                "objects": [str(leftover.object_id) for leftover in leftovers],
                "names_count": len(names),
                "names_sha256": str(digest),
            },
            now=now,
        )
        reads = {f"object/{leftover.object_id}" for leftover in leftovers}
        return Decision(drafts=(draft,), reads=frozenset({"store", *reads}))

    acting.commit(Verb.DISCARD_LEFTOVERS, plan)


def _forget_journals(services: Services, gone: set[ObjectId]) -> None:
    for name in services.vault.notes(JOURNALS):
        for raw in services.vault.recall(name):
            try:
                belongs = JournalState.decode(raw).object_id in gone
            except BwcStoreError:
                belongs = True
            if belongs:
                services.vault.forget(name)
                break
