"""The capability report."""

import errno
from pathlib import Path

import pytest

from bwcstore.errors import ErrorKind
from bwcstore.storage._errno import translate
from bwcstore.storage._probe import find_mount

MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:20 / /proc rw - proc proc rw
24 22 0:30 / /srv/evi\040dence rw - nfs4 host:/export rw
25 22 0:31 / /srv/two rw - ext4 /dev/vdb rw
26 22 0:32 / /srv/two rw master:1 - cifs //host/two rw
a line that means nothing
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/evi dence/store", ("nfs4", "/srv/evi dence")),
        ("/srv/evi dence", ("nfs4", "/srv/evi dence")),
        ("/srv/evi dencer", ("ext4", "/")),
        ("/srv/two/store", ("cifs", "/srv/two")),
        ("/nowhere", ("ext4", "/")),
    ],
)
def test_the_mount_of_a_path(path: str, expected: tuple[str, str]) -> None:
    """The longest mount point above a path counts, and the latest on one point."""
    assert expected == find_mount(Path(path), MOUNTS)


def test_without_mounts() -> None:
    """Where the kernel tells nothing, nothing is made up."""
    assert ("unknown", "") == find_mount(Path("/srv"), "")


@pytest.mark.spec("STO-20")
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ErrorKind.STORAGE_FULL),
        (errno.EDQUOT, ErrorKind.STORAGE_FULL),
        (errno.EFBIG, ErrorKind.STORAGE_FULL),
        (errno.EROFS, ErrorKind.STORAGE_READ_ONLY),
        (errno.EACCES, ErrorKind.STORAGE_DENIED),
        (errno.EPERM, ErrorKind.STORAGE_DENIED),
        (errno.ELOOP, ErrorKind.STORAGE_UNFIT),
        (errno.ENOTDIR, ErrorKind.STORAGE_UNFIT),
        (errno.EIO, ErrorKind.STORAGE_IO),
        (errno.ESTALE, ErrorKind.STORAGE_IO),
        (99999, ErrorKind.STORAGE_IO),
    ],
)
def test_errors_of_the_system(number: int, kind: ErrorKind) -> None:
    """Every error of the system has a kind; what is not foreseen is an I/O error."""
    assert kind == translate(OSError(number, ""), "creating a")[0]
