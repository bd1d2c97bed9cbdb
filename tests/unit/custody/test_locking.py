"""How long the storage should refuse a deletion: bounded whatever cameras, zones and facts say."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwcstore._encoding import Json
from bwcstore._values import Instant, Locking, ScopeId
from bwcstore.custody._locking import (
    check_locking,
    clock_start,
    first_lock,
    keep_until,
    told,
    wanted,
)
from bwcstore.custody._object_records import Claim, Locked
from bwcstore.errors import InvalidInputError
from bwcstore.statute._civil import local_date
from tests.unit.custody.test_knowledge import DAY, Book, law

INGEST: Final = Instant.parse("2026-03-01T10:00:00.000000Z")
CHICAGO: Final = ZoneInfo("America/Chicago")
TERMS: Final = Locking(record_days=365, max_days=1000, unruled_days=30)


def claim(text: str, basis: str = "camera-clock") -> Claim:
    """A claim of when a recording was made."""
    return Claim(at=Instant.parse(f"{text}.000000Z"), basis=basis)


@pytest.mark.spec("LCK-4")
@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("2099-01-01T00:00:00", None),
        ("1970-01-01T00:00:00", None),
        ("2026-03-01T10:05:00", "2026-03-01T10:05:00"),
        ("2026-03-01T10:05:01", None),
        ("2026-01-29T10:00:00", "2026-01-29T10:00:00"),
        ("2026-01-29T09:59:59", None),
    ],
)
def test_a_claim_counts_within_its_bounds(said: str, start: str | None) -> None:
    """From 31 days before the ingest to five minutes after it; else the ingest counts."""
    found = clock_start((claim(said), claim("2026-03-01T11:00:00", "ingest")), INGEST)

    assert (INGEST if start is None else Instant.parse(f"{start}.000000Z")) == found


@pytest.mark.spec("LCK-4")
def test_no_correction_goes_beyond_the_bounds() -> None:
    """Of several that are plausible the latest counts, and a correction is bounded too."""
    claims = (
        claim("2026-02-10T00:00:00"),
        claim("2026-02-12T00:00:00", "dock"),
        claim("2020-01-01T00:00:00", "correction"),
    )

    assert Instant.parse("2026-02-12T00:00:00.000000Z") == clock_start(claims, INGEST)


@pytest.mark.spec("LCK-5")
@pytest.mark.parametrize(
    ("zone", "floor", "until"),
    [
        ("America/Chicago", date(2026, 5, 30), "2026-05-31T05:00:00"),
        ("America/Chicago", date(2026, 12, 1), "2026-12-02T06:00:00"),
        # The clocks change on the day itself, at midnight, or skip midnight.
        ("America/Chicago", date(2026, 10, 31), "2026-11-01T05:00:00"),
        ("America/Havana", date(2027, 3, 13), "2027-03-14T05:00:00"),
        ("America/Havana", date(2026, 10, 31), "2026-11-01T04:00:00"),
        ("Pacific/Kiritimati", date(2026, 5, 30), "2026-05-30T10:00:00"),
        ("UTC", date(2026, 5, 30), "2026-05-31T00:00:00"),
    ],
)
def test_a_lock_ends_as_the_day_after_the_floor_begins(zone: str, floor: date, until: str) -> None:
    """In the agency's zone, at the first moment of that day."""
    found = keep_until(TERMS, floor, ingested=INGEST, zone=ZoneInfo(zone))

    assert Instant.parse(f"{until}.000000Z") == found


@pytest.mark.spec("LCK-5")
@pytest.mark.parametrize("floor", [date(2099, 1, 1), date(9999, 12, 31)])
def test_no_lock_is_longer_than_the_cap(floor: date) -> None:
    """Whatever the floor is, the end is no later than the cap."""
    found = keep_until(TERMS, floor, ingested=INGEST, zone=CHICAGO)

    assert INGEST.plus_seconds(1000 * DAY) == found


@pytest.mark.spec("LCK-5")
@given(
    floor=st.dates(),
    micro=st.integers(min_value=0, max_value=4 * 10**15),
    zone=st.sampled_from(["UTC", "America/Havana", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_a_lock_is_in_the_future_bounded_and_of_whole_seconds(
    floor: date, micro: int, zone: str
) -> None:
    """And it covers the whole of the floor, unless the cap comes first."""
    ingested = Instant(micro)
    cap = ingested.plus_seconds(TERMS.max_days * DAY)
    found = keep_until(TERMS, floor, ingested=ingested, zone=ZoneInfo(zone))

    if found is None:
        assert local_date(ingested, ZoneInfo(zone)) > floor
    else:
        assert ingested < found <= cap
        assert 0 == found.microseconds % 1_000_000
        covers = local_date(found, ZoneInfo(zone)) > floor
        assert covers or found.plus_seconds(1) > cap


@pytest.mark.spec("LCK-6")
def test_without_a_law_the_terms_of_the_store_count() -> None:
    """So many days from the ingest, and no more than the cap."""
    short = Locking(unruled_days=30, max_days=7)

    assert INGEST.plus_seconds(30 * DAY) == keep_until(TERMS, None, ingested=INGEST, zone=CHICAGO)
    assert INGEST.plus_seconds(7 * DAY) == keep_until(short, None, ingested=INGEST, zone=CHICAGO)


@pytest.mark.spec("LCK-6")
@pytest.mark.parametrize(
    "ingested",
    [
        {},
        {"label": "unheard-of"},
        {"collected": [{"at": "2099-01-01T00:00:00.000000Z", "basis": "camera-clock"}]},
        {"collected": [{"at": "1970-01-01T00:00:00.000000Z", "basis": "camera-clock"}]},
    ],
)
def test_facts_that_tell_nothing_leave_the_floor_of_the_unknown(ingested: dict[str, Json]) -> None:
    """A label that the pack does not have and a mad clock lock no longer than nothing at all."""
    book, plain = Book(**ingested), Book()
    locks = [
        first_lock(one.clip, one.state.store, locking=TERMS, law=law(), ingested=INGEST)
        for one in (book, plain)
    ]

    assert locks[0] == locks[1] is not None


@pytest.mark.spec("LCK-7", "LCK-9")
def test_what_is_wanted_is_never_less_than_what_was_told() -> None:
    """A lock that was told longer stays; what differs by the length of an upload is left."""
    book = Book(locked_until="2027-06-01T00:00:00.000000Z")
    store = book.state.store

    def want(under: bool) -> Locked:
        return wanted(
            book.clip,
            book.clip,
            store,
            locking=TERMS,
            law=law() if under else None,
            at=INGEST.plus_seconds(DAY),
        )

    assert told(book.clip) == want(under=True) == want(under=False)


@pytest.mark.spec("LCK-4")
def test_an_ingest_ahead_of_the_storage_is_no_ground_for_a_longer_lock() -> None:
    """The ledger's clock was ahead: what was told stays."""
    book = Book(locked_until="2026-04-01T00:00:00.000000Z")
    found = wanted(
        book.clip,
        book.clip,
        book.state.store,
        locking=TERMS,
        law=law(),
        at=book.clip.ingested_at.plus_seconds(-DAY),
    )

    assert told(book.clip) == found


@pytest.mark.spec("LCK-7")
def test_what_has_been_read_stays_told() -> None:
    """Reading a recording takes nothing from what is known of its lock."""
    book = Book(locked_until="2026-04-01T00:00:00.000000Z")
    book.add(
        "object.locked",
        {"until": "2026-05-01T00:00:00.000000Z", "legal_hold": True, "versions": 2},
        scope=ScopeId.object(book.clip.object_id),
    )

    assert Instant.parse("2026-04-01T00:00:00.000000Z") == book.clip.locked_until
    assert book.clip.locked_until == book.clip.after(book.clip.activity).locked_until
    assert Locked(until=Instant.parse("2026-05-01T00:00:00.000000Z"), legal_hold=True) == told(
        book.clip
    )


@pytest.mark.spec("LCK-2")
@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_terms_out_of_bounds_are_refused(days: int) -> None:
    """Each number of days is 1 to 36,500."""
    for terms in (
        Locking(record_days=days),
        Locking(max_days=days),
        Locking(unruled_days=days),
    ):
        with pytest.raises(InvalidInputError, match="locking"):
            check_locking(terms)
