"""Which files an ingest takes, and by which name it knows them when it is run again."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

import attrs

from bwcstore.cli._shown import shown
from bwcstore.custody._recording import SourceId
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError

_SOURCE_TEXT_MAX: Final = 1000
# What a path may hold and still be read by eye in a source id; the rest becomes %XX.
_SAFE: Final = "/ !#$&'()*+,-.:;=?@[]^_`{}~"


@attrs.frozen(kw_only=True)
class Found:
    """One file to ingest: where it is, and how it is called below the folder that was named."""

    path: Path
    relative: Path


@attrs.frozen(kw_only=True)
class Unreadable:
    """A folder that could not be listed, or a named thing that is neither file nor folder."""

    path: Path
    error: BwcStoreError


def find(paths: Iterable[Path], *, hidden: bool) -> Iterator[Found | Unreadable]:
    """The regular files that the paths name, folders in ascending order of the bytes of names.

    A link that is named is followed; links inside folders are not.
    """
    for path in paths:
        if path.is_dir():
            yield from _walk(path, path, hidden=hidden)
        else:
            yield Found(path=path, relative=Path(path.name))


def _walk(folder: Path, root: Path, *, hidden: bool) -> Iterator[Found | Unreadable]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as exc:
        yield Unreadable(
            path=folder,
            error=InvalidInputError(
                ErrorKind.SOURCE_UNREADABLE,
                f"cannot list {shown(str(folder))}: {exc.strerror}",
            ),
        )
        return
    for entry in entries:
        if entry.name.startswith(".") and not hidden:
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root, hidden=hidden)
        elif entry.is_file(follow_symlinks=False):
            yield Found(path=path, relative=path.relative_to(root))


def source_id(found: Found, scope: str) -> SourceId | None:
    """The name by which a file is recognised when its folder is ingested again.

    Its path below the folder, its length and its modification time; None when it cannot be
    examined, and ingest will say why.
    """
    try:
        status = found.path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    name = os.fsencode(found.relative)
    text = quote_from_bytes(name, safe=_SAFE)
    if len(text) > _SOURCE_TEXT_MAX - 64:
        text = f"sha256:{hashlib.sha256(name).hexdigest()}"
    return SourceId(scope=scope, text=f"{text};{status.st_size};{status.st_mtime_ns}")
