"""Where a store lies: its write-once area, its vault replicas, its claims and its catalog.

A place is a directory or a prefix of a bucket. Rules kept here: keys never lie in the write-once
area, nor where what is deleted is kept (VLT-26).
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import Backend, Capability, Environment
from bwcstore._session._acting import Acting, attribution
from bwcstore._session._actors import Enrolment
from bwcstore._session._begin import Settings, create_services, make_vault
from bwcstore._session._services import Services
from bwcstore._session._storage import record_probe
from bwcstore._values import Locking, LockMode
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.ledger._genesis import NUMBERED
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._probe_result import PlaceKind
from bwcstore.storage._probing import probe_place
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_bucket import check_unruled
from bwcstore.storage._s3_options import SCHEME, S3Options, S3Place
from bwcstore.storage._s3_trial import creates_for_one, keeps_deleted
from bwcstore.storage._staging import TEMPORARY_PREFIX

PathLike = str | os.PathLike[str]


Place = Path | S3Place
# A file's name has 255 bytes at most, of which what is added to it needs some.
_FILE_NAME_MAX: Final = 160


@attrs.frozen(kw_only=True)
class Access:
    """What it takes to open a place."""

    environment: Environment
    options: S3Options | None = None

    def bucket(self, place: S3Place) -> S3Backend:
        """A prefix of a bucket, open.

        Raises:
            InvalidInputError: the client library is missing.
            StorageError: there is no such bucket, or it cannot be reached.
        """
        world = self.environment
        return S3Backend(str(place), clock=world.clock, entropy=world.entropy, options=self.options)


def place_of(location: PathLike) -> Place:
    """The place that a path or an `s3://` URL names.

    Raises:
        InvalidInputError: the URL is malformed.
    """
    text = os.fspath(location)
    return S3Place.parse(text) if text.startswith(SCHEME) else Path(text)


def vault_places(root: Place, vaults: Sequence[PathLike]) -> tuple[Place, ...]:
    """Where the vault replicas of a store lie.

    Raises:
        InvalidInputError: a place is named twice, or lies inside the write-once area; a store in
            a bucket names none.
    """
    if not vaults:
        if isinstance(root, S3Place):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"say where the keys of {root} are kept: they cannot lie beside it",
            )
        return (root.with_name(f"{root.name}.vault"),)
    places = tuple(place_of(place) for place in vaults)
    resolved = [_resolved(place) for place in places]
    if len(set(resolved)) < len(resolved):
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "a vault replica is named twice")
    for place in resolved:
        if _inside(place, _resolved(root)):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"vault {place} lies in the write-once area, where no key can be destroyed",
            )
    return places


def _resolved(place: Place) -> Place:
    return place.resolve() if isinstance(place, Path) else place


def _inside(place: Place, area: Place) -> bool:
    if isinstance(place, Path):
        return isinstance(area, Path) and (place == area or area in place.parents)
    if not isinstance(area, S3Place) or place.bucket != area.bucket:
        return False
    return place.prefix.startswith(area.prefix) or area.prefix.startswith(place.prefix)


def catalog_place(root: Place, place: PathLike | None) -> Path:
    """Where the catalog of a store lies: always on a disk.

    Raises:
        InvalidInputError: it would lie inside the write-once area, or this user has no home.
    """
    if place is None:
        if isinstance(root, S3Place):
            cache = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
            return Path(cache) / "bwcstore" / f"{bucket_name(root)}.catalog"
        named_path = root if root.name else root.resolve()
        return named_path.parent / f"{named_path.name}.catalog"
    found = Path(place)
    if _inside(found.resolve(), _resolved(root)):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"catalog {place} lies in the write-once area, where nothing can be deleted",
        )
    return found


def bucket_name(place: S3Place) -> str:
    """What a file of this machine is called after a place in a bucket: `bucket.prefix`."""
    named = f"{place.bucket}/{place.prefix}".strip("/").replace("/", ".")
    raw = named.encode()
    if len(raw) <= _FILE_NAME_MAX:
        return named
    cut = raw[: _FILE_NAME_MAX - 17].decode(errors="ignore")
    return f"{cut}-{hashlib.sha256(raw).hexdigest()[:16]}"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as exc:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "this user has no home for the catalog: say where it lies"
        ) from exc


def open_vaults(places: Iterable[Place], access: Access) -> list[Backend]:
    """Open the vault replicas that are there.

    Raises:
        KeyVaultError: a place has none (`VAULT_MISSING`), or keeps what is deleted.
        StorageError: a place cannot be opened.
    """
    found: list[Backend] = []
    for place in places:
        if isinstance(place, S3Place):
            found.append(_vault_bucket(place, access))
        elif place.is_dir():
            found.append(LocalBackend(place))
        else:
            raise KeyVaultError(ErrorKind.VAULT_MISSING, f"no key vault in {place}")
    return found


def _vault_bucket(place: S3Place, access: Access) -> S3Backend:
    """A bucket for keys.

    Raises:
        KeyVaultError: what is deleted there is kept (`VAULT_UNFIT`).
        StorageError: it cannot be opened.
    """
    backend = access.bucket(place)
    if (why := keeps_deleted(backend)) is not None:
        backend.close()
        raise KeyVaultError(
            ErrorKind.VAULT_UNFIT, f"{place}: {why}; a key that is destroyed must be gone"
        )
    return backend


def open_root(root: Place, access: Access, *, claims: PathLike | None) -> Backend:
    """Open the write-once area of a store.

    Raises:
        InvalidInputError: the claims of a store on a disk, or not in a bucket.
        StorageError: it is not there, or the claims lie where creating is not for one alone.
    """
    if isinstance(root, S3Place):
        return _claimed(access.bucket(root), access, claims)
    if claims is not None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "a store on a disk needs no place for claims"
        )
    return LocalBackend(root)


def _claimed(backend: S3Backend, access: Access, claims: PathLike | None) -> Backend:
    if claims is None:
        return backend
    place = place_of(claims)
    if not isinstance(place, S3Place):
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"claims {claims}: not a bucket")
    claimed = access.bucket(place)
    if claimed.versioned:
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{place}: claims need a bucket without versions, and leave to ask whether it has any",
        )
    return ClaimedBackend(backend, claimed)


def locking_for(backend: Backend, wanted: Locking | None) -> Locking | None:
    """How a new store is locked: as asked, else in compliance mode where the storage is a bucket.

    Raises:
        StorageError: the bucket has no Object Lock, and nobody said to do without.
    """
    capabilities = backend.properties.capabilities
    if wanted is not None or Capability.SERVER_TIME not in capabilities:
        return wanted
    if Capability.LOCK in capabilities:
        return Locking()
    raise StorageError(
        ErrorKind.STORAGE_UNFIT,
        f"{backend.properties.location} has no Object Lock: nothing would refuse an early "
        f"deletion; ask for lock mode {LockMode.NONE.value!r} to do without",
    )


def protocol_for(backend: Backend) -> str:
    """The commit protocol that a new store on this storage can keep (CLM-1).

    Raises:
        StorageError: several can create one name at once, and there is no place for claims.
    """
    if isinstance(backend, ClaimedBackend):
        return "claimed"
    if isinstance(backend, S3Backend) and not creates_for_one(backend):
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{backend.place}: several writers can create one name at once here; name a bucket "
            "without versions for claims",
        )
    return "numbered"


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


def no_ledger(root: Place, places: Sequence[Place]) -> StorageError:
    """Why there is no ledger in `root`: not a store, or one whose creation broke off."""
    if isinstance(root, S3Place):
        return StorageError(
            ErrorKind.NOT_A_STORE,
            f"{root}: there is no store; one that has claims is found with their place only",
        )
    if not _is_bare(root):
        return StorageError(ErrorKind.NOT_A_STORE, f"{root} is not a store")
    if any(isinstance(place, S3Place) or place.is_dir() for place in places):
        return StorageError(
            ErrorKind.STORE_INCOMPLETE,
            f"the creation of {root} broke off; create it again with the same key to finish",
        )
    return StorageError(ErrorKind.NOT_A_STORE, f"{root} is an empty directory, not a store")


def make_root(root: Place, access: Access, *, claims: PathLike | None) -> Backend:
    """Make the write-once area of a new store, or open one that holds a ledger already.

    Raises:
        InvalidInputError: the claims of a store on a disk, or not in a bucket.
        StorageError: it cannot be made, or holds something else.
    """
    if isinstance(root, S3Place):
        found = access.bucket(root)
        check_unruled(found.bucket, str(root))
        return _claimed(found, access, claims)
    if claims is not None:
        return open_root(root, access, claims=claims)
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


def make_vaults(places: Sequence[Place], access: Access) -> list[Backend]:
    """Make the vault replicas of a new store, or open those that a broken creation left.

    Raises:
        KeyVaultError: a bucket keeps what is deleted (`VAULT_UNFIT`).
        StorageError: one cannot be made or opened.
    """
    return [_make_vault(place, access) for place in places]


def _make_vault(place: Place, access: Access) -> Backend:
    if isinstance(place, S3Place):
        return _vault_bucket(place, access)
    return LocalBackend(place) if place.is_dir() else LocalBackend.create_root(place)


def begin_store(
    held: list[Backend],
    places: Sequence[Place],
    access: Access,
    *,
    key: KeySource,
    settings: Settings,
    first: Enrolment,
) -> Services:
    """Begin a store in the one backend that is held, and hold its vault replicas too.

    Raises:
        AlreadyExistsError: there is a store already.
        KeyVaultError: the key cannot be had, or is not that of the vault that is there.
        StorageError: a place cannot hold a store, or failed; calling again finishes.
    """
    evidence = held[0]
    if has_ledger(evidence):
        raise AlreadyExistsError(
            ErrorKind.STORE_EXISTS, f"{evidence.properties.location} is a store already"
        )
    locking = locking_for(evidence, settings.locking)
    protocol = protocol_for(evidence)
    fitting = attrs.evolve(settings, locking=locking, protocol=protocol)
    held += make_vaults(places, access)
    vault = make_vault(held[1:], key, access.environment)
    services = create_services(
        evidence,
        vault,
        access.environment,
        store_id=vault.store_id,
        settings=fitting,
        first=first,
    )
    if locking is not None and isinstance(evidence, S3Backend | ClaimedBackend):
        _prove(services, locking.mode, login=first.login, protocol=protocol)
    return services


def _prove(services: Services, mode: LockMode, *, login: str, protocol: str) -> None:
    """Try the storage of a new store out, and record what it did (PRB-11).

    Raises:
        StorageError: the ledger cannot be written.
    """
    try:
        found = probe_place(
            services.backend,
            environment=services.environment,
            mode=mode,
            # Racing for names is what the protocol was chosen by.
            creates_for_one=True if protocol == NUMBERED else None,
        )
    except StorageError:
        # The store is there, and says of itself that its storage is not proven.
        return
    who = attribution(
        services,
        actor=login,
        reason="creation of the store",
        purpose="records",
        signer=None,
    )
    record_probe(Acting(services, who), found, place=PlaceKind.EVIDENCE)
