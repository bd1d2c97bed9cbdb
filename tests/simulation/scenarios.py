"""Every verb as a short story that may be told again, whatever became of it the first time."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from bwcstore._ports import ProgressEvent
from bwcstore._session._many import Failed, Item
from bwcstore._values import ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    NotFoundError,
)
from tests.simulation.stage import Stage
from tests.unit.session.world import CHUNK, recording, stream

LENGTH: Final = 4 * CHUNK + 7
SOURCE: Final = SourceId(scope="camera-7", text="clip-1")
Act = Callable[[Stage], None]


@attrs.frozen(kw_only=True)
class Scenario:
    """One story.

    Attributes:
        name: what it is called.
        act: what happens; may be told again.
        prepare: what was before.
        done: what must be true in the end.
    """

    name: str
    act: Act
    prepare: Act
    done: Act


def _nothing(_: Stage) -> None:
    pass


def _store(stage: Stage) -> None:
    stage.create()
    stage.close()


def _object(stage: Stage) -> None:
    stage.create()
    with stage.session() as session:
        made = session.ingest(stream(LENGTH), source_id=SourceId(scope="camera-1", text="kept"))
        stage.memo["object"] = str(made.object_id)
        session.enrol("clerk", roles=[Role.READER])
        stage.memo["grant"] = session.authorize("clerk", purposes=["investigation"])
    stage.close()


def _known(stage: Stage) -> ObjectId:
    return ObjectId(stage.memo["object"])


def _kinds(stage: Stage) -> list[str]:
    return [entry.kind for entry in stage.another()._services.log.entries()]


def _still_readable(stage: Stage) -> None:
    """The object from before can be read to its end."""
    with stage.session("clerk") as session, stage.read(session, _known(stage)) as reader:
        assert recording(LENGTH) == b"".join(iter(lambda: reader.read(LENGTH), b""))
    stage.close()


def create(stage: Stage) -> None:
    """A store begins."""
    try:
        stage.create()
        stage.told.fact("store.created")
    except AlreadyExistsError as exc:
        # An earlier attempt got as far as the first batch.
        assert ErrorKind.STORE_EXISTS == exc.kind  # noqa: PT017 - any other is raised below
        stage.store()
    stage.close()


def created(stage: Stage) -> None:
    """There is one store and somebody can act in it."""
    with stage.session() as session:
        session.ingest(stream(1))
    stage.close()
    assert ["store.created", "actor.enrolled", "object.ingested"] == _kinds(stage)


def ingest_stream(stage: Stage) -> None:
    """A nameless stream is ingested."""
    with stage.session() as session:
        stage.take(session.ingest(stream(LENGTH)))
    stage.close()


def stream_is_there(stage: Stage) -> None:
    """Whatever was ingested is whole."""
    with stage.session() as session:
        for found in stage.store().objects():
            assert LENGTH == session.describe(found.object_id).record.length_bytes
    stage.close()


def ingest_path(stage: Stage) -> None:
    """A file with a source id is ingested, or taken up where it broke."""
    path = Path(stage.memo["folder"]) / "clip"
    path.write_bytes(recording(LENGTH))
    with stage.session() as session:
        stage.take(session.ingest(path, source_id=SOURCE))
    stage.close()


def one_object_and_no_journal(stage: Stage) -> None:
    """The source is one object, and its journal is gone."""
    assert 1 == _kinds(stage).count("object.ingested")
    assert () == stage.vault().notes("journal/")


def ingest_twice_at_once(stage: Stage) -> None:
    """Two processes ingest the same source; each decided before the other committed."""
    one, two = stage.another(), stage.another()
    with stage.session(store=one) as first, stage.session(store=two) as second:
        won = stage.take(first.ingest(stream(LENGTH), source_id=SOURCE))
        lost = stage.take(second.ingest(stream(LENGTH), source_id=SOURCE))
    assert won.object_id == lost.object_id
    assert won.receipt == lost.receipt
    one.close()
    two.close()


def ingest_many(stage: Stage) -> None:
    """Three sources at once."""
    items = [
        Item(source=stream(number + 1), source_id=SourceId(scope="dock", text=str(number)))
        for number in range(3)
    ]
    with stage.session() as session:
        results = list(session.ingest_many(items))
    for result in results:
        if isinstance(result, Failed):
            raise result.error
        stage.take(result)
    stage.close()


def three_objects(stage: Stage) -> None:
    """Each source is one object."""
    assert 3 == _kinds(stage).count("object.ingested")


def read(stage: Stage) -> None:
    """An object is read to its end and closed."""
    with stage.session("clerk") as session:
        reader = stage.read(session, _known(stage))
        with reader:
            found = b"".join(iter(lambda: reader.read(2 * CHUNK), b""))
    assert recording(LENGTH) == found
    stage.told.fact("access.ended", bytes_released=LENGTH, outcome="closed")
    stage.close()


def export(stage: Stage) -> None:
    """An object is exported."""
    target = Path(stage.memo["folder"]) / "copy"
    target.unlink(missing_ok=True)
    object_id = _known(stage)
    former = [0]

    def seen(event: ProgressEvent) -> None:
        stage.told.left(stage.area, object_id, id(target), event.done_bytes - former[0])
        former[0] = event.done_bytes

    with stage.session("clerk") as session:
        session.export(object_id, target, progress=seen)
    assert recording(LENGTH) == target.read_bytes()
    assert [target] == list(target.parent.iterdir())
    stage.close()


def enrol(stage: Stage) -> None:
    """Somebody is enrolled."""
    with stage.session() as session:
        actor_id = session.enrol("dana", roles=[Role.READER], name="Dana")
    stage.told.fact("actor.enrolled", actor=str(actor_id))
    stage.close()


def one_dana(stage: Stage) -> None:
    """However often it was tried, they are one actor."""
    with stage.session() as session:
        assert ["chief", "clerk", "dana"] == sorted(str(line.login) for line in session.actors())
    stage.close()


def authorize(stage: Stage) -> None:
    """A written authorization is granted."""
    with stage.session() as session:
        grant = session.authorize("clerk", purposes=["audit"], object_id=_known(stage))
    stage.told.fact("authorization.granted", authorization=grant)
    stage.close()


def revoke(stage: Stage) -> None:
    """An authorization is revoked, then its holder."""
    with stage.session() as session:
        with contextlib.suppress(NotFoundError):
            session.revoke_authorization(stage.memo["grant"])
            stage.told.fact("authorization.revoked", authorization=stage.memo["grant"])
        with contextlib.suppress(NotFoundError):
            session.revoke_actor("clerk")
            stage.told.fact("actor.revoked")
    stage.close()


def nobody_reads(stage: Stage) -> None:
    """Who was revoked is turned away, each of them once."""
    with stage.session("clerk") as session:
        stage.refused("read", lambda: session.read(_known(stage)))
    stage.close()
    kinds = _kinds(stage)
    assert [1, 1] == [kinds.count("authorization.revoked"), kinds.count("actor.revoked")]


def rotate(stage: Stage) -> None:
    """The key epoch is replaced."""
    with stage.session() as session:
        done = session.rotate_keys()
    stage.told.fact("keys.rotation_started", epoch=done.destroyed)
    stage.told.fact("keys.epoch_destroyed", epoch=done.destroyed, opened=done.opened)
    stage.close()


class Unplugged(Exception):  # noqa: N818 - it stands for a camera that was pulled
    """The source went away."""


def leave_rest(stage: Stage) -> None:
    """An ingest that broke off eight days ago."""
    _object(stage)
    path = Path(stage.memo["folder"]) / "broken"
    path.write_bytes(recording(9 * CHUNK))

    def stop(event: ProgressEvent) -> None:
        if event.done_bytes > 6 * CHUNK:
            raise Unplugged

    with contextlib.suppress(Unplugged), stage.session() as session:
        session.ingest(path, source_id=SOURCE, progress=stop)
    stage.close()
    stage.clock.advance(8 * 86_400)
    assert [name for name in stage.area.contents if _known(stage).text not in name]
    assert stage.vault().notes("journal/")


def discard(stage: Stage) -> None:
    """What it left is removed."""
    with stage.session() as session:
        done = session.discard_leftovers()
    if done.leftovers:
        stage.told.fact("leftovers.discarded")
    stage.close()


def nothing_left(stage: Stage) -> None:
    """Only the object from before is there, and it can be read."""
    names = [name for name in stage.area.contents if name.startswith("objects/")]
    assert {str(_known(stage))} == {name.split("/")[1] for name in names}
    assert () == stage.vault().notes("journal/")
    _still_readable(stage)


def close_generation(stage: Stage) -> None:
    """The ledger's generation is closed and the next one begins."""
    with stage.session() as session:
        number = session.close_generation()
    stage.told.fact("generation.opened", generation=number)
    stage.close()


def audit(stage: Stage) -> None:
    """Everything is read with keys."""
    with stage.session() as session:
        report = session.audit(expect=stage.told.receipts)
    # What cannot be read is a finding; a whole store whose storage answers has none.
    if not stage.plan.fired:
        assert report.ok
    stage.told.fact("audit.started")
    stage.told.fact("audit.ended")
    stage.close()


def checkpoint(stage: Stage) -> None:
    """A checkpoint is asked for."""
    with stage.session() as session:
        session.enrol("erin", roles=[Role.AUDITOR])
    stage.told.checkpoints.append(stage.store().checkpoint())
    stage.close()


def refusals(stage: Stage) -> None:
    """Three refusals in a moment, one a minute later, one about an object."""
    with stage.session("mallory") as session:
        for _ in range(3):
            stage.refused("ingest", lambda: session.ingest(stream(1)))
        stage.clock.advance(61)
        stage.refused("ingest", lambda: session.ingest(stream(1)))
    with stage.session("clerk", purpose="curiosity") as session:
        stage.refused("read", lambda: session.read(_known(stage)))
    stage.close()


def everyone_is_turned_away(stage: Stage) -> None:
    """Nothing was read."""
    assert "object.accessed" not in _kinds(stage)


SCENARIOS: Final = (
    Scenario(name="create", prepare=_nothing, act=create, done=created),
    Scenario(name="ingest-stream", prepare=_store, act=ingest_stream, done=stream_is_there),
    Scenario(name="ingest-path", prepare=_store, act=ingest_path, done=one_object_and_no_journal),
    Scenario(
        name="ingest-twice-at-once",
        prepare=_store,
        act=ingest_twice_at_once,
        done=one_object_and_no_journal,
    ),
    Scenario(name="ingest-many", prepare=_store, act=ingest_many, done=three_objects),
    Scenario(name="read", prepare=_object, act=read, done=_still_readable),
    Scenario(name="export", prepare=_object, act=export, done=_still_readable),
    Scenario(name="enrol", prepare=_object, act=enrol, done=one_dana),
    Scenario(name="authorize", prepare=_object, act=authorize, done=_still_readable),
    Scenario(name="revoke", prepare=_object, act=revoke, done=nobody_reads),
    Scenario(name="rotate-keys", prepare=_object, act=rotate, done=_still_readable),
    Scenario(name="discard", prepare=leave_rest, act=discard, done=nothing_left),
    Scenario(name="close-generation", prepare=_object, act=close_generation, done=_still_readable),
    Scenario(name="audit", prepare=_object, act=audit, done=_still_readable),
    Scenario(name="checkpoint", prepare=_object, act=checkpoint, done=_still_readable),
    Scenario(name="refusals", prepare=_object, act=refusals, done=everyone_is_turned_away),
)
