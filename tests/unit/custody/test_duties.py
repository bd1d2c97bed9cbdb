"""What is owed, to whom and by when, as a shipped pack has it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._session._law import require_law
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import STORE_SCOPE, ObjectId, ScopeId
from bwcstore.custody._duties import _Owed
from bwcstore.custody._duty import Duty
from bwcstore.errors import ErrorKind
from bwcstore.statute._judgements import DeadlineStatus
from bwcstore.testing import World
from tests.unit.session.asking import DAY, WANTED, of, office, purged, retain, why
from tests.unit.session.disclosure import STOP, recorded, say
from tests.unit.session.world import stream

TODAY: Final = date(2026, 3, 2)
# Everything that is asked of a death by force, as far as deadlines go.
DEATH: Final[Mapping[str, Json]] = {
    "source_kind": "worn",
    "death_by_force": True,
    "incident_date": "2026-02-27",
    "death_date": "2026-02-27",
}
PROGRAMME: Final[Mapping[str, Json]] = {
    "program_start_on": "2025-06-01",
    "public_comment_on": "2025-05-01",
}


def ready() -> tuple[World, Store]:
    """A store of an agency that owes nothing yet but its audit."""
    world = World()
    store = office(world)
    with of(store, "ann") as session:
        say(session, STORE_SCOPE, PROGRAMME)
    return world, store


def rules(duties: Iterable[Duty]) -> list[str]:
    """The rules, in order, without the agency's own."""
    return [one.rule for one in duties if one.about != "agency"]


def copy(session: Session, *objects: ObjectId, kind: str = "subject-copy") -> str:
    """Somebody who is recorded asks; the name under which duties speak of it."""
    act = session.receive_request(kind, requester="recorded_individual", objects=objects)
    return f"act/{act}"


@pytest.mark.spec("REQ-10")
def test_the_agency_owes_its_audit() -> None:
    """Two years after the beginning, cited; without that day the duty says what is missing."""
    _, store = ready()
    (audit,) = store.duties()
    (first, second) = office(World()).duties()

    assert ("agency", "first-audit", date(2027, 6, 1), "Minn. Stat. 13.825, subd. 9(a)") == (
        audit.about,
        audit.rule,
        audit.due,
        audit.cite,
    )
    assert [(None, ("program_start_on",))] * 2 == [
        (one.due, one.missing) for one in (first, second)
    ]


@pytest.mark.spec("REQ-10", "REQ-11")
def test_a_subject_is_shown_the_recording_within_ten_business_days() -> None:
    """Weekends are left out, the status changes after the day, and the soonest comes first."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        name = copy(session, one)
        duty, audit = session.duties()
    later = store.duties(date(2026, 3, 17))[0]

    assert "first-audit" == audit.rule
    assert (name, "subject-access", date(2026, 3, 16), (one,)) == (
        duty.about,
        duty.rule,
        duty.due,
        duty.objects,
    )
    assert (DeadlineStatus.OWED, DeadlineStatus.OVERDUE) == (duty.status, later.status)
    assert name == f"act/{duty.request}"
    assert "the subject" == duty.owed_to


@pytest.mark.spec("REQ-11")
def test_what_was_given_is_not_owed_any_more() -> None:
    """For the recording that was released on the request; the other one is still owed."""
    _, store = ready()
    with of(store, "ann") as session:
        shown, other = recorded(session), recorded(session)
        act = session.receive_request(
            "subject-view",
            requester="recorded_individual",
            objects=[shown, other],
            facts={"requester_is_subject": True},
        )
        before = session.duties()[0]
        session.release(
            shown, right="subject", recipient="recorded_individual", mode="view", request=act
        )
        after = session.duties()[0]
        session.answer_request(act, "granted", objects=[shown])
        session.answer_request(act, "denied", objects=[other])
        last = session.duties()

    assert ((shown, other), (other,)) == (before.objects, after.objects)
    assert [] == rules(last)


@pytest.mark.spec("REQ-11")
def test_a_copy_given_of_what_was_made_of_it_counts() -> None:
    """A redacted copy that went out on the request meets what is owed for the recording."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        act = session.receive_request(
            "subject-copy",
            requester="recorded_individual",
            objects=[one],
            facts={"requester_is_subject": True},
        )
        made = session.derive(
            one,
            stream(4),
            operation="redact",
            tool="blur",
            tool_version="1",
            redactions=["others-in-copy"],
        ).object_id
        session.release(
            made, right="subject", recipient="recorded_individual", mode="copy", request=act
        )
        duties = session.duties()

    # The answer itself is not written yet.
    assert ["request-answer"] == rules(duties)


@pytest.mark.spec("REQ-11")
def test_what_is_asserted_of_a_request_counts_before_what_is_derived() -> None:
    """Access that was given elsewhere is said, and then nothing of it is owed."""
    _, store = ready()
    with of(store, "ann") as session:
        act = session.receive_request("subject-view", requester="recorded_individual")
        before = session.duties()
        say(session, ScopeId.act(act), {"access_given_on": str(TODAY)})
        after = session.duties()

    assert ["subject-access"] == rules(before)
    assert ["request-answer"] == rules(after)


@pytest.mark.spec("REQ-14")
def test_a_request_for_which_the_law_names_no_day_is_owed_an_answer() -> None:
    """From the day it was received, until it is answered or closed."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        act = retain(session, one)
        empty = session.receive_request("agency-share", requester="other_agency")
        duties = [duty for duty in session.duties() if duty.rule == "request-answer"]
        session.answer_request(act, "denied")
        session.close_request(empty)
        after = session.duties()

    assert {act: (one,), empty: ()} == {duty.request: duty.objects for duty in duties}
    assert [TODAY, TODAY] == [duty.due for duty in duties]
    assert [] == rules(after)


@pytest.mark.spec("REQ-11")
def test_kin_are_owed_five_days_and_the_chiefs_word() -> None:
    """What the recording and the request say together; of two recordings the deadline is one."""
    _, store = ready()
    with of(store, "ann") as session:
        first, second = (recorded(session, DEATH) for _ in range(2))
        act = session.receive_request(
            "kin-inspection", requester="next_of_kin", objects=[first, second]
        )
        duties = {one.rule: one for one in session.duties() if one.request == act}
        say(session, ScopeId.act(act), {"denial_determined_on": str(TODAY)})
        denied = {one.rule: one for one in session.duties() if one.request == act}

    assert {"kin-inspection", "public-request"} == duties.keys()
    assert (date(2026, 3, 7), date(2026, 3, 9), (first, second)) == (
        duties["kin-inspection"].due,
        duties["kin-inspection"].rolled,
        duties["kin-inspection"].objects,
    )
    assert (TODAY, "promptly") == (denied["kin-denial"].due, denied["kin-denial"].promptness)


@pytest.mark.spec("REQ-10")
def test_a_death_by_force_is_released_within_fourteen_days() -> None:
    """From facts of the recording alone, until it is said to be released."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session, DEATH)
        duty = session.duties()[0]
        say(session, ScopeId.object(one), {"released_to_public_on": str(TODAY)})
        after = session.duties()

    assert (f"object/{one}", "death-release", date(2026, 3, 13), (one,)) == (
        duty.about,
        duty.rule,
        duty.due,
        duty.objects,
    )
    assert "the public" == duty.owed_to
    assert "death-release" not in rules(after)


@pytest.mark.spec("REQ-10")
def test_what_may_be_owed_is_told_where_its_day_is_known() -> None:
    """An incident of which nobody said whether a weapon was fired: told with what is missing."""
    _, store = ready()
    with of(store, "ann") as session:
        recorded(session, {"incident_date": "2026-02-27"})
        recorded(session, {"minor_subject": False})
        duties = {one.rule: one for one in session.duties()}

    assert (date(2026, 3, 30), False, ("discharge",)) == (
        duties["discharge-notice"].rolled,
        duties["discharge-notice"].certain,
        duties["discharge-notice"].missing,
    )
    assert 1 == rules(duties.values()).count("discharge-notice")


@pytest.mark.spec("REQ-10")
def test_a_destroyed_recording_leaves_what_was_owed_and_no_notice() -> None:
    """The report of a discharge is owed all the same; nobody is told that time ends."""
    _, store = ready()
    fired = {**STOP, "discharge": "accidental", "incident_date": "2026-02-27"}
    with of(store, "ann") as session:
        one = recorded(session, fired)
        session.answer_request(retain(session, one), "granted")
        before = session.duties()
        purged(session, one)
        after = session.duties()

    assert {"discharge-notice", "retention-grant-notice", "retention-end-notice"} == {
        *rules(before)
    }
    assert ["discharge-notice"] == rules(after)


@pytest.mark.spec("REQ-12")
def test_each_who_asked_that_it_be_kept_is_told_twice() -> None:
    """At the grant and before the end of what they added; the other's notice is not theirs."""
    world, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        first = retain(session, one, 30)
        world.clock.advance(1)
        second = retain(session, one, 300)
        session.answer_request(first, "granted")
        session.send_notice(first, one, "grant")
        session.answer_request(second, "granted")
        session.close_request(second)
        duties = session.duties()
        session.send_notice(second, one, "grant")
        session.send_notice(second, one, "expiry")
        after = session.duties()
    ends = {one.request: one.due for one in duties if one.rule == "retention-end-notice"}

    assert [(second, TODAY)] == [
        (one.request, one.due) for one in duties if one.rule == "retention-grant-notice"
    ]
    # A hundred days of the schedule, then thirty, then as many as the cap allows.
    assert {first: date(2026, 7, 10), second: date(2027, 1, 6)} == ends
    assert ["retention-end-notice"] == rules(after)
    assert all(duty.objects == (one,) for duty in duties if duty.request)


@pytest.mark.spec("REQ-12")
def test_what_was_denied_or_withdrawn_is_owed_no_notice() -> None:
    """Only a grant starts them, and a withdrawal ends them."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        denied, back = retain(session, one), retain(session, one)
        session.answer_request(denied, "denied")
        session.answer_request(back, "granted")
        session.answer_request(back, "withdrawn")
        duties = session.duties()

    assert [] == rules(duties)


@pytest.mark.spec("REQ-13")
def test_a_hold_is_reviewed_on_its_day() -> None:
    """Owed until then, overdue after, not once it is reviewed or released; none without a day."""
    world, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        hold = session.place_hold("evidentiary", objects=[one], review_on=date(2026, 3, 5))
        session.place_hold("evidentiary", objects=[one])
        (before, _) = session.duties()
        world.clock.advance(4 * DAY)
        (late, _) = session.duties()
        session.review_hold(hold, date(2026, 9, 1))
        (reviewed, _) = session.duties()
        session.release_hold(hold)
        released = session.duties()

    assert (f"hold/{hold}", date(2026, 3, 5)) == (before.about, before.due)
    assert [DeadlineStatus.OWED, DeadlineStatus.OVERDUE, DeadlineStatus.OWED] == [
        one.status for one in (before, late, reviewed)
    ]
    assert date(2026, 9, 1) == reviewed.due
    assert [] == rules(released)


@pytest.mark.spec("REQ-15")
def test_facts_that_cannot_all_be_true_are_to_be_corrected_and_hide_nothing_else() -> None:
    """The recording is named, the request for it stays owed, and so does everything else."""
    _, store = ready()
    with of(store, "ann") as session:
        wrong, right = recorded(session, {**STOP, "death_by_force": True}), recorded(session)
        first, second = copy(session, wrong), copy(session, right)
        duties = session.duties()
    found = {(one.about, one.rule) for one in duties}

    assert {
        (f"object/{wrong}", "facts-unsound"),
        (first, "facts-unsound"),
        (first, "request-answer"),
        (second, "subject-access"),
        ("agency", "first-audit"),
    } == found
    assert [None] * 2 == [one.due for one in duties[-2:]]


@pytest.mark.spec("REQ-10")
def test_recordings_of_which_nothing_was_said_are_not_judged() -> None:
    """Nor is a second recording of the same facts: there is one judgement for five of them."""
    _, store = ready()
    with of(store, "ann") as session:
        for _ in range(5):
            session.ingest(stream(3))
        for _ in range(5):
            recorded(session)
    services = store._services
    state = services.log.state
    at = services.environment.clock.now()
    owed = _Owed(state, require_law(services, state).now(at), at)

    assert [] == [*owed.of_recordings()]
    assert 1 == len(owed._judged)


@pytest.mark.spec("REQ-10")
def test_what_is_owed_is_asked_for_today_and_days_to_come() -> None:
    """Yesterday is refused, and so is what is no day, and a day before the pack begins is past."""
    _, store = ready()

    assert [ErrorKind.ARGUMENT_INVALID] * 2 == [
        why(lambda: store.duties(date(2026, 3, 1))),
        why(lambda: store.duties("2026-03-02")),  # type: ignore[arg-type]  # wrong on purpose
    ]
    assert DeadlineStatus.OVERDUE == store.duties(date(2027, 6, 2))[0].status


def test_a_duty_has_a_json_form() -> None:
    """Days as text, ids as text, nothing missing."""
    _, store = ready()
    with of(store, "ann") as session:
        one = recorded(session)
        act = session.receive_request(
            "subject-retain",
            requester="recorded_individual",
            objects=[one],
            days=9,
            answers=WANTED,
        )
        duty = session.duties()[0]
    shown = duty.to_json()

    assert set(attrs.asdict(duty)) == set(shown)
    assert ("2026-03-02", str(act), [str(one)], "owed", None) == (
        shown["due"],
        shown["request"],
        shown["objects"],
        shown["status"],
        shown["cite"],
    )
