"""What else is said of recordings: tags, times, consents; and nothing once they are going."""

from collections.abc import Callable
from functools import partial

import pytest

from bwcstore._encoding import Json, encode
from bwcstore._session._history import log_lines
from bwcstore._session._session import Session
from bwcstore._values import ActId, Digest, Instant, ObjectId, ScopeId
from bwcstore.custody import Recording
from bwcstore.custody._object_records import Claim
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import World
from tests.unit.session.disclosure import begin_purge, under_law, write
from tests.unit.session.world import chief, create, stream

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


@pytest.mark.spec("CUS-22")
def test_tags_are_added_and_their_words_sealed() -> None:
    """Only tags are open; what is there already is not added again."""
    store = create(World())
    with chief(store) as session:
        clip = session.ingest(stream(9), recording=Recording(case="26-1")).object_id
        session.add_tags(clip, case="26-2", officer="Ada")
        session.add_tags(clip, case="26-1", officer="Ada")
        lines = [one for one in log_lines(session._acting, clip) if one.entry.kind == "tags.added"]
        nothing = refusal(lambda: session.add_tags(clip))
        broken = refusal(lambda: session.add_tags(clip, case="a\nb"))
    tag = store._services.tag

    assert (tag("case", "26-1"), tag("case", "26-2")) == store.object(clip).tags["case"]
    assert [["case: 26-2", "officer: Ada"]] == [(one.payload or {})["values"] for one in lines]
    assert b"26-2" not in encode(dict(lines[0].entry.body))
    assert (ErrorKind.ARGUMENT_INVALID, ErrorKind.TEXT_FORM) == (nothing.kind, broken.kind)


@pytest.mark.spec("CUS-23")
def test_the_time_of_a_recording_is_corrected_by_another_claim() -> None:
    """Not after the ingest, by a clock of the list; earlier claims stay."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(
            stream(9),
            recording=Recording(
                collected=(Claim(at=Instant.parse("2020-01-01T00:00:00.000000Z"), basis="dock"),)
            ),
        )
        clip, ingested = made.object_id, store.object(made.object_id).ingested_at
        session.correct_time(clip, ingested.plus_seconds(-50), statement="the clock was off")
        session.correct_time(clip, ingested.plus_seconds(300), basis="camera-clock", statement="x")
        kinds = [
            refusal(partial(session.correct_time, clip, at, basis=basis, statement=words)).kind
            for at, basis, words in (
                (ingested.plus_seconds(301), "correction", "x"),
                (ingested, "ingest", "x"),
                (ingested, "sundial", "x"),
                (ingested, "correction", " "),
            )
        ]

    assert ["dock", "ingest", "correction", "camera-clock"] == [
        claim.basis for claim in store.object(clip).collected
    ]
    assert [*[ErrorKind.ARGUMENT_INVALID] * 3, ErrorKind.REASON_REQUIRED] == kinds


@pytest.mark.spec("CUS-24")
def test_a_consent_counts_until_it_is_withdrawn() -> None:
    """Once, and only one that was recorded; who agreed is sealed."""
    store = create(World())
    with chief(store) as session:
        clip = bare(session)
        consent = session.record_consent(
            clip, covers="identity", name="Ada", statement="said so", document_sha256=SIGNED
        )
        given = store.object(clip).keeping.consents[consent].withdrawn
        session.withdraw_consent(clip, consent)
        kinds = [
            refusal(work).kind
            for work in (
                lambda: session.withdraw_consent(clip, consent),
                lambda: session.withdraw_consent(clip, NO_ID),
                lambda: session.withdraw_consent(clip, "x"),
                lambda: session.record_consent(clip, covers="everything"),
            )
        ]
        leaves = b"".join(encode(dict(one.entry.body)) for one in log_lines(session._acting, clip))

    assert (False, True) == (given, store.object(clip).keeping.consents[consent].withdrawn)
    assert [*[ErrorKind.CONSENT_UNKNOWN] * 3, ErrorKind.ARGUMENT_INVALID] == kinds
    assert (False, True) == (b"Ada" in leaves, str(SIGNED).encode() in leaves)


@pytest.mark.spec("CUS-25")
@pytest.mark.parametrize("ended", [False, True])
def test_nothing_more_is_said_of_what_is_being_destroyed(ended: bool) -> None:
    """Refused and logged, verb by verb; once it is gone, with the number of its certificate."""
    store = under_law(World())
    with chief(store) as session:
        clip = bare(session)
        known = session.assert_fact("source_kind", "worn", object_id=clip)
        consent = session.record_consent(clip, covers="public")
        begin_purge(session, clip)
        if ended:
            done: dict[str, Json] = {
                "plan": str(PLAN),
                "versions": 1,
                "bytes": 9,
                "outcomes": [],
                "epoch": 1,
                "replicas": [],
            }
            write(session, "purge.completed", done, scope=ScopeId.object(clip))
        found = [
            refusal(work)
            for work in (
                lambda: session.assert_fact("discharge", "none", object_id=clip),
                lambda: session.retract_fact(known, object_id=clip),
                lambda: session.label(clip, ["training"]),
                lambda: session.add_tags(clip, case="26-1"),
                lambda: session.correct_time(clip, store.object(clip).ingested_at, statement="x"),
                lambda: session.record_consent(clip, covers="public"),
                lambda: session.withdraw_consent(clip, consent),
            )
        ]
    kind = ErrorKind.OBJECT_PURGED if ended else ErrorKind.PURGE_STARTED

    assert {kind} == {one.kind for one in found}
    # One entry for each of three verbs; repetitions are counted in one of them.
    assert 7 == sum(
        int(str(entry.body["count"]))
        for entry in store._services.log.entries()
        if entry.kind == "access.refused"
    )
    if ended:
        number = store.object(clip).purged
        assert all(f"certificate {number}" in one.message for one in found)
