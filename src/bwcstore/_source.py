"""Where recordings come from: a path, a binary file object, or a URL that fsspec can open.

Rules kept here:

- only regular files are opened by path; a directory, device, pipe or socket is refused;
- a source that changes while it is read is noticed: same device, inode, length and
  modification time before and after;
- the name is kept as bytes: names need not be text.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Self

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError

_URL_MARK: Final = "://"

SourceLike = str | os.PathLike[str] | BinaryIO


@attrs.define(kw_only=True)
class OpenedSource:
    """A source ready to be read from its start.

    Attributes:
        file: a binary file with `readinto`.
        name: what it is called, as bytes; None for a nameless stream.
        length_bytes: as announced by where it comes from; None when unknown.
        path: where PyAV may look at it; None when it has no path.
    """

    file: BinaryIO
    name: bytes | None
    length_bytes: int | None
    path: str | None
    _owned: bool
    _identity: Callable[[], object] | None = None
    _before: object = None

    def check_unchanged(self) -> None:
        """Check that the source is what it was when it was opened.

        Raises:
            InvalidInputError: it changed (`SOURCE_CHANGED`).
        """
        if self._identity is not None and self._identity() != self._before:
            raise InvalidInputError(
                ErrorKind.SOURCE_CHANGED, f"source {self.shown} changed while it was read"
            )

    def rewind(self) -> bool:
        """Go back to the start; return whether the source can."""
        if not self.file.seekable():
            return False
        self.file.seek(0)
        return True

    @property
    def shown(self) -> str:
        """The name for messages: printable, quoted."""
        return repr(os.fsdecode(self.name)) if self.name is not None else "<stream>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self.file.close()


def open_source(source: SourceLike) -> OpenedSource:
    """Open a path, a URL, or take a binary file object as it is.

    A file object is read from its present position, is not closed, and must be binary.

    Raises:
        InvalidInputError: it does not exist (`SOURCE_NOT_FOUND`), is not a regular file
            (`SOURCE_NOT_REGULAR`), cannot be opened (`SOURCE_UNREADABLE`), or is not binary
            (`ARGUMENT_INVALID`).
    """
    if isinstance(source, str) and _URL_MARK in source:
        return _open_url(source)
    if isinstance(source, str | os.PathLike):
        return _open_path(Path(source))
    if not hasattr(source, "readinto") or not hasattr(source, "read"):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"a path or a binary file is needed, not {type(source).__name__}",
        )
    name = getattr(source, "name", None)
    return OpenedSource(
        file=source,
        name=os.fsencode(Path(name).name) if isinstance(name, str) else None,
        length_bytes=None,
        path=None,
        owned=False,
    )


def _open_path(path: Path) -> OpenedSource:
    shown = repr(str(path))
    try:
        # O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError as exc:
        raise InvalidInputError(ErrorKind.SOURCE_NOT_FOUND, f"no such file: {shown}") from exc
    except (OSError, ValueError) as exc:
        kind = ErrorKind.SOURCE_UNREADABLE
        if path.exists() and not path.is_file():
            kind = ErrorKind.SOURCE_NOT_REGULAR
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise InvalidInputError(kind, f"cannot open {shown}: {reason}") from exc
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise InvalidInputError(ErrorKind.SOURCE_NOT_REGULAR, f"not a regular file: {shown}")

    def identity() -> object:
        try:
            now = os.stat(path)  # noqa: PTH116 - the same call as fstat, for the same fields
        except OSError:
            return None
        return _identity(now)

    return OpenedSource(
        file=os.fdopen(descriptor, "rb", buffering=0),
        name=os.fsencode(path.name),
        length_bytes=status.st_size,
        path=str(path),
        owned=True,
        identity=identity,
        before=_identity(status),
    )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _open_url(url: str) -> OpenedSource:
    import fsspec  # noqa: PLC0415 - heavy, and only sources given as URLs need it

    try:
        file = fsspec.open(url, "rb").open()
    except FileNotFoundError as exc:
        raise InvalidInputError(ErrorKind.SOURCE_NOT_FOUND, f"no such source: {url!r}") from exc
    except (OSError, ValueError, ImportError) as exc:
        raise InvalidInputError(
            ErrorKind.SOURCE_UNREADABLE, f"cannot open source {url!r}: {exc}"
        ) from exc
    length = getattr(file, "size", None)
    return OpenedSource(
        file=file,
        name=os.fsencode(url.rsplit("/", 1)[-1]) or None,
        length_bytes=length if isinstance(length, int) else None,
        path=None,
        owned=True,
    )
