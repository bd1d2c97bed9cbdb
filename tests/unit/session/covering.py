"""Stores on storage with versions, and what somebody with write rights can lay over them."""

from typing import Any, Final, cast

import attrs

from bwcstore import _layout
from bwcstore._session._law import adopt_law
from bwcstore._store import Store
from bwcstore._values import Locking, ObjectId
from bwcstore.testing import MemoryVault, VersionedMemoryBackend, World
from tests.unit.covers import garbage, marker, original, truncated, walled
from tests.unit.session.purging import AGENCY, PACK
from tests.unit.session.world import CHUNK, SETTINGS, chief, create, stream

LENGTH: Final = 3 * CHUNK + 17
LOCKED: Final = attrs.evolve(SETTINGS, locking=Locking(record_days=9, max_days=9, unruled_days=9))


def changed(bucket: VersionedMemoryBackend, name: str) -> None:
    """The same, with one bit changed."""
    data = bytearray(original(bucket, name))
    data[len(data) // 2] ^= 1
    bucket.shadow(name, bytes(data))


def longer(bucket: VersionedMemoryBackend, name: str) -> None:
    """The same, with something after it."""
    bucket.shadow(name, original(bucket, name) + b"x")


def unlinked(bucket: VersionedMemoryBackend, name: str) -> None:
    """A batch that continues another one."""
    raw = bytearray(original(bucket, name))
    at = raw.index(b'"prev_batch_sha256":"') + 21
    raw[at : at + 8] = b"7" * 8
    bucket.shadow(name, bytes(raw))


def stripped(bucket: VersionedMemoryBackend, name: str) -> None:
    """A batch without what is sealed."""
    lines = original(bucket, name).splitlines(keepends=True)
    bucket.shadow(name, b"".join(line for line in lines if b'{"payload":' not in line))


def pile(bucket: VersionedMemoryBackend, name: str) -> None:
    """All of them."""
    for cover in (marker, garbage, truncated, walled, marker, marker, changed):
        cover(bucket, name)


COVERS: Final = (marker, garbage, truncated, longer, changed, walled, pile)


def filled(world: World, *, grants: int = 256) -> tuple[VersionedMemoryBackend, Store, ObjectId]:
    """A locked store with one recording, an annex, a checkpoint, tiles and bundles."""
    bucket = VersionedMemoryBackend(clock=world.clock)
    world.backend = bucket
    store = create(world, LOCKED)
    with chief(store) as session:
        made = session.ingest(stream(LENGTH))
        for _ in range(grants):
            session.authorize("chief", purposes=["investigation"])
        adopt_law(session._acting, PACK, AGENCY)
    store._services.log.checkpoint()
    return bucket, store, made.object_id


def names_of_all(bucket: VersionedMemoryBackend) -> list[str]:
    """Every stored name."""
    return [stat.name for stat in bucket.list("")]


def one_of_each(bucket: VersionedMemoryBackend) -> dict[str, str]:
    """One name of every kind, by what it is."""
    found: dict[str, str] = {}
    for name in names_of_all(bucket):
        found.setdefault(kind_of(name), name)
    batches = [name for name in names_of_all(bucket) if _layout.parse_batch(name)]
    return found | {"last batch": batches[-1], "middle batch": batches[len(batches) // 2]}


def kind_of(name: str) -> str:
    """What a stored name is of."""
    if _layout.parse_tile(name):
        return "bundle" if "/entries/" in name else "tile"
    parsers = {
        "segment": _layout.parse_segment,
        "manifest": _layout.parse_manifest,
        "first batch": _layout.parse_batch,
        "checkpoint": _layout.parse_checkpoint,
        "annex": _layout.parse_annex,
    }
    return next(kind for kind, parse in parsers.items() if parse(name))


def copied(bucket: VersionedMemoryBackend, world: World) -> VersionedMemoryBackend:
    """The same versions with the same ids and locks, sharing nothing."""
    found = VersionedMemoryBackend(clock=world.clock)
    found._bucket.made = bucket._bucket.made
    for name, versions in bucket._bucket.versions.items():
        found._bucket.versions[name] = [attrs.evolve(one) for one in versions]
    return found


def copied_keys(world: World) -> MemoryVault:
    """The same keys and notes, sharing nothing."""
    assert isinstance(world.keys, MemoryVault)
    found = MemoryVault()
    found.living.update(world.keys.living)
    found.remembered.update(world.keys.remembered)
    return found


def repairs(store: Store) -> list[dict[str, Any]]:
    """What all entries say was uncovered."""
    found: list[dict[str, Any]] = []
    for entry in store._services.log.entries():
        if entry.kind == "shadows.repaired":
            found += cast("list[dict[str, Any]]", entry.body["repairs"])
    return found
