"""Files that commands make: durable when said to be written, and never overwriting another."""

import contextlib
import itertools
import os
from pathlib import Path

from bwcstore._values import ObjectId
from bwcstore.errors import AlreadyExistsError, ErrorKind


def keep_receipt(folder: Path, object_id: ObjectId, receipt: bytes) -> Path:
    """Write a receipt durably as `<object>.receipt`; return its path.

    The same receipt is kept once; another one of the same object gets a number.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        suffix = ".receipt" if number == 1 else f".{number}.receipt"
        path = folder / f"{object_id}{suffix}"
        try:
            create_file(path, receipt)
        except AlreadyExistsError:
            if path.read_bytes() == receipt:
                return path
        else:
            return path
    raise AssertionError


def keep_proof(receipt: Path, proof: bytes) -> Path:
    """Write the proof that belongs to a receipt as `<receipt>.tlog-proof`; return its path.

    A proof kept earlier is as good as one made later, so it stays.

    Raises:
        OSError: it cannot be written.
    """
    path = receipt.with_name(f"{receipt.name}.tlog-proof")
    with contextlib.suppress(AlreadyExistsError):
        create_file(path, proof)
    return path


def create_file(path: Path, data: bytes) -> None:
    """Write a new file durably, or leave nothing behind.

    Raises:
        AlreadyExistsError: the name is taken.
        OSError: it cannot be written.
    """
    try:
        opened = path.open("xb")
    except FileExistsError as exc:
        raise AlreadyExistsError(ErrorKind.TARGET_EXISTS, f"target {str(path)!r} exists") from exc
    with opened as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_statements(paths: tuple[Path, ...]) -> tuple[tuple[Path, bytes], ...]:
    """The notes and receipts that the paths name; folders are searched for both.

    Raises:
        OSError: one cannot be read.
    """
    found = []
    for path in paths:
        if path.is_dir():
            found += sorted(
                inner
                for inner in path.iterdir()
                if inner.suffix in (".receipt", ".note") and inner.is_file()
            )
        else:
            found.append(path)
    return tuple((path, path.read_bytes()) for path in found)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file durably in place of the one before, all or nothing.

    Raises:
        OSError: it cannot be written; the file before is then still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    create_file(temporary, data)
    temporary.replace(path)
