"""Holds: what they keep, who may place and release them, and what is refused."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bwcstore._session._law import set_policy
from bwcstore._store import Store
from bwcstore._values import Digest, ObjectId
from bwcstore.custody._knowledge import holdings
from bwcstore.custody._recording import Recording
from bwcstore.custody._records import Policy
from bwcstore.custody._selection import Selection
from bwcstore.errors import AuthorizationError, ErrorKind, InvalidInputError, RetentionError
from bwcstore.testing import World
from tests.unit.session.asking import (
    DAY,
    kinds,
    of,
    office,
    purged,
    refusals,
    refused,
    why,
)
from tests.unit.session.disclosure import begin_purge, recorded
from tests.unit.session.purging import due
from tests.unit.session.world import chief, create, reopen, stream

NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")
NO_HOLD = "00000000-0000-4000-8000-0000000000ff"
ORDER = Digest(bytes(range(32)))


def held_by(store: Store, object_id: ObjectId) -> list[str]:
    """The holds that keep a recording."""
    store.refresh()
    state = store._services.log.state
    found = holdings(store.object(object_id), state.store, zone=ZoneInfo("America/Chicago"))
    return [one.id for one in found]


@pytest.mark.spec("HLD-1")
def test_a_hold_and_what_it_binds_are_one_batch() -> None:
    """One entry for the hold and one for each recording, each once, none between them."""
    store = office(World())
    with of(store, "ann") as session:
        clips = [recorded(session) for _ in range(3)]
        before = store.size
        hold = session.place_hold(
            "evidentiary",
            objects=[*clips, clips[0]],
            authority="court",
            statement="order of 2 March",
            document_sha256=ORDER,
        )
    entries = [*store._services.log.entries()][before:]
    batches = {store._services.log.place(entry.index) for entry in entries}

    assert ["hold.placed", *["hold.bound"] * 3] == [entry.kind for entry in entries]
    assert 1 == len(batches)
    assert (3, "court", str(ORDER)) == (
        entries[0].body["objects_count"],
        entries[0].body["authority"],
        entries[0].body["document_sha256"],
    )
    assert [[hold]] * 3 == [held_by(store, one) for one in clips]


@pytest.mark.spec("HLD-5")
def test_what_is_destroyed_or_being_destroyed_is_not_held_and_nor_is_anything_else() -> None:
    """The refusal names it and is an entry of that recording; no hold is placed at all."""
    store = office(World())
    with of(store, "ann") as session:
        whole, going, gone = recorded(session), recorded(session), recorded(session)
        begin_purge(session, going)
        purged(session, gone)
        first = refused(lambda: session.place_hold("litigation", objects=[whole, going]))
        second = refused(lambda: session.place_hold("litigation", objects=[whole, gone]))

    assert [ErrorKind.PURGE_STARTED, ErrorKind.OBJECT_PURGED] == [first.kind, second.kind]
    assert all(isinstance(one, RetentionError) for one in (first, second))
    assert str(going) in first.message
    assert str(gone) in second.message
    assert [("hold", "purge-started")] == refusals(store, going)
    assert [("hold", "object-purged")] == refusals(store, gone)
    assert [] == refusals(store, whole)
    assert {} == store._services.log.state.store.holds


@pytest.mark.spec("HLD-4")
def test_a_hold_keeps_what_is_due_until_the_day_after_its_release() -> None:
    """A recording that is due is not, while a hold stands; the day of the release counts too."""
    world = World()
    store = due(world)
    with chief(store) as session:
        (one,) = (proof.object_id for proof in session.plan_purge().due)
        set_policy(session._acting, Policy(clock_hours=100_000, dual_release=frozenset()))
        hold = session.place_hold("litigation", objects=[one])
        held = session.plan_purge()

        assert () == held.due
        assert [(one, ErrorKind.OBJECT_HELD)] == [
            (kept.object_id, kept.kind) for kept in held.withheld
        ]

        assert "released" == session.release_hold(hold)

        assert () == session.plan_purge().due

        world.clock.advance(7 * DAY)

        assert [one] == [proof.object_id for proof in session.plan_purge().due]


@pytest.mark.spec("HLD-4")
def test_several_holds_end_each_by_itself() -> None:
    """A recording stays held by the one that was not released."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        first = session.place_hold("evidentiary", objects=[one])
        second = session.place_hold("court_challenge", objects=[one])
        session.release_hold(first)

    assert [second] == held_by(store, one)


@pytest.mark.spec("HLD-10", "HLD-3")
def test_a_query_holds_what_is_ingested_and_tagged_later() -> None:
    """Everything of a case, before and after, and nothing of another."""
    store = office(World())
    with of(store, "ann") as session:
        early = session.ingest(stream(5), recording=Recording(case="26-1042")).object_id
        tagged = session.ingest(stream(5)).object_id
        hold = session.place_hold("evidentiary", selection=Selection.case("26-1042"))
        late = session.ingest(stream(5), recording=Recording(case="26-1042")).object_id
        other = session.ingest(stream(5), recording=Recording(case="26-1043")).object_id
        before = held_by(store, tagged)
        session.add_tags(tagged, case="26-1042")

    assert [] == before
    assert [[hold], [hold], [hold], []] == [
        held_by(store, one) for one in (early, late, tagged, other)
    ]


@pytest.mark.spec("HLD-9")
def test_what_a_query_means_is_sealed_and_shown_to_people() -> None:
    """No case number lies in the open; who may place holds sees it, in the order of the query."""
    world = World()
    store = office(world)
    chosen = (Selection.case("26-1042") | Selection.officer("Nováková")) & Selection.label(
        "training"
    )
    with of(store, "ann") as session:
        session.place_hold("evidentiary", selection=chosen, statement="see the letter\nof March")
    with of(store, "auditor") as session:
        (line,) = session.holds()

    assert ("case: 26-1042", "officer: Nováková") == line.values
    assert ("see the letter", "of March") == line.statement
    assert not any(b"26-1042" in data for data in world.storage.contents.values())


@pytest.mark.spec("HLD-7")
def test_two_different_actors_release_a_hold_of_a_kind_that_the_policy_names() -> None:
    """The first word proposes; the same actor's second is refused and logged; another's ends it."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        hold = session.place_hold("litigation", objects=[one])

        assert "proposed" == session.release_hold(hold)

        again = refused(lambda: session.release_hold(hold))

        assert isinstance(again, AuthorizationError)
        assert ErrorKind.SECOND_ACTOR_REQUIRED == again.kind
        assert [hold] == held_by(store, one)
    with of(store, "bob") as session:
        assert "released" == session.release_hold(hold)
    assert [] == held_by(store, one)
    assert [("release-hold", "second-actor-required")] == refusals(store)
    assert ["hold.release_proposed", "hold.released"] == [
        kind for kind in kinds(store) if kind.startswith("hold.rel")
    ]


@pytest.mark.spec("HLD-7")
def test_the_word_of_somebody_who_may_no_longer_act_counts_for_nothing() -> None:
    """After the first was revoked, two others are needed."""
    store = office(World())
    with of(store, "ann") as session:
        hold = session.place_hold("litigation", objects=[recorded(session)])
        session.release_hold(hold)
    with chief(store) as session:
        session.revoke_actor("ann")

        assert "proposed" == session.release_hold(hold)
    with of(store, "bob") as session:
        assert "released" == session.release_hold(hold)


@pytest.mark.spec("HLD-7")
def test_one_actor_releases_a_hold_of_another_kind() -> None:
    """Nothing is proposed where the policy does not ask for two."""
    store = office(World())
    with of(store, "ann") as session:
        hold = session.place_hold("evidentiary", objects=[recorded(session)])

        assert "released" == session.release_hold(hold)


@pytest.mark.spec("HLD-6")
def test_what_is_no_hold_or_no_longer_one_is_not_changed() -> None:
    """Neither reviewed nor released; the next hold on the same recording is another one."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        hold = session.place_hold("evidentiary", objects=[one])
        session.release_hold(hold)
        day = date(2026, 9, 1)
        found = [
            why(lambda: session.release_hold(hold)),
            why(lambda: session.review_hold(hold, day)),
            why(lambda: session.release_hold(NO_HOLD)),
            why(lambda: session.review_hold("no id at all", day)),
        ]
        other = session.place_hold("evidentiary", objects=[one])

    assert [ErrorKind.HOLD_RELEASED] * 2 + [ErrorKind.HOLD_UNKNOWN] * 2 == found
    assert hold != other
    assert [other] == held_by(store, one)


@pytest.mark.spec("HLD-8")
def test_a_review_lies_ahead_or_is_today() -> None:
    """A past day, and what is no day, are refused; a review says the next day."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        hold = session.place_hold("evidentiary", objects=[one], review_on=date(2026, 3, 2))
        session.review_hold(hold, date(2026, 9, 1))
        found = [
            why(lambda: session.review_hold(hold, date(2026, 3, 1))),
            why(lambda: session.review_hold(hold, "2026-13-01")),  # type: ignore[arg-type]  # wrong
            why(
                lambda: session.place_hold("evidentiary", objects=[one], review_on=date(2026, 3, 1))
            ),
            why(
                lambda: session.place_hold("evidentiary", objects=[one], review_on="2026-02-30")  # type: ignore[arg-type]  # wrong
            ),
        ]
        (line,) = session.holds()

    assert [ErrorKind.ARGUMENT_INVALID] * 4 == found
    assert date(2026, 9, 1) == line.hold.review_on


@pytest.mark.spec("HLD-1", "HLD-9")
@pytest.mark.parametrize(
    ("kind", "wrong", "code"),
    [
        ("evidentiary", {}, ErrorKind.ARGUMENT_INVALID),
        ("evidence", {"selection": Selection.case("1")}, ErrorKind.ARGUMENT_INVALID),
        ("NOT A CODE", {"selection": Selection.case("1")}, ErrorKind.ARGUMENT_INVALID),
        (
            "evidentiary",
            {"selection": Selection.case("1"), "authority": "me"},
            ErrorKind.ARGUMENT_INVALID,
        ),
        ("evidentiary", {"objects": [NOBODY]}, ErrorKind.OBJECT_UNKNOWN),
        (
            "evidentiary",
            {"objects": [ObjectId(f"01900000-0000-7000-8000-{n:012x}") for n in range(4_097)]},
            ErrorKind.TOO_LARGE,
        ),
        (
            "evidentiary",
            {"selection": Selection.case("1"), "statement": " "},
            ErrorKind.REASON_REQUIRED,
        ),
    ],
)
def test_a_hold_that_cannot_be_is_not_placed(
    kind: str, wrong: dict[str, object], code: ErrorKind
) -> None:
    """Nothing to hold, an unknown kind, authority or recording, too much: nothing is appended."""
    store = office(World())
    with of(store, "ann") as session:
        before = store.size
        found = why(lambda: session.place_hold(kind, **wrong))  # type: ignore[arg-type]  # wrong

    assert code == found
    assert before == store.size


@pytest.mark.spec("HLD-9")
def test_a_store_without_law_takes_any_kind_of_hold() -> None:
    """Keeping does not wait for the law; a code it must be."""
    store = create(World())
    with chief(store) as session:
        one = session.ingest(stream(3)).object_id
        hold = session.place_hold("something", objects=[one], review_on=date(9999, 1, 1))

    assert [hold] == held_by(store, one)


def test_only_whoever_may_places_releases_and_sees_holds() -> None:
    """A reader may nothing, an auditor only look; each refusal is logged."""
    store = office(World())
    with of(store, "ann") as session:
        one = recorded(session)
        hold = session.place_hold("evidentiary", objects=[one])
    with of(store, "auditor") as session:
        found = [
            why(lambda: session.release_hold(hold)),
            why(lambda: session.review_hold(hold, date(2026, 9, 1))),
        ]
        lines = session.holds()
    with of(store, "reader") as session:
        found.append(why(session.holds))
        found.append(why(lambda: session.place_hold("evidentiary", objects=[one])))

    assert [ErrorKind.NOT_AUTHORIZED] * 4 == found
    assert [hold] == [line.hold.hold_id for line in lines]
    assert [("hold", "not-authorized")] == refusals(store, one)
    assert {"hold", "release-hold", "show"} == {verb for verb, _ in refusals(store)}


def test_an_actor_who_was_revoked_places_no_hold() -> None:
    """Nor does somebody who signs with a key that is not theirs."""
    world = World()
    store = office(world)
    with of(store, "ann") as session:
        one = recorded(session)
    with chief(store) as session:
        session.revoke_actor("ann")
    with of(store, "ann") as session:
        gone = why(lambda: session.place_hold("evidentiary", objects=[one]))
    stranger = store.session(
        actor="bob", reason="testing", signer=store._services.signer, purpose="investigation"
    )
    with stranger as session:
        wrong = why(lambda: session.place_hold("evidentiary", objects=[one]))

    assert (ErrorKind.ACTOR_REVOKED, ErrorKind.KEY_UNKNOWN) == (gone, wrong)


def test_a_hold_of_another_process_is_seen_by_the_next_decision() -> None:
    """What one process places, another can release, without being told."""
    world = World()
    store = office(world)
    other = reopen(world)
    with of(store, "ann") as session:
        hold = session.place_hold("evidentiary", selection=Selection.case("1"))
    with of(other, "bob") as session:
        assert "released" == session.release_hold(hold)
    with of(store, "ann") as session:
        assert ErrorKind.HOLD_RELEASED == why(lambda: session.release_hold(hold))


def test_a_selection_that_is_too_large_is_refused_before_anything_is_written() -> None:
    """Sixty-five terms are one too many."""
    store = office(World())
    many = Selection.case("0")
    for number in range(64):
        many = many | Selection.case(str(number))
    with of(store, "ann") as session:
        before = store.size
        error = refused(lambda: session.place_hold("evidentiary", selection=many))

    assert isinstance(error, InvalidInputError)
    assert (ErrorKind.QUERY_INVALID, before) == (error.kind, store.size)
