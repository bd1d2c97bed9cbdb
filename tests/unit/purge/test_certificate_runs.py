"""Certificates of recordings that were destroyed as a session destroys them."""

from collections.abc import Iterable
from typing import Any

import pytest

from bwcstore._store import Store
from bwcstore._values import ObjectId, StoreId
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate
from bwcstore.purge._certificate_erasure import CertificateState
from bwcstore.testing import MemoryVault, World
from tests.unit.session.purging import (
    DAY,
    DUE_DAYS,
    approved,
    due,
    hold,
    ids,
    living,
    release,
    segments,
    town,
)
from tests.unit.session.world import CHUNK, chief, reopen

SECRETS = ("testing", "chief", "ann", "camera 7")


def verified(store: Store, object_id: ObjectId) -> VerifiedCertificate:
    """The certificate of a recording, checked with history and plan."""
    found = store.object(object_id).keeping.purge
    assert found is not None
    with chief(store) as session:
        plan = session.purge_status(found.plan).plan_sha256
    services = store._services
    return verify_certificate(
        store.certificate(object_id),
        key=services.log.verifier_key,
        expect_store=StoreId(store.parameters.store),
        history=store.store_history(),
        plan=services.backend.read(f"annex/{plan}"),
    )


@pytest.mark.spec("CRT-6", "CRT-7", "CRT-21", "CRT-22")
def test_a_run_gives_a_certificate_to_each() -> None:
    """Every recording of a run has its own, which says why and that its bytes are deleted."""
    store = due(World(), clips=3, length_bytes=3 * CHUNK)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    found = [verified(store, one) for one in ids(store)]
    decision: Any = found[0].statement["decision"]
    tool: Any = found[0].statement["sanitization"]

    assert [store.certificate(one) for one in ids(store)] == list(store.certificates(ids(store)))
    assert [CertificateState.BYTES_DELETED] * 3 == [one.state for one in found]
    assert [store.object(one).purged for one in ids(store)] == [one.number for one in found]
    assert ["basic", "standard"] == [one["rule"] for one in decision["floors"]]
    assert "nothing was attested" in found[0].claim
    assert "0.1.0" == tool["tool"]["version"]


@pytest.mark.spec("CRT-16")
def test_erasure_is_claimed_once_it_is_attested() -> None:
    """A run, a declared backup and an attestation: it is erased; the store may be opened anew."""
    world = World()
    store = due(world)
    (clip_id,) = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.declare_backups({"tape": "both"})
        session.run_purge(plan)
        before = verified(store, clip_id)
        session.attest_erasure(0, root="replaced", backups={"tape": "destroyed"})
    store.close()
    again = reopen(world)

    assert CertificateState.BYTES_DELETED == before.state
    assert CertificateState.ERASED == verified(again, clip_id).state


def test_an_interrupted_run_is_finished_and_certified() -> None:
    """A run that fails half-way leaves an attempt that the certificate counts."""
    world = World()
    store = due(world, length_bytes=3 * CHUNK)
    (clip_id,) = ids(store)
    plan = approved(store)
    name = segments(world, clip_id)[0]
    vault = store._services.vault

    class Locking(MemoryVault):
        """Once the key is gone, the storage keeps a segment."""

        def destroy(self, key_ids: Iterable[str]) -> None:
            world.storage.locks[name] = None
            super().destroy(key_ids)

    keys = Locking()
    keys.living = living(world)
    store._services.vault = keys
    with chief(store) as session:
        session.run_purge(plan)
    store._services.vault = vault
    world.storage.locks.clear()
    with chief(store) as session:
        session.run_purge(plan)
    destruction: Any = verified(store, clip_id).statement["destruction"]

    assert 1 == destruction["failures"]
    assert ["deleted", "absent"] == [one["outcome"] for one in destruction["outcomes"]]
    assert 1 == destruction["versions"]


@pytest.mark.spec("CRT-14")
def test_a_hold_that_was_released_is_shown() -> None:
    """The hold that bound it, and its release, are in the certificate."""
    world = World()
    store = town(world)
    (clip_id,) = ids(store)
    with chief(store) as session:
        hold(session, clip_id)
        world.clock.advance(DUE_DAYS * DAY)
        release(session)
    world.clock.advance(DUE_DAYS * DAY)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    kinds = [one.kind for one in verified(store, clip_id).entries]

    assert (1, 1) == (kinds.count("hold.bound"), kinds.count("hold.released"))


@pytest.mark.spec("CRT-5")
def test_a_certificate_names_nobody_else() -> None:
    """Neither names nor reasons nor other recordings are in it: nothing that is sealed."""
    store = due(World(), clips=2)
    first, second = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    raw = store.certificate(first).decode()

    assert str(first) in raw
    assert str(second) not in raw
    assert [] == [word for word in SECRETS if f'"{word}"' in raw or f'\\"{word}\\"' in raw]


@pytest.mark.spec("CRT-3")
def test_a_store_of_several_generations() -> None:
    """Recordings of an older generation are certified from both."""
    world = World()
    store = due(world)
    (clip_id,) = ids(store)
    with chief(store) as session:
        session.close_generation()
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        session.close_generation()
        session.attest_erasure(0, root="replaced", backups={})

    assert [0, 1, 2] == [one.generation for one in verified(store, clip_id).checkpoints]
