"""Locking records for their full time again, so that a broken run need not begin anew.

Rules kept here (spec chapter `locks`):

- only what the ledger names is locked, and of a name with several versions only what is right:
  whoever may store must not have their covers kept by us (LCK-11);
- what fails for one record fails for it alone, and is told (LCK-10).
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Final, TypeVar

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, StoredVersion
from bwcstore._session._services import Services
from bwcstore._session._shadow_find import Finder, Right
from bwcstore._values import Instant
from bwcstore.errors import BwcStoreError, ErrorKind, StorageError

T = TypeVar("T")

GROUP: Final = 64


@attrs.frozen(kw_only=True)
class Extended:
    """What came of making the locks of records longer.

    Attributes:
        versions: how many versions are locked until then.
        problems: what failed, one sentence each.
    """

    versions: int
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Record:
    """A name to be locked; `listed` where only the storage says that it is there."""

    name: str
    right: Right
    listed: bool


def extend_records(services: Services, until: Instant) -> Extended:
    """Lock every record until then.

    Raises:
        StorageError: the records could not be listed.
    """
    workers = services.environment.workers
    count = 0
    problems: list[str] = []
    for group in groups(_records(services), GROUP):
        pending = [
            (one.name, workers.submit(partial(_extend, services.backend, one, until)))
            for one in group
        ]
        for name, work in pending:
            try:
                count += work.result()
            except BwcStoreError as exc:
                problems.append(f"{name}: {exc.message}")
    return Extended(versions=count, problems=tuple(problems))


def _records(services: Services) -> Iterator[_Record]:
    """Every record: what the ledger names, and what is derived from it or named by digest."""
    log, finder = services.log, Finder(services)
    places = dict.fromkeys(log.place(index) for index in range(log.size))
    named = dict.fromkeys(_layout.batch(*place) for place in places)
    for found in log.view(lambda state: [*state.objects()]):
        named[_layout.manifest(found.object_id, found.manifest_digest)] = None
    for name in named:
        if right := finder.right_of(name):
            yield _Record(name=name, right=right, listed=False)
    # Which checkpoints, tiles and annexes there are, only the storage's own list says.
    checkpoints = [_layout.checkpoint_prefix(one) for one in range(log.generation + 1)]
    for prefix in (_layout.LEDGER, *checkpoints, _layout.ANNEXES):
        for stat in services.backend.list(prefix):
            if stat.name not in named and (right := finder.right_of(stat.name)):
                yield _Record(name=stat.name, right=right, listed=True)


def _extend(backend: Backend, record: _Record, until: Instant) -> int:
    versions = stored(backend, record.name)
    if record.listed or len(versions) > 1:
        versions = [
            one for one in versions if record.right.version(backend, record.name, one.version_id)
        ]
        if not versions and not record.listed:
            raise StorageError(ErrorKind.LOCK_REFUSED, "no version is right: nothing to lock")
    for version in versions:
        if is_short(version, until):
            backend.extend_lock(record.name, version.version_id, until)
    return len(versions)


def groups(items: Iterable[T], count: int) -> Iterator[list[T]]:
    """Items in groups of at most so many."""
    left = iter(items)
    while group := [*islice(left, count)]:
        yield group


def stored(backend: Backend, name: str) -> list[StoredVersion]:
    """The versions of a name that can be locked: markers cannot, and hide nothing.

    Raises:
        StorageError: there are none.
    """
    found = [version for version in backend.versions(name) if not version.marker]
    if not found:
        raise StorageError(ErrorKind.LOCK_REFUSED, f"{name} is missing: nothing to lock")
    return found


def is_short(version: StoredVersion, until: Instant) -> bool:
    """Whether a version has no lock, or one that ends before."""
    return version.locked_until is None or version.locked_until < until
