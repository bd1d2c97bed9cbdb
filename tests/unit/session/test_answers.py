"""Answers to requests, notices, and the end of a request."""

from datetime import date

import pytest

from bwcstore._values import ObjectId
from bwcstore.custody._knowledge import PENDING
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    RetentionError,
)
from bwcstore.testing import World
from tests.unit.session.asking import (
    DAY,
    TODAY,
    WANTED,
    copy,
    keeps,
    kinds,
    of,
    office,
    outcome_of,
    refusals,
    refused,
    retain,
    why,
)
from tests.unit.session.disclosure import recorded
from tests.unit.session.world import reopen

NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")


@pytest.mark.spec("REQ-3", "REQ-5")
def test_a_request_is_answered_for_each_recording_by_itself() -> None:
    """What is answered is no longer held by it; the other recording is."""
    store = office(World())
    with of(store, "ann") as session:
        first, second = recorded(session), recorded(session)
        act = copy(session, first, second)
        session.answer_request(act, "denied", objects=[first], rule="others-in-copy")

        assert ([], [(str(act), PENDING)]) == (keeps(store, first), keeps(store, second))

        session.answer_request(act, "granted", on=TODAY, statement="by mail")
        (line,) = session.requests()

    assert {first: "denied", second: "granted"} == line.objects
    assert "others-in-copy" == line.bound[first].rule
    assert (TODAY, None) == (line.bound[second].answered_on, line.bound[second].rule)
    assert [] == keeps(store, second)


@pytest.mark.spec("REQ-5")
def test_what_was_answered_is_answered_but_may_be_taken_back() -> None:
    """Granted becomes withdrawn, also after the request was closed, and nothing else."""
    store = office(World())
    with of(store, "ann") as session:
        one, other = recorded(session), recorded(session)
        act = copy(session, one, other)
        session.answer_request(act, "granted", objects=[one])
        session.answer_request(act, "denied", objects=[other])
        found = [
            why(lambda: session.answer_request(act, "granted")),
            why(lambda: session.answer_request(act, "denied", objects=[one])),
            why(lambda: session.answer_request(act, "withdrawn", objects=[other])),
        ]
        session.close_request(act)
        found.append(why(lambda: session.answer_request(act, "granted")))
        session.answer_request(act, "withdrawn")
        found.append(why(lambda: session.answer_request(act, "withdrawn")))

    assert [ErrorKind.REQUEST_STATE] * 5 == found
    assert ("withdrawn", "denied") == (
        outcome_of(store, one, act),
        outcome_of(store, other, act),
    )


@pytest.mark.spec("REQ-6")
def test_a_request_over_the_cap_is_granted_up_to_it_and_that_is_told() -> None:
    """The advice cites the provision, the rule is kept, and only so many days are added."""
    store = office(World())
    with of(store, "ann") as session:
        much, enough = recorded(session), recorded(session)
        over, within = retain(session, much, 300), retain(session, enough, 180)
        (advice,) = session.answer_request(over, "granted")
        none = session.answer_request(within, "granted")

    assert ErrorKind.REQUEST_OVER_CAP == advice.code
    assert "Minn. Stat. 13.825, subd. 3(d)" == advice.cite
    assert all(word in advice.says for word in ("300", "180", advice.cite))
    assert () == none
    assert ["subject-request"] * 2 == [
        store.object(one).keeping.requests[act].rule
        for one, act in ((much, over), (enough, within))
    ]


@pytest.mark.spec("REQ-6", "REQ-16")
def test_a_request_to_retain_that_the_law_does_not_grant_is_not_granted() -> None:
    """One that was not made in writing stays pending, so that it holds; the refusal cites."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        act = session.receive_request(
            "subject-retain",
            requester="recorded_individual",
            objects=[one],
            days=90,
            answers={**WANTED, "written": False},
        )
        error = refused(lambda: session.answer_request(act, "granted", objects=[one]))

    assert isinstance(error, RetentionError)
    assert ErrorKind.LAW_FORBIDS == error.kind
    assert "Minn. Stat. 13.825, subd. 3(d)" in error.message
    assert [(str(act), PENDING)] == keeps(store, one)
    assert [("answer", "law-forbids")] == refusals(store, one)


@pytest.mark.spec("REQ-7", "REQ-16")
def test_kin_are_denied_by_the_chief_in_person() -> None:
    """A clerk may grant and not deny, nor close it as denied; the chief may."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        act = session.receive_request("kin-inspection", requester="next_of_kin", objects=[one])
        empty = session.receive_request("kin-inspection", requester="next_of_kin")
        errors = [
            refused(lambda: session.answer_request(act, "denied", objects=[one])),
            refused(lambda: session.close_request(empty, outcome="denied")),
        ]
    with of(store, "police-chief") as session:
        session.answer_request(act, "denied")
        session.close_request(empty, outcome="denied")

    assert [ErrorKind.CHIEF_REQUIRED] * 2 == [one.kind for one in errors]
    assert all(isinstance(one, AuthorizationError) for one in errors)
    assert "denied" == outcome_of(store, one, act)
    assert [("answer", "chief-required")] == refusals(store, one)
    assert [("answer", "chief-required")] == refusals(store)


@pytest.mark.spec("REQ-8")
def test_a_request_is_closed_when_nothing_waits() -> None:
    """Its outcome is what gave most, or one of the answers that is said; then it is closed."""
    store = office(World())
    with of(store, "ann") as session:
        first, second = recorded(session), recorded(session)
        act, empty = copy(session, first, second), copy(session)
        session.answer_request(act, "denied", objects=[first])
        found = [why(lambda: session.close_request(act))]
        session.answer_request(act, "granted")
        found += [
            why(lambda: session.close_request(act, outcome="withdrawn")),
            why(lambda: session.close_request(act, outcome="nothing-held")),
        ]
        session.close_request(act, statement="picked up")
        session.close_request(empty)
        found.append(why(lambda: session.close_request(act)))
        lines = {line.request.act: line.request.outcome for line in session.requests()}

    assert [ErrorKind.REQUEST_STATE] * 4 == found
    assert {act: "granted", empty: "nothing-held"} == lines


@pytest.mark.spec("REQ-8", "REQ-4", "LED-31")
def test_a_recording_that_another_process_binds_keeps_a_request_open() -> None:
    """The one that closes is decided again when a recording was bound meanwhile."""
    world = World()
    store = office(world)
    with of(store, "ann") as session:
        act, clip = copy(session), recorded(session)
    other = reopen(world)
    with of(other, "bob") as session:
        session.bind_request(act, [clip])
    with of(store, "ann") as session:
        found = why(lambda: session.close_request(act))

    assert ErrorKind.REQUEST_STATE == found
    assert 0 == kinds(store).count("request.closed")


@pytest.mark.spec("REQ-9")
def test_a_notice_tells_of_an_answer_that_was_given() -> None:
    """Of the grant, the denial, or the end of a retention; also after the request was closed."""
    world = World()
    store = office(world)
    with of(store, "ann") as session:
        kept, shown = recorded(session), recorded(session)
        act, denied = retain(session, kept), copy(session, shown)
        found = [why(lambda: session.send_notice(act, kept, "grant"))]
        session.answer_request(act, "granted")
        session.answer_request(denied, "denied")
        found += [
            why(lambda: session.send_notice(act, kept, "denial")),
            why(lambda: session.send_notice(denied, shown, "expiry")),
            why(lambda: session.send_notice(denied, kept, "denial")),
        ]
        session.close_request(act)
        session.send_notice(act, kept, "grant", to="A. Larsen", statement="by mail")
        session.send_notice(denied, shown, "denial")
        world.clock.advance(2 * DAY)
        session.send_notice(act, kept, "expiry", on=date(2026, 3, 3))

    assert [ErrorKind.REQUEST_STATE] * 4 == found
    assert {"grant": TODAY, "expiry": date(2026, 3, 3)} == dict(
        store.object(kept).keeping.requests[act].notices
    )
    assert {"denial": TODAY} == dict(store.object(shown).keeping.requests[denied].notices)


@pytest.mark.spec("REQ-5", "REQ-9")
def test_an_answer_and_a_notice_are_of_a_day_that_can_be() -> None:
    """Not before the request or the answer, and not ahead."""
    store = office(World())
    early, late = date(2026, 3, 1), date(2026, 3, 3)
    with of(store, "ann") as session:
        one = recorded(session)
        act = retain(session, one)
        found = [
            why(lambda: session.answer_request(act, "granted", on=early)),
            why(lambda: session.answer_request(act, "granted", on=late)),
            why(lambda: session.answer_request(act, "granted", on="today")),  # type: ignore[arg-type]  # wrong
        ]
        session.answer_request(act, "granted")
        found += [
            why(lambda: session.send_notice(act, one, "grant", on=early)),
            why(lambda: session.send_notice(act, one, "grant", on=late)),
        ]

    invalid, future = ErrorKind.ARGUMENT_INVALID, ErrorKind.FACT_FUTURE

    assert [invalid, future, invalid, invalid, future] == found
