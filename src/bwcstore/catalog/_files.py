"""The files of a catalog: a cache beside the store, readable by its owner alone.

Rules kept here (spec chapter `state`):

- the cache can be deleted at any time, and what is not exactly what was written is not used
  (STA-14);
- a reader sees the tables of one point of the ledger, or none: the list of files is replaced in
  one step, and no file that it names is ever changed.
"""

import hashlib
import hmac
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn, cast

import pyarrow as pa

from bwcstore._encoding import Json, decode, encode
from bwcstore._values import Digest, StoreId
from bwcstore.catalog._schema import SCHEMAS
from bwcstore.catalog._tables import NAMES, Position, StoreRow, Tables
from bwcstore.errors import BwcStoreError, ErrorKind, IntegrityError, StorageError

FORMAT: Final = "bwcstore-catalog/1"
LIST: Final = "catalog.json"
SEALED: Final = "private.sealed"
_OPEN: Final = "open-"
_NEW: Final = "new-"
_LIST_BYTES_MAX: Final = 64 * 1024
_DIRECTORY_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def read_tables(place: Path, *, store: StoreId, key: bytes) -> Tables | None:
    """The tables that a cache holds; None where there is no cache.

    Args:
        place: the directory.
        store: whose tables they must be.
        key: authenticates the list of files.

    Raises:
        IntegrityError: they are not those that were written for this store
            (`catalog-invalid`).
    """
    try:
        raw = (place / LIST).read_bytes()[: _LIST_BYTES_MAX + 1]
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise _invalid(place, f"cannot be read: {exc.strerror}") from exc
    listed = _read_list(place, raw, key)
    if listed["format"] != FORMAT or listed["store"] != store.text:
        _refuse(place, "is of another store or version")
    names = cast("dict[str, str]", listed["tables"])
    return Tables(
        position=Position(
            generation=cast("int", listed["generation"]),
            size=cast("int", listed["size"]),
            head=Digest.parse(cast("str", listed["head"])),
        ),
        store=StoreRow(
            seq=cast("int", listed["store_seq"]),
            head=Digest.parse(cast("str", listed["store_head"])),
            opaque=cast("bool", listed["store_opaque"]),
        ),
        stored=MappingProxyType({name: _read_table(place, name, names[name]) for name in NAMES}),
    )


def _read_list(place: Path, raw: bytes, key: bytes) -> Mapping[str, Json]:
    text, _, mac = raw.rpartition(b"\n")
    if not hmac.compare_digest(_mac(key, text), mac):
        _refuse(place, "was changed")
    try:
        return decode(text, what=LIST)
    except BwcStoreError as exc:
        raise _invalid(place, exc.message) from exc


def _read_table(place: Path, name: str, digest: str) -> Any:
    path = place / _file_name(name, digest)
    try:
        with path.open("rb") as file:
            # Read, not mapped: what is only checked would count as memory of this process.
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                _refuse(place, f"{path.name} was changed")
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (OSError, pa.ArrowInvalid) as exc:
        raise _invalid(place, f"{path.name} cannot be read") from exc
    if table.schema != SCHEMAS[name]:
        _refuse(place, f"{path.name} has other columns")
    return table


def write_tables(place: Path, tables: Tables, *, store: StoreId, key: bytes) -> None:
    """Let a cache hold these tables, and no others.

    Args:
        place: the directory; made where it is absent.
        tables: the tables.
        store: whose they are.
        key: authenticates the list of files.

    Raises:
        StorageError: they could not be written; the cache holds what it held.
    """
    try:
        make_place(place)
        names = {name: _write_table(place, name, tables.stored[name]) for name in NAMES}
        text = encode({
            "format": FORMAT,
            "store": store.text,
            "generation": tables.position.generation,
            "size": tables.position.size,
            "head": str(tables.position.head),
            "store_seq": tables.store.seq,
            "store_head": str(tables.store.head),
            "store_opaque": tables.store.opaque,
            "tables": cast("Json", names),
        })  # fmt: skip
        replace(place / LIST, [text, b"\n", _mac(key, text)])
        _tidy(place, {_file_name(name, digest) for name, digest in names.items()})
    except (OSError, pa.ArrowInvalid) as exc:
        raise StorageError(
            ErrorKind.STORAGE_IO, f"catalog {place}: cannot be written: {exc}"
        ) from exc


def make_place(place: Path) -> None:
    """Make the directory of a cache, or take one that is there for its owner alone.

    Raises:
        OSError: it cannot be made.
    """
    place.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    if stat.S_IMODE(place.stat().st_mode) != _DIRECTORY_MODE:
        place.chmod(_DIRECTORY_MODE)


def _write_table(place: Path, name: str, table: Any) -> str:
    whole = table.unify_dictionaries().combine_chunks()
    new = place / f"{_NEW}{os.getpid()}-{name}"
    new.unlink(missing_ok=True)
    digest = hashlib.sha256()
    with (
        os.fdopen(_create(new), "wb") as file,
        pa.ipc.new_file(pa.PythonFile(_Digesting(file, digest), mode="w"), whole.schema) as out,
    ):
        out.write_table(whole)
    new.replace(place / _file_name(name, digest.hexdigest()))
    return digest.hexdigest()


class _Digesting:
    """A file to write to, whose bytes are digested on the way."""

    closed = False

    def __init__(self, file: Any, digest: Any) -> None:
        self._file = file
        self._digest = digest

    def write(self, data: Any) -> int:
        """Write and digest."""
        self._digest.update(data)
        return cast("int", self._file.write(data))

    def tell(self) -> int:
        """How much was written."""
        return cast("int", self._file.tell())

    def flush(self) -> None:
        """Hand everything on."""
        self._file.flush()

    def close(self) -> None:
        """Nothing: whoever opened the file closes it."""


def replace(path: Path, parts: Iterable[bytes]) -> None:
    """Put a file in the place of another, in one step.

    Raises:
        OSError: it could not be written; the other is there.
    """
    new = path.with_name(f"{_NEW}{os.getpid()}-{path.name}")
    new.unlink(missing_ok=True)
    with os.fdopen(_create(new), "wb") as file:
        file.writelines(parts)
    new.replace(path)


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, _FILE_MODE)


def _tidy(place: Path, kept: set[str]) -> None:
    for path in place.glob(f"{_OPEN}*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _file_name(name: str, digest: str) -> str:
    return f"{_OPEN}{name}-{digest[:16]}.arrow"


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256").hex().encode()


def _invalid(place: Path, what: str) -> IntegrityError:
    return IntegrityError(ErrorKind.CATALOG_INVALID, f"catalog {place}: {what}")


def _refuse(place: Path, what: str) -> NoReturn:
    raise _invalid(place, what)
