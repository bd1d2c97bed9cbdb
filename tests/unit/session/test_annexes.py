"""Annexes: stored once under their digest, believed only with it."""

import hashlib
from pathlib import Path

import pytest

from bwcstore import _layout
from bwcstore._limits import ANNEX_SIZE_MAX
from bwcstore._session._annexes import get_annex, put_annex
from bwcstore._session._law import adopt_law
from bwcstore._values import Digest
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError
from bwcstore.testing import FailAt, MemoryBackend, World
from tests.unit.session.world import chief, create

LAW = Path(__file__).parents[1] / "statute"
DATA = b"{}"
DIGEST = Digest(hashlib.sha256(DATA).digest())


@pytest.mark.spec("LED-46")
@pytest.mark.spec("NAM-11")
def test_an_annex_is_stored_once() -> None:
    """Equal bytes are one annex, under their digest, however often they are put."""
    storage = MemoryBackend()

    assert [DIGEST, DIGEST] == [put_annex(storage, DATA) for _ in range(2)]
    assert {f"annex/{DIGEST}": DATA} == storage.contents
    assert DATA == get_annex(storage, DIGEST)


@pytest.mark.spec("LED-47")
def test_an_annex_is_believed_only_with_its_digest() -> None:
    """A missing annex and other bytes are refused, when reading and when putting again."""
    storage = MemoryBackend()
    with pytest.raises(IntegrityError) as missing:
        get_annex(storage, DIGEST)
    storage.contents[_layout.annex(DIGEST)] = b"[]"
    with pytest.raises(IntegrityError) as altered:
        get_annex(storage, DIGEST)
    with pytest.raises(IntegrityError) as taken:
        put_annex(storage, DATA)

    assert ErrorKind.ANNEX_MISSING is missing.value.kind
    assert [ErrorKind.ANNEX_DIGEST] * 2 == [altered.value.kind, taken.value.kind]


@pytest.mark.spec("LED-45")
def test_an_annex_is_no_larger_than_it_may_be() -> None:
    """More than 64 MiB are refused, and nothing is stored."""
    storage = MemoryBackend()
    with pytest.raises(InvalidInputError) as caught:
        put_annex(storage, bytes(ANNEX_SIZE_MAX + 1))

    assert ErrorKind.TOO_LARGE is caught.value.kind
    assert {} == storage.contents


@pytest.mark.spec("LED-46")
def test_annexes_are_there_before_their_entry() -> None:
    """Both texts of a law are stored before the batch that names them."""
    plan = FailAt(None)
    store = create(World(plan=plan))
    begun = len(plan.trace)
    with chief(store) as session:
        adopt_law(session._acting, LAW / "small-pack.toml", LAW / "small-agency.toml")
    created = [one.split("/")[0] for one in plan.trace[begun:] if one.startswith("create ")]

    assert ["create annex", "create annex", "create ledger"] == created[:3]


@pytest.mark.spec("LED-48")
def test_an_annex_that_no_entry_names_means_nothing() -> None:
    """What a broken write left behind is in nobody's way."""
    world = World()
    store = create(world)
    put_annex(world.storage, DATA)
    with chief(store) as session:
        adopt_law(session._acting, LAW / "small-pack.toml", LAW / "small-agency.toml")

    report = audit_store(world.storage)

    assert 1 == report.coverage.unreferenced_names
    assert () == report.errors
