"""Somebody who has files and root keys, and tries to get a recording out of them.

Nothing here asks a vault what is allowed: every file is searched for whatever may be a wrapped
key, and each of them is unwrapped with every key that is at hand, until no more come to light.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from bwcstore import _layout
from bwcstore._ports import Entropy
from bwcstore._values import ObjectId, StoreId
from bwcstore.errors import BwcStoreError
from bwcstore.objects._manifest import Manifest, content_key_id
from bwcstore.objects._reader import ObjectReader
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._keywrap import EPOCH_LABEL, ROOT_LABEL, KeyWrapper
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_format import RootAlg, RootRecord
from bwcstore.storage._vault_names import epoch_place
from bwcstore.testing import InlineWorkers, MemoryBackend, SimClock, SimEntropy

Files = Mapping[str, bytes]

WRAPPED: Final = re.compile(rb"(?=([0-9a-f]{80}))")
HEX_KEY: Final = re.compile(rb"(?=([0-9a-f]{64}))")
KEY_ID: Final = re.compile(rb'"id":"([a-z0-9/-]{1,128})"')
EPOCH: Final = re.compile(rb'"epoch":([0-9]{1,8})')
KEY_BYTES: Final = 32


@attrs.frozen
class Root:
    """A root key, however it was come by."""

    key: bytes

    def new_record(self, entropy: Entropy) -> RootRecord:
        """As a key file does."""
        del entropy
        return RootRecord(alg=RootAlg.KEY_FILE)

    def root_key(self, record: RootRecord) -> bytes:
        """It."""
        del record
        return self.key

    @classmethod
    def of_file(cls, path: Path) -> "Root":
        """The one in a key file."""
        return cls(KeyFile(path).root_key(RootRecord(alg=RootAlg.KEY_FILE)))


@attrs.frozen(kw_only=True)
class Loot:
    """What the attacker has.

    Attributes:
        evidence: files of the evidence area, from whenever.
        vaults: files of places in which keys were kept, from whenever.
        roots: root keys, of whatever time.
    """

    evidence: Files
    vaults: tuple[Files, ...]
    roots: tuple[Root, ...]

    def keys(self, store: StoreId, also: Iterable[str] = ()) -> frozenset[bytes]:
        """Every key that any of the roots opens, directly or through others.

        Args:
            store: the store.
            also: key ids to try besides those that are in the files.
        """
        found = {root.key for root in self.roots}
        files = [data for vault in self.vaults for data in vault.values()]
        wrapped = {bytes.fromhex(one.decode()) for data in files for one in WRAPPED.findall(data)}
        ids = {one.decode() for data in files for one in KEY_ID.findall(data)} | {*also}
        numbers = {int(one) for data in files for one in EPOCH.findall(data)}
        epochs = [epoch_place(number) for number in {*numbers, 0}]
        fresh = set(found)
        while fresh:
            opened = {
                key
                for kek in fresh
                for label, places in (
                    (ROOT_LABEL, [(store.text, epoch) for epoch in epochs]),
                    (EPOCH_LABEL, [(store.text, one, epoch) for one in ids for epoch in epochs]),
                )
                for key in _unwrapped(KeyWrapper(kek, label=label), wrapped, places)
            }
            fresh = opened - found
            found |= fresh
        return frozenset(found)

    def anything(self) -> frozenset[bytes]:
        """Whatever might be a key in the clear: 32 bytes from any place of any vault file."""
        found: set[bytes] = set()
        for data in (data for vault in self.vaults for data in vault.values()):
            found.update(data[at : at + KEY_BYTES] for at in range(len(data) - KEY_BYTES + 1))
            found.update(bytes.fromhex(one.decode()) for one in HEX_KEY.findall(data))
        return frozenset(found)

    def plaintext(self, store: StoreId, object_id: ObjectId) -> bytes | None:
        """The recording; None where no key opens it."""
        ours = content_key_id(object_id)
        for key in (*self.keys(store, also=(ours,)), *self.anything()):
            found = self.read_with(object_id, key)
            if found is not None:
                return found
        return None

    def read_with(self, object_id: ObjectId, key: bytes) -> bytes | None:
        """The recording, opened with a key; None where it is another one."""
        backend = MemoryBackend(dict(self.evidence))
        try:
            with ObjectReader(
                _manifest(self.evidence, object_id),
                backend=backend,
                content_key=key,
                workers=InlineWorkers(),
            ) as reader:
                return reader.read()
        except BwcStoreError:
            return None

    def asks_vault(self, object_id: ObjectId) -> bytes | None:
        """The content key as the vault itself gives it, place by place; None if it does not."""
        for files in self.vaults:
            for root in self.roots:
                try:
                    vault = DirectoryVault.open(
                        [MemoryBackend(dict(files))],
                        source=root,
                        entropy=SimEntropy(1),
                        clock=SimClock(),
                    )
                    return vault.get(content_key_id(object_id))
                except BwcStoreError:
                    continue
        return None


def _unwrapped(
    wrapper: KeyWrapper, wrapped: Iterable[bytes], places: Iterable[tuple[str, ...]]
) -> Iterator[bytes]:
    """What opens; no check value is asked for, as the wrapping itself tells a wrong key."""
    for place in places:
        kek = wrapper._derive(place)
        for data in wrapped:
            try:
                yield aes_key_unwrap_with_padding(kek, data)
            except InvalidUnwrap:
                continue


def _manifest(evidence: Files, object_id: ObjectId) -> Manifest:
    (name,) = (
        name
        for name in evidence
        if (parsed := _layout.parse_manifest(name)) is not None and parsed[0] == object_id
    )
    return Manifest.decode(evidence[name])
