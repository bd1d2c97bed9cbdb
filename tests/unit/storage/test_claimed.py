"""Claims: one commit for each number, though several writers are told that they won."""

import contextlib
import json
from collections.abc import Callable

import pytest

from bwcstore import _layout
from bwcstore._encoding import sha256
from bwcstore._ports import Backend, Capability, Properties
from bwcstore._values import ByteRange
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._claim import decode_claim, encode_claim
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import (
    MemoryBackend,
    RacyBackend,
)
from bwcstore.testing.backend_suite import BackendSuite
from tests.unit.storage.claimed_places import Places

BATCH = _layout.batch(0, 0)
NEXT = _layout.batch(0, 1)


@pytest.fixture
def places() -> Places:
    """Two empty places."""
    return Places()


def _batch_file(number: int, prev: bytes | None, content: str) -> bytes:
    """What is enough of a batch for a claim."""
    before = sha256(prev) if prev is not None else "0" * 64
    header = {"batch": number, "prev_batch_sha256": str(before)}
    lines = [json.dumps(one, separators=(",", ":")) for one in (header, {"leaf": content})]
    return "".join(f"{line}\n" for line in lines).encode()


FIRST = _batch_file(0, None, "first")
RIVAL = _batch_file(0, None, "rival")
SECOND = _batch_file(1, FIRST, "second")


class TestContract(BackendSuite):
    """Everything but batches is the storage's."""

    @pytest.fixture
    def backend(self) -> Backend:
        """Two empty places."""
        return ClaimedBackend(MemoryBackend(), MemoryBackend())


@pytest.mark.spec("CLM-2", "CLM-3", "CLM-4", "NAM-12")
def test_a_batch_is_a_candidate_and_a_claim(places: Places) -> None:
    """The bytes lie under a name with their digest, and the claim names it."""
    backend = places.backend()
    stat = backend.create(BATCH, [FIRST[:10], FIRST[10:]])
    digest = sha256(FIRST)
    claim = f'{{"batch":"{BATCH}","format":"bwcstore-claim/1","sha256":"{digest}"}}'

    assert {f"{BATCH}-{digest}": FIRST} == places.evidence.contents
    assert {BATCH: claim.encode()} == places.claims.contents
    assert _layout.check_name(f"{BATCH}-{digest}")
    assert (BATCH, digest) == _layout.parse_candidate(f"{BATCH}-{digest}")
    assert None is _layout.parse_candidate(f"{BATCH}-{str(digest).upper()}")
    assert stat == backend.stat(BATCH)
    assert (BATCH, len(FIRST)) == (stat.name, stat.length_bytes)


@pytest.mark.spec("CLM-6", "STO-11", "STO-12")
def test_a_batch_is_read_like_anything_else(places: Places) -> None:
    """Whole, by range, by random access and by version."""
    backend = places.backend()
    backend.create(BATCH, FIRST)
    buffer = bytearray(9)
    with contextlib.closing(backend.open(BATCH)) as source:
        count = source.read_into(5, memoryview(buffer))
        length = source.length_bytes
    (version,) = backend.versions(BATCH)

    assert FIRST == backend.read(BATCH)
    assert FIRST[3:7] == backend.read(BATCH, ByteRange(3, 4))
    assert (9, len(FIRST), FIRST[5:14]) == (count, length, bytes(buffer))
    assert FIRST == backend.read_version(BATCH, version.version_id)
    assert [BATCH] == [one.name for one in backend.all_versions("")]
    assert [BATCH] == [one.name for one in backend.list("ledger/")]


@pytest.mark.spec("CLM-5", "CLM-7", "STO-4")
@pytest.mark.parametrize("data", [FIRST, RIVAL])
def test_a_claimed_number_is_taken(places: Places, data: bytes) -> None:
    """Whoever comes second is told so, and leaves nothing that counts."""
    places.backend().create(BATCH, FIRST)
    backend = places.backend()
    with pytest.raises(AlreadyExistsError) as caught:
        backend.create(BATCH, data)

    assert ErrorKind.NAME_TAKEN == caught.value.kind
    assert FIRST == backend.read(BATCH)
    assert [(BATCH, len(FIRST))] == [(one.name, one.length_bytes) for one in backend.list("")]
    assert [BATCH] == [one.name for one in backend.all_versions("")]


@pytest.mark.spec("CLM-7")
def test_a_candidate_alone_is_no_batch(places: Places) -> None:
    """A writer that died before its claim has committed nothing, and may try again."""
    places.evidence.create(_layout.candidate(BATCH, sha256(FIRST)), FIRST)
    backend = places.backend()

    for verb in (backend.read, backend.stat, backend.open):
        with pytest.raises(NotFoundError):
            verb(BATCH)
    assert () == backend.versions(BATCH)
    assert [] == list(backend.list(""))
    backend.delete(BATCH)
    backend.create(BATCH, FIRST)
    assert FIRST == backend.read(BATCH)


@pytest.mark.spec("CLM-4")
def test_a_damaged_candidate_is_not_claimed(places: Places) -> None:
    """What lies under the candidate's name must be its bytes before it is claimed."""
    places.evidence.contents[_layout.candidate(BATCH, sha256(FIRST))] = RIVAL
    with pytest.raises(StorageError) as caught:
        places.backend().create(BATCH, FIRST)

    assert ErrorKind.CLAIM_INVALID == caught.value.kind
    assert {} == places.claims.contents


@pytest.mark.spec("CLM-6")
def test_a_covered_candidate_is_found(places: Places) -> None:
    """Where a newer version covers the bytes, the version with the digest is read."""
    backend = places.backend()
    backend.create(BATCH, FIRST)
    stored = _layout.candidate(BATCH, sha256(FIRST))
    places.evidence.covered[stored] = [FIRST]
    places.evidence.contents[stored] = RIVAL

    assert FIRST == backend.read(BATCH)


def _replaced(places: Places) -> None:
    places.evidence.contents[_layout.candidate(BATCH, sha256(FIRST))] = RIVAL


def _destroyed(places: Places) -> None:
    places.evidence.delete(_layout.candidate(BATCH, sha256(FIRST)))


def _claiming(raw: bytes) -> Callable[[Places], None]:
    def change(places: Places) -> None:
        places.claims.contents[BATCH] = raw

    return change


@pytest.mark.spec("CLM-3", "CLM-6")
@pytest.mark.parametrize(
    "change",
    [
        _replaced,
        _destroyed,
        _claiming(b""),
        _claiming(b"{}"),
        _claiming(b'{"sha256":7}'),
        _claiming(encode_claim(NEXT, sha256(FIRST))),
        _claiming(encode_claim(BATCH, sha256(FIRST)) + b"\n"),
        _claiming(encode_claim(BATCH, sha256(FIRST)).replace(b"claim/1", b"claim/2")),
        _claiming(encode_claim(BATCH, sha256(RIVAL))),
        _claiming(b" " * 2000),
    ],
)
def test_what_does_not_verify_is_refused(places: Places, change: Callable[[Places], None]) -> None:
    """Claims and bytes that do not fit each other are told as that, never as absence."""
    backend = places.backend()
    backend.create(BATCH, FIRST)
    change(places)
    with pytest.raises(StorageError) as caught:
        backend.read(BATCH)

    assert ErrorKind.CLAIM_INVALID == caught.value.kind


@pytest.mark.spec("CLM-3")
def test_a_claim_is_read_as_it_is_written() -> None:
    """Writing and reading agree."""
    assert sha256(FIRST) == decode_claim(encode_claim(BATCH, sha256(FIRST)), BATCH)


@pytest.mark.spec("CLM-8", "CLM-10")
def test_the_next_batch_stands_in_for_a_claim(places: Places) -> None:
    """Without claims, what the next batch names was committed; of the last, nothing is known."""
    for name, data in ((BATCH, FIRST), (NEXT, SECOND)):
        places.backend().create(name, data)
    with pytest.raises(AlreadyExistsError):
        places.backend().create(BATCH, RIVAL)
    running = places.backend()
    running.read(BATCH)
    for lost in (BATCH, NEXT):
        places.claims.delete(lost)
        backend = places.backend()

        assert FIRST == backend.read(BATCH)
        assert len(FIRST) == backend.stat(BATCH).length_bytes
        assert BATCH == next(backend.list("ledger/")).name
    assert FIRST == running.read(BATCH)
    with pytest.raises(NotFoundError):
        places.backend().read(NEXT)


@pytest.mark.spec("CLM-8")
def test_the_next_generation_stands_in_for_a_claim(places: Places) -> None:
    """The last batch of a generation is named by the first of the next."""
    places.backend().create(BATCH, FIRST)
    places.backend().create(_layout.batch(1, 0), SECOND)
    places.claims.delete(BATCH)

    assert FIRST == places.backend().read(BATCH)


@pytest.mark.spec("CLM-8")
def test_a_claim_lost_while_running_is_noticed(places: Places) -> None:
    """A process that has surveyed before looks again when a claim has gone."""
    backend = places.backend()
    backend.create(BATCH, FIRST)
    backend.create(NEXT, SECOND)
    with pytest.raises(NotFoundError):
        backend.read(_layout.batch(0, 2))
    places.claims.delete(BATCH)

    assert FIRST == backend.read(BATCH)


@pytest.mark.spec("CLM-9")
@pytest.mark.parametrize(
    ("number", "later"), [(1, RIVAL), (1, _batch_file(1, b"other", "x")), (2, SECOND)]
)
def test_nothing_is_chosen_in_doubt(places: Places, number: int, later: bytes) -> None:
    """Where the next batch names no candidate, or is missing, the reader says so; a listing shows
    that something was committed there.
    """
    places.evidence.create(_layout.candidate(BATCH, sha256(FIRST)), FIRST)
    name = _layout.batch(0, number)
    places.evidence.create(_layout.candidate(name, sha256(later)), later)
    backend = places.backend()
    with pytest.raises(StorageError) as caught:
        backend.read(BATCH)

    assert ErrorKind.CLAIM_MISSING == caught.value.kind
    assert BATCH in {one.name for one in backend.list("")}


@pytest.mark.spec("STO-18", "STO-25")
def test_deleting_takes_the_claim_along(places: Places) -> None:
    """A deleted batch leaves nothing, as a whole or version by version."""
    backend = places.backend()
    backend.create(BATCH, FIRST)
    backend.delete(BATCH)

    assert ({}, {}) == (places.evidence.contents, places.claims.contents)
    backend.create(BATCH, FIRST)
    for version in backend.versions(BATCH):
        backend.delete_version(BATCH, version.version_id)
    backend.delete_version(BATCH, "0")

    assert ({}, {}) == (places.evidence.contents, places.claims.contents)


def test_a_batch_is_never_large(places: Places) -> None:
    """An upload cannot be claimed at once, so that none is begun."""
    with pytest.raises(StorageError):
        places.backend().create_large(BATCH)


class _Versioned(MemoryBackend):
    @property
    def properties(self) -> Properties:
        """Creates only, and keeps versions."""
        words = frozenset({Capability.CREATE_ONLY, Capability.VERSIONS})
        return Properties(location="versioned", capabilities=words)


@pytest.mark.spec("CLM-1")
@pytest.mark.parametrize("claims", [RacyBackend(), _Versioned()])
def test_claims_need_their_place(claims: Backend) -> None:
    """A place that keeps versions, or lets creators race, cannot hold claims."""
    with pytest.raises(StorageError) as caught:
        ClaimedBackend(RacyBackend(), claims)

    assert ErrorKind.STORAGE_UNFIT == caught.value.kind
