"""What the storage was last asked to keep, and what it says of it now."""

from functools import partial

from bwcstore import _layout
from bwcstore._ports import StoredVersion
from bwcstore._session._destroying import names_of
from bwcstore._session._services import Services
from bwcstore._values import ObjectId
from bwcstore.custody._records import LocksSynced
from bwcstore.errors import ErrorKind, NotFoundError


class StoreLocks:
    """The part of `Store` that tells of locks. It asks, and changes nothing."""

    _services: Services

    @property
    def locks_synced(self) -> LocksSynced | None:
        """When the storage was last told what to keep; None before any `Session.sync_locks`."""
        return self._services.log.state.store.synced

    def stored_versions(self, object_id: ObjectId) -> tuple[StoredVersion, ...]:
        """Every version of everything that is stored of a recording, with its locks: first the
        manifest, then the segments in their order, the newest version of each name first.

        Raises:
            NotFoundError: there is no such object.
            StorageError: the storage could not be asked.
        """
        self._services.settle()
        self._services.log.refresh()
        found = self._services.log.state.object(object_id)
        if found is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
        backend, workers = self._services.backend, self._services.environment.workers
        names = (_layout.manifest(object_id, found.manifest_digest), *names_of(found))
        asked = [workers.submit(partial(backend.versions, name)) for name in names]
        return tuple(version for one in asked for version in one.result())
