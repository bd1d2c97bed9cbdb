"""The backend over a local disk, on plain system calls.

Responsible for the contract of `Backend` (spec chapter `storage-operations`) on a directory of a
Linux filesystem. A name is a path below the root. Rules kept here:

- a create costs two syncs, of the file and of its directory, and not one more (STO-5);
- nothing outside the root is ever touched, whatever stands in a name or in the root (STO-3);
- what was found out about the filesystem is found out once, and before the first write.

It trusts who may write in the root not to rename its directories while it works.
"""

import itertools
import os
import stat as modes
from collections.abc import Iterator, Sequence
from enum import Enum, unique
from pathlib import Path
from threading import Lock
from typing import Final

from bwcstore._layout import check_name, check_prefix
from bwcstore._ports import (
    ONLY_VERSION,
    Backend,
    Properties,
    Source,
    Stat,
    StoredVersion,
    Upload,
)
from bwcstore._values import ByteRange, Instant
from bwcstore.errors import AlreadyExistsError, ErrorKind, NotFoundError, StorageError
from bwcstore.storage._direct import LocalUpload, write_all
from bwcstore.storage._directory import Directories
from bwcstore.storage._errno import translate, translated
from bwcstore.storage._listing import find_temporaries, strangers, walk
from bwcstore.storage._probe import Report, probe
from bwcstore.storage._reading import LocalSource, read_range, stat_of
from bwcstore.storage._staging import Publication, Staged, discard_abandoned

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@unique
class DirectIO(Enum):
    """Whether large uploads go past the page cache."""

    WHERE_POSSIBLE = "where-possible"
    NEVER = "never"


class LocalBackend(Backend):
    """Write-once storage in a directory.

    Files are mode 0444 and directories 0700, less the umask. Opening writes nothing; the first
    write, or asking for `properties`, tries out in the root what the filesystem can do.
    """

    def __init__(
        self,
        root: Path,
        *,
        direct_io: DirectIO = DirectIO.WHERE_POSSIBLE,
        publication: Publication | None = None,
    ) -> None:
        """Open an existing root.

        Args:
            root: the directory; a symbolic link to it is followed, once, here.
            direct_io: whether large uploads go past the page cache.
            publication: how a file gets its name; None chooses what the filesystem can do.

        Raises:
            StorageError: there is no such directory (`NOT_A_STORE`), or it may not be opened.
        """
        self.root = root
        try:
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise StorageError(ErrorKind.NOT_A_STORE, f"{root}: no such directory") from exc
        except OSError as exc:
            raise StorageError(*translate(exc, f"opening {root}")) from exc
        self._directories = Directories(descriptor)
        self._direct_io = direct_io
        self._publication = publication
        self._report: Report | None = None
        self._probing = Lock()
        self._numbers = itertools.count()

    @classmethod
    def create_root(cls, root: Path) -> "LocalBackend":
        """Make an empty root that only its owner may enter, durably, and open it.

        Args:
            root: the directory to make; its parent must exist. An empty one may exist already.

        Raises:
            AlreadyExistsError: there is something in it (`STORE_EXISTS`).
            StorageError: it cannot be made.
        """
        with translated(f"making {root}"):
            try:
                root.mkdir(0o700)
            except FileExistsError:
                if not root.is_dir() or any(root.iterdir()):
                    raise AlreadyExistsError(
                        ErrorKind.STORE_EXISTS, f"{root}: not an empty directory"
                    ) from None
            parent = os.open(root.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(parent)
            finally:
                os.close(parent)
        return cls(root)

    def close(self) -> None:
        """Release the descriptors that are held. May be called twice."""
        self._directories.close()

    def report(self) -> Report:
        """What the filesystem under the root can do, tried out once per opened root.

        Raises:
            StorageError: it cannot even be asked.
        """
        with self._probing:
            if self._report is None:
                with translated(f"probing {self.root}"), self._directories.present("") as root:
                    self._report = probe(root, self.root)
            return self._report

    @property
    def properties(self) -> Properties:
        """See `Backend.properties`; from `report`."""
        report = self.report()
        return Properties(
            location=report.location, capabilities=report.capabilities, warnings=report.warnings
        )

    def _fit(self) -> tuple[Publication, bool]:
        # How to publish, and whether to go past the page cache.
        report = self.report()
        publication = self._publication or report.publication
        if publication is None:
            raise StorageError(
                report.obstacle or ErrorKind.STORAGE_UNFIT,
                f"{self.root}: {' '.join(report.warnings) or 'nothing can be created here'}",
            )
        return publication, report.direct_io and self._direct_io is DirectIO.WHERE_POSSIBLE

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        check_name(name)
        publication, _ = self._fit()
        joined = data if isinstance(data, bytes) else b"".join(data)
        directory, _, leaf = name.rpartition("/")
        with translated(f"creating {name}"):
            try:
                return self._create(directory, leaf, joined, publication)
            except FileNotFoundError:
                # A directory known from before is gone, and so may be those above it.
                self._directories.forget()
                return self._create(directory, leaf, joined, publication)

    def _create(self, directory: str, leaf: str, data: bytes, publication: Publication) -> Stat:
        name = f"{directory}/{leaf}" if directory else leaf
        with self._directories.lasting(directory) as descriptor:
            staged = Staged.begin(descriptor, self._numbers)
            try:
                write_all(staged.descriptor, memoryview(data))
                os.fsync(staged.descriptor)
                found = os.fstat(staged.descriptor)
                staged.publish(leaf, name, publication)
            finally:
                staged.discard()
        return stat_of(name, found)

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:  # noqa: ARG002 - a file system locks nothing
        """See `Backend.create_large`."""
        check_name(name)
        publication, direct = self._fit()
        directory, _, _ = name.rpartition("/")
        with translated(f"creating {name}"):
            try:
                return self._begin(name, directory, publication, direct=direct)
            except FileNotFoundError:
                self._directories.forget()
                return self._begin(name, directory, publication, direct=direct)

    def _begin(
        self, name: str, directory: str, publication: Publication, *, direct: bool
    ) -> Upload:
        with self._directories.lasting(directory) as shared:
            descriptor = os.dup(shared)
        try:
            staged = Staged.begin(descriptor, self._numbers)
        except OSError:
            os.close(descriptor)
            raise
        return LocalUpload(name, descriptor, staged, publication, direct=direct)

    def _descriptor(self, name: str) -> tuple[int, os.stat_result]:
        check_name(name)
        directory, _, leaf = name.rpartition("/")
        with translated(f"opening {name}"):
            try:
                with self._directories.present(directory) as parent:
                    descriptor = os.open(leaf, _READ, dir_fd=parent)
            except FileNotFoundError as exc:
                raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist") from exc
            found = os.fstat(descriptor)
        try:
            _check_regular(name, found)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, found

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        descriptor, found = self._descriptor(name)
        try:
            with translated(f"reading {name}"):
                return read_range(descriptor, found.st_size, byte_range)
        finally:
            os.close(descriptor)

    def open(self, name: str) -> Source:
        """See `Backend.open`."""
        descriptor, found = self._descriptor(name)
        return LocalSource(name, descriptor, found.st_size)

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`; `modified` is the file's modification time.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: asking failed.
        """
        check_name(name)
        directory, _, leaf = name.rpartition("/")
        with translated(f"looking at {name}"):
            try:
                with self._directories.present(directory) as parent:
                    found = os.stat(leaf, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError as exc:
                raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist") from exc
        _check_regular(name, found)
        return stat_of(name, found)

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. Reads one directory at a time, as far as the caller gets."""
        check_prefix(prefix)
        return walk(self._directories, prefix)

    def foreign(self, prefix: str) -> Iterator[str]:
        """See `Backend.foreign`. Links, devices and what has no name of ours are others'."""
        check_prefix(prefix)
        return strangers(self._directories, prefix)

    def delete(self, name: str) -> None:
        """See `Backend.delete`."""
        check_name(name)
        directory, _, leaf = name.rpartition("/")
        with translated(f"deleting {name}"):
            try:
                with self._directories.present(directory) as parent:
                    self._unlink(name, leaf, parent)
            except FileNotFoundError:
                return

    def _unlink(self, name: str, leaf: str, parent: int) -> None:
        try:
            _check_regular(name, os.stat(leaf, dir_fd=parent, follow_symlinks=False))
            os.unlink(leaf, dir_fd=parent)
        except (FileNotFoundError, NotFoundError):
            # Somebody else may have removed it a moment ago, and it must be gone for good.
            pass
        os.fsync(parent)

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`. A file system keeps one version, and locks nothing."""
        try:
            found = self.stat(name)
        except NotFoundError:
            return ()
        return (StoredVersion(name=name, version_id=ONLY_VERSION, length_bytes=found.length_bytes),)

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        if version_id == ONLY_VERSION:
            self.delete(name)

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`. Looks through every directory below the prefix."""
        check_prefix(prefix)
        removed = 0
        with translated(f"discarding leftovers in {self.root}"):
            for directory, temporaries in _temporaries(self._directories, prefix):
                with self._directories.present(directory) as parent:
                    count = sum(discard_abandoned(parent, name) for name in temporaries)
                    if count:
                        os.fsync(parent)
                removed += count
        return removed


def _temporaries(directories: Directories, prefix: str) -> Iterator[tuple[str, list[str]]]:
    """The files that broken writes left below a prefix; none where there is no such directory."""
    path = prefix.removesuffix("/")
    try:
        with directories.present(path):
            pass
    except FileNotFoundError:
        return iter(())
    return find_temporaries(directories, path)


def _check_regular(name: str, found: os.stat_result) -> None:
    if modes.S_ISDIR(found.st_mode):
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist")
    if not modes.S_ISREG(found.st_mode):
        raise StorageError(ErrorKind.STORAGE_UNFIT, f"{name}: not a regular file")
