"""Verbs of a session: what the storage was seen to do, and what nobody can see of it."""

from collections.abc import Iterable

from bwcstore._session import _storage
from bwcstore._session._verbs import Verbs
from bwcstore.storage._probe_result import ProbeResult


class StorageVerbs(Verbs):
    """Verbs: recording what a place did when it was tried, and what is attested of it."""

    def record_probe(self, result: ProbeResult, *, place: str = "evidence") -> None:
        """Record what `Store.probe` found. Appends `storage.probed`.

        A store that asks for locks, and of whose evidence the last recorded probe did not prove
        that they keep, carries the warning `unproven-worm`.

        Args:
            result: what was found.
            place: `evidence`, `vault` or `claims`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: there is no such place, or the result is of one that is not the
                store's.
            StorageError: it could not be written.
            IntegrityError: the store is read-only after a rollback or fork.
        """
        _storage.record_probe(self._acting, result, place=place)

    def attest_storage(
        self, place: str, *, words: Iterable[str], statement: str | None = None
    ) -> None:
        """Answer for what cannot be tried of a place. Appends `storage.attested`.

        Args:
            place: `evidence`, `vault` or `claims`.
            words: what is attested, codes such as `no-snapshots` or `no-backups`.
            statement: the same in words, sealed.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: there is no such place, or a word is no code.
            StorageError: it could not be written.
            IntegrityError: the store is read-only after a rollback or fork.
        """
        _storage.attest_storage(self._acting, place, words=words, statement=statement)
