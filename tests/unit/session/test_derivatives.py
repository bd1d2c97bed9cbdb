"""What is made of a recording: an object of its own, tied to it, and kept as long."""

import hashlib
import json
from collections.abc import Mapping
from typing import cast

import pytest

from bwcstore._encoding import Json
from bwcstore._session._history import log_lines
from bwcstore._session._ingest import Ingested
from bwcstore._session._session import Session
from bwcstore._values import Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.custody._derived import as_law_sees, outliving, redacted
from bwcstore.custody._deriving import Region
from bwcstore.custody._knowledge import collected_at
from bwcstore.custody._object_records import Claim, Derivation
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.testing import Calls, FailAt, Fault, World
from tests.unit.session.disclosure import PLAN, begin_purge, kinds, recorded, say, under_law, write
from tests.unit.session.world import chief, recording, reopen, stream

SOURCE = SourceId(scope="editor", text="export-1")
FACE = Region(start_seconds=1.5, end_seconds=2, what="a passer-by", x=10, y=20, width=30, height=40)
WORDS = Region(start_seconds=0, end_seconds=0.000001, what="a name")
NOBODY = ObjectId("01900000-0000-7000-8000-0000000000ff")


def derived(session: Session, parent: ObjectId, **changes: object) -> Ingested:
    """A redacted copy, unless the test says otherwise."""
    how: dict[str, object] = {"operation": "redact", "tool": "blur", "tool_version": "1.2"}
    return session.derive(parent, stream(5), **{**how, **changes})  # type: ignore[arg-type]  # any of them


def refused(session: Session, parent: ObjectId, **changes: object) -> BwcStoreError:
    """Why it is refused."""
    with pytest.raises(BwcStoreError) as caught:
        derived(session, parent, **changes)
    return caught.value


def stored(world: World, object_id: ObjectId) -> dict[str, bytes]:
    """Everything that is stored of an object."""
    return {
        stat.name: world.storage.read(stat.name)
        for stat in world.storage.list("objects/")
        if str(object_id) in stat.name
    }


@pytest.mark.spec("REL-1", "REL-2", "REL-4")
def test_a_derivative_is_an_object_of_its_own() -> None:
    """Three entries in one batch tie it to its parent, of which no byte changes."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = recorded(session)
        before, manifest = stored(world, clip), store.object(clip).manifest_digest
        made = derived(session, clip, redactions=["others-in-copy"], statement="as asked")
        with session.read(made.object_id) as reader:
            plaintext = reader.read()
    entries = list(store._services.log.entries())
    first = next(entry.index for entry in entries if entry.kind == "derived.from") - 1
    batch = entries[first : first + 3]
    places = {store._services.log.place(entry.index) for entry in batch}
    found = store.object(made.object_id)

    assert before == stored(world, clip)
    assert manifest == store.object(clip).manifest_digest
    assert str(manifest) == batch[1].body["parent_manifest_sha256"]
    assert recording(5) == plaintext
    assert ["object.ingested", "derived.from", "derivative.made"] == [one.kind for one in batch]
    assert 1 == len(places)
    assert (made.object_id,) == store.object(clip).keeping.derivatives
    assert (
        Derivation(
            parent=clip,
            operation="redact",
            tool="blur",
            tool_version="1.2",
            redactions=frozenset({"others-in-copy"}),
        )
        == found.keeping.derived
    )


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.spec("REL-2")
def test_a_derivative_is_tied_or_it_is_not_there(fault: Fault) -> None:
    """Whichever call fails, and however: no object without its tie, no tie without its object."""

    def scenario(world: World) -> Ingested:
        with chief(reopen(world)) as session:
            return derived(session, clip)

    for call in range(200):
        world = World()
        store = under_law(world)
        with chief(store) as session:
            clip = recorded(session)
        store.close()
        plan = FailAt(call, fault, calls=Calls.MUTATING)
        world.reopen(plan).attempt(scenario)
        found = reopen(world.reopen())
        others = [one for one in found.objects() if one.object_id != clip]

        assert found.object(clip).keeping.derivatives == tuple(one.object_id for one in others)
        assert all(one.keeping.derived is not None for one in others)
        if not plan.fired:
            break

    assert 1 == len(others)
    assert 5 < call < 199


@pytest.mark.spec("REL-5")
def test_regions_are_sealed_and_committed() -> None:
    """In the open there are their number and a digest; a holder of the key reads each."""
    store = under_law(World())
    with chief(store) as session:
        made = derived(session, recorded(session), regions=[FACE, WORDS])
        (line,) = (
            line
            for line in log_lines(session._acting, made.object_id)
            if line.entry.kind == "derived.from"
        )
    face = (
        '{"end_microseconds":2000000,"height":40,"start_microseconds":1500000,'
        '"what":"a passer-by","width":30,"x":10,"y":20}'
    )
    expected = (face, '{"end_microseconds":1,"start_microseconds":0,"what":"a name"}')
    document = '{"regions":[' + ",".join(expected) + "]}"

    assert list(expected) == cast("dict[str, Json]", line.payload)["regions"]
    assert 2 == line.entry.body["regions_count"]
    assert hashlib.sha256(document.encode()).hexdigest() == line.entry.body["regions_sha256"]
    assert "passer-by" not in json.dumps(line.entry.body)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_seconds": 2, "end_seconds": 2},
        {"start_seconds": -1, "end_seconds": 2},
        {"start_seconds": 1, "end_seconds": float("nan")},
        {"start_seconds": 1, "end_seconds": 2, "x": 1},
        {"start_seconds": 1, "end_seconds": 2, "x": 1, "y": 1, "width": 1, "height": -1},
        {"start_seconds": 1, "end_seconds": 2, "what": "two\nlines"},
    ],
)
@pytest.mark.spec("REL-5")
def test_a_region_is_a_time_and_a_whole_box_or_none(wrong: Mapping[str, object]) -> None:
    """What is neither is refused before anything is stored."""
    with pytest.raises(InvalidInputError):
        Region(**{"what": "a face", **wrong})  # type: ignore[arg-type]  # any of them


@pytest.mark.spec("REL-6")
def test_redactions_are_those_of_the_law() -> None:
    """An id that the pack does not have is refused, and nothing is stored."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        refusal = refused(session, clip, redactions=["faces"])

    assert (InvalidInputError, ErrorKind.ARGUMENT_INVALID) == (type(refusal), refusal.kind)
    assert "faces" in refusal.message
    assert 1 == kinds(store).count("object.ingested")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"operation": "improve"}, ErrorKind.ARGUMENT_INVALID),
        ({"tool": "My Editor"}, ErrorKind.ARGUMENT_INVALID),
        ({"tool_version": ""}, ErrorKind.ARGUMENT_INVALID),
        ({"regions": [WORDS] * 4097}, ErrorKind.TOO_LARGE),
        ({"recording": Recording(label="training")}, ErrorKind.ARGUMENT_INVALID),
        ({"recording": Recording(trigger="evidence")}, ErrorKind.ARGUMENT_INVALID),
    ],
)
@pytest.mark.spec("REL-5", "REL-7")
def test_a_derivative_says_what_was_done_and_nothing_that_its_parent_says(
    change: Mapping[str, object], kind: ErrorKind
) -> None:
    """Operations come from a list, tools are codes; label, trigger and time are the parent's."""
    store = under_law(World())
    with chief(store) as session:
        refusal = refused(session, recorded(session), **change)

    assert isinstance(refusal, InvalidInputError)
    assert kind == refusal.kind
    assert 1 == kinds(store).count("object.ingested")


@pytest.mark.spec("REL-7")
def test_the_time_of_a_derivative_cannot_be_given() -> None:
    """It is that of the recording it was made of."""
    store = under_law(World())
    with chief(store) as session:
        claim = Claim(at=store.last_at, basis="camera-clock")
        refusal = refused(
            session, recorded(session), recording=Recording(collected=(claim,), title="copy")
        )

    assert ErrorKind.ARGUMENT_INVALID == refusal.kind


@pytest.mark.spec("REL-4")
def test_a_derivative_needs_a_parent() -> None:
    """Of an object that is not there nothing is made."""
    store = under_law(World())
    with chief(store) as session:
        refusal = refused(session, NOBODY)

    assert (NotFoundError, ErrorKind.PARENT_UNKNOWN) == (type(refusal), refusal.kind)


@pytest.mark.spec("REL-4")
def test_nothing_is_made_of_what_is_being_destroyed() -> None:
    """The attempt is an entry of the recording, and nothing was stored for it."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = recorded(session)
        begin_purge(session, clip)
        before = len(list(world.storage.list("objects/")))
        refusal = refused(session, clip)
    last = list(store._services.log.entries())[-1]

    assert (RetentionError, ErrorKind.PURGE_STARTED) == (type(refusal), refusal.kind)
    assert ("access.refused", ScopeId.object(clip)) == (last.kind, last.scope.id)
    assert before == len(list(world.storage.list("objects/")))


@pytest.mark.parametrize("role", [Role.CHIEF, Role.OFFICER])
@pytest.mark.spec("REL-3")
def test_making_a_derivative_needs_the_right_to_both(role: Role) -> None:
    """A chief may derive and not ingest, an officer ingest and not derive: neither may."""
    store = under_law(World())
    with chief(store) as session:
        session.enrol("somebody", roles=[role])
        clip = recorded(session)
    with store.session(actor="somebody", reason="testing", purpose="investigation") as session:
        refusal = refused(session, clip)

    assert (AuthorizationError, ErrorKind.NOT_AUTHORIZED) == (type(refusal), refusal.kind)
    assert "access.refused" == kinds(store)[-1]
    assert 1 == kinds(store).count("object.ingested")


@pytest.mark.spec("REL-4")
def test_the_same_source_is_the_same_derivative() -> None:
    """Given again it is found; given as another redaction, or of another parent, it is refused."""
    store = under_law(World())
    with chief(store) as session:
        clip, other = recorded(session), recorded(session)
        made = derived(session, clip, source_id=SOURCE)
        again = derived(session, clip, source_id=SOURCE)
        elsewhere = refused(session, other, source_id=SOURCE)
        otherwise = refused(session, clip, source_id=SOURCE, tool_version="1.3")
        session.ingest(stream(5), source_id=SourceId(scope="editor", text="plain"))
        plain = refused(session, clip, source_id=SourceId(scope="editor", text="plain"))

    assert (made.object_id, "present") == (again.object_id, again.outcome)
    assert [ErrorKind.SOURCE_CONFLICT] * 3 == [one.kind for one in (elsewhere, otherwise, plain)]
    assert (made.object_id,) == store.object(clip).keeping.derivatives


@pytest.mark.spec("REL-7")
def test_the_law_sees_the_whole_line() -> None:
    """Clock, label and facts of the original; tags, holds and redactions of everything between."""
    world = World()
    store = under_law(world)
    made_at = Instant.parse("2026-03-01T12:00:00.000000Z")
    with chief(store) as session:
        claim = Claim(at=made_at, basis="camera-clock")
        said = Recording(case="26-1042", label="evidence_other", collected=(claim,))
        clip = session.ingest(stream(9), recording=said).object_id
        say(session, ScopeId.object(clip), {"source_kind": "worn"})
        world.clock.advance(86_400 * 40)
        copy = derived(session, clip, redactions=["others-in-copy"]).object_id
        part = derived(session, copy, operation="clip", redactions=["undercover-officer"]).object_id
        say(session, ScopeId.object(part), {"minor_subject": False})
    state = store._services.log.state
    original, last = store.object(clip), store.object(part)
    seen = as_law_sees(state, last)

    assert original is as_law_sees(state, original)
    assert made_at == collected_at(seen)
    assert ("evidence_other", original.tags["case"]) == (seen.label, seen.tags["case"])
    assert ["source_kind", "minor_subject"] == [one.fact for one in seen.keeping.facts]
    assert (part, last.manifest_digest) == (seen.object_id, seen.manifest_digest)
    assert {"others-in-copy", "undercover-officer"} == redacted(state, last)
    assert last.keeping.changed_at == seen.keeping.changed_at


@pytest.mark.spec("REL-8")
def test_a_derivative_outlives_its_parent_and_shows() -> None:
    """When the parent is gone it is still there, decided by the same facts, and is reported."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        copy = derived(session, clip).object_id
        part = derived(session, copy, operation="still").object_id
        before = as_law_sees(store._services.log.state, store.object(part)).keeping.facts
        nobody = [one.object_id for one in outliving(store._services.log.state)]
        begin_purge(session, clip)
        completed: dict[str, Json] = {
            "plan": str(PLAN),
            "versions": 1,
            "bytes": 1,
            "outcomes": [],
            "epoch": 1,
            "replicas": [],
        }
        write(session, "purge.completed", completed, scope=ScopeId.object(clip))
        refusal = refused(session, clip)
        with session.read(part) as reader:
            plaintext = reader.read()
    state = store._services.log.state

    assert [] == nobody
    assert [copy, part] == [one.object_id for one in outliving(state)]
    assert before == as_law_sees(state, store.object(part)).keeping.facts
    assert recording(5) == plaintext
    assert ErrorKind.OBJECT_PURGED == refusal.kind
