"""Uncovering: removing what lies over what the ledger names.

Rules kept here (spec: SHD-10 to SHD-13):

- what is to be removed is in the ledger before the first of it goes;
- directly before a cover goes, the version under it was read in full and was right;
- only what was listed over that version goes, each by its id; the version itself never does;
- what fails for one name is told, and does not keep the others from being uncovered.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Progress, ProgressEvent, StoredVersion
from bwcstore._session._acting import Acting
from bwcstore._session._lock_rules import storage_time
from bwcstore._session._shadow_find import Finder, Right, Shadow
from bwcstore._values import Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError
from bwcstore.ledger._draft import Decision

GROUP: Final = 32
REMOVED_MAX: Final = 64
GROUP_SIZE_BYTES: Final = 16 * 1024


@attrs.frozen(kw_only=True)
class Uncovered:
    """A name that is right again, or what was removed of what covers it.

    Attributes:
        name: the stored name.
        kept: the id of the version that is right.
        removed: the ids of the versions and markers that were removed, the newest first.
    """

    name: str
    kept: str
    removed: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ShadowsRepairedReport:
    """What came of uncovering.

    Attributes:
        repaired: names from which covers were removed.
        lost: covered names of which no version is right.
        problems: what could not be removed, one sentence each.
    """

    repaired: tuple[Uncovered, ...]
    lost: tuple[str, ...]
    problems: tuple[str, ...]


def find_shadows(acting: Acting) -> Iterator[Shadow]:
    """Every covered name; see `Session.find_shadows`."""
    acting.allow(Verb.REPAIR)
    acting.services.log.refresh()
    return (shadow for shadow, _ in Finder(acting.services).shadows())


def repair_shadows(acting: Acting, *, progress: Progress) -> ShadowsRepairedReport:
    """Remove what covers names of the store; see `Session.repair_shadows`."""
    acting.allow(Verb.REPAIR)
    acting.services.require_writable()
    acting.services.log.refresh()
    return _Repair(acting, progress).run()


@attrs.frozen(kw_only=True)
class _Job:
    """What is to be removed of what covers one name."""

    name: str
    kept: str
    covers: tuple[StoredVersion, ...]
    right: Right

    @property
    def size_bytes(self) -> int:
        """About how much of an entry it takes."""
        ids = sum(len(one.version_id) + 3 for one in self.covers)
        return ids + len(self.name) + len(self.kept) + 40


class _Repair:
    """One run."""

    def __init__(self, acting: Acting, progress: Progress) -> None:
        self._acting = acting
        self._backend = acting.services.backend
        self._progress = progress
        self._repaired: list[Uncovered] = []
        self._lost: list[str] = []
        self._problems: list[str] = []

    def run(self) -> ShadowsRepairedReport:
        """Uncover group by group."""
        for group in _groups(self._jobs()):
            self._acting.commit(Verb.REPAIR, partial(self._entry, group))
            for job in group:
                try:
                    self._uncover(job)
                except BwcStoreError as exc:
                    self._problems.append(f"{job.name}: {exc.message}")
            self._progress(
                ProgressEvent(
                    verb="repair",
                    item="shadows",
                    done_bytes=0,
                    total_bytes=None,
                    done_count=len(self._repaired),
                )
            )
        return ShadowsRepairedReport(
            repaired=tuple(self._repaired),
            lost=tuple(self._lost),
            problems=tuple(self._problems),
        )

    def _jobs(self) -> Iterator[_Job]:
        for shadow, right in Finder(self._acting.services).shadows():
            if shadow.kept is None:
                self._lost.append(shadow.name)
                continue
            now = storage_time(self._acting.services)
            withheld = [one for one in shadow.covers if _is_kept(one, now)]
            self._problems += [
                f"{shadow.name}: version {one.version_id} lies over it, and the storage keeps it"
                for one in withheld
            ]
            free = tuple(one for one in shadow.covers if one not in withheld)
            for start in range(0, len(free), REMOVED_MAX):
                yield _Job(
                    name=shadow.name,
                    kept=shadow.kept,
                    covers=free[start : start + REMOVED_MAX],
                    right=right,
                )

    def _entry(
        self, group: Sequence[_Job], _: State, permission: Permission, now: Instant
    ) -> Decision:
        repairs: list[Json] = [
            {
                "name": job.name,
                "kept": job.kept,
                "removed": [one.version_id for one in job.covers],
            }
            for job in group
        ]
        draft = self._acting.draft(permission, "shadows.repaired", {"repairs": repairs}, now=now)
        return Decision(drafts=(draft,))

    def _uncover(self, job: _Job) -> None:
        if not job.right.version(self._backend, job.name, job.kept):
            self._problems.append(
                f"{job.name}: version {job.kept} is no longer right; left as it is"
            )
            return
        removed: list[str] = []
        for cover in job.covers:
            try:
                self._backend.delete_version(job.name, cover.version_id)
            except BwcStoreError as exc:
                self._problems.append(exc.message)
            else:
                removed.append(cover.version_id)
        if removed:
            self._repaired.append(Uncovered(name=job.name, kept=job.kept, removed=tuple(removed)))
        if len(removed) == len(job.covers) and not self._is_uncovered(job):
            self._problems.append(f"{job.name}: what was removed is still there")

    def _is_uncovered(self, job: _Job) -> bool:
        """Whether the version that is right is read by name again, or more is to be removed."""
        left = self._backend.versions(job.name)
        ids = {one.version_id for one in job.covers}
        if any(one.version_id in ids for one in left):
            return False
        if left and left[0].version_id != job.kept:
            # What the storage keeps is told already, and the rest is a later job.
            return True
        return bool(left) and job.right.named(self._backend, job.name)


def _is_kept(version: StoredVersion, now: Instant) -> bool:
    locked = version.locked_until
    return version.legal_hold or (locked is not None and locked > now)


def _groups(jobs: Iterator[_Job]) -> Iterator[list[_Job]]:
    """Jobs whose entry has room."""
    group: list[_Job] = []
    size = 0
    for job in jobs:
        if group and (len(group) == GROUP or size + job.size_bytes > GROUP_SIZE_BYTES):
            yield group
            group, size = [], 0
        group.append(job)
        size += job.size_bytes
    if group:
        yield group
