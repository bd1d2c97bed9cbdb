"""Walking the directories of a local store.

Rules kept here: names come in ascending order (STO-15); symbolic links are not followed and
whatever cannot be a stored name is passed over (STO-16); one directory at a time is in memory.
"""

import os
from collections.abc import Iterator

from bwcstore._layout import check_name
from bwcstore._ports import Stat
from bwcstore.errors import InvalidInputError
from bwcstore.storage._directory import Directories
from bwcstore.storage._errno import translated
from bwcstore.storage._reading import stat_of
from bwcstore.storage._staging import TEMPORARY_PREFIX


def walk(directories: Directories, prefix: str) -> Iterator[Stat]:
    """Every stored file below `prefix`, which is empty or ends with `/`.

    Raises:
        StorageError: a directory cannot be read.
    """
    with translated(f"listing {prefix or 'everything'}"):
        try:
            parts = _read(directories, prefix[:-1])
        except FileNotFoundError:
            return
    for part in parts:
        if part.endswith("/"):
            yield from walk(directories, prefix + part)
            continue
        with translated(f"listing {prefix or 'everything'}"):
            try:
                with directories.present(prefix[:-1]) as parent:
                    found = os.stat(part, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:
                continue
        yield stat_of(prefix + part, found)


def _can_be_stored(part: str) -> bool:
    try:
        check_name(part)
    except InvalidInputError:
        return False
    return True


def _read(directories: Directories, path: str) -> list[str]:
    # With `/` after those that are directories, the order of parts is that of whole names.
    parts = []
    for entry in _scan(directories, path):
        if not _can_be_stored(entry.name):
            continue
        if entry.is_file(follow_symlinks=False):
            parts.append(entry.name)
        elif entry.is_dir(follow_symlinks=False):
            parts.append(f"{entry.name}/")
    return sorted(parts)


def strangers(directories: Directories, prefix: str) -> Iterator[str]:
    """What lies below `prefix` and cannot be stored names, each once; a directory ends with `/`
    and is not looked into. Staged files are no strangers.

    Raises:
        StorageError: a directory cannot be read.
    """
    below = []
    found = []
    with translated(f"listing {prefix or 'everything'}"):
        try:
            for entry in _scan(directories, prefix[:-1]):
                directory = entry.is_dir(follow_symlinks=False)
                shown = f"{prefix}{entry.name}{'/' if directory else ''}"
                if directory and _can_be_stored(entry.name):
                    below.append(shown)
                elif not entry.name.startswith(TEMPORARY_PREFIX) and not (
                    entry.is_file(follow_symlinks=False) and _can_be_stored(entry.name)
                ):
                    found.append(shown)
        except FileNotFoundError:
            return
    yield from sorted(found)
    for each in sorted(below):
        yield from strangers(directories, each)


def _scan(directories: Directories, path: str) -> Iterator["os.DirEntry[str]"]:
    with directories.present(path) as shared:
        # A descriptor of its own: the position in a directory is shared between duplicates.
        own = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=shared)
    try:
        with os.scandir(own) as entries:
            yield from entries
    finally:
        os.close(own)


def find_temporaries(directories: Directories, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every directory that has staged files in it, and their names.

    Raises:
        OSError: a directory cannot be read.
    """
    below = []
    temporaries = []
    for entry in _scan(directories, path):
        if entry.is_dir(follow_symlinks=False) and _can_be_stored(entry.name):
            below.append(f"{path}/{entry.name}" if path else entry.name)
        elif entry.name.startswith(TEMPORARY_PREFIX) and entry.is_file(follow_symlinks=False):
            temporaries.append(entry.name)
    if temporaries:
        yield path, sorted(temporaries)
    for each in sorted(below):
        yield from find_temporaries(directories, each)
