"""Selections: built from names, kept as tags, and never smaller than they were."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._values import Instant, ObjectId, ScopeId, Tag
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.custody._selection import Selection, labels_ever, selects
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._kind import query
from tests.unit.custody.entries import CLIP, CREATED, ENROLLED, INGESTED, entry

CHICAGO = ZoneInfo("America/Chicago")
NAMES = {("case", "26-1042"): "1" * 32, ("case", "26-1043"): "2" * 32, ("officer", "7"): "3" * 32}


def tag(kind: str, value: str) -> Tag:
    """The tag of a name."""
    return Tag(NAMES[kind, value])


def recording(
    *, tags: Mapping[str, str] | None = None, label: str | None = None, at: str | None = None
) -> ObjectState:
    """A recording with these tags, label and claim of its time."""
    state = State()
    state.fold(entry("store.created", CREATED))
    state.fold(entry("actor.enrolled", ENROLLED, seq=1, index=1))
    state.fold(entry("object.ingested", INGESTED, scope=ScopeId.object(CLIP), index=2))
    found = state.object(CLIP)
    assert found is not None
    claims = () if at is None else (Claim(at=Instant.parse(at), basis="camera-clock"),)
    return attrs.evolve(
        found,
        tags={kind: (Tag(value),) for kind, value in (tags or {}).items()},
        label=label,
        collected=(*claims, *found.collected),
    )


def chosen(selection: Selection, state: ObjectState) -> bool:
    """Whether a selection selects a recording."""
    return selects(selection.query(tag), state, zone=CHICAGO)


@pytest.mark.spec("HLD-2")
def test_a_selection_becomes_the_form_of_the_specification() -> None:
    """Names become tags, days become text, and what is joined alike is one list."""
    made = (
        (Selection.case("26-1042") | Selection.case("26-1043") | Selection.officer("7"))
        & Selection.label("training")
        & Selection.collected(date(2026, 3, 1))
    )
    wanted: dict[str, Json] = {
        "all": [
            {
                "any": [
                    {"tag": {"kind": "case", "value": "1" * 32}},
                    {"tag": {"kind": "case", "value": "2" * 32}},
                    {"tag": {"kind": "officer", "value": "3" * 32}},
                ]
            },
            {"label": "training"},
            {"collected": {"from": "2026-03-01", "until": None}},
        ]
    }

    assert wanted == made.query(tag)
    assert query(wanted)
    assert ("case: 26-1042", "case: 26-1043", "officer: 7") == made.values()


@pytest.mark.spec("HLD-2")
def test_all_any_tag_and_label_select_what_they_say() -> None:
    """A recording of the case with the label, and not one that lacks either."""
    case, label = Selection.case("26-1042"), Selection.label("training")
    both = recording(tags={"case": "1" * 32}, label="training")
    one = recording(tags={"case": "1" * 32})

    assert [True, False] == [chosen(case & label, state) for state in (both, one)]
    assert [True, True] == [chosen(case | label, state) for state in (both, one)]
    assert not chosen(case | label, recording(tags={"officer": "1" * 32}))


@pytest.mark.spec("HLD-2", "HLD-3")
@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (date(2026, 2, 28), None, True),
        (None, date(2026, 2, 28), True),
        (date(2026, 2, 28), date(2026, 2, 28), True),
        (date(2026, 3, 2), None, False),
        (None, date(2026, 2, 27), False),
    ],
)
def test_days_are_those_of_the_agency_and_of_any_claim(
    first: date | None, last: date | None, *, found: bool
) -> None:
    """Half past five in the morning in Greenwich is still the day before in the Midwest."""
    state = recording(at="2026-03-01T05:30:00.000000Z")

    assert found == chosen(Selection.collected(first, last), state)


@pytest.mark.spec("HLD-3")
def test_a_label_that_was_taken_back_selects_all_the_same() -> None:
    """Every label that was ever given is seen: that of the ingest and those that came later."""
    state = State()
    state.fold(entry("store.created", CREATED))
    state.fold(entry("actor.enrolled", ENROLLED, seq=1, index=1))
    scope = ScopeId.object(CLIP)
    first = "55555555-5555-4555-8555-555555555551"
    given: dict[str, Json] = {
        "assertion": first,
        "fact": "labels",
        "value": ["evidence"],
        "since": "2026-03-01",
        "basis": "report",
    }
    back = {
        **{name: value for name, value in given.items() if name != "value"},
        "assertion": "55555555-5555-4555-8555-555555555552",
        "supersedes": first,
    }
    state.fold(entry("object.ingested", {**INGESTED, "label": "training"}, scope=scope, index=2))
    state.fold(entry("fact.asserted", given, scope=scope, seq=1, index=3))
    state.fold(entry("fact.asserted", back, scope=scope, seq=2, index=4))
    found = state.object(CLIP)

    assert found is not None
    assert {"training", "evidence"} == labels_ever(found)
    assert chosen(Selection.label("evidence"), found)
    assert not chosen(Selection.label("other"), found)


@pytest.mark.spec("HLD-2")
def test_a_selection_is_at_most_four_deep_and_64_terms() -> None:
    """One more of either is refused, and so is a label that is none."""
    one = Selection.case("26-1042")
    deep = (((one | one) & one) | one) & one
    wide = one
    for _ in range(63):
        wide = wide | one

    assert query(wide.query(tag))
    for wrong in (deep, wide | one):
        with pytest.raises(InvalidInputError) as caught:
            wrong.query(tag)

        assert ErrorKind.QUERY_INVALID == caught.value.kind
    assert query((((one | one) & one) | one).query(tag))


@pytest.mark.spec("HLD-2")
@pytest.mark.parametrize(
    ("first", "last"),
    [
        (None, None),
        (date(2026, 3, 2), date(2026, 3, 1)),
        ("2026-02-30", None),
        (None, datetime(2026, 3, 1, 12)),  # noqa: DTZ001 - wrong on purpose
    ],
)
def test_days_that_cannot_be_are_refused(first: date | None, last: date | None) -> None:
    """No day at all, an end before the beginning, text, a moment."""
    with pytest.raises(InvalidInputError) as caught:
        Selection.collected(first, last)

    assert ErrorKind.QUERY_INVALID == caught.value.kind


def test_names_and_labels_are_checked() -> None:
    """Blank and many-line names, and labels that are no codes, are refused."""
    for make, text, code in (
        (Selection.case, "", ErrorKind.TEXT_FORM),
        (Selection.officer, "two\nlines", ErrorKind.TEXT_FORM),
        (Selection.device, "x" * 1_025, ErrorKind.TEXT_FORM),
        (Selection.label, "Not A Code", ErrorKind.QUERY_INVALID),
    ):
        with pytest.raises(InvalidInputError) as caught:
            make(text)

        assert code == caught.value.kind


def test_another_recording_is_another_recording() -> None:
    """A tag of one kind does not select by another kind."""
    state = attrs.evolve(recording(tags={"officer": "1" * 32}), object_id=ObjectId(CLIP.text))

    assert not chosen(Selection.case("26-1042"), state)
