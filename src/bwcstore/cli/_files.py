"""Files that commands make: durable when said to be written, and never overwriting another."""

import contextlib
import hashlib
import itertools
import os
from pathlib import Path

from bwcstore._values import Digest, ObjectId
from bwcstore.errors import AlreadyExistsError, ErrorKind


def keep_receipt(folder: Path, object_id: ObjectId, receipt: bytes) -> Path:
    """Write a receipt durably as `<object>.receipt`; return its path.

    The same receipt is kept once; another one of the same object gets a number.

    Raises:
        OSError: it cannot be written.
    """
    return _keep(folder, object_id, "receipt", receipt)


def keep_certificate(folder: Path, object_id: ObjectId, certificate: bytes) -> Path:
    """Write a certificate durably as `<object>.certificate.json`; return its path.

    The same certificate is kept once; a later one, which may claim more, gets a number.

    Raises:
        OSError: it cannot be written.
    """
    return _keep(folder, object_id, "certificate.json", certificate)


def _keep(folder: Path, object_id: ObjectId, suffix: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        numbered = suffix if number == 1 else f"{number}.{suffix}"
        path = folder / f"{object_id}.{numbered}"
        try:
            create_file(path, data)
        except AlreadyExistsError:
            if path.read_bytes() == data:
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


def document_digest(path: Path | None) -> Digest | None:
    """The SHA-256 of a paper that an entry binds; None where none is given.

    Raises:
        OSError: it cannot be read.
    """
    if path is None:
        return None
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").digest())


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
