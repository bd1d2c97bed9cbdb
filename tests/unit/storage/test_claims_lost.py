"""Claims that vanish: what was promised is kept, and a writer that is behind appends nothing."""

import pytest

from bwcstore import _layout
from bwcstore._encoding import sha256
from bwcstore._store import Store
from bwcstore.errors import ErrorKind, OutcomeUnknownError, StorageError
from bwcstore.storage._claim import decode_claim, encode_claim
from bwcstore.testing import FailAt
from tests.unit.storage.claimed_places import Places, count, enrol


@pytest.fixture
def places() -> Places:
    """Two empty places."""
    return Places()


def _last(places: Places) -> str:
    return max(places.claims.contents)


def _rival(places: Places, name: str) -> bytes:
    """A candidate for a number that lost the race, or would have."""
    digest = decode_claim(places.claims.contents[name], name)
    won = places.evidence.contents[_layout.candidate(name, digest)]
    head, _, rest = won.partition(b"\n")
    lost = head.replace(b'"writer":"', b'"writer":"0', 1) + b"\n" + rest
    places.evidence.contents[_layout.candidate(name, sha256(lost))] = lost
    return lost


def _promised(places: Places) -> Store:
    """A store whose last entry is under no checkpoint."""
    store = places.create()
    enrol(store, "alice")
    enrol(store, "bob")
    return store


@pytest.mark.spec("CLM-13")
@pytest.mark.parametrize("lost", ["last", "all"])
def test_the_next_writer_claims_what_was_promised(places: Places, lost: str) -> None:
    """With the last claim lost, or all, the last batch is in the ledger once somebody appends."""
    _promised(places)
    name, claim = _last(places), places.claims.contents[_last(places)]
    if lost == "all":
        places.claims.contents.clear()
    else:
        places.claims.delete(name)
    found = places.open()
    before = count(found)
    enrol(found, "carol")

    assert (2, 4) == (before, count(found))
    assert claim == places.claims.contents[name]
    assert None is places.open()._services.log.read_only
    assert 4 == count(places.open())


@pytest.mark.spec("CLM-13")
def test_what_does_not_continue_the_ledger_is_not_claimed(places: Places) -> None:
    """A candidate that names another batch before it, or is damaged, is passed over."""
    _promised(places)
    generation, number = _layout.parse_batch(_last(places)) or (0, 0)
    name = _layout.batch(generation, number + 1)
    alien = b'{"prev_batch_sha256":"' + b"a" * 64 + b'"}\n'
    places.evidence.contents[_layout.candidate(name, sha256(alien))] = alien
    places.evidence.contents[_layout.candidate(name, sha256(b"whole"))] = b"damaged"
    found = places.open()
    enrol(found, "carol")

    assert 4 == count(places.open())
    assert decode_claim(places.claims.contents[name], name) not in {
        sha256(alien),
        sha256(b"whole"),
    }


@pytest.mark.spec("CLM-15")
def test_of_several_nothing_is_chosen_once_claims_were_lost(places: Places) -> None:
    """Where writers raced for the last number and all claims are gone, nothing is appended until
    its claim was put back.
    """
    _promised(places)
    name, claim = _last(places), places.claims.contents[_last(places)]
    _rival(places, name)
    places.claims.contents.clear()
    found = places.open()
    with pytest.raises(StorageError) as caught:
        enrol(found, "carol")

    assert ErrorKind.CLAIM_MISSING is caught.value.kind
    assert {} == places.claims.contents
    places.claims.contents[name] = claim
    again = places.open()
    enrol(again, "carol")
    assert 4 == count(places.open())


@pytest.mark.spec("CLM-15")
def test_writers_that_died_together_do_not_stop_the_ledger(places: Places) -> None:
    """Several candidates that nobody claimed are passed over where no claim is missing."""
    _promised(places)
    name = _last(places)
    _rival(places, name)
    places.claims.delete(name)
    found = places.open()
    enrol(found, "carol")

    assert 3 == count(places.open())


@pytest.mark.spec("CLM-12")
@pytest.mark.parametrize("change", ["gone", "other", "malformed"])
def test_a_writer_that_is_behind_refuses_once_claims_are_lost(places: Places, change: str) -> None:
    """What another process has promised is not written over by one that has not seen it."""
    first = _promised(places)
    behind = places.open()
    seen = _last(places)
    if change == "gone":
        enrol(first, "carol")
        places.claims.contents.clear()
    else:
        other = encode_claim(seen, sha256(b"other")) if change == "other" else b"{}"
        places.claims.contents[seen] = other
    before = dict(places.evidence.contents)
    kinds = set()
    for login in ("dave", "erin"):
        with pytest.raises(StorageError) as caught:
            enrol(behind, login)
        kinds.add(caught.value.kind)

    assert {ErrorKind.CLAIM_MISSING if change == "gone" else ErrorKind.CLAIM_INVALID} == kinds
    assert before == places.evidence.contents
    if change == "gone":
        again = places.open()
        enrol(again, "dave")
        assert 5 == count(places.open())


@pytest.mark.spec("CLM-14")
def test_an_unclaimed_batch_is_in_doubt_and_kept(places: Places) -> None:
    """A claim that is refused leaves the outcome unknown, and whoever is next settles it."""
    places.create().close()
    plan = FailAt(None)
    store = Store.open_on(
        places.backend(plan), places.world.vault, environment=places.world.environment
    )
    create = places.claims.create

    def refuse(name: str, data: bytes) -> object:
        raise StorageError(ErrorKind.STORAGE_DENIED, f"{name}: denied, {len(data)} bytes")

    places.claims.create = refuse  # type: ignore[method-assign, assignment]  # storage that refuses from now on
    with pytest.raises(OutcomeUnknownError):
        enrol(store, "alice")
    places.claims.create = create  # type: ignore[method-assign]  # and takes claims again
    enrol(store, "bob")

    assert 3 == count(places.open())
