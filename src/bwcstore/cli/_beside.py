"""Where what belongs to a store lies when nobody says where: keys, actors' keys, receipts.

It carries the store's name. That of a store on a disk lies beside its directory; that of a store
in a bucket lies in a folder of the user's own, which nobody else may look into.
"""

import os
from pathlib import Path

from bwcstore._places import Place, bucket_name
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._s3_options import S3Place


def beside(store: Place, suffix: str) -> Path:
    """The path that carries the store's name and a suffix.

    Raises:
        InvalidInputError: the store is in a bucket, and this user has no home.
    """
    if isinstance(store, S3Place):
        return _own_folder() / f"{bucket_name(store)}.{suffix}"
    resolved = store if store.name else store.resolve()
    return resolved.with_name(f"{resolved.name}.{suffix}")


def receipts_folder(store: Place) -> Path:
    """Where receipts are kept when it is not said; it can be made there.

    Raises:
        InvalidInputError: as `beside`.
        OSError: the folder that it lies in cannot be made.
    """
    folder = beside(store, "receipts")
    make_room(folder, store)
    return folder


def make_room(path: Path, store: Place) -> None:
    """Make the user's own folder where `path` would lie in it and it is not there.

    Raises:
        OSError: it cannot be made.
    """
    if isinstance(store, S3Place) and path.is_relative_to(folder := _own_folder()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def _own_folder() -> Path:
    try:
        configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    except RuntimeError as exc:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            "this user has no home for keys and receipts: set XDG_CONFIG_HOME, or say where each "
            "lies",
        ) from exc
    return Path(configuration) / "bwcstore"
