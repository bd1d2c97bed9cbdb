"""Copies of a store with claims: read with its claims, without them, and never written."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from bwcstore import _layout
from bwcstore.audit._run import audit_store
from bwcstore.cli._app import run
from bwcstore.errors import ErrorKind, NotFoundError, StorageError
from bwcstore.storage._copied import CopiedBackend, has_candidates_alone
from bwcstore.testing import MemoryBackend
from tests.unit.storage.claimed_places import Places, enrol

BATCH = _layout.batch(0, 0)


@pytest.fixture
def places() -> Places:
    """Both places of a store with some entries."""
    found = Places()
    with found.create() as store:
        for login in ("alice", "bob", "carol", "dave"):
            enrol(store, login)
    return found


def _write(root: Path, contents: Mapping[str, bytes]) -> Path:
    for name, data in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def _verify(*arguments: object) -> tuple[int, set[str]]:
    """What the program says of a copy: its exit code, and the codes of the errors."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = run(["verify", *map(str, arguments), "--json"])
    findings = json.loads(out.getvalue())["findings"]
    return code, {one["code"] for one in findings if one["severity"] == "error"}


@pytest.mark.spec("CLM-11")
def test_the_program_verifies_copies(places: Places, tmp_path: Path) -> None:
    """Two directories are a whole store; the evidence alone lacks its last batch."""
    evidence = _write(tmp_path / "evidence", places.evidence.contents)
    claims = _write(tmp_path / "claims", places.claims.contents)

    assert (0, set()) == _verify("--store", evidence, "--claims", claims)
    assert (1, {"checkpoint-beyond"}) == _verify("--store", evidence)


@pytest.mark.spec("CLM-11", "CLM-17")
@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_batch_that_is_claimed_and_gone_is_told(places: Places, number: int) -> None:
    """Also the last one, where nothing else speaks of it."""
    name = sorted(places.claims.contents)[number]
    for stored in list(places.evidence.contents):
        if stored.startswith((f"{name}-", "checkpoint/")):
            places.evidence.delete(stored)
    backend = CopiedBackend(places.evidence, places.claims)
    found = audit_store(backend)

    assert (ErrorKind.CLAIM_INVALID, name) in {(one.code, one.where) for one in found.errors}
    assert sorted(places.claims.contents) == [one.name for one in backend.list("ledger/")]


@pytest.mark.spec("AUD-1", "CLM-9", "CLM-17")
def test_a_batch_that_cannot_be_told_ends_no_audit(places: Places) -> None:
    """What comes before a candidate that is gone cannot be told; the rest is looked at."""
    gone = next(name for name in places.evidence.contents if name.startswith(_layout.batch(0, 2)))
    places.evidence.delete(gone)
    found = audit_store(CopiedBackend(places.evidence, None))
    told = {(one.code, one.where) for one in found.errors}

    assert {
        (ErrorKind.CLAIM_MISSING, _layout.batch(0, 1)),
        (ErrorKind.BATCH_MISSING, _layout.batch(0, 2)),
    } <= told
    assert 1 < found.coverage.batches


@pytest.mark.spec("CLM-2")
@pytest.mark.parametrize("data", [b"garbage", b""])
def test_what_lies_among_the_evidence_is_no_claim(places: Places, data: bytes) -> None:
    """A claim that somebody put among the evidence is passed over in a copy without claims."""
    before = audit_store(CopiedBackend(places.evidence, None)).coverage
    for name, claim in places.claims.contents.items():
        places.evidence.create(name, data or claim)

    assert has_candidates_alone(places.evidence)
    assert before == audit_store(CopiedBackend(places.evidence, None)).coverage


_WRITES: tuple[Callable[[CopiedBackend], object], ...] = (
    lambda copy: copy.create(BATCH, b"x"),
    lambda copy: copy.create("annex/x", b"x"),
    lambda copy: copy.create_large("objects/x"),
    lambda copy: copy.delete(BATCH),
    lambda copy: copy.delete_version(BATCH, "null"),
    lambda copy: copy.discard_leftovers(),
)


@pytest.mark.spec("CLM-11")
@pytest.mark.parametrize("write", _WRITES)
@pytest.mark.parametrize("claims", ["copied", "absent"])
def test_a_copy_is_only_read(
    places: Places, claims: str, write: Callable[[CopiedBackend], object]
) -> None:
    """Nothing can be stored in a copy, nor deleted."""
    copy = CopiedBackend(places.evidence, places.claims if claims == "copied" else None)
    before = dict(places.evidence.contents), dict(places.claims.contents)
    with pytest.raises(StorageError) as caught:
        write(copy)

    assert ErrorKind.STORAGE_READ_ONLY is caught.value.kind
    assert before == (places.evidence.contents, places.claims.contents)


def test_the_last_batch_of_a_copy_without_claims_is_none(places: Places) -> None:
    """It has no bytes, no length, no versions, and cannot be opened."""
    copy = CopiedBackend(places.evidence, None)
    last = max(places.claims.contents)

    assert () == copy.versions(last)
    for ask in (copy.read, copy.open, copy.stat):
        with pytest.raises(NotFoundError):
            ask(last)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), False),
        (("0-c",), True),
        (("3-c", "4"), True),
        (("0", "0-c"), True),
        (("0", "1", "1-c"), False),
        (("0", "1-c"), False),
        (("1", "1-c"), False),
    ],
)
def test_copies_with_candidates_are_recognized(names: tuple[str, ...], expected: bool) -> None:
    """By their first names; beside a candidate for it, what has the name of the first is none."""
    digest = "ab" * 32
    stored = {
        _layout.batch(0, int(name[0])) + (f"-{digest}" if name.endswith("c") else ""): b""
        for name in names
    }

    assert expected == has_candidates_alone(MemoryBackend(stored))
