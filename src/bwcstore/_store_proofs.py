"""What a store can prove to somebody who has nothing of it: checkpoints, proofs, certificates."""

from collections.abc import Iterable, Iterator

from bwcstore._session._certificates import certificates, store_history
from bwcstore._session._history import require
from bwcstore._session._services import Services
from bwcstore._values import ObjectId
from bwcstore.ledger._checkpoint import read_checkpoint


class StoreProofs:
    """The part of `Store` that proves."""

    _services: Services

    def checkpoint(self) -> bytes:
        """A signed note over every entry so far (spec: CHK); stored and remembered.

        Raises:
            StorageError: it could not be stored.
            IntegrityError: the store is read-only.
        """
        self._services.settle()
        return self._services.log.checkpoint()

    def prove_entry(self, index: int) -> bytes:
        """The `.tlog-proof` of one entry, under a checkpoint.

        Raises:
            NotFoundError: there is no such entry.
            StorageError: a checkpoint was needed and could not be stored.
        """
        return self._services.log.prove_inclusion(index)

    def prove_object(self, object_id: ObjectId) -> bytes:
        """The `.tlog-proof` of the entry that an object exists by.

        Raises:
            NotFoundError: there is no such object.
            StorageError: a checkpoint was needed and could not be stored.
        """
        self._services.settle()
        self._services.log.refresh()
        return self.prove_entry(require(self._services, object_id).ingested_index)

    def prove_consistency(self, old: bytes) -> bytes:
        """That the ledger of now extends an earlier checkpoint (a signed note) of it.

        The answer has the form of the C2SP witness protocol's `add-checkpoint` request.

        Raises:
            FormatError: `old` is not a checkpoint.
            InvalidInputError: it is of another generation or larger than the ledger.
            StorageError: a checkpoint was needed and could not be stored.
        """
        return self._services.log.prove_extension(read_checkpoint(old))

    def certificate(self, object_id: ObjectId) -> bytes:
        """The certificate of a destroyed recording (spec: CRT): leaves, proofs and what follows.

        It says as much as the ledger shows by now: a later one may claim more.

        Raises:
            NotFoundError: there is no such object.
            InvalidInputError: it is not destroyed, or its destruction is not complete
                (`purge-unfinished`).
            IntegrityError: the ledger does not prove what a certificate has to say.
            StorageError: reading failed, or a checkpoint was needed and could not be stored.
        """
        (found,) = self.certificates((object_id,))
        return found

    def certificates(self, object_ids: Iterable[ObjectId]) -> Iterator[bytes]:
        """The certificates of destroyed recordings, one after the other; as `certificate`, and
        much faster for many.

        Raises:
            NotFoundError: there is no such object.
            InvalidInputError: one is not destroyed, or its destruction is not complete
                (`purge-unfinished`).
            IntegrityError: the ledger does not prove what a certificate has to say.
            StorageError: reading failed, or a checkpoint was needed and could not be stored.
        """
        self._services.settle()
        self._services.log.refresh()
        return certificates(self._services, object_ids)

    def store_history(self, *, until: int | None = None) -> bytes:
        """The chain of scope `store`, by which a certificate's reader sees that no hold stood in
        the way (spec: CRT-19). It has the leaves of the auditor's tier.

        Args:
            until: only entries before this index; all when None.

        Raises:
            StorageError: reading failed.
            IntegrityError: the ledger does not verify.
        """
        self._services.settle()
        self._services.log.refresh()
        return store_history(self._services, until=until)
