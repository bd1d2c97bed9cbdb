"""Real processes: killed at any moment, at work at the same time, in several threads."""

import io
import threading
from pathlib import Path

import pytest

from bwcstore.custody._recording import SourceId
from bwcstore.ledger._receipt import read_receipt
from tests.integration.machine import (
    CHUNK,
    check,
    finish,
    kill_after,
    make_store,
    open_store,
    start,
)
from tests.unit.session.world import recording

KILLS = 8
# Spread over the first tenth of a second, where a loop of small writes is never twice the same.
MOMENTS = [0.003 + 0.013 * number for number in range(KILLS)]


@pytest.mark.spec("ORD-4")
def test_receipts_survive_a_kill_at_any_moment(tmp_path: Path) -> None:
    """Whatever was acknowledged before the kill is there; the store opens and goes on."""
    root = make_store(tmp_path)
    receipts: list[bytes] = []
    for number, moment in enumerate(MOMENTS):
        receipts += kill_after(start("ingest_loop", root, number), moment)
        with open_store(root) as store:
            known = {state.object_id for state in store.objects()}
            assert None is store.read_only
        assert {read_receipt(receipt).object_id for receipt in receipts} <= known
    check(root, receipts)

    assert receipts


@pytest.mark.spec("ORD-4", "ORD-15")
def test_entries_survive_a_kill_at_any_moment(tmp_path: Path) -> None:
    """Every actor that a killed process had enrolled is enrolled."""
    root = make_store(tmp_path)
    enrolled: set[str] = set()
    for number, moment in enumerate(MOMENTS):
        enrolled |= {
            line.decode() for line in kill_after(start("append_loop", root, number), moment)
        }
        with open_store(root) as store, store.session(actor="chief", reason="look") as session:
            known = {str(line.actor.actor_id) for line in session.actors()}
        assert enrolled <= known
    check(root, [])

    assert enrolled


@pytest.mark.spec("ORD-7")
def test_a_killed_ingest_is_taken_up(tmp_path: Path) -> None:
    """The same file is one object in the end, whole, and what was sealed is used."""
    root = make_store(tmp_path)
    path = tmp_path / "clip"
    path.write_bytes(recording(600 * CHUNK))
    outcomes = set()
    for number in range(3):
        kill_after(start("ingest_file", root, path, f"camera-{number}"), 0.05 + 0.1 * number)
        with open_store(root) as store, store.session(actor="chief", reason="again") as session:
            source = SourceId(scope=f"camera-{number}", text="clip")
            made = session.ingest(path, source_id=source)
            outcomes.add(made.outcome)
            assert 600 * CHUNK == session.describe(made.object_id).record.length_bytes
    with open_store(root) as store:
        assert 3 == len(list(store.objects()))
    check(root, [made.receipt])

    assert outcomes & {"resumed", "present"}


@pytest.mark.spec("ORD-5")
def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    """Both append and ingest at once: every entry is there once, same sources are one object."""
    root = make_store(tmp_path)
    writers = [start("append_some", root, run, 30) for run in range(2)]
    dockers = [start("ingest_same", root, 12) for _ in range(2)]
    enrolled = [line.decode() for writer in writers for line in finish(writer)]
    one, two = (finish(docker) for docker in dockers)
    with open_store(root) as store, store.session(actor="chief", reason="look") as session:
        known = {str(line.actor.actor_id) for line in session.actors()}
        count = len(list(store.objects()))
        size = store.size
    check(root, one + two)

    assert (60, 12) == (len(enrolled), count)
    assert set(enrolled) <= known
    assert one == two
    assert 2 + 60 + 12 == size


@pytest.mark.spec("ORD-5")
def test_threads_in_one_store_race_for_one_source(tmp_path: Path) -> None:
    """Eight threads, one source: one object, one receipt."""
    root = make_store(tmp_path)
    made = []
    with open_store(root) as store, store.session(actor="chief", reason="race") as session:

        def work() -> None:
            name = SourceId(scope="camera", text="clip")
            made.append(session.ingest(io.BytesIO(recording(2 * CHUNK)), source_id=name))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count = len(list(store.objects()))
    check(root, [result.receipt for result in made])

    assert (8, 1) == (len(made), count)
    assert 1 == len({result.receipt for result in made})
