"""What a derivative is to the law, and which clock may decide what cannot be taken back."""

from collections.abc import Mapping

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._values import ActId, Instant, ObjectId, ScopeId
from bwcstore.custody._clock import check_clock, check_not_behind, moment
from bwcstore.custody._derived import as_law_sees, lineage, redacted, with_parent
from bwcstore.custody._deriving import check_there
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.custody._records import Policy
from bwcstore.custody._releasing import Wish, release_reads
from bwcstore.custody._state import State
from bwcstore.errors import ConflictError, ErrorKind, IntegrityError
from bwcstore.statute._rules import Act
from tests.unit.custody.entries import CLIP, CREATED, ENROLLED, INGESTED, NOW, OTHER, entry

THIRD = ObjectId("01900000-0000-7000-8000-000000000003")
ASKED = ActId("01900000-0000-7000-8000-00000000000a")
HOLD = "55555555-5555-4555-8555-555555555555"
MADE: Mapping[str, Json] = {
    "parent": CLIP.text,
    "parent_manifest_sha256": "a" * 64,
    "operation": "redact",
    "tool": "blur",
    "tool_version": "1",
    "redactions": ["others"],
    "regions_count": 0,
    "regions_sha256": "a" * 64,
}
BOUND: Mapping[str, Json] = {
    "request": ASKED.text,
    "kind": "subject-retain",
    "received": "2026-03-01",
    "answers": [],
}
CONSENT: Mapping[str, Json] = {"consent": HOLD, "covers": "identity"}


class Book:
    """A state, and the entries that made it."""

    def __init__(self) -> None:
        self.state = State()
        self.add("store.created", CREATED)
        self.add("actor.enrolled", ENROLLED)

    def add(
        self, kind: str, body: Mapping[str, Json], *, of: ObjectId | None = None, at: Instant = NOW
    ) -> int:
        """One more entry; its index."""
        scope = ScopeId("store") if of is None else ScopeId.object(of)
        head = self.state.head(scope)
        known = [head.index for _, head in self.state.heads()]
        index = max(known, default=-1) + 1
        seq = 0 if head is None else head.seq + 1
        self.state.fold(entry(kind, body, scope=scope, seq=seq, index=index, at=at))
        return index

    def ingest(self, object_id: ObjectId, tag: str, *, label: str | None = None) -> None:
        """One more object, of the case with the tag."""
        body: dict[str, Json] = {**INGESTED, "tags": {"case": [tag * 32], "source": [tag * 32]}}
        self.add(
            "object.ingested", body if label is None else {**body, "label": label}, of=object_id
        )

    def object(self, object_id: ObjectId) -> ObjectState:
        """The state of an object."""
        found = self.state.object(object_id)
        assert found is not None
        return found


def three() -> Book:
    """A recording, what was made of it, and what was made of that."""
    book = Book()
    book.ingest(CLIP, "a", label="evidence")
    book.ingest(OTHER, "b")
    book.add("derived.from", MADE, of=OTHER)
    book.ingest(THIRD, "c")
    book.add("derived.from", {**MADE, "parent": OTHER.text, "redactions": ["officers"]}, of=THIRD)
    return book


@pytest.mark.spec("REL-7")
def test_holds_and_requests_of_the_line_are_those_of_the_derivative() -> None:
    """What holds a recording holds what was made of it; its own answer to a request is nearer."""
    book = three()
    book.add("hold.bound", {"hold": HOLD}, of=CLIP)
    book.add("consent.recorded", CONSENT, of=OTHER)
    for one in (CLIP, OTHER, THIRD):
        book.add("request.bound", BOUND, of=one)
    answered: Mapping[str, Json] = {
        "request": ASKED.text,
        "outcome": "granted",
        "on": "2026-03-01",
    }
    book.add("request.answered", answered, of=OTHER)
    middle = as_law_sees(book.state, book.object(OTHER)).keeping
    last = as_law_sees(book.state, book.object(THIRD)).keeping

    assert frozenset({HOLD}) == last.holds
    assert {HOLD} == set(last.consents)
    assert ("granted", None) == (middle.requests[ASKED].outcome, last.requests[ASKED].outcome)
    assert book.object(CLIP).keeping.holds
    assert not book.object(THIRD).keeping.holds


@pytest.mark.spec("REL-7")
def test_tags_of_the_line_add_up_and_names_of_files_do_not() -> None:
    """A hold on a case finds what was made of its recordings; sources stay those of each file."""
    seen = as_law_sees((book := three()).state, book.object(THIRD))

    assert ["a" * 32, "b" * 32, "c" * 32] == [tag.text for tag in seen.tags["case"]]
    assert ["c" * 32] == [tag.text for tag in seen.tags["source"]]
    assert "evidence" == seen.label


@pytest.mark.spec("REL-7")
def test_only_corrections_change_the_time_of_a_derivative() -> None:
    """When its file was written is no claim of when the recording was made; a correction is."""
    book = three()
    later = NOW.plus_seconds(3600)
    wrong: Mapping[str, Json] = {"claim": HOLD, "at": str(later), "basis": "container"}
    book.add("collected.claimed", wrong, of=THIRD)
    before = as_law_sees(book.state, book.object(THIRD)).collected
    book.add("collected.claimed", {**wrong, "basis": "correction"}, of=OTHER)

    assert (Claim(at=NOW, basis="ingest"),) == before
    assert (
        Claim(at=NOW, basis="ingest"),
        Claim(at=later, basis="correction"),
    ) == as_law_sees(book.state, book.object(THIRD)).collected


@pytest.mark.spec("REL-13")
def test_redactions_of_the_line_add_up() -> None:
    """What was made unrecognisable on the way is so in the end; the original has none."""
    book = three()

    assert frozenset() == redacted(book.state, book.object(CLIP))
    assert {"others", "officers"} == redacted(book.state, book.object(THIRD))
    assert (THIRD, OTHER, CLIP) == tuple(
        one.object_id for one in lineage(book.state, book.object(THIRD))
    )


@pytest.mark.parametrize("parent", [THIRD, OTHER])
@pytest.mark.spec("REL-4")
def test_nothing_was_made_of_what_came_later_or_never(parent: ObjectId) -> None:
    """A ledger that says so is not followed, and not round in circles either."""
    book = Book()
    book.ingest(OTHER, "b")
    book.add("derived.from", {**MADE, "parent": parent.text}, of=OTHER)
    with pytest.raises(IntegrityError) as caught:
        as_law_sees(book.state, book.object(OTHER))

    assert ErrorKind.STATE_INVALID == caught.value.kind


def test_what_a_newer_version_said_of_a_parent_is_not_overlooked() -> None:
    """A derivative of an opaque object is opaque to the law, and nothing is decided on one."""
    book = three()
    parent = attrs.evolve(book.object(CLIP), opaque=True)
    seen = with_parent(book.object(OTHER), parent)
    with pytest.raises(IntegrityError) as caught:
        check_there(seen)

    assert ErrorKind.SCOPE_OPAQUE == caught.value.kind


def test_deciding_a_release_reads_the_line_and_the_request() -> None:
    """Whatever changes there while it is decided, it is decided again."""
    book = three()
    wish = Wish(object_id=THIRD, right="public", recipient="public", mode=Act.VIEW, request=ASKED)

    assert {
        "store",
        f"act/{ASKED}",
        *(f"object/{one}" for one in (CLIP, OTHER, THIRD)),
    } == release_reads(book.state, wish)


@pytest.mark.parametrize(("seconds", "behind"), [(-3, True), (-2, False), (0, False), (9, False)])
@pytest.mark.spec("REL-17")
def test_two_seconds_behind_is_the_most(seconds: int, behind: bool) -> None:
    """A clock may be two seconds behind the last entry, and the judgement is made at that entry."""
    book, now = Book(), NOW.plus_seconds(seconds)
    if behind:
        with pytest.raises(ConflictError) as caught:
            check_not_behind(book.state, now)

        assert ErrorKind.CLOCK_BEHIND == caught.value.kind
    else:
        check_not_behind(book.state, now)

    assert max(NOW, now) == moment(book.state, now)


def test_before_the_first_entry_any_clock_is_right() -> None:
    """There is nothing to be behind of, nor ahead of."""
    check_clock(State(), NOW)

    assert NOW == moment(State(), NOW)


def test_a_clock_far_ahead_of_the_ledger_destroys_nothing() -> None:
    """The bound is the agency's; an entry at such a time makes the step visible to everybody."""
    book = Book()
    hours = Policy().clock_hours
    edge = NOW.plus_seconds(hours * 3600)
    check_clock(book.state, edge)
    with pytest.raises(ConflictError) as ahead:
        check_clock(book.state, edge.plus_seconds(1))
    index = book.add("actor.enrolled", ENROLLED, at=edge.plus_seconds(1))
    with pytest.raises(ConflictError) as stepped:
        check_clock(book.state, edge.plus_seconds(2))

    assert ErrorKind.CLOCK_AHEAD == ahead.value.kind
    assert ErrorKind.CLOCK_UNCONFIRMED == stepped.value.kind
    assert f"entry {index}" in stepped.value.message
