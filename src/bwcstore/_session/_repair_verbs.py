"""Verbs of a session: putting right what somebody did to the storage."""

from collections.abc import Iterator

from bwcstore._ports import Progress, no_progress
from bwcstore._session import _shadow_find, _shadow_repair
from bwcstore._session._verbs import Verbs


class RepairVerbs(Verbs):
    """Verbs: finding what is covered, and uncovering it."""

    def find_shadows(self) -> Iterator[_shadow_find.Shadow]:
        """Every stored name that the ledger names and that a newer version or a delete marker
        covers, in order of names. Reads all versions of each; removes nothing.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            StorageError: the storage keeps no versions (`storage-unfit`), or reading failed.
        """
        return _shadow_repair.find_shadows(self._acting)

    def repair_shadows(
        self, *, progress: Progress = no_progress
    ) -> _shadow_repair.ShadowsRepairedReport:
        """Remove the newer versions and delete markers that cover what the ledger names.

        Appends `shadows.repaired` before anything is removed. The version that is right is read
        in full directly before, and stays; a cover that the storage itself keeps stays too, and
        is told. A run that broke off is repeated.

        Args:
            progress: told after every group of names.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            StorageError: the storage keeps no versions (`storage-unfit`), or reading failed; or
                the ledger could not be written.
            IntegrityError: the store is read-only after a rollback or fork.
        """
        return _shadow_repair.repair_shadows(self._acting, progress=progress)
