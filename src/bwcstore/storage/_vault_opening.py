"""Making a new vault, and opening one: which header the root key fits (spec: VLT-6, VLT-7).

Rules kept here: a header comes last, so that half a vault is none; a wrong root key is recognised
at once; places of different stores, or one place twice, are refused.
"""

import hmac
from collections.abc import Sequence

from bwcstore._ports import Backend, Clock, Entropy
from bwcstore._values import StoreId
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
)
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._keywrap import KEY_BYTES, ROOT_LABEL, KeyWrapper, key_check
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_format import EpochKey, Header, RootRecord, encode_completion
from bwcstore.storage._vault_names import (
    EPOCHS,
    HEADERS,
    KEYS,
    completion_name,
    epoch_name,
    epoch_place,
    header_name,
)
from bwcstore.storage._vault_replica import Replica


def create_files(
    places: Sequence[Backend],
    *,
    store_id: StoreId,
    source: KeySource,
    entropy: Entropy,
    clock: Clock,
) -> None:
    """Write what an empty vault consists of to every place (VLT-7).

    Raises:
        AlreadyExistsError: one of the places holds a vault, or keys of one.
        InvalidInputError: there is no place.
        KeyVaultError: the source gives no root key.
        StorageError: a place failed; calling again begins anew, unless a header was written.
    """
    _check_places(places)
    for backend in places:
        if any(True for prefix in (HEADERS, KEYS) for _ in backend.list(prefix)):
            raise AlreadyExistsError(
                ErrorKind.STORE_EXISTS, f"{backend.properties.location} holds a key vault already"
            )
    record = source.new_record(entropy)
    root = source.root_key(record)
    kek = entropy.take(KEY_BYTES)
    wrapper = KeyWrapper(root, label=ROOT_LABEL)
    epoch = EpochKey(
        store=store_id,
        epoch=0,
        version=1,
        created=clock.now(),
        check=key_check(kek),
        wrapped=wrapper.wrap(kek, place=(store_id.text, epoch_place(0))),
    )
    replicas = [Replica(backend) for backend in places]
    for replica in replicas:
        # Left by a creation that did not end: without a header and keys it opens nothing.
        for stat in list(replica.backend.list(EPOCHS)):
            replica.backend.delete(stat.name)
        replica.create_same(epoch_name(0, 1), epoch.encode())
        replica.create_same(completion_name(0), encode_completion(store_id, 0))
    for replica in replicas:
        header = Header(
            store=store_id,
            replica=entropy.take(8).hex(),
            version=1,
            root=record,
            check=key_check(root),
        )
        replica.create_same(header_name(1), header.encode())


def _check_places(places: Sequence[Backend]) -> None:
    if not places:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "a key vault needs at least one replica"
        )


def open_files(
    places: Sequence[Backend],
    *,
    source: KeySource,
    entropy: Entropy,
    clock: Clock,
    store_id: StoreId | None,
) -> VaultFiles:
    """Find the header that the root key fits, and look at every replica.

    Raises:
        InvalidInputError: there is no place.
        KeyVaultError: there is no vault (`VAULT_MISSING`), the root key is another
            (`KEY_WRONG`), or the places belong to different stores (`VAULT_INVALID`).
        FormatError: every header is damaged, or written by a newer version.
        StorageError: no replica can be read.
    """
    _check_places(places)
    replicas = [Replica(backend) for backend in places]
    for replica in replicas:
        replica.load_headers()
    headers = [header for replica in replicas for header in replica.headers.values()]
    if not headers:
        failed = next((r.failure for r in replicas if r.failure is not None), None)
        if failed is not None:
            raise failed
        where = ", ".join(backend.properties.location for backend in places)
        raise KeyVaultError(ErrorKind.VAULT_MISSING, f"no key vault at {where}")
    stores = {header.store for header in headers} | ({store_id} if store_id is not None else set())
    if len(stores) > 1:
        raise KeyVaultError(
            ErrorKind.VAULT_INVALID,
            f"keys of different stores: {', '.join(sorted(map(str, stores)))}",
        )
    root, header = _fit(headers, source)
    for replica in replicas:
        own = [h for _, h in sorted(replica.headers.items()) if h.check == header.check]
        # Between the two halves of a change of the root key a replica has the old header only.
        replica.header = own[-1] if own else replica.headers.get(header.version - 1)
    ids = [replica.replica_id for replica in replicas if replica.header is not None]
    if len(set(ids)) < len(ids):
        # Two ways to one place would look like two copies of every key.
        raise KeyVaultError(ErrorKind.VAULT_INVALID, f"a vault replica twice: {', '.join(ids)}")
    files = VaultFiles(replicas, root=root, header=header, entropy=entropy, clock=clock)
    files.refresh()
    return files


def _fit(headers: Sequence[Header], source: KeySource) -> tuple[bytes, Header]:
    """The root key, and the newest header that it fits."""
    roots: dict[RootRecord, bytes] = {}
    failure: BwcStoreError | None = None
    for header in sorted(headers, key=lambda header: -header.version):
        if header.root not in roots:
            try:
                roots[header.root] = source.root_key(header.root)
            except KeyVaultError as exc:
                if exc.kind is not ErrorKind.KEY_WRONG:
                    raise
                failure = exc
                continue
        if hmac.compare_digest(key_check(roots[header.root]), header.check):
            return roots[header.root], header
    raise KeyVaultError(
        ErrorKind.KEY_WRONG, f"the root key does not open the vault of store {headers[0].store}"
    ) from failure
