"""One replica of a key vault: a backend with a real delete, and what was last seen in it.

Rules kept here: what is created twice must be the same bytes, a damaged file is as good as none,
and what a replica holds is believed only as far as its bytes give its names.
"""

import hmac
from collections.abc import Callable
from typing import TypeVar

import attrs

from bwcstore._ports import Backend
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ErrorKind,
    FormatError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._vault_format import EpochKey, Group, Header
from bwcstore.storage._vault_names import (
    EPOCHS,
    HEADERS,
    KEYS,
    epoch_name,
    group_name,
    parse_epoch,
    parse_header,
    whole_file,
)

T = TypeVar("T")


@attrs.define
class EpochFiles:
    """What a replica holds of one epoch.

    Attributes:
        versions: the header versions under whose root keys the epoch's key is wrapped.
        complete: whether the epoch counts.
    """

    versions: set[int] = attrs.field(factory=set)
    complete: bool = False


class Replica:
    """One place where a vault is kept.

    Attributes:
        backend: the place.
        headers: its readable headers by version.
        header: the one that the root key fits, once that is known.
        epochs: its epochs, as of the last `load`.
        groups: the names of its groups, as of the last `load`.
        failure: why the last look at it failed; None when it did not.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.headers: dict[int, Header] = {}
        self.header: Header | None = None
        self.epochs: dict[int, EpochFiles] = {}
        self.groups: set[str] = set()
        self.failure: BwcStoreError | None = None

    @property
    def replica_id(self) -> str:
        """16 hex digits, or `unavailable` when the replica has no readable header."""
        return "unavailable" if self.header is None else self.header.replica

    @property
    def usable(self) -> bool:
        """Whether it belongs to the vault and could be listed."""
        return self.header is not None and self.failure is None

    def where(self, name: str) -> str:
        """A name and its place, for messages."""
        return f"{name} in vault replica {self.replica_id} ({self.backend.properties.location})"

    def load_headers(self) -> None:
        """Read every header; a damaged one is left out, a failing place is noted."""
        self.headers = {}

        def load() -> None:
            for stat in list(self.backend.list(HEADERS)):
                version = parse_header(stat.name)
                if version is None:
                    continue
                try:
                    header = Header.decode(self.read(stat.name), what=stat.name)
                except NotFoundError:
                    continue
                except FormatError as exc:
                    self.failure = exc
                    continue
                if header.version == version:
                    self.headers[version] = header

        self._attempt(load)

    def load(self) -> None:
        """List epochs and groups; a failing place is noted."""
        self.epochs = {}
        self.groups = set()
        if self.header is not None:
            # Epochs first: a group that is listed was then written under an epoch that is known,
            # or under one that a later look will know.
            self._attempt(lambda: self.epochs.update(self.list_epochs()))
        if self.usable:
            self._attempt(lambda: self.groups.update(s.name for s in self.backend.list(KEYS)))

    def _attempt(self, work: Callable[[], None]) -> None:
        self.failure = None
        try:
            work()
        except StorageError as exc:
            self.failure = exc

    def list_epochs(self) -> dict[int, EpochFiles]:
        """What the replica holds of each epoch now.

        Raises:
            StorageError: listing failed.
        """
        found: dict[int, EpochFiles] = {}
        for stat in self.backend.list(EPOCHS):
            parsed = parse_epoch(stat.name)
            if parsed is None:
                continue
            files = found.setdefault(parsed[0], EpochFiles())
            if parsed[1] is None:
                files.complete = True
            else:
                files.versions.add(parsed[1])
        return found

    def read(self, name: str) -> bytes:
        """What a name has, as far as it can be right.

        Raises:
            NotFoundError: it has nothing.
            StorageError: reading failed.
        """
        return self.backend.read(name, whole_file(name))

    def create_same(self, name: str, data: bytes) -> None:
        """Make sure that `name` holds exactly `data`, durably.

        Raises:
            StorageError: it could not be stored, or the name holds something else.
        """
        try:
            self.backend.create(name, data)
        except (AlreadyExistsError, OutcomeUnknownError) as exc:
            try:
                found = self.read(name)
            except NotFoundError:
                raise StorageError(
                    ErrorKind.STORAGE_IO, f"{self.where(name)} could not be created"
                ) from exc
            if not hmac.compare_digest(found, data):
                raise StorageError(
                    ErrorKind.VAULT_REPLICA_DIFFERS, f"{self.where(name)} holds other bytes"
                ) from exc

    def read_group(self, name: str) -> tuple[Group, bytes]:
        """Read a group whose bytes give its name; the group and the bytes.

        Raises:
            NotFoundError: the replica has no such group.
            FormatError: what it has is damaged.
            StorageError: reading failed.
        """
        data = self.read(name)
        group = Group.decode(data, what=self.where(name))
        if group_name(group, data) != name:
            raise FormatError(ErrorKind.VAULT_INVALID, f"{self.where(name)} is damaged")
        return group, data

    def read_epoch(self, epoch: int, version: int) -> EpochKey:
        """Read an epoch's wrapped key.

        Raises:
            NotFoundError: the replica has no such file.
            FormatError: what it has is damaged.
            StorageError: reading failed.
        """
        name = epoch_name(epoch, version)
        found = EpochKey.decode(self.read(name), what=self.where(name))
        if (found.epoch, found.version) != (epoch, version):
            raise FormatError(ErrorKind.VAULT_INVALID, f"{self.where(name)} is damaged")
        return found


def first_good(replicas: list[Replica], work: Callable[[Replica], T], *, what: str) -> T:
    """What `work` gives for the first replica for which it does not fail.

    Raises:
        NotFoundError: every replica says that there is no such thing.
        StorageError: no replica has it in good order, and at least one failed or is damaged.
    """
    failure: BwcStoreError | None = None
    for replica in replicas:
        try:
            return work(replica)
        except NotFoundError:
            continue
        except (FormatError, StorageError) as exc:
            failure = exc
    if failure is not None:
        raise StorageError(
            ErrorKind.VAULT_INVALID, f"no vault replica has {what} in good order"
        ) from failure
    raise NotFoundError(ErrorKind.NAME_ABSENT, f"no vault replica has {what}")
