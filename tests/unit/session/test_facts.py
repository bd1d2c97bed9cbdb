"""What is said of recordings: facts and labels; and what is refused, with why."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest

from bwcstore._encoding import Json, encode
from bwcstore._session._history import log_lines
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, Digest, Instant, ObjectId, ScopeId
from bwcstore.audit._findings import Severity
from bwcstore.custody import Recording
from bwcstore.custody._assertion import INGEST_LABEL
from bwcstore.custody._authority import Role
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import World
from tests.unit.session.disclosure import asked, recorded, under_law, write
from tests.unit.session.purging import town
from tests.unit.session.world import chief, create, stream

TODAY = date(2026, 3, 2)
NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")
NO_ACT = ActId("01900000-0000-7000-8000-0000000000fe")
NO_ID = "99999999-9999-4999-8999-999999999999"
PLAN = ActId("01900000-0000-7000-8000-0000000000aa")
SIGNED = Digest(bytes(range(32)))


def refusal(work: Callable[[], object]) -> BwcStoreError:
    """What it is refused with."""
    with pytest.raises(BwcStoreError) as caught:
        work()
    return caught.value


def bare(session: Session) -> ObjectId:
    """A recording of which nothing is said."""
    return session.ingest(stream(9)).object_id


def said(store: Store, object_id: ObjectId) -> list[tuple[str, Json]]:
    """The assertions of a recording that are in its scope: fact and value."""
    found = store.object(object_id).keeping.facts
    return [(one.fact, one.value) for one in found]


def refused_kinds(store: Store) -> list[Json]:
    """The codes of the refusals in the ledger."""
    entries = store._services.log.entries()
    return [entry.body["code"] for entry in entries if entry.kind == "access.refused"]


@pytest.mark.spec("CUS-10", "CUS-15")
def test_facts_are_asserted_in_the_scope_of_what_they_are_about() -> None:
    """Of a recording, of a request, of the agency: each in its scope, as its type has it."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = bare(session)
        request = asked(session, clip, kind="public", requester="public")
        session.assert_fact("source_kind", "worn", object_id=clip, basis="report")
        session.assert_fact("deadly_force", False, object_id=clip)
        session.assert_fact("incident_date", TODAY, object_id=clip)
        session.assert_fact("flags", {"offensive", "informant"}, object_id=clip)
        session.assert_fact("access_given_on", "2026-03-02", request=request)
        session.assert_fact("previous_audit_on", date(2025, 7, 1))
    state = store._services.log.state

    assert [
        ("source_kind", "worn"),
        ("deadly_force", False),
        ("incident_date", "2026-03-02"),
        ("flags", ["informant", "offensive"]),
    ] == said(store, clip)
    assert [("access_given_on", "2026-03-02")] == [
        (one.fact, one.value)
        for one in state.act(request).facts  # type: ignore[union-attr]  # the request is there
    ]
    assert [("previous_audit_on", "2025-07-01")] == [
        (one.fact, one.value) for one in state.store.facts
    ]


@pytest.mark.spec("CUS-15", "CUS-16", "CUS-17")
@pytest.mark.parametrize(
    ("fact", "value", "more", "kind"),
    [
        ("weather", "wet", {}, ErrorKind.FACT_UNKNOWN),
        ("requester_is_subject", True, {}, ErrorKind.FACT_UNKNOWN),
        ("previous_audit_on", TODAY, {}, ErrorKind.FACT_UNKNOWN),
        ("deadly_force", "no", {}, ErrorKind.FACT_TYPE),
        ("discharge", "loud", {}, ErrorKind.FACT_TYPE),
        ("discharge", 5, {}, ErrorKind.FACT_TYPE),
        ("incident_date", "yesterday", {}, ErrorKind.FACT_TYPE),
        ("incident_date", datetime(2026, 3, 1), {}, ErrorKind.TIME_NAIVE),  # noqa: DTZ001 - the point
        ("labels", ["odd"], {}, ErrorKind.LABEL_UNKNOWN),
        ("complaint_date", date(2026, 3, 3), {}, ErrorKind.FACT_FUTURE),
        ("source_kind", "worn", {"since": date(2026, 3, 3)}, ErrorKind.FACT_FUTURE),
        ("source_kind", "worn", {"since": "2026-03-01"}, ErrorKind.ARGUMENT_INVALID),
        ("source_kind", "worn", {"basis": "rumour"}, ErrorKind.ARGUMENT_INVALID),
        ("source_kind", "worn", {"request": PLAN}, ErrorKind.ARGUMENT_INVALID),
        ("source_kind", "worn", {"supersedes": NO_ID}, ErrorKind.ASSERTION_UNKNOWN),
        ("source_kind", "worn", {"supersedes": "x"}, ErrorKind.ASSERTION_UNKNOWN),
        ("source_kind", "worn", {"supersedes": INGEST_LABEL}, ErrorKind.ASSERTION_UNKNOWN),
        ("source_kind", None, {}, ErrorKind.ARGUMENT_INVALID),
        ("holds", [], {}, ErrorKind.ARGUMENT_INVALID),
        ("retention_requests", [], {}, ErrorKind.ARGUMENT_INVALID),
        (
            "collected_at",
            Instant.parse("2026-03-01T10:00:00.000000Z"),
            {},
            ErrorKind.ARGUMENT_INVALID,
        ),
        ("retention_granted_on", TODAY, {}, ErrorKind.ARGUMENT_INVALID),
        ("retention_end_notice_on", TODAY, {}, ErrorKind.ARGUMENT_INVALID),
    ],
)
def test_what_the_pack_cannot_take_is_refused(
    fact: str, value: object, more: dict[str, object], kind: ErrorKind
) -> None:
    """With the code that says why, and nothing is appended."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        where = {"object_id": clip, **more}
        found = refusal(lambda: session.assert_fact(fact, value, **where))  # type: ignore[arg-type]  # any of them

    assert kind == found.kind
    assert [] == said(store, clip)


@pytest.mark.spec("CUS-16")
def test_a_day_to_come_is_taken_where_the_fact_may_lie_ahead() -> None:
    """An appointment lies ahead; so may the day from which it is so."""
    store = town(World(), clips=0)
    with chief(store) as session:
        clip = bare(session)
        ahead = date(2030, 1, 1)
        session.assert_fact("appointment_on", ahead, object_id=clip, since=ahead)

    assert [("appointment_on", "2030-01-01")] == said(store, clip)


def test_nothing_is_asserted_without_a_law_or_of_what_is_not_there() -> None:
    """No pack says what facts there are; no such recording; no such request."""
    world = World()
    with chief(create(world)) as session:
        clip = bare(session)
        lawless = refusal(lambda: session.assert_fact("source_kind", "worn", object_id=clip))
    store = under_law(World())
    with chief(store) as session:
        nobody = refusal(lambda: session.assert_fact("source_kind", "worn", object_id=NOBODY))
        no_act = refusal(lambda: session.assert_fact("access_given_on", TODAY, request=NO_ACT))
        no_one = refusal(lambda: session.retract_fact(NO_ID))

    assert ErrorKind.LAW_NOT_ADOPTED == lawless.kind
    assert [
        ErrorKind.OBJECT_UNKNOWN,
        ErrorKind.REQUEST_UNKNOWN,
        ErrorKind.ASSERTION_UNKNOWN,
    ] == [one.kind for one in (nobody, no_act, no_one)]


@pytest.mark.spec("CUS-18")
def test_the_chiefs_own_word_is_the_chiefs() -> None:
    """Asserting it and taking it back needs the role; the refusal cites the law and is logged."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        session.enrol("boss", roles=[Role.CHIEF])
        refused = refusal(lambda: session.assert_fact("chief_assertion_on", TODAY, object_id=clip))
    with store.session(actor="boss", reason="interferes with an investigation") as boss:
        own = boss.assert_fact("chief_assertion_on", TODAY, object_id=clip)
    with chief(store) as session:
        again = refusal(lambda: session.retract_fact(own, object_id=clip))

    assert (ErrorKind.CHIEF_REQUIRED, True) == (
        refused.kind,
        "13.825, subd. 2(d)" in refused.message,
    )
    assert ErrorKind.CHIEF_REQUIRED == again.kind
    assert ["chief-required"] * 2 == refused_kinds(store)


@pytest.mark.spec("CUS-19")
def test_what_cannot_be_true_together_is_refused_and_can_be_said_together() -> None:
    """A death is the worst that force did: said alone it contradicts, said together it is taken."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = recorded(session)
        world.clock.advance(86_400.0)
        alone = refusal(lambda: session.assert_fact("force_result", "death", object_id=clip))
        before = len(said(store, clip))
        made = session.assert_facts(
            {"force_result": "death", "death_by_force": True}, object_id=clip
        )

    assert (ErrorKind.FACT_CONTRADICTION, True) == (alone.kind, "death-not-by-force" in str(alone))
    assert ["force_result", "death_by_force"] == [*made]
    assert [("force_result", "death"), ("death_by_force", True)] == said(store, clip)[before:]


@pytest.mark.spec("CUS-19")
def test_two_values_since_one_day_contradict_unless_one_supersedes_the_other() -> None:
    """Whoever corrects what was said names it; what is superseded stays visible."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        first = session.assert_fact("source_kind", "worn", object_id=clip)
        refused = refusal(lambda: session.assert_fact("source_kind", "squad", object_id=clip))
        session.assert_fact("source_kind", "squad", object_id=clip, supersedes=first)
        third = session.assert_facts(
            {"source_kind": "drone"},
            object_id=clip,
            supersedes={"source_kind": store.object(clip).keeping.facts[-1].assertion_id},
        )
        session.retract_fact(third["source_kind"], object_id=clip)

    assert ErrorKind.FACT_CONTRADICTION == refused.kind
    assert ["worn", "squad", "drone", None] == [value for _, value in said(store, clip)]


@pytest.mark.spec("CUS-19")
def test_facts_that_are_unsound_already_can_be_put_right() -> None:
    """Where nothing can be concluded anyway, what the pack takes is taken; the rest is not."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        body: dict[str, Json] = {"fact": "weather", "since": "2026-03-02", "basis": "report"}
        scope = ScopeId.object(clip)
        write(session, "fact.asserted", {**body, "assertion": NO_ID, "value": "wet"}, scope=scope)
        session.assert_fact("source_kind", "worn", object_id=clip)
        odd = refusal(lambda: session.assert_fact("discharge", "loud", object_id=clip))
        unsound = session.explain(clip).problems
        session.retract_fact(NO_ID, object_id=clip)
        sound = session.explain(clip).problems

    assert ErrorKind.FACT_TYPE == odd.kind
    assert (["fact-unknown"], ()) == ([one.code for one in unsound], sound)


@pytest.mark.spec("CUS-19")
def test_facts_of_a_request_and_of_the_agency_are_judged_together_too() -> None:
    """Two days of one audit contradict each other; so do two answers about one request."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        request = asked(session, clip, kind="public", requester="public")
        session.assert_fact("previous_audit_on", date(2025, 7, 1))
        session.assert_fact("access_given_on", TODAY, request=request)
        kinds = [
            refusal(lambda: session.assert_fact("previous_audit_on", date(2025, 7, 2))).kind,
            refusal(
                lambda: session.assert_fact("access_given_on", date(2026, 3, 1), request=request)
            ).kind,
        ]

    assert [ErrorKind.FACT_CONTRADICTION] * 2 == kinds


def test_too_many_or_no_facts_at_once() -> None:
    """1 to 64 of them."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        kinds = [
            refusal(partial(session.assert_facts, facts, object_id=clip)).kind
            for facts in ({}, {f"fact_{number}": True for number in range(65)})
        ]

    assert [ErrorKind.ARGUMENT_INVALID] * 2 == kinds


@pytest.mark.spec("CUS-10", "CUS-11")
def test_labels_come_beside_each_other_until_they_are_taken_back() -> None:
    """Also the label of the ingest, by the id that stands for it."""
    store = under_law(World())
    with chief(store) as session:
        clip = session.ingest(stream(9), recording=Recording(label="not_evidence")).object_id
        session.label(clip, ["evidence_force", "evidence_other"], statement="a shove")
        both = [one.counts for one in session.explain(clip).labels]
        session.retract_fact(INGEST_LABEL, object_id=clip)
        left = [(one.said.value, one.counts) for one in session.explain(clip).labels]
        facts = session.explain(clip).law
        report = session.audit()

    assert [True, True] == both
    assert [
        (["not_evidence"], False),
        (["evidence_force", "evidence_other"], True),
        (None, False),
    ] == left
    assert [] == [one for one in report.findings if one.severity is not Severity.NOTE]
    assert facts is not None
    assert {"evidence_force", "evidence_other"} == facts.facts.values["labels"]


def test_who_may_say_what() -> None:
    """An officer asserts and corrects nothing; a reader does neither; both refusals are logged."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        session.enrol("ada", roles=[Role.OFFICER])
        session.enrol("eve", roles=[Role.READER])
    with store.session(actor="ada", reason="shift") as officer:
        officer.assert_fact("source_kind", "worn", object_id=clip)
        tagging = refusal(lambda: officer.add_tags(clip, case="26-1"))
    with store.session(actor="eve", reason="curious") as reader:
        saying = refusal(lambda: reader.label(clip, ["training"]))

    assert {ErrorKind.NOT_AUTHORIZED} == {tagging.kind, saying.kind}
    assert ["not-authorized"] * 2 == refused_kinds(store)


def test_words_about_an_assertion_are_sealed() -> None:
    """The statement is in no leaf; the digest of the document is."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        session.assert_fact(
            "source_kind",
            "worn",
            object_id=clip,
            basis="document",
            statement="per Ada's report",
            document_sha256=SIGNED,
            since=datetime(2026, 3, 1, tzinfo=UTC).date(),
        )
        (line,) = (
            one for one in log_lines(session._acting, clip) if one.entry.kind == "fact.asserted"
        )
    leaf = encode(dict(line.entry.body))

    assert ["per Ada's report"] == (line.payload or {})["statement"]
    assert (False, True) == (b"Ada" in leaf, str(SIGNED).encode() in leaf)
    assert ("2026-03-01", "document") == (line.entry.body["since"], line.entry.body["basis"])
