"""What a filesystem can do, tried out rather than believed.

Responsible for the capability report of a directory: `bwcstore doctor` shows it, the local
backend chooses by it. Everything it creates is hidden and removed at once.
"""

import itertools
import mmap
import os
from pathlib import Path
from typing import Final

import attrs

from bwcstore._ports import Capability
from bwcstore.errors import ErrorKind
from bwcstore.storage._direct import ALIGNMENT_BYTES, bypass_cache
from bwcstore.storage._errno import translate
from bwcstore.storage._staging import TEMPORARY_PREFIX, Publication, Staged, rename_exclusive

FREE_WARNING_BYTES: Final = 1 << 30
_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb3",
        "smbfs",
        "virtiofs",
    ]
)
_VOLATILE: Final = frozenset(("ramfs", "tmpfs"))


@attrs.frozen(kw_only=True)
class Report:
    """What was found out about a directory.

    Attributes:
        location: the directory, for people.
        filesystem: the type of its filesystem as the kernel names it; `unknown` if it does not.
        mount_point: where that is mounted.
        free_bytes: what an unprivileged process may still store there.
        publication: how a file can get its name without replacing another; None if not at all.
        obstacle: why nothing can be created, if so.
        direct_io: whether large writes can go past the page cache.
        warnings: what a custodian should know, one sentence each.
    """

    location: str
    filesystem: str
    mount_point: str
    free_bytes: int
    publication: Publication | None
    obstacle: ErrorKind | None
    direct_io: bool
    warnings: tuple[str, ...]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The same in the words of the port."""
        found = set()
        if self.publication is not None:
            found.add(Capability.CREATE_ONLY)
        if self.direct_io:
            found.add(Capability.DIRECT_IO)
        return frozenset(found)


@attrs.frozen(kw_only=True)
class _Trial:
    publication: Publication | None
    obstacle: ErrorKind | None
    direct_io: bool
    warnings: tuple[str, ...]


def probe(directory: int, path: Path) -> Report:
    """Find out what the filesystem of a directory can do.

    Args:
        directory: an open descriptor of it.
        path: its path, for the report and for finding its mount.

    Raises:
        OSError: it cannot even be asked for its free space.
    """
    filesystem, mount_point = find_mount(path, _read_mounts())
    space = os.fstatvfs(directory)
    free_bytes = space.f_bavail * space.f_frsize
    trial = _try_out(directory)
    warnings = list(trial.warnings)
    if filesystem in _NETWORK or filesystem.startswith("fuse"):
        warnings.append(
            f"{filesystem} may be a network filesystem: whether syncing reaches a disk, and "
            "whether exclusive creation holds between machines, is up to the server."
        )
    if filesystem in _VOLATILE:
        warnings.append(f"{filesystem} loses everything when the machine stops.")
    if free_bytes < FREE_WARNING_BYTES:
        warnings.append(f"Only {free_bytes >> 20} MiB are free.")
    return Report(
        location=str(path),
        filesystem=filesystem,
        mount_point=mount_point,
        free_bytes=free_bytes,
        publication=trial.publication,
        obstacle=trial.obstacle,
        direct_io=trial.direct_io,
        warnings=tuple(warnings),
    )


def _try_out(directory: int) -> _Trial:
    numbers = itertools.count()
    try:
        staged = Staged.begin(directory, numbers)
    except OSError as exc:
        obstacle, message = translate(exc, "Nothing can be created here")
        return _Trial(
            publication=None,
            obstacle=obstacle,
            direct_io=False,
            warnings=(f"{message}.",),
        )
    try:
        direct_io = _try_direct(staged.descriptor)
        publication = _try_publication(directory, staged.temporary)
    finally:
        staged.discard()
    warnings = {
        Publication.LINK: (),
        Publication.RENAME: ("There are no hard links; exclusive renaming is used instead.",),
        None: ("There are neither hard links nor exclusive renaming: nothing is write-once.",),
    }[publication]
    return _Trial(
        publication=publication,
        obstacle=None if publication else ErrorKind.STORAGE_UNFIT,
        direct_io=direct_io,
        warnings=warnings,
    )


def _try_direct(descriptor: int) -> bool:
    if not bypass_cache(descriptor):
        return False
    with mmap.mmap(-1, ALIGNMENT_BYTES) as page:
        try:
            return os.write(descriptor, page) == ALIGNMENT_BYTES
        except OSError:
            return False


def _try_publication(directory: int, temporary: str) -> Publication | None:
    target = f"{TEMPORARY_PREFIX}{temporary.removeprefix(TEMPORARY_PREFIX)}-probe"
    for publication in Publication:
        try:
            if publication is Publication.LINK:
                os.link(temporary, target, src_dir_fd=directory, dst_dir_fd=directory)
            else:
                rename_exclusive(directory, temporary, target)
        except FileExistsError:
            return publication
        except OSError:
            continue
        os.unlink(target, dir_fd=directory)
        return publication
    return None


def _read_mounts() -> str:
    try:
        return _MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return ""


def find_mount(path: Path, mounts: str) -> tuple[str, str]:
    """The type and mount point of the filesystem that holds `path`.

    Args:
        path: any existing path.
        mounts: text in the form of `/proc/self/mountinfo`.
    """
    place = os.path.realpath(path)
    best = ("unknown", "")
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _unescape(fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later line covers the earlier.
        if inside and len(point) >= len(best[1]):
            best = (after.split(" ")[0], point)
    return best


def _unescape(text: str) -> str:
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escaped, plain)
    return text
