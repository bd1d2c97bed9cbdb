"""`Session`: every verb that touches evidence, bound to one actor and one reason.

No rules of its own: each verb decides, logs, acts, and a refusal is logged too. A session may be
used from several threads.
"""

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from bwcstore._ports import Progress, no_progress
from bwcstore._session import _actors, _audit, _history, _keys, _leftovers, _many, _read
from bwcstore._session._catalog_verbs import CatalogVerbs
from bwcstore._session._fact_verbs import FactVerbs
from bwcstore._session._hold_verbs import HoldVerbs
from bwcstore._session._ingest import Ingested, ingest
from bwcstore._session._lock_verbs import LockVerbs
from bwcstore._session._purge_verbs import PurgeVerbs
from bwcstore._session._release_verbs import ReleaseVerbs
from bwcstore._session._repair_verbs import RepairVerbs
from bwcstore._session._request_verbs import RequestVerbs
from bwcstore._session._storage_verbs import StorageVerbs
from bwcstore._source import SourceLike
from bwcstore._values import ActorId, Digest, Instant, ObjectId
from bwcstore.audit._budget import Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.custody._authority import Role, Verb
from bwcstore.custody._recording import Recording, SourceId

NO_RECORDING = Recording()


class Session(
    FactVerbs,
    HoldVerbs,
    RequestVerbs,
    ReleaseVerbs,
    PurgeVerbs,
    CatalogVerbs,
    LockVerbs,
    RepairVerbs,
    StorageVerbs,
):
    """One actor at work in one store for one reason.

    Made by `Store.session`. Closing it writes what was only counted so far; it does not close the
    store.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write refusals that were only counted so far. May be called twice.

        Raises:
            StorageError: they could not be written.
        """
        self._acting.close()

    def ingest(
        self,
        source: SourceLike,
        *,
        source_id: SourceId | None = None,
        recording: Recording = NO_RECORDING,
        length_bytes: int | None = None,
        expected_sha256: Digest | None = None,
        progress: Progress = no_progress,
    ) -> Ingested:
        """Make an evidence object of a stream, and return once its entry is durable.

        Appends `object.ingested`. With a `source_id`, the same source is ingested once: again, it
        returns the receipt it returned before. A broken ingest of a path with a `source_id` is
        taken up where it broke.

        Args:
            source: a path, a URL that fsspec opens, or a binary file read from where it stands.
            source_id: the caller's name of the recording.
            recording: what is known of it.
            length_bytes: how long it must be; by default what the file system says.
            expected_sha256: what its SHA-256 must be, where the caller knows.
            progress: told of every group of chunks.

        Raises:
            AuthorizationError: the actor may not ingest; appended as `access.refused`.
            InvalidInputError: the source is missing, not regular, unreadable, shorter or longer
                than announced, changed meanwhile, has another digest, or its `source_id` names
                an object with other bytes.
            RetentionError: its `source_id` names an object that was destroyed
                (`source-purged`); appended as `access.refused`.
            StorageError: storage or a vault replica failed; nothing exists.
            IntegrityError: the store is read-only after a rollback or fork.
        """
        return ingest(
            self._acting,
            source,
            source_id=source_id,
            recording=recording,
            length_bytes=length_bytes,
            expected_sha256=expected_sha256,
            progress=progress,
        )

    def ingest_many(
        self,
        items: Iterable[_many.Item],
        *,
        progress: Progress = no_progress,
    ) -> Iterator[Ingested | _many.Failed]:
        """Ingest several sources at once, as many as there are processors.

        Appends `object.ingested` for each. Results come in the order of the items; one that
        fails does not stop the others.
        """
        return _many.ingest_many(self._acting, items, progress=progress)

    def read(self, object_id: ObjectId) -> io.RawIOBase:
        """Open an object's plaintext as a seekable binary file.

        Appends `object.accessed` before it returns, and `access.ended` when the file is closed.
        Every chunk is authenticated before a byte of it is returned.

        Raises:
            NotFoundError: there is no such object.
            AuthorizationError: no authorization in force admits the actor for the session's
                purpose, or the adopted law does not (`law-forbids`, `redaction-required`,
                `purpose-unknown`; spec: CUS-30 to CUS-34); appended as `access.refused`.
            RetentionError: it was destroyed (`object-purged`), or is being destroyed
                (`purge-started`); appended likewise.
            IntegrityError: manifest or header do not verify.
            KeyVaultError: the content key is missing.
        """
        return _read.open_object(self._acting, object_id, Verb.READ)

    def export(
        self,
        object_id: ObjectId,
        target: str | os.PathLike[str],
        *,
        progress: Progress = no_progress,
    ) -> _read.Exported:
        """Copy an object's plaintext to a new file, whose whole SHA-256 was compared.

        Appends `object.accessed` and `access.ended`.

        Raises:
            AlreadyExistsError: the target exists.
            InvalidInputError: the target's folder does not exist.
            StorageError: the target cannot be written; nothing is left of it.
            IntegrityError: the object does not verify; nothing is left of the target.
            NotFoundError: there is no such object.
            AuthorizationError: as for `read`.
            RetentionError: as for `read`.
            KeyVaultError: the content key is missing.
        """
        return _read.export_object(self._acting, object_id, Path(target), progress=progress)

    def describe(self, object_id: ObjectId) -> _history.Description:
        """What is known of an object, sealed parts included.

        Raises:
            NotFoundError: there is no such object.
            AuthorizationError: the actor may not see it; appended as `access.refused`.
        """
        return _history.describe(self._acting, object_id)

    def log(self, object_id: ObjectId | None = None) -> Iterator[_history.LogLine]:
        """The entries of an object in order, or of the whole ledger, opened where keys allow.

        Raises:
            NotFoundError: there is no such object.
            AuthorizationError: the actor may not see the log; appended as `access.refused`.
        """
        return _history.log_lines(self._acting, object_id)

    def actors(self) -> tuple[_history.ActorLine, ...]:
        """Every actor ever enrolled.

        Raises:
            AuthorizationError: the actor may not see them; appended as `access.refused`.
        """
        return _history.actor_lines(self._acting)

    def enrol(
        self,
        login: str,
        *,
        roles: Iterable[Role],
        name: str | None = None,
        public_key: bytes | None = None,
    ) -> ActorId:
        """Let somebody act, or replace the roles and key of an actor.

        Appends `actor.enrolled`. `public_key` is a 32-byte Ed25519 key.

        Raises:
            AuthorizationError: the actor may not enrol; appended as `access.refused`.
            InvalidInputError: no role, or a malformed name or key.
        """
        wanted = _actors.enrolment(login, roles=roles, name=name, public_key=public_key)
        return _actors.enrol(self._acting, wanted)

    def revoke_actor(self, login: str) -> None:
        """Take somebody's right to act. Appends `actor.revoked`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: nobody of that name may act.
            InvalidInputError: it is the acting actor.
        """
        _actors.revoke_actor(self._acting, login)

    def authorize(
        self,
        login: str,
        *,
        purposes: Iterable[str],
        object_id: ObjectId | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Grant a written authorization to access recordings; return its id (a UUID).

        Appends `authorization.granted` (Minn. Stat. 13.825 subd. 7). From `start` (now) until
        `end` (revoked), for one object or all.

        Raises:
            AuthorizationError: the actor may not authorize, or must sign and did not; appended
                as `access.refused`.
            NotFoundError: nobody of that name may act, or there is no such object.
            InvalidInputError: no purpose, one that the adopted law does not have
                (`purpose-unknown`), or an end before the start.
        """
        grant = _actors.Grant(
            login=login,
            purposes=frozenset(purposes),
            object_id=object_id,
            start=start,
            end=end,
            statement=statement,
            document_sha256=document_sha256,
        )
        return _actors.authorize(self._acting, grant)

    def revoke_authorization(self, authorization_id: str) -> None:
        """End a written authorization. Appends `authorization.revoked`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such authorization is in force.
        """
        _actors.revoke_authorization(self._acting, authorization_id)

    def audit(
        self,
        *,
        budget: Budget | None = None,
        object_id: ObjectId | None = None,
        expect: Iterable[bytes] = (),
        cursor: Cursor | None = None,
        progress: Progress = no_progress,
    ) -> Report:
        """Re-derive everything from stored bytes, with keys: every plaintext digest too.

        Appends `audit.started` and `audit.ended`. Releases no plaintext. Findings are returned,
        not raised.

        Raises:
            AuthorizationError: the actor may not audit; appended as `access.refused`.
            StorageError: the storage cannot be read at all.
        """
        return _audit.audit_with_keys(
            self._acting,
            budget=budget,
            object_id=object_id,
            expect=tuple(expect),
            cursor=cursor,
            progress=progress,
        )

    def rotate_keys(self) -> _keys.Rotation:
        """Replace the key epoch: re-wrap every living key, destroy the old epoch.

        Appends `keys.rotation_started` and `keys.epoch_destroyed`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            StorageError: a vault replica failed; the old epoch is still good.
        """
        return _keys.rotate(self._acting)

    def leftovers(
        self, *, older_than_seconds: float = _leftovers.AGE_SECONDS_DEFAULT
    ) -> tuple[_leftovers.Leftover, ...]:
        """What broken ingests left behind, nothing of it younger than `older_than_seconds`.

        Raises:
            StorageError: the storage cannot be listed.
        """
        return _leftovers.find(self._acting.services, older_than_seconds=older_than_seconds)

    def discard_leftovers(
        self, *, older_than_seconds: float = _leftovers.AGE_SECONDS_DEFAULT
    ) -> _leftovers.Discarded:
        """Remove leftovers and their keys. Cannot touch an object that was ingested.

        Appends `leftovers.discarded` before anything is removed.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: `older_than_seconds` is under an hour.
            StorageError: something could not be removed; run it again.
        """
        return _leftovers.discard(self._acting, older_than_seconds=older_than_seconds)

    def close_generation(self) -> int:
        """Close the ledger's generation and open the next; return its number.

        Appends `generation.closed` and `generation.opened`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            StorageError: it could not be written.
        """
        return self._acting.close_generation()
