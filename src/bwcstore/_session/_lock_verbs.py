"""Verbs of a session: what the storage itself is to keep."""

from bwcstore._ports import Progress, no_progress
from bwcstore._session import _locks
from bwcstore._session._verbs import Verbs


class LockVerbs(Verbs):
    """Verbs: telling the storage what the ledger asks it to keep."""

    def sync_locks(self, *, progress: Progress = no_progress) -> _locks.LocksSyncedReport:
        """Tell the storage until when to refuse the deletion of each recording, and which are
        held; make the locks of records longer once less than half of their time is left.

        Appends `object.locked` for each recording of which the storage says something else
        afterwards, then `locks.synced`. Only what has changed since the last run is looked at;
        a run that broke off is taken up by the next. What fails for one recording is counted and
        told, and does not stop the others.

        Args:
            progress: told after every group of recordings.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            StorageError: the store was created without locks, or its storage has none
                (`storage-unfit`); or the ledger could not be written.
            IntegrityError: the store is read-only after a rollback or fork.
        """
        return _locks.sync_locks(self._acting, progress=progress)
