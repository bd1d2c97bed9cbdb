"""Requests: what they keep, how they are answered and closed, and what is refused."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from bwcstore._values import ObjectId
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._knowledge import PENDING
from bwcstore.errors import (
    ErrorKind,
    NotFoundError,
)
from bwcstore.testing import World
from tests.unit.session.asking import (
    NO_REQUEST,
    TODAY,
    WANTED,
    copy,
    keeps,
    kinds,
    of,
    office,
    outcome_of,
    purged,
    refusals,
    refused,
    retain,
    why,
)
from tests.unit.session.disclosure import begin_purge, recorded
from tests.unit.session.world import chief, create

NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")


@pytest.mark.spec("REQ-1", "REQ-3")
def test_a_request_comes_with_its_facts_and_recordings_in_one_batch() -> None:
    """The act begins, facts and recordings follow, and each recording is held from then on."""
    store = office(World())
    with of(store, "ann") as session:
        clips = [recorded(session), recorded(session)]
        before = store.size
        act = copy(
            session,
            *clips,
            clips[0],
            received=date(2026, 2, 27),
            name="A. Larsen",
            contact="larsen@example.org",
            statement="of the stop\nin February",
            facts={"requester_is_subject": True, "last_shown_on": date(2026, 1, 5)},
        )
        (line,) = session.requests()
    entries = [*store._services.log.entries()][before:]
    request = store._services.log.state.act(act)

    assert ["request.received", "fact.asserted", "fact.asserted", "request.bound"] == kinds(store)[
        before:-1
    ]
    assert 1 == len({store._services.log.place(one.index) for one in entries})
    assert isinstance(request, RequestState)
    assert ("recorded_individual", date(2026, 2, 27)) == (request.requester, request.received)
    assert [("last_shown_on", "2026-01-05"), ("requester_is_subject", True)] == [
        (one.fact, one.value) for one in request.facts
    ]
    assert {date(2026, 2, 27)} == {one.since for one in request.facts}
    assert [[(str(act), PENDING)]] * 2 == [keeps(store, one) for one in clips]
    assert ("A. Larsen", "larsen@example.org", ("of the stop", "in February")) == (
        line.name,
        line.contact,
        line.statement,
    )
    assert {clips[0]: None, clips[1]: None} == line.objects


def test_who_asks_lies_nowhere_in_the_open() -> None:
    """Names and contacts are sealed; an auditor with the keys sees them."""
    world = World()
    store = office(world)
    with of(store, "ann") as session:
        copy(session, recorded(session), name="A. Larsen", contact="larsen@example.org")
    with of(store, "auditor") as session:
        (line,) = session.requests()

    assert "A. Larsen" == line.name
    assert not any(b"arsen" in data for data in world.storage.contents.values())


@pytest.mark.spec("REQ-2")
@pytest.mark.parametrize(
    ("kind", "days", "answers", "code"),
    [
        ("subject-retain", None, WANTED, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 0, WANTED, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 36_501, WANTED, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 90, None, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 90, {"written": True}, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 90, {**WANTED, "more": True}, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-retain", 90, {**WANTED, "written": "yes"}, ErrorKind.REQUEST_INCOMPLETE),
        ("subject-copy", 90, None, ErrorKind.ARGUMENT_INVALID),
        ("subject-copy", None, WANTED, ErrorKind.ARGUMENT_INVALID),
        ("subject-something", None, None, ErrorKind.ARGUMENT_INVALID),
    ],
)
def test_a_request_says_what_its_kind_needs(
    kind: str, days: int | None, answers: Any, code: ErrorKind
) -> None:
    """A request to retain says for how long and how it was made; no other one does."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        before = store.size
        found = why(
            lambda: session.receive_request(
                kind, requester="recorded_individual", objects=[one], days=days, answers=answers
            )
        )

    assert (code, before) == (found, store.size)


@pytest.mark.spec("REQ-1")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"requester": "somebody"}, ErrorKind.ARGUMENT_INVALID),
        ({"received": date(2026, 3, 3)}, ErrorKind.FACT_FUTURE),
        ({"received": "2026-02-30"}, ErrorKind.ARGUMENT_INVALID),
        ({"received": datetime(2026, 3, 1, 12)}, ErrorKind.ARGUMENT_INVALID),  # noqa: DTZ001 - wrong
        ({"objects": [NOBODY]}, ErrorKind.OBJECT_UNKNOWN),
        ({"facts": {"no_such_fact": True}}, ErrorKind.FACT_UNKNOWN),
        ({"facts": {"force_reported": True}}, ErrorKind.FACT_UNKNOWN),
        ({"facts": {"requester_is_subject": "2026-02-30"}}, ErrorKind.FACT_TYPE),
        ({"facts": {"requested_on": TODAY}}, ErrorKind.ARGUMENT_INVALID),
        ({"name": "two\nlines"}, ErrorKind.TEXT_FORM),
        ({"statement": ""}, ErrorKind.REASON_REQUIRED),
    ],
)
def test_a_request_that_cannot_be_is_not_received(wrong: dict[str, Any], code: ErrorKind) -> None:
    """Whoever nobody is, a day to come or none, an unknown recording or fact: no entry."""
    store = office(World())
    with of(store, "ann") as session:
        before = store.size
        asked: dict[str, Any] = {"requester": "recorded_individual", **wrong}
        found = why(lambda: session.receive_request("subject-copy", **asked))

    assert (code, before) == (found, store.size)


@pytest.mark.spec("REQ-1", "REQ-16")
def test_the_chiefs_own_word_comes_from_the_chief() -> None:
    """A clerk cannot assert it with the request; the refusal is logged."""
    store = office(World())
    with of(store, "ann") as session:
        error = refused(
            lambda: session.receive_request(
                "kin-inspection", requester="next_of_kin", facts={"chief_denial_on": TODAY}
            )
        )
    with of(store, "police-chief") as session:
        session.receive_request(
            "kin-inspection", requester="next_of_kin", facts={"chief_denial_on": TODAY}
        )

    assert ErrorKind.CHIEF_REQUIRED == error.kind
    assert [("request", "chief-required")] == refusals(store)


def test_without_a_law_nobody_knows_what_is_asked() -> None:
    """No request is received, and nothing is owed."""
    store = create(World())
    with chief(store) as session:
        found = [why(lambda: copy(session)), why(session.duties), why(store.duties)]

    assert [ErrorKind.LAW_NOT_ADOPTED] * 3 == found


@pytest.mark.spec("REQ-4")
def test_a_request_is_bound_to_more_recordings_while_it_is_open() -> None:
    """Each once; kind and day are repeated; a closed one takes none."""
    store = office(World())
    with of(store, "ann") as session:
        first, second = recorded(session), recorded(session)
        act = copy(session, first, received=date(2026, 2, 27))
        session.bind_request(act, [first, second])
        bound = store.object(second).keeping.requests[act]
        session.answer_request(act, "granted")
        session.close_request(act)
        found = why(lambda: session.bind_request(act, [recorded(session)]))

    assert ("subject-copy", date(2026, 2, 27)) == (bound.kind, bound.received)
    assert 2 == kinds(store).count("request.bound")
    assert ErrorKind.REQUEST_STATE == found


@pytest.mark.spec("REQ-2", "REQ-4")
def test_a_request_to_retain_says_for_each_recording_how_long() -> None:
    """Binding one more says it again."""
    store = office(World())
    with of(store, "ann") as session:
        first, second = recorded(session), recorded(session)
        act = retain(session, first, 30)
        found = why(lambda: session.bind_request(act, [second]))
        session.bind_request(act, [second], days=60, answers=WANTED)

    assert ErrorKind.REQUEST_INCOMPLETE == found
    assert [30, 60] == [store.object(one).keeping.requests[act].days for one in (first, second)]


@pytest.mark.spec("REQ-4", "REQ-16")
def test_what_is_destroyed_or_being_destroyed_is_not_asked_for() -> None:
    """Neither with the request nor later; the refusals are entries of these recordings."""
    store = office(World())
    with of(store, "ann") as session:
        whole, going, gone = (recorded(session) for _ in range(3))
        begin_purge(session, going)
        purged(session, gone)
        act = copy(session, whole)
        found = [
            why(lambda: copy(session, whole, going)),
            why(lambda: session.bind_request(act, [going])),
            why(lambda: session.bind_request(act, [gone])),
        ]
        after = store._services.log.state.bound(act)

    assert [
        ErrorKind.PURGE_STARTED,
        ErrorKind.PURGE_STARTED,
        ErrorKind.OBJECT_PURGED,
    ] == found
    assert (whole,) == after
    assert {("request", "purge-started")} == {*refusals(store, going)}
    assert [("request", "object-purged")] == refusals(store, gone)


@pytest.mark.spec("REQ-5")
def test_what_is_no_request_recording_outcome_or_rule_is_refused() -> None:
    """Each verb says which it is, and nothing is appended."""
    store = office(World())
    with of(store, "ann") as session:
        one, other = recorded(session), recorded(session)
        act = copy(session, one)
        before = store.size
        calls: list[tuple[Callable[[], object], ErrorKind]] = [
            (lambda: session.bind_request(NO_REQUEST, [one]), ErrorKind.REQUEST_UNKNOWN),
            (lambda: session.answer_request(NO_REQUEST, "granted"), ErrorKind.REQUEST_UNKNOWN),
            (lambda: session.answer_request(NO_REQUEST, "withdrawn"), ErrorKind.REQUEST_UNKNOWN),
            (lambda: session.close_request(NO_REQUEST), ErrorKind.REQUEST_UNKNOWN),
            (lambda: session.send_notice(NO_REQUEST, one, "grant"), ErrorKind.REQUEST_UNKNOWN),
            (lambda: session.bind_request(act, [NOBODY]), ErrorKind.OBJECT_UNKNOWN),
            (
                lambda: session.answer_request(act, "granted", objects=[NOBODY]),
                ErrorKind.OBJECT_UNKNOWN,
            ),
            (lambda: session.send_notice(act, NOBODY, "grant"), ErrorKind.OBJECT_UNKNOWN),
            (
                lambda: session.answer_request(act, "granted", objects=[other]),
                ErrorKind.REQUEST_STATE,
            ),
            (lambda: session.answer_request(act, "granted", objects=[]), ErrorKind.REQUEST_STATE),
            (lambda: session.answer_request(act, "perhaps"), ErrorKind.ARGUMENT_INVALID),
            (
                lambda: session.answer_request(act, "denied", rule="no-such-rule"),
                ErrorKind.ARGUMENT_INVALID,
            ),
            (lambda: session.close_request(act, outcome="perhaps"), ErrorKind.ARGUMENT_INVALID),
            (lambda: session.send_notice(act, one, "letter"), ErrorKind.ARGUMENT_INVALID),
        ]
        found = [why(call) for call, _ in calls]

    assert [code for _, code in calls] == found
    assert before == store.size


def test_an_unknown_request_is_something_that_was_not_found() -> None:
    """It is a `NotFoundError`, which is a `KeyError` too."""
    store = office(World())
    with of(store, "ann") as session:
        error = refused(lambda: session.close_request(NO_REQUEST))

    assert isinstance(error, NotFoundError)


def test_only_whoever_may_handles_and_sees_requests() -> None:
    """A reader may nothing, an auditor look; whoever was revoked may nothing more."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        act = copy(session, one)
    with chief(store) as session:
        session.revoke_actor("bob")
    with of(store, "reader") as session:
        found = [
            why(lambda: copy(session, one)),
            why(lambda: session.bind_request(act, [one])),
            why(lambda: session.answer_request(act, "granted")),
            why(lambda: session.close_request(act)),
            why(lambda: session.send_notice(act, one, "grant")),
            why(session.requests),
            why(session.duties),
        ]
    with of(store, "bob") as session:
        revoked = why(lambda: session.answer_request(act, "granted"))
    with of(store, "auditor") as session:
        seen = [line.request.act for line in session.requests()]

    assert [ErrorKind.NOT_AUTHORIZED] * 7 == found
    assert (ErrorKind.ACTOR_REVOKED, [act]) == (revoked, seen)
    assert outcome_of(store, one, act) is None
