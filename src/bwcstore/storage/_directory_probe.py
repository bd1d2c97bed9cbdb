"""What a place without versions and locks does when it is tried with canaries: a local directory.

A disk never refuses a deletion, so that locks do not apply (PRB-6). Creating, racing, listing and
deleting are tried as in a bucket, through the port of every backend.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from bwcstore._layout import CANARIES
from bwcstore._ports import Backend, Environment
from bwcstore.errors import AlreadyExistsError, BwcStoreError, NotFoundError, StorageError
from bwcstore.storage._canaries import CANARY, STALE_SECONDS, one_wins
from bwcstore.storage._probe_result import (
    CHECKS,
    WAYS,
    Check,
    Outcome,
    PlaceKind,
    ProbeResult,
    in_order,
    protocol_of,
    verdict_without_locks,
)

_FINALITY: Final = ("no-versions", "no-locks", "no-replication", "delete-is-final")


def probe_directory(
    backend: Backend, *, environment: Environment, place: PlaceKind = PlaceKind.EVIDENCE
) -> ProbeResult:
    """Try a place out that has no locks; what concerns them does not apply.

    Raises:
        StorageError: it cannot be listed.
    """
    probe = _Probe(backend, environment)
    probe.remove_leftovers()
    try:
        checks = in_order([*probe.checks(place)])
    finally:
        probe.clean_up()
    return ProbeResult(
        location=backend.properties.location,
        checks=checks,
        verdict=verdict_without_locks(checks),
        protocol=protocol_of(checks),
    )


class _Probe:
    """One run."""

    def __init__(self, backend: Backend, environment: Environment) -> None:
        self._backend = backend
        self._environment = environment
        self._names: set[str] = set()

    def checks(self, place: PlaceKind) -> Iterator[Check]:
        """Every trial, and what does not apply to this place."""
        trials: dict[str, Callable[[], str]] = {"list-after-write": self._listing}
        for way in WAYS:
            trials[f"create-{way}-free"] = partial(self._free, way)
            trials[f"create-{way}-taken"] = partial(self._taken, way)
            trials[f"race-{way}"] = partial(self._race, way)
        if place is PlaceKind.VAULT:
            trials["delete-is-final"] = self._final
        for name, trial in trials.items():
            try:
                why = trial()
            except BwcStoreError as exc:
                yield Check(name=name, outcome=Outcome.REFUSED, detail=exc.message)
            else:
                outcome = Outcome.FAILED if why else Outcome.HELD
                yield Check(name=name, outcome=outcome, detail=why)
        if place is PlaceKind.EVIDENCE:
            for name in CHECKS:
                if name not in trials and name not in _FINALITY:
                    yield Check(name=name, outcome=Outcome.NOT_APPLICABLE)

    def _fresh(self) -> str:
        name = f"{CANARIES}{self._environment.entropy.take(16).hex()}"
        self._names.add(name)
        return name

    def _wins(self, way: str, name: str) -> bool:
        try:
            if way == "put":
                self._backend.create(name, CANARY)
                return True
            upload = self._backend.create_large(name)
            try:
                upload.write(memoryview(CANARY))
                upload.commit()
            finally:
                upload.abort()
        except AlreadyExistsError:
            return False
        return True

    def _free(self, way: str) -> str:
        name = self._fresh()
        if not self._wins(way, name):
            return "a free name was said to be taken"
        return "" if self._backend.read(name) == CANARY else "other bytes were stored"

    def _taken(self, way: str) -> str:
        for first in WAYS:
            name = self._fresh()
            self._wins(first, name)
            if self._wins(way, name):
                return f"a name that was taken by {first} was given again"
        return ""

    def _race(self, way: str) -> str:
        if one_wins(self._fresh, partial(self._wins, way)):
            return ""
        return "of eight writers that raced for a name, not exactly one was told that it has it"

    def _listing(self) -> str:
        name = self._fresh()
        self._wins("put", name)
        shown = any(stat.name == name for stat in self._backend.list(CANARIES))
        return "" if shown else "a listing did not show what had just been stored"

    def _final(self) -> str:
        name = self._fresh()
        self._wins("put", name)
        self._backend.delete(name)
        try:
            self._backend.read(name)
        except NotFoundError:
            return "something is left of what was deleted" if self._backend.versions(name) else ""
        return "what was deleted can be read"

    # --- Removing -----------------------------------------------------------------------------

    def remove_leftovers(self) -> None:
        """Remove canaries of probes that broke off.

        Raises:
            StorageError: the place cannot be listed.
        """
        before = self._environment.clock.now().plus_seconds(-STALE_SECONDS)
        for stat in [*self._backend.list(CANARIES)]:
            if stat.modified is not None and stat.modified < before:
                self._names.add(stat.name)
        self.clean_up()

    def clean_up(self) -> None:
        """Remove the canaries; the next probe removes what stays."""
        for name in sorted(self._names):
            try:
                self._backend.delete(name)
            except StorageError:
                continue
            self._names.discard(name)
