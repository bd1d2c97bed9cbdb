"""Every verb of a session, in a simulated world."""

import json
from pathlib import Path

import pytest

from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import (
    AlreadyExistsError,
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.testing import World
from tests.unit.session.world import CHUNK, admit, chief, create, recording, reopen, stream

SOURCE = SourceId(scope="camera-7", text="clip-1")


def kinds(store: Store) -> list[str]:
    """The kinds of all entries."""
    return [entry.kind for entry in store._services.log.entries()]


def kind_of(caught: "pytest.ExceptionInfo[BwcStoreError]") -> ErrorKind:
    """The code of the error that was raised."""
    return caught.value.kind


@pytest.mark.parametrize("length", [0, 1, CHUNK - 33, CHUNK - 32, CHUNK, 5 * CHUNK + 3])
@pytest.mark.spec("ORD-8")
def test_what_was_ingested_is_read_back(length: int) -> None:
    """Any length, byte for byte, with an entry before and an entry after."""
    store = create(World())
    with chief(store) as session:
        made = session.ingest(stream(length))
    with admit(store) as session, session.read(made.object_id) as reader:
        found = reader.read()

    assert recording(length) == found
    assert ["object.ingested", "object.accessed", "access.ended"] == [
        kind for kind in kinds(store) if "." in kind and kind.split(".")[0] in ("object", "access")
    ]
    assert length == store.object(made.object_id).activity.bytes_released


def test_a_store_is_found_again_by_the_next_process() -> None:
    """Everything that was told is there after reopening."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(7), recording=Recording(label="traffic", trigger="detention"))
    store.close()
    again = reopen(world)
    found = again.object(made.object_id)

    assert ("traffic", "detention") == (found.label, found.trigger)
    with admit(again) as session, session.read(made.object_id) as reader:
        assert recording(7) == reader.read()


def test_reading_without_an_authorization_is_refused_and_logged() -> None:
    """Not even the responsible authority reads without one; the refusal is an entry."""
    store = create(World())
    with chief(store) as session:
        made = session.ingest(stream(7))
        with pytest.raises(AuthorizationError) as caught:
            session.read(made.object_id)

    assert ErrorKind.NOT_AUTHORIZED == kind_of(caught)
    assert "access.refused" == kinds(store)[-1]
    assert 1 == store.object(made.object_id).activity.refusal_count


@pytest.mark.spec("ORD-11")
def test_repeated_refusals_share_an_entry() -> None:
    """First at once, the rest of the minute in one entry with their count."""
    world = World()
    store = create(world)
    with store.session(actor="mallory", reason="curiosity") as session:
        for _ in range(5):
            with pytest.raises(AuthorizationError):
                session.ingest(stream(1))
        at_once = kinds(store).count("access.refused")
    counts = [
        entry.body["count"]
        for entry in store._services.log.entries()
        if entry.kind == "access.refused"
    ]

    assert 1 == at_once
    assert [1, 4] == counts


def test_an_authorization_can_be_for_one_object_and_can_end() -> None:
    """Scope and revocation bind at the moment of reading."""
    store = create(World())
    with chief(store) as session:
        one = session.ingest(stream(1)).object_id
        two = session.ingest(stream(2)).object_id
        session.enrol("clerk", roles=[Role.READER])
        grant = session.authorize("clerk", purposes=["investigation"], object_id=one)
        clerk = store.session(actor="clerk", reason="case work", purpose="investigation")
        clerk.read(one).close()
        with pytest.raises(AuthorizationError):
            clerk.read(two)
        session.revoke_authorization(grant)
        with pytest.raises(AuthorizationError):
            clerk.read(one)
        with pytest.raises(NotFoundError) as caught:
            session.revoke_authorization(grant)

    assert ErrorKind.AUTHORIZATION_UNKNOWN == kind_of(caught)


def test_describe_opens_what_is_sealed() -> None:
    """Record and content parts, and the receipt again."""
    store = create(World())
    known = Recording(officer="0815", case="26-1042", fields={"weather": "snow"})
    with chief(store) as session:
        made = session.ingest(stream(9), recording=known, source_id=SOURCE)
        found = session.describe(made.object_id)

    assert ("0815", "26-1042", 9) == (
        found.record.officer,
        found.record.case,
        found.record.length_bytes,
    )
    assert found.content is not None
    assert found.content.fields is not None
    assert made.receipt == found.receipt


def test_the_log_of_an_object_is_its_own() -> None:
    """Names and reasons are opened; nothing of other objects is in it."""
    store = create(World())
    with chief(store) as session:
        made = session.ingest(stream(9))
        session.ingest(stream(8))
        lines = list(session.log(made.object_id))

    assert [("chief", {"reason": ["testing"]}, "object.ingested")] == [
        (line.login, line.payload, line.entry.kind) for line in lines
    ]


def test_export_writes_a_whole_verified_file(tmp_path: Path) -> None:
    """The file is complete or absent; an existing one is never replaced."""
    store = create(World())
    with chief(store) as session:
        made = session.ingest(stream(3 * CHUNK))
    target = tmp_path / "out.mp4"
    with admit(store) as session:
        done = session.export(made.object_id, target)
        with pytest.raises(AlreadyExistsError):
            session.export(made.object_id, target)

    assert recording(3 * CHUNK) == target.read_bytes()
    assert made.plaintext_sha256 == done.sha256
    assert [target] == list(tmp_path.iterdir())


def test_a_damaged_object_is_never_exported(tmp_path: Path) -> None:
    """Not one byte under the target's name, and the access ends as failed."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(3 * CHUNK))
    name = f"objects/{made.object_id}/00000001"
    damaged = bytearray(world.storage.contents[name])
    damaged[100] ^= 1
    world.storage.contents[name] = bytes(damaged)
    with admit(store) as session, pytest.raises(IntegrityError) as caught:
        session.export(made.object_id, tmp_path / "out")

    assert ErrorKind.CHUNK_TAG == kind_of(caught)
    assert [] == list(tmp_path.iterdir())
    last = list(store._services.log.entries())[-1]
    assert ("access.ended", "failed") == (last.kind, last.body["outcome"])


def test_keys_rotate_and_everything_stays_readable() -> None:
    """Two entries, a new epoch, the same bytes."""
    store = create(World())
    with chief(store) as session:
        made = session.ingest(stream(9))
        done = session.rotate_keys()
    with admit(store) as session, session.read(made.object_id) as reader:
        assert recording(9) == reader.read()

    assert done.opened > done.destroyed
    assert {"keys.rotation_started", "keys.epoch_destroyed"} < set(kinds(store))


def test_generations_follow_each_other() -> None:
    """Objects of a closed generation are found in the next, also after reopening."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(9))
        number = session.close_generation()
        session.ingest(stream(8))
    store.close()
    again = reopen(world)

    assert 1 == number
    assert [made.object_id] == [found.object_id for found in again.objects()][:1]
    assert {"generation.closed", "generation.opened"} < set(kinds(again))


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"actor": "chief", "reason": "  "}, ErrorKind.REASON_REQUIRED),
        ({"actor": "", "reason": "x"}, ErrorKind.TEXT_FORM),
        ({"actor": "chief", "reason": "a\tb"}, ErrorKind.TEXT_FORM),
        ({"actor": "chief", "reason": "x\n" * 70}, ErrorKind.TOO_LARGE),
    ],
)
def test_nobody_acts_without_a_name_and_a_reason(
    arguments: dict[str, str], kind: ErrorKind
) -> None:
    """Blank or malformed attribution never becomes a session."""
    store = create(World())
    with pytest.raises(InvalidInputError) as caught:
        store.session(actor=arguments["actor"], reason=arguments["reason"])

    assert kind == kind_of(caught)


def test_an_unknown_object_is_not_found() -> None:
    """Whatever the verb."""
    store = create(World())
    unknown = ObjectId("01900000-0000-7000-8000-00000000ffff")
    with chief(store) as session:
        for ask in (session.read, session.describe, session.log):
            with pytest.raises(NotFoundError):
                ask(unknown)


def test_actors_are_listed_with_their_names_and_cannot_revoke_themselves() -> None:
    """The sealed names are opened for those who may see them."""
    store = create(World())
    with chief(store) as session:
        session.enrol("clerk", roles=[Role.RECORDS], name="C. Lerk")
        session.enrol("clerk", roles=[Role.READER], name="C. Lerk")
        with pytest.raises(InvalidInputError):
            session.revoke_actor("chief")
        session.revoke_actor("clerk")
        found = {
            line.login: (line.name, line.actor.roles, line.actor.revoked)
            for line in session.actors()
        }

    assert {
        "chief": (None, frozenset({"responsible-authority"}), False),
        "clerk": ("C. Lerk", frozenset({"reader"}), True),
    } == found


def test_an_audit_with_keys_is_logged_and_finds_nothing_wrong() -> None:
    """Announced before, reported after; a sound store has no errors."""
    store = create(World())
    with chief(store) as session:
        session.ingest(stream(5 * CHUNK))
        report = session.audit()

    assert [] == [finding for finding in report.findings if finding.severity == "error"]
    assert 5 * CHUNK == report.coverage.plain_bytes
    assert ["audit.started", "audit.ended"] == kinds(store)[-2:]


def test_an_audit_with_keys_names_damage() -> None:
    """A flipped bit is found by digest and by tag, and nothing is raised."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(5 * CHUNK))
        name = f"objects/{made.object_id}/00000001"
        damaged = bytearray(world.storage.contents[name])
        damaged[CHUNK + 100] ^= 1
        world.storage.contents[name] = bytes(damaged)
        report = session.audit()

    assert ErrorKind.CHUNK_DIGEST in {finding.code for finding in report.findings}


@pytest.mark.spec("ORD-16")
def test_a_store_that_was_rolled_back_is_read_and_every_look_is_kept() -> None:
    """Reads, refusals and audits leave notes in the vault; nothing else is done."""
    world = World()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(CHUNK))
    admit(store).close()
    earlier = dict(world.storage.contents)
    with chief(store) as session:
        session.ingest(stream(1))
    store.close()
    world.storage.contents.clear()
    world.storage.contents.update(earlier)
    again = reopen(world)
    clerk = again.session(actor="clerk", reason="urgent", purpose="investigation")
    with clerk, clerk.read(made.object_id) as reader:
        found = reader.read()
    with chief(again) as session:
        with pytest.raises(IntegrityError) as caught:
            session.ingest(stream(2))
        with pytest.raises(AuthorizationError):
            session.read(made.object_id)
        report = session.audit()
    notes = [json.loads(world.vault.recall(name)[0]) for name in world.vault.notes("spool/")]

    assert (ErrorKind.ROLLED_BACK, recording(CHUNK)) == (again.read_only, found)
    assert ErrorKind.ROLLED_BACK == kind_of(caught)
    assert ErrorKind.ROLLED_BACK in {finding.code for finding in report.findings}
    assert [
        "access.ended",
        "access.refused",
        "audit.ended",
        "audit.started",
        "object.accessed",
    ] == sorted(note["kind"] for note in notes)
    assert earlier == world.storage.contents
    assert all("urgent" not in json.dumps(note) for note in notes)
