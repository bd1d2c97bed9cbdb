"""What the law is asked with: facts as the ledger has them, on a day, at a moment."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from bwcstore._encoding import Json
from bwcstore._values import ActId, Instant, ScopeId
from bwcstore.custody._assertion import INGEST_LABEL
from bwcstore.custody._knowledge import (
    claims_weighed,
    collected_at,
    counting,
    recording_facts,
)
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError
from bwcstore.statute import Law, Pack, load_pack, read_agency, read_pack
from tests.unit.custody.entries import CLIP, CREATED, ENROLLED, INGESTED, NOW, entry

LAW: Final = Path(__file__).parents[1] / "statute"
SMALL: Final = read_pack((LAW / "small-pack.toml").read_text("utf-8"), name="small")
TOWN: Final = read_agency((LAW / "small-agency.toml").read_text("utf-8"), pack=SMALL, name="town")
SHIPPED: Final = load_pack("us-mn")
EXAMPLE: Final = read_agency(
    (Path(__file__).parents[2] / "simulation/agency.toml").read_text("utf-8"),
    pack=SHIPPED,
    name="example",
)
TODAY: Final = date(2026, 3, 1)
SCOPE: Final = ScopeId.object(CLIP)
ASKED: Final = ActId("01900000-0000-7000-8000-00000000000a")
HOLD: Final = "66666666-6666-4666-8666-666666666666"
DAY: Final = 86_400


def law(pack: Pack = SMALL, on: date = TODAY) -> Law:
    """The law of the day."""
    return pack.law(TOWN if pack is SMALL else EXAMPLE, on=on)


def assertion_id(number: int) -> str:
    """The id of the n-th assertion."""
    return f"77777777-7777-4777-8777-{number:012}"


class Book:
    """One recording, and entries about it in the order in which they come."""

    def __init__(self, **ingested: Json) -> None:
        self.state = State()
        self._index = -1
        self.add("store.created", CREATED, scope=ScopeId("store"))
        self.add("actor.enrolled", ENROLLED, scope=ScopeId("store"))
        self.add("object.ingested", {**INGESTED, **ingested})

    def add(
        self, kind: str, body: Mapping[str, Json], *, scope: ScopeId = SCOPE, at: Instant = NOW
    ) -> None:
        """One more entry."""
        self._index += 1
        head = self.state.head(scope)
        seq = 0 if head is None else head.seq + 1
        self.state.fold(entry(kind, body, scope=scope, seq=seq, index=self._index, at=at))

    def say(
        self,
        number: int,
        fact: str,
        value: Json = None,
        *,
        since: str = "2026-03-01",
        supersedes: str | None = None,
        at: Instant = NOW,
    ) -> None:
        """One more assertion."""
        body: dict[str, Json] = {
            "assertion": assertion_id(number),
            "fact": fact,
            "since": since,
            "basis": "report",
        }
        if value is not None:
            body["value"] = value
        if supersedes is not None:
            body["supersedes"] = supersedes
        self.add("fact.asserted", body, at=at)

    @property
    def clip(self) -> ObjectState:
        """The recording."""
        found = self.state.object(CLIP)
        assert found is not None
        return found

    def facts(
        self, under: Law | None = None, at: Instant = NOW.plus_seconds(1)
    ) -> Mapping[str, object]:
        """What the law is asked with."""
        return recording_facts(self.clip, self.state.store, law=under or law(), at=at).values

    def refused(self, under: Law | None = None) -> ErrorKind:
        """Why it cannot be asked."""
        with pytest.raises(InvalidInputError) as caught:
            self.facts(under)
        return caught.value.kind


@pytest.mark.spec("CUS-12")
@pytest.mark.parametrize(
    ("claims", "chosen"),
    [
        ([], ("ingest", 0)),
        ([("camera-clock", -60)], ("camera-clock", -60)),
        ([("camera-clock", -60), ("dock", -30)], ("dock", -30)),
        ([("camera-clock", 300)], ("camera-clock", 300)),
        ([("camera-clock", 301)], ("ingest", 0)),
        ([("camera-clock", -31 * DAY)], ("camera-clock", -31 * DAY)),
        ([("camera-clock", -31 * DAY - 1)], ("ingest", 0)),
        ([("camera-clock", -31 * DAY - 1), ("dock", -9)], ("dock", -9)),
        ([("correction", -400 * DAY)], ("correction", -400 * DAY)),
        ([("camera-clock", -60), ("correction", -400 * DAY)], ("camera-clock", -60)),
        ([("correction", 301)], ("ingest", 0)),
    ],
)
def test_the_latest_plausible_clock_counts(
    claims: list[tuple[str, int]], chosen: tuple[str, int]
) -> None:
    """Within five minutes after the ingest and 31 days before, or corrected; else the ingest."""
    given: list[Json] = [
        {"at": str(NOW.plus_seconds(seconds)), "basis": basis}
        for basis, seconds in claims
        if basis != "correction"
    ]
    book = Book(collected=[*given, {"at": str(NOW), "basis": "ingest"}])
    for basis, seconds in claims:
        if basis == "correction":
            at = str(NOW.plus_seconds(seconds))
            book.add("collected.claimed", {"claim": HOLD, "at": at, "basis": basis})
    found = [one.claim for one in claims_weighed(book.clip) if one.chosen]

    assert NOW.plus_seconds(chosen[1]) == collected_at(book.clip)
    assert [(chosen[0], NOW.plus_seconds(chosen[1]))] == [(one.basis, one.at) for one in found]
    assert collected_at(book.clip) == book.facts()["collected_at"]


@pytest.mark.spec("CUS-10")
def test_the_latest_day_counts_and_only_what_was_recorded_by_then() -> None:
    """A later `since` replaces an earlier one; later knowledge changes no earlier answer."""
    book = Book()
    book.say(1, "force", "none", since="2026-02-01")
    book.say(2, "force", "some", since="2026-02-20", at=NOW.plus_seconds(60))
    before = recording_facts(
        book.clip, book.state.store, law=law(on=date(2026, 2, 10)), at=NOW.plus_seconds(-1)
    )

    assert "force" not in before.values
    assert "none" == book.facts(at=NOW.plus_seconds(30))["force"]
    assert "some" == book.facts(at=NOW.plus_seconds(60))["force"]


@pytest.mark.spec("CUS-11")
def test_the_label_of_the_ingest_is_an_assertion_that_can_be_taken_back() -> None:
    """It counts from the ingest on, others come beside it, and its id takes it back."""
    book = Book(label="training")
    first = book.facts()["labels"]
    book.say(1, "labels", ["evidence"])
    both = book.facts()["labels"]
    book.say(2, "labels", supersedes=INGEST_LABEL, at=NOW.plus_seconds(1))
    last = book.facts()["labels"]

    assert ({"training"}, {"training", "evidence"}, {"evidence"}) == (first, both, last)


@pytest.mark.spec("CUS-11")
def test_a_recording_without_a_label_has_none_to_take_back() -> None:
    """The id of the label of the ingest names nothing where there was none, nor another fact."""
    bare, labelled = Book(), Book(label="training")
    for book, fact in ((bare, "labels"), (labelled, "force")):
        with pytest.raises(IntegrityError):
            book.say(1, fact, supersedes=INGEST_LABEL)


@pytest.mark.spec("CUS-11")
def test_a_pack_without_labels_does_not_ask_for_them() -> None:
    """What was a label at the ingest is then nothing to the law."""
    text = (LAW / "small-pack.toml").read_text("utf-8")
    start = text.index('[[facts]]\nname = "labels"')
    bare = text[:start] + text[text.index("[[facts]]", start + 1) :]
    bare = bare[: bare.index("[[labels]]")].replace("labels has evidence", "violent")
    bare = bare.replace("labels has training", "violent")
    agency = (
        (LAW / "small-agency.toml").read_text("utf-8").replace("labels has evidence", "violent")
    )
    pack = read_pack(bare, name="bare")
    under = pack.law(read_agency(agency, pack=pack, name="town"), on=TODAY)

    assert {"collected_at", "keep_requests", "holds"} == Book(label="x").facts(under).keys()


@pytest.mark.spec("CUS-14")
@pytest.mark.parametrize(
    ("fact", "value", "kind"),
    [
        ("labels", ["odd"], ErrorKind.LABEL_UNKNOWN),
        ("force", "much", ErrorKind.FACT_TYPE),
        ("minor_recorded", "yes", ErrorKind.FACT_TYPE),
        ("complaint_on", "not-a-day", ErrorKind.FACT_TYPE),
        ("weather", "wet", ErrorKind.FACT_UNKNOWN),
    ],
)
def test_what_the_pack_cannot_take_makes_all_unknown_until_it_is_taken_back(
    fact: str, value: Json, kind: ErrorKind
) -> None:
    """Nothing favourable follows from it; once taken back it is not looked at."""
    book = Book()
    book.say(1, fact, value)
    refused = book.refused()
    book.say(2, fact, supersedes=assertion_id(1))

    assert kind == refused
    assert fact not in book.facts()


@pytest.mark.spec("CUS-14")
def test_an_odd_label_of_the_ingest_is_taken_back_like_any_other() -> None:
    """A label that the pack does not have keeps the law from being asked until then."""
    book = Book(label="odd")
    refused = book.refused()
    book.say(1, "labels", supersedes=INGEST_LABEL)

    assert ErrorKind.LABEL_UNKNOWN == refused
    assert "labels" not in book.facts()


@pytest.mark.spec("CUS-14")
def test_of_joined_facts_only_taking_back_helps() -> None:
    """Superseding a label by another adds one: the odd one still counts."""
    book = Book()
    book.say(1, "labels", ["odd"])
    book.say(2, "labels", ["training"], supersedes=assertion_id(1))

    assert ErrorKind.LABEL_UNKNOWN == book.refused()


def test_contradicting_assertions_make_all_unknown() -> None:
    """Two values since one day contradict each other (LAW-36)."""
    book = Book()
    book.say(1, "force", "none")
    book.say(2, "force", "some")

    assert ErrorKind.FACT_CONTRADICTION == book.refused()


@pytest.mark.spec("CUS-13")
def test_holds_are_told_from_their_own_day_on() -> None:
    """On a day before it was placed nothing is known of a hold; its release is told too."""
    book = Book()
    placed: dict[str, Json] = {
        "hold": HOLD,
        "kind": "litigation",
        "authority": "court",
        "objects_count": 1,
    }
    later = NOW.plus_seconds(2 * DAY)
    book.add("hold.placed", placed, scope=ScopeId("store"), at=later)
    book.add("hold.bound", {"hold": HOLD}, at=later)
    early = book.facts()
    found = book.facts(law(on=date(2026, 3, 3)), at=later)

    assert () == early["holds"]
    assert [(HOLD, "litigation", date(2026, 3, 3))] == [
        (one.id, one.kind, one.placed)
        for one in found["holds"]  # type: ignore[attr-defined]  # a tuple of holds
    ]


@pytest.mark.spec("CUS-13")
def test_what_was_done_about_a_request_is_told_by_its_entries() -> None:
    """The days of the grant and of the notices, from the day on which they were given."""
    book = Book()
    bound: dict[str, Json] = {
        "request": ASKED.text,
        "kind": "subject-retain",
        "received": "2026-03-01",
        "days": 30,
        "answers": [{"flag": "by_subject", "value": True}],
    }
    book.add("request.bound", bound)
    pending = book.facts(law(SHIPPED))
    answered: dict[str, Json] = {
        "request": ASKED.text,
        "outcome": "granted",
        "on": "2026-03-01",
    }
    book.add("request.answered", answered)
    for notice, on in (("grant", "2026-03-01"), ("expiry", "2026-03-09")):
        book.add("notice.sent", {"request": ASKED.text, "notice": notice, "on": on})
    found = book.facts(law(SHIPPED))

    assert ((), 1) == (pending["retention_requests"], len(pending["holds"]))  # type: ignore[arg-type]  # a tuple of holds
    assert [
        (ASKED.text, 30, {"by_subject": True, "written": False, "evidentiary_purpose": False})
    ] == [
        (one.id, one.days, one.answers)
        for one in found["retention_requests"]  # type: ignore[attr-defined]  # a tuple of requests
    ]
    assert (TODAY, TODAY) == (found["retention_granted_on"], found["retention_grant_notice_on"])
    assert "retention_end_notice_on" not in found


def test_what_was_replaced_does_not_count() -> None:
    """Of `union` facts only what was taken back; of others also what another stands for."""
    book = Book()
    book.say(1, "force", "none")
    book.say(2, "force", "some", supersedes=assertion_id(1))
    book.say(3, "labels", ["training"])
    book.say(4, "labels", ["evidence"], supersedes=assertion_id(3))
    live = counting(book.clip.keeping.facts, pack=SMALL, at=NOW)

    assert [assertion_id(2), assertion_id(3), assertion_id(4)] == [one.assertion_id for one in live]
