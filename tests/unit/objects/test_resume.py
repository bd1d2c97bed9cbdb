"""The journal of a broken ingest: its codec, and what may be taken up again."""

import json

import pytest

from bwcstore import _encoding
from bwcstore._values import Digest
from bwcstore.errors import ErrorKind, FormatError
from bwcstore.objects._resume import JournalState, SegmentDone
from bwcstore.objects._seal import Place
from tests.unit.objects.sample import OBJECT, SMALL, STORE

STATE = JournalState(store_id=STORE, object_id=OBJECT, header=bytes(74), geometry=SMALL)


def _done(number: int, place: Place = Place.INNER, length_bytes: int = 9) -> SegmentDone:
    return SegmentDone(
        number=number,
        through_bytes=7,
        running_sha256=Digest(bytes(32)),
        length_bytes=length_bytes,
        leaves=bytes(range(64)),
        place=place,
    )


@pytest.mark.parametrize(
    "state", [STATE, STATE.with_segment(_done(0)).with_segment(_done(1, Place.FINAL))]
)
def test_round_trip(state: JournalState) -> None:
    """A state reads back as itself."""
    assert state == JournalState.decode(state.encode())


def test_segments_are_kept_in_order() -> None:
    """A segment told of again replaces the earlier one; the order is that of numbers."""
    state = (
        STATE.with_segment(_done(2)).with_segment(_done(0)).with_segment(_done(2, length_bytes=5))
    )

    assert [(0, 9), (2, 5)] == [(done.number, done.length_bytes) for done in state.segments]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("store", "x"),
        ("object", None),
        ("header", "00"),
        ("header", "zz"),
        ("chunk_bytes", 5),
        ("chunk_bytes", -1),
        ("segment_chunks", 0),
        ("segments", {}),
        ("segments", [1]),
        ("segments", [{}]),
        ("other", 1),
    ],
)
def test_damaged_state_is_refused(name: str, value: object) -> None:
    """A journal that was changed is refused, so that the ingest starts anew."""
    raw = _encoding.encode(json.loads(STATE.encode()) | {name: value})
    with pytest.raises(FormatError):
        JournalState.decode(raw)


@pytest.mark.parametrize(
    ("name", "value"),
    [("leaves", "AAAA"), ("leaves", ""), ("leaves", "?"), ("final", 1), ("number", -1)],
)
def test_damaged_segment_is_refused(name: str, value: object) -> None:
    """Likewise a segment in it."""
    document = json.loads(STATE.with_segment(_done(0)).encode())
    document["segments"][0][name] = value
    with pytest.raises(FormatError) as caught:
        JournalState.decode(_encoding.encode(document))

    assert ErrorKind.FIELD_INVALID == caught.value.kind
