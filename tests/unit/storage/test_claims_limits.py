"""Claims and candidates that are longer than they may be: passed over, and never read whole."""

from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._encoding import sha256
from bwcstore._limits import BATCH_SIZE_MAX
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._claim import CLAIM_SIZE_MAX, decode_claim
from tests.unit.counting import CountingMemory, CountingRace
from tests.unit.storage.claimed_places import Places, count, enrol

HUGE: Final = BATCH_SIZE_MAX + 1000


@pytest.fixture
def places() -> Places:
    """A store with two people, in two places that note what is read."""
    found = Places()
    found.evidence, found.claims = CountingRace(), CountingMemory()
    store = found.create()
    enrol(store, "alice")
    enrol(store, "bob")
    return found


def longest(places: Places) -> tuple[int, int]:
    """The most that was read at once of a candidate, and of a claim."""
    assert isinstance(places.evidence, CountingRace)
    assert isinstance(places.claims, CountingMemory)
    claims = max((length for _, length in places.claims.readings), default=0)
    candidates = {
        name: length
        for name, length in places.evidence.longest().items()
        if _layout.parse_candidate(name)
    }
    return max(candidates.values(), default=0), claims


def stored(places: Places, number: int) -> str:
    """The candidate that a claim names."""
    name = sorted(places.claims.contents)[number]
    return _layout.candidate(name, decode_claim(places.claims.contents[name], name))


def rival(places: Places, number: int, data: bytes) -> None:
    """Something of others with a name that fits its bytes."""
    name = sorted(places.claims.contents)[number]
    places.evidence.contents[_layout.candidate(name, sha256(data))] = data


@pytest.mark.spec("CLM-6", "CLM-16", "NAM-14")
def test_a_huge_cover_of_a_candidate(places: Places) -> None:
    """The version that the claim names is read under one that is too long."""
    name = stored(places, 1)
    small = places.evidence.contents[name]
    for length in (HUGE, HUGE + 1):
        places.evidence.covered.setdefault(name, []).append(places.evidence.contents[name])
        places.evidence.contents[name] = small.ljust(length, b"\n")
    found = places.open()

    assert 3 == count(found)
    assert (BATCH_SIZE_MAX + 1, True) == (longest(places)[0], longest(places)[1] < CLAIM_SIZE_MAX)


@pytest.mark.spec("CLM-16", "NAM-14")
def test_a_candidate_that_is_too_long_is_no_batch(places: Places) -> None:
    """Although its bytes have the digest of its name."""
    name = sorted(places.claims.contents)[1]
    data = places.evidence.contents[stored(places, 1)].ljust(HUGE, b"\n")
    rival(places, 1, data)
    claim = places.claims.contents[name]
    old = decode_claim(claim, name)
    places.claims.contents[name] = claim.replace(str(old).encode(), str(sha256(data)).encode())
    with pytest.raises(StorageError) as caught:
        places.open()

    assert ErrorKind.CLAIM_INVALID is caught.value.kind
    assert BATCH_SIZE_MAX + 1 == longest(places)[0]


@pytest.mark.spec("CLM-16")
@pytest.mark.parametrize("size", [10, CLAIM_SIZE_MAX + 1, 1 << 20])
def test_a_claim_that_is_too_long_is_none(places: Places, size: int) -> None:
    """Whatever it begins with; no more of it is read than a claim has."""
    name = sorted(places.claims.contents)[1]
    places.claims.contents[name] += b"\n" * size
    with pytest.raises(StorageError) as caught:
        places.open()

    assert ErrorKind.CLAIM_INVALID is caught.value.kind
    assert longest(places)[1] <= CLAIM_SIZE_MAX + 1


@pytest.mark.spec("CLM-8", "CLM-16")
@pytest.mark.parametrize("lost", ["one", "all"])
def test_damaged_candidates_do_not_hide_a_batch_without_claim(places: Places, lost: str) -> None:
    """Nor do those that are too long: the next batch names the one that was committed."""
    true = places.evidence.contents[stored(places, 1)]
    rival(places, 1, true.ljust(HUGE, b"\n"))
    rival(places, 1, b"damaged")
    damaged = _layout.candidate(sorted(places.claims.contents)[1], sha256(b"damaged"))
    places.evidence.contents[damaged] = b"other"
    rival(places, 2, places.evidence.contents[stored(places, 2)].ljust(HUGE, b"\n"))
    if lost == "one":
        del places.claims.contents[sorted(places.claims.contents)[1]]
    else:
        places.claims.contents.clear()
    found = places.open()

    assert {"one": 3, "all": 2}[lost] == count(found)
    assert BATCH_SIZE_MAX + 1 == longest(places)[0]
    enrol(found, "carol")
    assert 4 == count(places.open())
