"""Where a store on the local disk lies: its write-once area, and its vault replicas beside it."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from bwcstore import _layout
from bwcstore._ports import Backend
from bwcstore.errors import (
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._staging import TEMPORARY_PREFIX

PathLike = str | os.PathLike[str]


def vault_places(root: Path, vaults: Sequence[PathLike]) -> tuple[Path, ...]:
    """Where the vault replicas of a store lie.

    Raises:
        InvalidInputError: a place is named twice, or lies inside the write-once area.
    """
    if not vaults:
        return (root.with_name(f"{root.name}.vault"),)
    places = tuple(Path(place) for place in vaults)
    resolved = [place.resolve() for place in places]
    if len(set(resolved)) < len(resolved):
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "a vault replica is named twice")
    area = root.resolve()
    for place in resolved:
        if place == area or area in place.parents:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"vault {place} lies in the write-once area, where no key can be destroyed",
            )
    return places


def catalog_place(root: Path, place: PathLike | None) -> Path:
    """Where the catalog of a store lies.

    Raises:
        InvalidInputError: it would lie inside the write-once area.
    """
    if place is None:
        named = root if root.name else root.resolve()
        return named.parent / f"{named.name}.catalog"
    area, resolved = root.resolve(), Path(place).resolve()
    if resolved == area or area in resolved.parents:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"catalog {place} lies in the write-once area, where nothing can be deleted",
        )
    return Path(place)


def open_vaults(places: Iterable[Path]) -> list[Backend]:
    """Open the vault replicas that are there.

    Raises:
        KeyVaultError: a place has none (`VAULT_MISSING`).
        StorageError: a place cannot be opened.
    """
    found: list[Backend] = []
    for place in places:
        if not place.is_dir():
            raise KeyVaultError(ErrorKind.VAULT_MISSING, f"no key vault in {place}")
        found.append(LocalBackend(place))
    return found


def has_ledger(backend: Backend) -> bool:
    """Whether a ledger has begun here.

    Raises:
        StorageError: asking failed.
    """
    try:
        backend.stat(_layout.batch(0, 0))
    except NotFoundError:
        return False
    return True


def no_ledger(root: Path, places: Sequence[Path]) -> StorageError:
    """Why there is no ledger in `root`: not a store, or one whose creation broke off."""
    if not _is_bare(root):
        return StorageError(ErrorKind.NOT_A_STORE, f"{root} is not a store")
    if any(place.is_dir() for place in places):
        return StorageError(
            ErrorKind.STORE_INCOMPLETE,
            f"the creation of {root} broke off; create it again with the same key to finish",
        )
    return StorageError(ErrorKind.NOT_A_STORE, f"{root} is an empty directory, not a store")


def make_root(root: Path) -> LocalBackend:
    """Make the write-once area of a new store, or open one that holds a ledger already.

    Raises:
        StorageError: it cannot be made, or holds something else.
    """
    if root.is_dir():
        backend = LocalBackend(root)
        if not has_ledger(backend) and not _is_bare(root):
            backend.close()
            raise StorageError(
                ErrorKind.NOT_A_STORE, f"{root} is not empty and not a store; choose another place"
            )
        return backend
    if not root.parent.is_dir():
        raise StorageError(ErrorKind.STORAGE_DENIED, f"{root.parent} is not a directory")
    return LocalBackend.create_root(root)


def _is_bare(root: Path) -> bool:
    """Whether there is nothing in a directory but what a broken creation leaves: directories, and
    files that never got their name.
    """
    return all(name.startswith(TEMPORARY_PREFIX) for _, _, names in os.walk(root) for name in names)


def make_vaults(places: Sequence[Path]) -> list[Backend]:
    """Make the vault replicas of a new store, or open those that a broken creation left.

    Raises:
        StorageError: one cannot be made or opened.
    """
    return [
        LocalBackend(place) if place.is_dir() else LocalBackend.create_root(place)
        for place in places
    ]
