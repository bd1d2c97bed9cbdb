"""The life of a store in buckets, from its creation to its audit, with and without claims."""

import io
from pathlib import Path

import pytest

from bwcstore import Ingested, Recording, Role, Session, SourceId, Store, _layout
from bwcstore.errors import AuthorizationError
from tests.integration.s3_service import S3Service
from tests.s3.ground import CHUNK, PROTOCOLS, SEGMENT_BYTES, Ground, footage
from tests.simulation.agency_memory import AGENCY, ORDINARY, PACK

LENGTHS = (3, SEGMENT_BYTES + CHUNK, 2 * SEGMENT_BYTES + 5)


def _set_up(store: Store, clips: list[bytes]) -> list[Ingested]:
    """Law, people and recordings; the same source again is the same recording."""
    with store.session(actor="chief", reason="set up") as session:
        session.adopt_law(PACK, AGENCY)
        session.enrol("ann", roles=[Role.RECORDS])
        session.enrol("reader", roles=[Role.OFFICER])
        session.authorize("reader", purposes=["investigation"])
        made = [_ingest(session, number, clip) for number, clip in enumerate(clips)]
        again = _ingest(session, 1, clips[1])

    assert ("present", made[1].object_id) == (again.outcome, again.object_id)
    return made


def _ingest(session: Session, number: int, clip: bytes) -> Ingested:
    return session.ingest(
        io.BytesIO(clip),
        source_id=SourceId(scope="cam", text=str(number)),
        recording=Recording(case=f"26-{number}", label="evidence_other"),
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_session_story(s3_server: S3Service, tmp_path: Path, protocol: str) -> None:
    """Everything that a custodian does arrives: recordings, facts, a hold, a request, a copy,
    locks; the next process finds it, and auditors with and without keys find nothing wrong.
    """
    ground = Ground.lay(s3_server, tmp_path, protocol)
    clips = [footage(length, seed) for seed, length in enumerate(LENGTHS)]
    with ground.create() as store:
        made = _set_up(store, clips)
        records = [store._services.backend.versions(_layout.batch(0, number)) for number in (0, 3)]
        with store.session(actor="ann", reason="letter of 2 March") as session:
            session.assert_facts(ORDINARY, object_id=made[0].object_id)
            hold = session.place_hold(
                "litigation", objects=[made[1].object_id], authority="court", statement="Keep it."
            )
            request = session.receive_request(
                "subject-copy",
                requester="recorded_individual",
                objects=[made[2].object_id],
                name="J. Doe",
            )
            copy = session.derive(
                made[2].object_id,
                io.BytesIO(b"one face"),
                operation="redact",
                tool="blur",
                tool_version="1",
                redactions=["others-in-copy"],
            )
        with store.session(actor="chief", reason="nightly") as session:
            synced = session.sync_locks()
        with store.session(actor="reader", reason="complaint", purpose="investigation") as session:
            first = session.read(made[2].object_id).read()

    with ground.open() as store:
        with store.session(actor="reader", reason="complaint", purpose="investigation") as session:
            seen = [session.read(one.object_id).read() for one in made]
        with (
            store.session(actor="reader", reason="curious", purpose="training") as session,
            pytest.raises(AuthorizationError),
        ):
            session.read(made[0].object_id)
        states = {state.object_id: state for state in store.objects()}
        versions = {
            name: store._services.backend.versions(name)
            for one in made
            for name in (f"objects/{one.object_id}/00000000",)
        }
        with store.session(actor="chief", reason="look") as session:
            holds = [str(line.hold.hold_id) for line in session.holds()]
            requests = [line.request.act for line in session.requests()]

    assert (clips, clips[2]) == (seen, first)
    assert {one.object_id for one in (*made, copy)} == set(states)
    assert ([hold], [request]) == (holds[:1], requests)
    assert (0, ()) == (synced.withheld, synced.problems)
    assert synced.records > 0
    legal = [all(one.legal_hold for one in found) for found in versions.values()]
    assert [False, True] == legal[:2]
    assert all(one.locked_until for found in versions.values() for one in found)
    assert all(states[one.object_id].locked_until for one in made)
    assert [1, 1] == [len(found) for found in records]
    assert all(one.locked_until for found in records for one in found)
    ground.check([one.receipt for one in (*made, copy)])
