"""Several machines at work on one store in buckets, with and without claims."""

import time
from collections import Counter
from pathlib import Path

import pytest

from bwcstore.ledger._receipt import read_receipt
from tests.integration.s3_service import S3Service
from tests.s3.ground import PROTOCOLS, Ground
from tests.s3.told import finish, let_go

COUNT = 3
SECONDS_MAX = 60


@pytest.mark.spec("LED-30", "CLM-5")
@pytest.mark.parametrize(("protocol", "processes"), [("numbered", 2), ("claimed", 4)])
def test_processes_append_together(
    s3_server: S3Service, tmp_path: Path, protocol: str, processes: int
) -> None:
    """What any process was told is there, in one line of entries; threads share batches."""
    ground = Ground.lay(s3_server, tmp_path, protocol)
    ground.begin()
    begun = time.monotonic()
    children = [ground.start("work", run, COUNT) for run in range(processes)]
    let_go(children)
    told = [line for child in children for line in finish(child)]
    took = time.monotonic() - begun

    receipts = [line for line in told if b"\n" in line]
    actors = {line.decode() for line in told if b"\n" not in line}
    with ground.open() as store:
        objects = {state.object_id for state in store.objects()}
        log = store._services.log
        kinds = Counter(entry.kind for entry in log.entries())
        enrolled = {str(found) for found in log.state.store.actors}
        batches = {log.place(index) for index in range(log.size)}
        size, doubt = log.size, store.read_only
    assert (None, processes * COUNT) == (doubt, len(receipts))
    assert {read_receipt(one).object_id for one in receipts} == objects
    assert actors <= enrolled
    assert (processes * COUNT, processes * COUNT + 1) == (
        kinds["object.ingested"],
        kinds["actor.enrolled"],
    )
    assert len(batches) < size - 1
    assert took < SECONDS_MAX
    ground.check(receipts)


@pytest.mark.spec("ORD-5")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_processes_ingest_the_same(s3_server: S3Service, tmp_path: Path, protocol: str) -> None:
    """Of processes that ingest the same sources at once each gets the receipt of the one object
    that came of each.
    """
    ground = Ground.lay(s3_server, tmp_path, protocol)
    ground.begin()
    children = [ground.start("ingest_same", COUNT) for _ in range(2)]
    let_go(children)
    told: list[list[bytes]] = [finish(child) for child in children]

    with ground.open() as store:
        objects = {state.object_id for state in store.objects()}
    assert told[0] == told[1]
    assert COUNT == len(objects)
    ground.check(told[0])
