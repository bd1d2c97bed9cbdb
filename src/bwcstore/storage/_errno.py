"""Operating system errors to errors of this library.

The only place that knows what an `errno` means to a caller. Spec chapter: `storage-operations`
(STO-20).
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bwcstore.errors import ErrorKind, StorageError

_KINDS: Final = {
    errno.ENOSPC: ErrorKind.STORAGE_FULL,
    errno.EDQUOT: ErrorKind.STORAGE_FULL,
    errno.EFBIG: ErrorKind.STORAGE_FULL,
    errno.EROFS: ErrorKind.STORAGE_READ_ONLY,
    errno.EACCES: ErrorKind.STORAGE_DENIED,
    errno.EPERM: ErrorKind.STORAGE_DENIED,
    errno.ELOOP: ErrorKind.STORAGE_UNFIT,
    errno.ENOTDIR: ErrorKind.STORAGE_UNFIT,
}


def translate(exc: OSError, what: str) -> tuple[ErrorKind, str]:
    """The kind and message of the error to raise for `exc`, which hit while doing `what`."""
    number = exc.errno or 0
    kind = _KINDS.get(number, ErrorKind.STORAGE_IO)
    code = errno.errorcode.get(number, "unknown")
    return kind, f"{what}: {os.strerror(number)} ({code})"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Let no `OSError` escape.

    Raises:
        StorageError: in place of any `OSError`.
    """
    try:
        yield
    except OSError as exc:
        raise StorageError(*translate(exc, what)) from exc
