"""Small files that hold a secret: readable by their owner alone, or refused.

Rules kept here:

- what is judged is the open file, not its name, so that it cannot be exchanged in between;
- a new file never replaces another, is never readable by others, not even for a moment, and is on
  the disk before anything relies on it.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from bwcstore.errors import ErrorKind, KeyVaultError

_SIZE_MAX: Final = 64 * 1024
_MODE_ALLOWED: Final = 0o600


def read_private_file(path: Path) -> bytes:
    """Read a file that nobody but its owner can read, and root can always (VLT-21).

    Raises:
        KeyVaultError: it is absent or unreadable (`KEY_FILE_MISSING`), others may read or write
            it or it belongs to somebody else (`KEY_FILE_MODE`), or it is no regular file of at
            most 64 KiB (`KEY_FILE_INVALID`).
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_MISSING, f"key file {path}: {os.strerror(exc.errno or 0)}"
        ) from exc
    try:
        _judge(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(_SIZE_MAX + 1)
    except OSError as exc:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_MISSING, f"key file {path}: {os.strerror(exc.errno or 0)}"
        ) from exc
    finally:
        os.close(descriptor)
    if len(data) > _SIZE_MAX:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_INVALID, f"key file {path}: more than {_SIZE_MAX} bytes"
        )
    return data


def _judge(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise KeyVaultError(ErrorKind.KEY_FILE_INVALID, f"key file {path}: no regular file")
    mode = stat.S_IMODE(facts.st_mode)
    if mode & ~_MODE_ALLOWED:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_MODE,
            f"key file {path}: mode {mode:04o}, expected 0600 or stricter",
        )
    if facts.st_uid not in (os.geteuid(), 0):
        raise KeyVaultError(
            ErrorKind.KEY_FILE_MODE,
            f"key file {path}: owned by user {facts.st_uid}, expected {os.geteuid()} or 0",
        )


def create_private_file(path: Path, data: bytes) -> None:
    """Create a file of mode 0600, durably, if nothing has its name (VLT-21).

    Raises:
        KeyVaultError: the name is taken (`TARGET_EXISTS`) or writing failed (`STORAGE_IO`);
            nothing is left behind.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, _MODE_ALLOWED)
    except FileExistsError as exc:
        raise KeyVaultError(ErrorKind.TARGET_EXISTS, f"key file {path} exists") from exc
    except OSError as exc:
        raise _failed(path, exc) from exc
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        _sync_directory(path.parent)
    except OSError as exc:
        with contextlib.suppress(OSError):
            path.unlink()
        raise _failed(path, exc) from exc


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: Path, exc: OSError) -> KeyVaultError:
    return KeyVaultError(ErrorKind.STORAGE_IO, f"key file {path}: {os.strerror(exc.errno or 0)}")
