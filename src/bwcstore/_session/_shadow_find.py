"""Which stored names of a store are covered, and which version of each is right.

Rules kept here (spec: SHD-10):

- only what the ledger names is looked at, and only what verifies in full is right;
- of several versions that are right the oldest counts: it is the one that was created;
- no key is used and nothing is opened.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby

import attrs

from bwcstore import _layout
from bwcstore._limits import whole
from bwcstore._ports import Backend, Capability, Source, StoredVersion
from bwcstore._session._services import Services
from bwcstore._shadows import passed_over
from bwcstore._values import Digest, ObjectId
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind, FormatError, IntegrityError, NotFoundError, StorageError
from bwcstore.objects._manifest import Manifest
from bwcstore.objects._reader import fetch_manifest
from bwcstore.objects._stored_segment import is_segment


@attrs.frozen(kw_only=True)
class Shadow:
    """A stored name that is covered.

    Attributes:
        name: the stored name.
        kept: the id of the version that is right; None where none is.
        covers: what lies over it, and every marker, the newest first; every version where none
            is right.
    """

    name: str
    kept: str | None
    covers: tuple[StoredVersion, ...]


@attrs.frozen(kw_only=True)
class Right:
    """What is right under one name: `reads` for small things, `opens` for segments."""

    reads: Callable[[bytes], object] | None = None
    opens: Callable[[Source], bool] | None = None

    def version(self, backend: Backend, name: str, version_id: str) -> bool:
        """Whether one version, read in full, is right.

        Raises:
            StorageError: reading failed.
        """
        with passed_over(NotFoundError):
            if self.opens is not None:
                return self._opened(backend.open_version(name, version_id))
            return self._read(backend.read_version(name, version_id, whole(name)))
        return False

    def named(self, backend: Backend, name: str) -> bool:
        """Whether what everybody reads under the name is right.

        Raises:
            StorageError: reading failed.
        """
        with passed_over(NotFoundError):
            if self.opens is not None:
                return self._opened(backend.open(name))
            return self._read(backend.read(name, whole(name)))
        return False

    def _opened(self, source: Source) -> bool:
        try:
            return self.opens is not None and self.opens(source)
        finally:
            source.close()

    def _read(self, raw: bytes) -> bool:
        try:
            return self.reads is not None and self.reads(raw) is not False
        except (FormatError, IntegrityError):
            return False


class Finder:
    """Looks for covered names of one store."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._backend = services.backend
        self._manifest: Manifest | None = None

    def shadows(self) -> Iterator[tuple[Shadow, Right]]:
        """Every covered name that the ledger names, in order of names, and what is right there.

        Raises:
            StorageError: listing or reading failed, or the storage keeps no versions
                (`STORAGE_UNFIT`).
        """
        place = self._backend.properties
        if Capability.VERSIONS not in place.capabilities:
            raise StorageError(
                ErrorKind.STORAGE_UNFIT,
                f"{place.location} keeps no versions: nothing can be covered there",
            )
        listed = groupby(self._backend.all_versions(""), key=lambda one: one.name)
        for name, versions in listed:
            first = next(versions)
            if first.marker or next(versions, None) is not None:
                right = self.right_of(name)
                found = None if right is None else self._look(name, right)
                if right is not None and found is not None:
                    yield found, right

    def _look(self, name: str, right: Right) -> Shadow | None:
        versions = self._backend.versions(name)
        kept: StoredVersion | None = None
        for version in versions:
            if not version.marker and right.version(self._backend, name, version.version_id):
                kept = version
        if kept is None:
            return Shadow(name=name, kept=None, covers=versions) if versions else None
        # Storage that lists markers apart may place one of the same second under what it covers.
        at = versions.index(kept)
        covers = tuple(one for place, one in enumerate(versions) if place < at or one.marker)
        return Shadow(name=name, kept=kept.version_id, covers=covers) if covers else None

    def right_of(self, name: str) -> Right | None:
        """What is right under a name; None where the ledger has nothing there.

        Raises:
            StorageError: reading failed.
        """
        if segment := _layout.parse_segment(name):
            return self._segment(*segment)
        if manifest := _layout.parse_manifest(name):
            object_id, digest = manifest
            state = self._state(object_id)
            named = state is not None and state.manifest_digest == digest
            return _of_digest(digest) if named else None
        if (annex := _layout.parse_annex(name)) is not None:
            return _of_digest(annex)
        check = self._services.log.check_of(name)
        return None if check is None else Right(reads=check)

    def _state(self, object_id: ObjectId) -> ObjectState | None:
        return self._services.log.view(lambda state: state.object(object_id))

    def _segment(self, object_id: ObjectId, number: int) -> Right | None:
        state = self._state(object_id)
        if state is None or state.status != "present" or number >= state.segment_count:
            return None
        manifest = self._manifest
        if manifest is None or manifest.object_id != object_id:
            try:
                manifest = fetch_manifest(
                    self._backend,
                    store_id=self._services.store_id,
                    object_id=object_id,
                    digest=state.manifest_digest,
                )
            except (FormatError, IntegrityError):
                # Without the manifest nothing tells a right segment from another.
                return Right(opens=lambda _: False)
            self._manifest = manifest
        return Right(opens=lambda source: is_segment(source, manifest, number))


def _of_digest(digest: Digest) -> Right:
    return Right(reads=lambda raw: hashlib.sha256(raw).digest() == digest.raw)
