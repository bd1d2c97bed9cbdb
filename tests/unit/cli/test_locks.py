"""`locks`, and the lock options of `init`, on a disk, where nothing can be locked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore.cli import _locks
from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from tests.unit.cli.office import Office, open_office
from tests.unit.session.purging import DAY
from tests.unit.session.test_locks import LOCKED, bucketed
from tests.unit.session.world import chief, create


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office whose store is on a disk."""
    return open_office(tmp_path)


def test_a_disk_has_no_locks_to_show(office: Office) -> None:
    """Everything has one version, without a lock, and the ledger recorded none."""
    clip = office.ingest("a.mp4", b"a" * 1000)
    shown = office.run("locks", "show", clip, "--json").document
    manifest, segment = shown["versions"]
    nothing = {"version": "null", "locked_until": None, "legal_hold": False, "marker": False}

    assert not shown["can_lock"]
    assert {"locked_until": None, "legal_hold": False} == shown["recorded"]
    assert nothing == {name: segment[name] for name in nothing}
    assert nothing == {name: manifest[name] for name in nothing}
    assert f"objects/{clip}/00000000" == segment["name"]


def test_locks_are_shown_to_people(office: Office) -> None:
    """For a person, too, it is said that nothing is locked, and why."""
    clip = office.ingest("a.mp4", b"a" * 1000)
    whole = office.run("locks", "show").out
    one = office.run("locks", "show", clip).out

    assert "locks            none: this store was created where nothing can be locked" in whole
    assert 1 == whole.count(clip) == whole.count("not locked")
    assert "stored now            2 versions of 2 names\n" in one
    assert f"stored under          objects/{clip}/\n" in one


def test_nothing_can_be_synced_on_a_disk(office: Office) -> None:
    """`locks sync` says why it does nothing, with the exit code of storage."""
    refused = office.run("locks", "sync", expected=7)

    assert "the store was created without locks" in refused.err


def test_of_an_unknown_object_nothing_is_shown(office: Office) -> None:
    """A recording that is not in the store has the exit code of what does not exist."""
    office.run("locks", "show", "01a20cf6-3761-7420-932f-efc85929ef8e", expected=4)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--lock", "compliance"), "is a directory, where nothing can be locked"),
        (("--max-lock-days", "5"), "is a directory, where nothing can be locked"),
        (("--lock", "sometimes"), "--lock"),
        (("--max-lock-days", "0"), "--max-lock-days"),
        (
            ("--store", "s3://evidence/bwc", "--lock", "none", "--max-lock-days", "5"),
            "--lock none locks nothing",
        ),
    ],
)
def test_lock_options_that_mean_nothing_are_refused(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    """Options of locks where there are none are a wrong command line, and nothing is made."""
    vault = ("--vault", str(tmp_path / "keys"))
    refused = Office(root=tmp_path).run("init", *vault, *options, expected=2)

    assert told in refused.err
    assert [] == list(tmp_path.iterdir())


def test_doctor_tells_of_locks(office: Office) -> None:
    """`doctor` says how the store is locked and how its entries are committed."""
    found = office.run("doctor", "--json", expected=1).document

    assert (None, "numbered", None) == (found["locking"], found["protocol"], found["claims"])


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose storage makes no lock of its 32 records longer."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    with chief(store) as session:
        for number in range(30):
            session.attest_storage("vault", words=[f"word-{number}"])
    world.clock.advance(80 * DAY)
    bucket.refused = ""

    @contextmanager
    def acting(_: object) -> Iterator[tuple[Store, Session]]:
        with chief(store) as session:
            yield store, session

    monkeypatch.setattr(_locks, "acting", acting)


@pytest.mark.usefixtures("refusing")
def test_many_refusals_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A person is told of twenty and how many more there are, a program of all; that no record
    was made longer does not mean that none is locked.
    """
    code = run(["locks", "sync"])
    people = capsys.readouterr()
    run(["locks", "sync", "--json"])
    problems = json.loads(capsys.readouterr().out)["problems"]

    assert Exit.UNFINISHED == code
    assert 21 == people.err.count("[lock-refused]")
    assert "12 problems more; `--json` lists them all" in people.err
    assert 32 <= len(problems)
    assert "records locked until  as each was stored\n" in people.out
