"""Clearing away from the command line what the storage does not let go yet."""

import json

import pytest

from bwcstore import _layout
from bwcstore._values import ObjectId
from bwcstore.cli import _stores
from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from tests.unit.cli.acting import let_act
from tests.unit.session.purging import DAY
from tests.unit.session.test_locks import LOCKED, bucketed
from tests.unit.session.world import create


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a segment under a lock of 20 days, left behind 10 days ago."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    now = world.clock.now()
    name = _layout.segment(ObjectId.from_time(now, bytes(10)), 0)
    upload = bucket.create_large(name, keep_until=now.plus_seconds(20 * DAY))
    upload.write(memoryview(b"sealed"))
    upload.commit()
    world.clock.advance(10 * DAY)

    let_act(monkeypatch, _stores, store)
    return name


@pytest.mark.spec("STO-25")
def test_what_the_storage_keeps_is_shown(kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name is printed, with a remark that it is found again; nothing failed."""
    code = run(["leftovers", "discard"])
    told = capsys.readouterr()

    assert Exit.OK == code
    assert kept in told.out
    assert "1 leftover discarded, " in told.out
    assert "1 name stays under a lock or hold of the storage" in told.err


@pytest.mark.spec("STO-25")
def test_programs_are_told_what_the_storage_keeps(
    kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document names it."""
    code = run(["leftovers", "discard", "--json"])

    assert Exit.OK == code
    assert [kept] == json.loads(capsys.readouterr().out)["withheld"]
