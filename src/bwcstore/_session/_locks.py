"""Telling the storage what the ledger asks it to keep, and reading back that it does.

Rules kept here (spec chapter `locks`):

- only what differs from what the storage was last told is told again (LCK-8);
- an entry says what was read back, never what was asked for (LCK-9);
- what fails for one recording fails for it alone, and is looked at again by the next run (LCK-10);
- records are locked for their full time again once less than half of it is left (LCK-11).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Backend, Progress, ProgressEvent, StoredVersion
from bwcstore._session._acting import Acting
from bwcstore._session._destroying import names_of
from bwcstore._session._lock_rules import law_for_locks, locking_of, storage_time
from bwcstore._session._record_locks import extend_records, groups, is_short, stored
from bwcstore._values import Instant, Locking, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._locking import told, wanted, was_held
from bwcstore.custody._object_records import Locked, ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError, ErrorKind, StorageError
from bwcstore.ledger._draft import Decision
from bwcstore.statute._pack import Law

GROUP: Final = 64
_DAY_SECONDS: Final = 86_400
_SECOND: Final = 1_000_000
_DAY: Final = _DAY_SECONDS * _SECOND
_FOR_ALL: Final = ("law.", "policy.", "hold.")
_LOCKED: Final = "object.locked"


@attrs.frozen(kw_only=True)
class LocksSyncedReport:
    """What came of telling the storage what to keep.

    Attributes:
        through: how many entries were taken into account.
        objects: recordings whose locks were changed.
        withheld: recordings whose locks could not be changed.
        records: versions of records whose locks were made longer.
        records_until: until when every record is locked; None where no run has brought that
            about yet.
        problems: what failed, one sentence each.
    """

    through: int
    objects: int
    withheld: int
    records: int
    records_until: Instant | None
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Job:
    """What the storage is to be told of one recording; `lift` lets go of what held it."""

    state: ObjectState
    told: Locked
    wanted: Locked
    lift: bool


@attrs.frozen(kw_only=True)
class _Told:
    """What the storage says of one recording afterwards."""

    job: _Job
    locked: Locked
    lifted: bool
    versions: int


def sync_locks(acting: Acting, *, progress: Progress) -> LocksSyncedReport:
    """Tell the storage what the ledger asks it to keep; see `Session.sync_locks`."""
    acting.allow(Verb.SYNC_LOCKS)
    acting.services.require_writable()
    locking = locking_of(acting.services)
    if locking is None:
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{acting.services.backend.properties.location}: the store was created without locks, "
            "or is kept where nothing can be locked",
        )
    return _Sync(acting, locking, progress).run()


class _Sync:
    """One run."""

    def __init__(self, acting: Acting, locking: Locking, progress: Progress) -> None:
        self._acting = acting
        self._services = acting.services
        self._backend = acting.services.backend
        self._locking = locking
        self._progress = progress
        self._problems: list[str] = []
        self._changed = 0
        self._withheld = 0
        self._told_lately: frozenset[ObjectId] = frozenset()

    def run(self) -> LocksSyncedReport:
        """Recordings first, then records, then the entry that says so."""
        services = self._services
        services.log.refresh()
        synced = services.log.state.store.synced
        since = synced.through if synced is not None else 0
        through = services.log.size
        objects = self._candidates(since, through) if synced is not None else None
        now = self._now()
        jobs = services.log.view(lambda state: [*self._jobs(state, objects, now)])
        done = 0
        for group in groups(jobs, GROUP):
            self._group(group, now)
            done += len(group)
            self._report(done, len(jobs))
        if self._withheld:
            # The next run looks at the same recordings again.
            through = since
        former = synced.records_until if synced is not None else None
        until, records = self._extended(former, now)
        self._say(through, until)
        return LocksSyncedReport(
            through=through,
            objects=self._changed,
            withheld=self._withheld,
            records=records,
            records_until=until or former,
            problems=tuple(self._problems),
        )

    def _extended(self, former: Instant | None, now: Instant) -> tuple[Instant | None, int]:
        """Until when every record is locked from now on, None where that is as it was; and how
        many versions there were.
        """
        seconds = self._locking.record_days * _DAY_SECONDS
        if former is not None and former >= now.plus_seconds(seconds / 2):
            return None, 0
        until = now.plus_seconds(seconds)
        # The same for all runs of a day, so that the next finds done what this one did.
        found = extend_records(self._services, _whole_day(until))
        self._problems += found.problems
        return (None if found.problems else until), found.versions

    def _now(self) -> Instant:
        now = storage_time(self._services)
        # Whole seconds, so that a storage that keeps no fractions tells back what it was told.
        return Instant(now.microseconds - now.microseconds % _SECOND)

    # --- Recordings -----------------------------------------------------------------------------

    def _candidates(self, since: int, through: int) -> frozenset[ObjectId] | None:
        """The recordings that entries have changed; None for all of them."""
        found: set[ObjectId] = set()
        told_lately: set[ObjectId] = set()
        for_all = False
        for entry in self._services.log.entries(since, through):
            object_id = entry.scope.id.object_id
            if object_id is not None:
                found.add(object_id)
                if entry.kind == _LOCKED:
                    told_lately.add(object_id)
            for_all = for_all or entry.kind.startswith(_FOR_ALL)
        self._told_lately = frozenset(told_lately)
        return None if for_all else frozenset(found)

    def _jobs(
        self, state: State, objects: frozenset[ObjectId] | None, now: Instant
    ) -> Iterator[_Job]:
        law = law_for_locks(self._services, state)
        for found in self._states(state, objects):
            if found.status == "present":
                yield from self._job(state, found, law, now)

    def _states(self, state: State, objects: frozenset[ObjectId] | None) -> Iterator[ObjectState]:
        """The recordings, and what was made of them."""
        if objects is None:
            yield from state.objects()
            return
        left = sorted(objects, key=str)
        seen: set[ObjectId] = set()
        while left:
            object_id = left.pop()
            found = state.object(object_id)
            if found is not None and object_id not in seen:
                seen.add(object_id)
                left.extend(found.keeping.derivatives)
                yield found

    def _job(
        self, state: State, found: ObjectState, law: Law | None, now: Instant
    ) -> Iterator[_Job]:
        seen = as_law_sees(state, found)
        want = wanted(found, seen, state.store, locking=self._locking, law=law, at=now)
        # A run that broke off may have placed a hold that no entry tells of.
        lift = not want.legal_hold and was_held(seen, state.store, law=law)
        # Another run may have lifted what this entry says was placed.
        again = want.legal_hold and found.object_id in self._told_lately
        if want != told(found) or lift or again:
            yield _Job(state=found, told=told(found), wanted=want, lift=lift)

    def _anew(self, jobs: Sequence[_Job], now: Instant) -> list[_Job]:
        """What is wanted of the same recordings now: a hold may have been placed meanwhile."""
        self._services.log.refresh()

        def look(state: State) -> list[_Job]:
            law = law_for_locks(self._services, state)
            found = [state.object(job.state.object_id) for job in jobs]
            return [
                job
                for one in found
                if one is not None and one.status == "present"
                for job in self._job(state, one, law, now)
            ]

        return self._services.log.view(look)

    def _group(self, jobs: Sequence[_Job], now: Instant) -> None:
        workers = self._services.environment.workers
        pending = [
            (job, workers.submit(partial(_tell, self._backend, job, now)))
            for job in self._anew(jobs, now)
        ]
        done: list[_Told] = []
        for job, work in pending:
            try:
                done.append(work.result())
            except BwcStoreError as exc:
                self._withheld += 1
                self._problems.append(f"object {job.state.object_id}: {exc.message}")
        self._changed += sum(one.locked != one.job.told for one in done)
        changed = [one for one in done if one.lifted or one.locked != one.job.told]
        if changed:
            self._acting.commit(Verb.SYNC_LOCKS, partial(self._entries, changed))

    def _entries(
        self, changed: Iterable[_Told], state: State, permission: Permission, now: Instant
    ) -> Decision:
        drafts = [
            self._acting.bare_draft(
                permission,
                _LOCKED,
                {
                    "until": None if one.locked.until is None else str(one.locked.until),
                    "legal_hold": one.locked.legal_hold,
                    "versions": one.versions,
                },
                now=now,
                scope=ScopeId.object(one.job.state.object_id),
            )
            for one in changed
            if (found := state.object(one.job.state.object_id))
            and found.status == "present"
            and one.locked != told(found)
        ]
        return Decision(drafts=tuple(drafts))

    def _say(self, through: int, until: Instant | None) -> None:
        def plan(_: State, permission: Permission, now: Instant) -> Decision:
            body: dict[str, Json] = {
                "through": through,
                "objects": self._changed,
                "withheld": self._withheld,
            }
            if until is not None:
                body["records_until"] = str(until)
            return Decision(drafts=(self._acting.draft(permission, "locks.synced", body, now=now),))

        self._acting.commit(Verb.SYNC_LOCKS, plan)

    def _report(self, done: int, total: int) -> None:
        self._progress(
            ProgressEvent(
                verb="lock",
                item="",
                done_bytes=0,
                total_bytes=None,
                done_count=done,
                total_count=total,
            )
        )


def _whole_day(at: Instant) -> Instant:
    return Instant(-(-at.microseconds // _DAY) * _DAY)


def _tell(backend: Backend, job: _Job, now: Instant) -> _Told:
    """Tell the storage of one recording, and read back what it says.

    Raises:
        StorageError: it refused, or says something else afterwards (`LOCK_REFUSED`).
    """
    want = job.wanted
    until = want.until if want.until is not None and want.until > now else None
    after: list[StoredVersion] = []
    lifted = False
    for name in names_of(job.state):
        for version in stored(backend, name):
            if until is not None and is_short(version, until):
                backend.extend_lock(name, version.version_id, until)
            if want.legal_hold and not version.legal_hold:
                backend.place_legal_hold(name, version.version_id)
            if job.lift and version.legal_hold:
                backend.lift_legal_hold(name, version.version_id)
                lifted = True
        after += stored(backend, name)
    for version in after:
        unheld = want.legal_hold and not version.legal_hold
        if unheld or (job.lift and version.legal_hold) or (until and is_short(version, until)):
            raise StorageError(
                ErrorKind.LOCK_REFUSED,
                f"{version.name}, version {version.version_id}, is not locked as it was asked for",
            )
    ends = [version.locked_until for version in after]
    known = [end for end in ends if end is not None]
    return _Told(
        job=job,
        locked=Locked(
            until=min(known) if known and len(known) == len(ends) else None,
            legal_hold=all(version.legal_hold for version in after),
        ),
        lifted=lifted,
        versions=len(after),
    )
