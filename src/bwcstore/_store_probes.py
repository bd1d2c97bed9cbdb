"""Trying out where a store lies, and what that said the last time."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bwcstore._ports import Backend, Capability
from bwcstore._session._services import Services
from bwcstore._session._storage_words import place_kind
from bwcstore._values import LockMode
from bwcstore.custody._proving import is_unproven
from bwcstore.custody._records import Probed
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._probe_result import PlaceKind, ProbeResult
from bwcstore.storage._probing import probe_place


class StoreProbes:
    """The part of `Store` that tries its places out."""

    _services: Services
    _held: Sequence[Backend]

    def probe(self, place: str = "evidence") -> tuple[ProbeResult, ...]:
        """Try a place of the store out with canaries: what it promises, and whether it keeps it.

        Takes a few seconds in a bucket, until the locks of the canaries are over, and needs the
        right to do there what a store never does. Nothing is recorded: see
        `Session.record_probe`.

        Args:
            place: `evidence`, `vault` or `claims`.

        Returns:
            one result; for `vault`, one for each replica.

        Raises:
            InvalidInputError: there is no such place.
            StorageError: the store has none (`storage-unfit`), or it cannot be looked at.
        """
        kind = place_kind(place)
        backends = self._backends(kind)
        if not backends:
            raise StorageError(
                ErrorKind.STORAGE_UNFIT, f"the store has no place for {kind} that can be tried"
            )
        locking = self._services.log.state.store.parameters
        asked = locking.locking if locking is not None else None
        return tuple(
            probe_place(
                backend,
                environment=self._services.environment,
                place=kind,
                mode=asked.mode if asked is not None else LockMode.NONE,
            )
            for backend in backends
        )

    def _backends(self, kind: PlaceKind) -> Sequence[Backend]:
        evidence = self._services.backend
        if kind is PlaceKind.VAULT:
            return self._held[1:]
        if kind is PlaceKind.CLAIMS and Capability.CLAIMS not in evidence.properties.capabilities:
            return ()
        return (evidence,)

    @property
    def probed(self) -> Mapping[str, Probed]:
        """The last recorded probe of each place that has one."""
        return MappingProxyType(dict(self._services.log.state.store.probed))

    @property
    def _unproven(self) -> bool:
        return is_unproven(
            self._services.log.state.store, self._services.backend.properties.capabilities
        )
