"""What a bucket does with what it is told to keep, tried out with canaries.

Responsible for the order of the trials (spec chapter `storage-probe`): the locked canaries come
first, so that their locks run out while everything else is tried.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from bwcstore._layout import CANARIES
from bwcstore._values import LockMode
from bwcstore.errors import BwcStoreError
from bwcstore.storage._canaries import STALE_SECONDS, one_wins
from bwcstore.storage._probe_result import (
    CLOCK_SECONDS_MAX,
    WAYS,
    Check,
    Outcome,
    PlaceKind,
    ProbeResult,
    Verdict,
    in_order,
    protocol_of,
    verdict_on_locks,
    verdict_without_locks,
)
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_canaries import AT_ONCE, Canaries, TooLateError
from bwcstore.storage._s3_client import RefusedError
from bwcstore.storage._s3_lock_trials import Found, LockTrials
from bwcstore.storage._s3_trial import is_replicated

# A lock must outlast its trial; where the storage is slow, the trial is made again.
LOCK_SECONDS: Final = (2, 5, 15)
_SECOND: Final = 1_000_000
_RACED: Final = "of eight writers that raced for a name, not exactly one was told that it has it"
_TOO_SLOW: Final = "the storage answers too slowly for a lock of seconds"


def probe_bucket(
    backend: S3Backend,
    *,
    place: PlaceKind = PlaceKind.EVIDENCE,
    mode: LockMode = LockMode.COMPLIANCE,
    creates_for_one: bool | None = None,
    stale_seconds: float = STALE_SECONDS,
) -> ProbeResult:
    """Try a prefix of a bucket out; takes a few seconds, most of them until locks are over.

    Args:
        backend: the prefix of the bucket.
        place: what a store keeps there, which says what is tried.
        mode: how canaries are locked; `none` leaves locks out.
        creates_for_one: what racing by `put` has shown already; None to race here.
        stale_seconds: canaries older than this are of a probe that broke off, and are removed.

    Raises:
        StorageError: the bucket cannot be listed.
    """
    canaries = Canaries(backend)
    canaries.remove_leftovers(stale_seconds=stale_seconds)
    probe = _Probe(canaries, place, mode)
    try:
        return probe.run(raced=creates_for_one)
    except BaseException:
        canaries.drop_at_once()
        raise


class _Probe:
    """One run."""

    def __init__(self, canaries: Canaries, place: PlaceKind, mode: LockMode) -> None:
        self._canaries = canaries
        self._backend = canaries.backend
        self._place = place
        self._locks = place is PlaceKind.EVIDENCE and mode is not LockMode.NONE
        # Keys and claims are small: nothing there is stored in parts.
        self._ways = WAYS if place is PlaceKind.EVIDENCE else WAYS[:1]
        self._trials = [LockTrials(canaries, way, mode) for way in WAYS]
        self._checks: list[Check] = []

    def run(self, *, raced: bool | None) -> ProbeResult:
        offset = self._offset()
        self._try_locks()
        self._try_creating(raced=raced)
        self._try("list-after-write", self._listing)
        if self._place is PlaceKind.EVIDENCE:
            self._try_covering()
        self._add("clock-offset", self._clock(offset))
        if self._place is not PlaceKind.EVIDENCE:
            self._try_finality()
        self._clean_up()
        checks = in_order(self._checks)
        return ProbeResult(
            location=str(self._backend.place),
            checks=checks,
            verdict=self._verdict(checks),
            protocol=protocol_of(checks),
            clock_offset_seconds=offset,
        )

    def _verdict(self, checks: tuple[Check, ...]) -> Verdict:
        if self._place is not PlaceKind.EVIDENCE:
            return verdict_without_locks(checks)
        if not self._backend.lockable or not self._locks:
            return Verdict.UNPROVEN
        return verdict_on_locks(checks)

    def _add(self, name: str, found: Found) -> None:
        self._checks.append(Check(name=name, outcome=found[0], detail=found[1]))

    def _try(self, name: str, trial: Callable[[], Found]) -> None:
        self._add(name, _tried(trial))

    # --- Locks --------------------------------------------------------------------------------

    def _try_locks(self) -> None:
        if self._place is not PlaceKind.EVIDENCE:
            return
        trials = {name: trial for one in self._trials for name, trial in one.all().items()}
        if not self._backend.lockable or not self._locks:
            why = "the bucket has no Object Lock" if self._locks else "no locks are asked for"
            for name in trials:
                self._add(name, (Outcome.NOT_APPLICABLE, why))
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [*pool.map(in_time, trials.values())]
        for name, outcome in zip(trials, found, strict=True):
            self._add(name, outcome)

    # --- Creating -----------------------------------------------------------------------------

    def _try_creating(self, *, raced: bool | None) -> None:
        for way in self._ways:
            self._try(f"create-{way}-free", partial(self._free, way))
            self._try(f"create-{way}-taken", partial(self._taken, way))
            self._try(f"create-{way}-marked", partial(self._marked, way))
            if way == "put" and raced is not None:
                self._add("race-put", _unless("" if raced else _RACED))
            else:
                self._try(f"race-{way}", partial(self._race, way))

    def _free(self, way: str) -> Found:
        name = self._canaries.fresh()
        if not self._canaries.wins(way, name):
            return Outcome.FAILED, "a free name was said to be taken"
        return Outcome.HELD, ""

    def _taken(self, way: str) -> Found:
        for first in self._ways:
            name = self._canaries.fresh()
            self._canaries.store(first, name)
            if self._canaries.wins(way, name):
                return Outcome.FAILED, f"a name that was taken by {first} was given again"
        return Outcome.HELD, ""

    def _marked(self, way: str) -> Found:
        """What a delete marker covers is not destroyed by creating the name again."""
        if not self._backend.versioned:
            return Outcome.NOT_APPLICABLE, "the bucket keeps no versions"
        canary = self._canaries.store("put", self._canaries.fresh())
        self._canaries.call("delete_object", canary.name)
        self._canaries.wins(way, canary.name)
        if self._canaries.is_there(canary):
            return Outcome.HELD, ""
        return Outcome.FAILED, "creating a name under a delete marker destroyed a version"

    def _race(self, way: str) -> Found:
        won = one_wins(self._canaries.fresh, lambda name: self._canaries.wins(way, name))
        return _unless("" if won else _RACED)

    def _listing(self) -> Found:
        canary = self._canaries.store("put", self._canaries.fresh())
        if any(stat.name == canary.name for stat in self._backend.list(CANARIES)):
            return Outcome.HELD, ""
        return Outcome.FAILED, "a listing did not show what had just been stored"

    def _try_covering(self) -> None:
        if not self._backend.versioned:
            for name in ("version-on-top", "delete-marker"):
                self._add(name, (Outcome.NOT_APPLICABLE, "the bucket keeps no versions"))
            return
        self._try("version-on-top", self._version_on_top)
        self._try("delete-marker", self._delete_marker)

    def _version_on_top(self) -> Found:
        below = self._canaries.store("put", self._canaries.fresh())
        above = self._canaries.store_on_top(below.name)
        if above.version != below.version and self._canaries.is_there(below):
            return Outcome.HELD, ""
        return Outcome.FAILED, "a new version replaced the one before"

    def _delete_marker(self) -> Found:
        canary = self._canaries.store("put", self._canaries.fresh())
        self._canaries.call("delete_object", canary.name)
        if self._canaries.is_there(canary):
            return Outcome.HELD, ""
        return Outcome.FAILED, "deleting by name destroyed a version"

    # --- Time, and what is deleted for good ---------------------------------------------------

    def _offset(self) -> float | None:
        # Opening the bucket asked it something, so that its time is known.
        server = self._backend.server_time()
        if server is None:
            return None
        return (server.microseconds - self._backend.client.clock.now().microseconds) / _SECOND

    def _clock(self, offset: float | None) -> Found:
        if offset is None:
            return Outcome.NOT_APPLICABLE, "the storage does not tell its time"
        # The storage's time is cut to whole seconds: a part of one says nothing.
        said = f"{round(offset):+d} s"
        return (Outcome.HELD if abs(offset) <= CLOCK_SECONDS_MAX else Outcome.FAILED), said

    def _try_finality(self) -> None:
        kept = "the bucket keeps versions"
        self._add("no-versions", _unless(kept if self._backend.versioned else ""))
        if self._place is PlaceKind.CLAIMS:
            return
        self._add("no-locks", _unless("Object Lock" if self._backend.lockable else ""))
        self._try("no-replication", self._replication)
        self._try("delete-is-final", self._final)

    def _replication(self) -> Found:
        replicated = is_replicated(self._backend)
        if replicated is None:
            return Outcome.REFUSED, "the bucket does not say whether it is replicated"
        return _unless("the bucket is replicated" if replicated else "")

    def _final(self) -> Found:
        canary = self._canaries.store("put", self._canaries.fresh())
        self._canaries.call("delete_object", canary.name)
        left = self._backend.versions(canary.name)
        return _unless("something is left of what was deleted" if left else "")

    # --- The end ------------------------------------------------------------------------------

    def _clean_up(self) -> None:
        self._canaries.abort_uploads()
        stays = self._canaries.remove()
        if self._place is not PlaceKind.EVIDENCE:
            return
        for way, trials in zip(WAYS, self._trials, strict=True):
            self._add(f"delete-after-expiry-{way}", _expired(trials, stays))


def _expired(trials: LockTrials, stays: Mapping[str, str]) -> Found:
    if not trials.locked:
        return Outcome.NOT_APPLICABLE, "nothing was locked"
    reasons = [stays[name] for name in trials.locked if name in stays]
    if reasons:
        return Outcome.FAILED, f"not to be deleted although its lock was over: {reasons[0]}"
    return Outcome.HELD, ""


def _unless(why: str) -> Found:
    return (Outcome.FAILED, why) if why else (Outcome.HELD, "")


def in_time(trial: Callable[[int], Found]) -> Found:
    """What comes of a trial whose lock lasts long enough for it."""
    for seconds in LOCK_SECONDS:
        try:
            return _tried(partial(trial, seconds))
        except TooLateError:
            continue
    return Outcome.REFUSED, _TOO_SLOW


def _tried(trial: Callable[[], Found]) -> Found:
    try:
        return trial()
    except RefusedError as exc:
        refusal = exc.refusal
        return Outcome.REFUSED, f"{refusal.status} {refusal.code} {refusal.detail}".strip()
    except BwcStoreError as exc:
        return Outcome.REFUSED, exc.message
