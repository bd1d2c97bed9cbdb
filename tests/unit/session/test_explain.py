"""Everything that is true of a recording, in one screen and as JSON."""

import json
from collections.abc import Callable, Mapping
from datetime import date

import pytest

from bwcstore._encoding import Json
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import Instant, ObjectId, ScopeId
from bwcstore.custody import Recording
from bwcstore.custody._authority import Role
from bwcstore.custody._explaining import ObjectExplanation
from bwcstore.custody._object_records import Claim
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import World
from tests.unit.session.disclosure import (
    PLAN,
    STOP,
    asked,
    begin_purge,
    recorded,
    say,
    under_law,
    write,
)
from tests.unit.session.world import chief, create, stream

NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")
HOLD = "66666666-6666-4666-8666-666666666666"
QUERY = "66666666-6666-4666-8666-666666666667"
DONE: Mapping[str, Json] = {
    "plan": str(PLAN),
    "versions": 1,
    "bytes": 9,
    "outcomes": [],
    "epoch": 1,
    "replicas": [],
}


def refusal(work: Callable[[], object]) -> BwcStoreError:
    """What it is refused with."""
    with pytest.raises(BwcStoreError) as caught:
        work()
    return caught.value


def hold(session: Session, object_id: ObjectId) -> None:
    """Two holds: one binds the recording, one selects it by its label."""
    placed: dict[str, Json] = {"kind": "litigation", "authority": "court", "objects_count": 1}
    write(session, "hold.placed", {**placed, "hold": HOLD, "review_on": "2026-09-01"})
    write(session, "hold.bound", {"hold": HOLD}, scope=ScopeId.object(object_id))
    query: dict[str, Json] = {"label": "not_evidence"}
    write(session, "hold.placed", {**placed, "hold": QUERY, "objects_count": 0, "query": query})


def busy(world: World) -> tuple[Store, ObjectId]:
    """A recording with something of everything."""
    store = under_law(world)
    with chief(store) as session:
        made = session.ingest(
            stream(9),
            recording=Recording(
                case="26-1",
                label="not_evidence",
                trigger="detention",
                collected=(
                    Claim(at=Instant.parse("2026-03-02T17:00:00.000000Z"), basis="camera-clock"),
                    Claim(at=Instant.parse("2020-01-01T00:00:00.000000Z"), basis="dock"),
                ),
            ),
        ).object_id
        say(session, ScopeId.object(made), STOP)
        session.label(made, ["evidence_force"])
        hold(session, made)
        asked(session, made, kind="public", requester="public")
        session.record_consent(made, covers="identity")
        session.derive(
            made, stream(5), operation="redact", tool="blur", tool_version="1", redactions=[]
        )
        session.read(made).close()
    return store, made


def told(store: Store, object_id: ObjectId, **options: object) -> ObjectExplanation:
    """The explanation that the chief gets."""
    with chief(store) as session:
        return session.explain(object_id, **options)  # type: ignore[arg-type]  # a day


@pytest.mark.spec("CUS-40")
def test_everything_that_is_true_is_told() -> None:
    """Status, labels and what belies them, clocks, dates, holds, and who may see it."""
    store, clip = busy(World())
    found = told(store, clip)
    law = found.law

    assert ("present", date(2026, 3, 2), "detention", ()) == (
        found.status,
        found.as_of,
        found.trigger,
        found.locks,
    )
    assert [("camera-clock", True, True), ("dock", False, False), ("ingest", False, False)] == [
        (one.claim.basis, one.plausible, one.chosen) for one in found.claims
    ]
    assert [(["not_evidence"], True), (["evidence_force"], True)] == [
        (one.said.value, one.counts) for one in found.labels
    ]
    assert len(STOP) == len(found.facts)
    assert [(HOLD, False), (QUERY, True)] == [(one.hold_id, one.selected) for one in found.holds]
    assert [("public", None)] == [(one.kind, one.outcome) for one in found.requests]
    assert [False] == [one.withdrawn for one in found.consents]
    assert 1 == len(found.derivatives)
    assert {"case": 1, "file": 1} == found.tags
    assert law is not None
    assert ["evidence_force"] == [one.label for one in law.classification.mismatches]
    assert date(2026, 6, 10) == law.retention.last_protected
    assert {term.id for term in law.law.pack.actors} == {one.actor for one in found.access}
    assert [("deny", ["is-subject"])] == [
        (one.view.outcome, [unmet.rule for unmet in one.view.unmet])
        for one in found.access
        if one.actor == "recorded_individual"
    ]


@pytest.mark.spec("CUS-42")
def test_what_would_have_to_happen_is_told_in_full() -> None:
    """Every hold, every request, every day; the verdict is the one of whoever destroys."""
    store, clip = busy(World())
    request = str(next(iter(store.object(clip).keeping.requests)))
    found = told(store, clip).destruction

    assert (False, "object-held") == (found.allowed, found.code)
    assert (
        f"hold {HOLD} (litigation) is released",
        f"hold {QUERY} (litigation) is released",
        f"request {request} (public) is answered",
        "2026-06-10 passes, the last day on which it is protected",
        "a plan that has it is proposed, approved by others, and run",
    ) == found.needs


@pytest.mark.spec("CUS-40", "CUS-42")
def test_a_day_to_come_is_told_as_it_will_be_if_nothing_changes() -> None:
    """Nothing but a plan is wanting once the day has come; the day before, the day is."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
    due = told(store, clip, as_of=date(2026, 6, 13))
    early = told(store, clip, as_of=date(2026, 6, 12))
    today = told(store, clip, as_of=date(2026, 3, 2))

    assert (True, None) == (due.destruction.allowed, due.destruction.code)
    assert ("a plan that has it is proposed, approved by others, and run",) == due.destruction.needs
    assert "Example schedule, item 1" in due.destruction.says
    assert "2026-06-13 comes, the day from which the agency destroys" in early.destruction.needs
    assert "not-due" == early.destruction.code
    assert date(2026, 3, 2) == today.as_of


@pytest.mark.spec("CUS-42")
def test_facts_that_are_missing_are_named() -> None:
    """Of a recording that nobody has looked at, what has to be stated."""
    store = under_law(World())
    with chief(store) as session:
        clip = session.ingest(stream(9)).object_id
    found = told(store, clip).destruction

    assert "retention-unknown" == found.code
    assert any(need.startswith("it is stated: ") and "discharge" in need for need in found.needs)
    assert "an entry of the records schedule that applies to it is confirmed" in found.needs


@pytest.mark.spec("CUS-41")
@pytest.mark.parametrize("lawless", [True, False])
def test_what_is_wrong_hides_nothing(lawless: bool) -> None:
    """No law, or a fact that the pack does not have: a problem, and all else all the same."""
    store = create(World()) if lawless else under_law(World())
    with chief(store) as session:
        clip = session.ingest(stream(9), recording=Recording(label="odd")).object_id
        session.record_consent(clip, covers="public")
    found = told(store, clip)
    (problem,) = found.problems
    code = "law-not-adopted" if lawless else "label-unknown"

    assert (code, None, ()) == (problem.code, found.law, found.access)
    assert [["odd"]] == [one.said.value for one in found.labels]
    assert 1 == len(found.consents)
    assert (False, "law-not-adopted" if lawless else "retention-unknown") == (
        found.destruction.allowed,
        found.destruction.code,
    )
    assert f"the law can be asked ({code})" in found.destruction.needs
    assert f"[{code}]" in found.text()


@pytest.mark.spec("CUS-40")
@pytest.mark.parametrize("ended", [False, True])
def test_what_is_being_destroyed_or_gone_is_told(ended: bool) -> None:
    """The next run finishes it, or nothing is left to do."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        begin_purge(session, clip)
        if ended:
            write(session, "purge.completed", DONE, scope=ScopeId.object(clip))
    found = told(store, clip)

    assert ("purged" if ended else "purging") == found.status
    assert (() if ended else ("the next run of a purge finishes it",)) == found.destruction.needs
    assert ("object-purged" if ended else "purge-started") == found.destruction.code


@pytest.mark.spec("CUS-40")
def test_json_says_everything_that_the_text_says() -> None:
    """Every id, date and outcome; as plain JSON."""
    store, clip = busy(World())
    found = told(store, clip)
    document = json.loads(json.dumps(found.to_json()))

    assert (str(clip), "2026-03-02", "present") == (
        document["object_id"],
        document["as_of"],
        document["status"],
    )
    assert [HOLD, QUERY] == [one["hold_id"] for one in document["holds"]]
    assert "2026-06-10" == document["law"]["retention"]["last_protected"]
    assert [{"covers": "identity", "withdrawn": False}] == [
        {name: one[name] for name in ("covers", "withdrawn")} for one in document["consents"]
    ]
    assert ["not_evidence"] == document["labels"][0]["said"]["value"]
    assert [*found.destruction.needs] == document["destruction"]["needs"]


@pytest.mark.spec("CUS-40")
def test_the_text_fits_a_screen() -> None:
    """80 columns where words allow, under 80 lines for a recording with something of everything."""
    store, clip = busy(World())
    lines = told(store, clip).text().splitlines()
    text = " ".join(" ".join(lines).split())

    assert 80 >= max(map(len, lines))
    assert 80 >= len(lines)
    for said in (
        f"recording {clip}: present on 2026-03-02",
        "by camera-clock: the latest plausible clock",
        "by dock: not plausible",
        "MISMATCH label evidence_force",
        "kept until 2026-06-10 (held)",
        f"hold litigation {HOLD}, bound",
        "storage lock none",
        "destroyable NO: ",
        "- a plan that has it is proposed, approved by others, and run",
    ):
        assert said in text


def test_who_may_have_it_explained() -> None:
    """An auditor may, an officer may not; of nothing there is nothing to explain."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        session.enrol("aud", roles=[Role.AUDITOR])
        session.enrol("ada", roles=[Role.OFFICER])
        nothing = refusal(lambda: session.explain(NOBODY))
    with store.session(actor="aud", reason="audit") as auditor:
        found = auditor.explain(clip)
    with store.session(actor="ada", reason="curious") as officer:
        refused = refusal(lambda: officer.explain(clip))

    assert "present" == found.status
    assert (ErrorKind.OBJECT_UNKNOWN, ErrorKind.NOT_AUTHORIZED) == (nothing.kind, refused.kind)


def test_another_day_needs_a_law_that_knows_it() -> None:
    """Without a law there is no zone; before the first version there is no law."""
    lawless = create(World())
    with chief(lawless) as session:
        clip = session.ingest(stream(9)).object_id
        zoneless = refusal(lambda: session.explain(clip, as_of=date(2026, 4, 1)))
    store = under_law(World())
    with chief(store) as session:
        other = recorded(session)
        before = refusal(lambda: session.explain(other, as_of=date(1999, 1, 1)))

    assert (ErrorKind.LAW_NOT_ADOPTED, ErrorKind.LAW_NOT_IN_FORCE) == (zoneless.kind, before.kind)


def test_a_step_of_the_clock_is_among_what_has_to_happen() -> None:
    """Until two have confirmed it nothing is destroyed."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = recorded(session)
        world.clock.advance(800 * 3_600.0)
        session.label(clip, ["training"])
    state = store._services.log.state

    assert (
        f"two actors confirm the step of the clock at entry {state.jumps[0].index}"
        in told(store, clip).destruction.needs
    )
