"""Kill a purge at random moments, hundreds of times: `python -m tests.integration.purge_killer`.

A process of its own: it forks before it has any thread, and lets each child run the purge until
it is killed, or done. Arguments: a folder, a seed, how many kills. Prints how many stores
it took, and how many kills met the purge at which stage.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Final

from bwcstore import Store
from bwcstore._ports import Environment
from bwcstore._session._session import Session
from bwcstore._system import SerialWorkers, SystemEntropy
from bwcstore._values import ActId, Instant
from bwcstore.custody._authority import Role
from bwcstore.custody._records import Policy
from bwcstore.objects._manifest import content_key_id
from bwcstore.storage._keysource import KeyFile
from bwcstore.testing import SimClock
from tests.integration.machine import CHUNK
from tests.simulation.agency_memory import AGENCY, ORDINARY, PACK

INGESTED: Final = Instant.parse("2026-01-10T15:00:00.000000Z")
DUE: Final = Instant.parse("2026-06-10T15:00:00.000000Z")
OBJECTS: Final = 8
SEGMENTS: Final = 3
LATER: Final = 1.1
SOONER: Final = 0.8


def _at(now: Instant) -> Environment:
    return Environment(clock=SimClock(now), entropy=SystemEntropy(), workers=SerialWorkers())


def _open(root: Path, now: Instant) -> Store:
    return Store.open(root, key=KeyFile(root.parent / "root.key"), environment=_at(now))


def _session(store: Store, name: str) -> Session:
    return store.session(actor=name, reason="by the book")


def make(root: Path, count: int) -> None:
    """A store with recordings, all of which will be due at `DUE`."""
    key = KeyFile.generate(root.parent / "root.key", SystemEntropy())
    store = Store.create(
        root,
        key=key,
        actor="chief",
        chunk_bytes=CHUNK,
        segment_chunks=1,
        signed_kinds=(),
        environment=_at(INGESTED),
    )
    with store, _session(store, "chief") as session:
        session.adopt_law(PACK, AGENCY)
        session.set_policy(Policy(clock_hours=24 * 365, brake_objects=100_000, large_objects=9_999))
        for name in ("ann", "bob"):
            session.enrol(name, roles=[Role.RECORDS])
        for _ in range(count):
            made = session.ingest(BytesIO(os.urandom(CHUNK * 2)))
            for fact, value in ORDINARY.items():
                session.assert_fact(fact, value, object_id=made.object_id)


def approve(root: Path) -> ActId | None:
    """A plan for everything that is due, approved; None where nothing is."""
    with _open(root, DUE) as store:
        with _session(store, "ann") as session:
            plan = session.plan_purge()
            if not plan.due:
                return None
            act = session.propose_purge(plan)
        with _session(store, "bob") as session:
            session.approve_purge(act, plan_sha256=plan.digest)
    return act


def _run(root: Path, act: ActId) -> None:
    with _open(root, DUE) as store, _session(store, "ann") as session:
        session.run_purge(act)


def _killed(root: Path, act: ActId, seconds: float) -> bool:
    """Let a child run the plan and kill it; whether it was still at work."""
    child = os.fork()
    if child == 0:
        _run(root, act)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"a run failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def main(folder: str, seed: str, kills: str) -> None:
    """Kill until the count is reached; whenever a plan is through, begin with another copy."""
    dice = Random(int(seed))
    model = Path(folder) / "model"
    model.mkdir()
    make(model / "store", OBJECTS)
    act = approve(model / "store")
    if act is None:
        raise SystemExit("nothing is due")
    reach = _duration(Path(folder), act)
    met: Counter[str] = Counter()
    killed = stores = 0
    while killed < int(kills):
        root = _copy(Path(folder), str(stores))
        stores += 1
        while _killed(root, act, dice.uniform(0, reach)):
            killed += 1
            stage = _stage(root)
            met[stage] += 1
            # How long a run takes changes with whatever else the machine has to do.
            reach *= LATER if stage == "not-begun" else 1
        reach *= SOONER
        _run(root, act)
        if _stage(root) != "ended" or approve(root) is not None:
            raise SystemExit(f"store {stores}: {_stage(root)}")
    print(json.dumps({"killed": killed, "stores": stores, "met": met}))  # noqa: T201


def _stage(root: Path) -> str:
    """How far the destruction of everything had come."""
    with _open(root, DUE) as store:
        states = list(store.objects())
        kept = {one.key_id for one in store.vault.inventory()}
        kinds = [one.kind for one in store._services.log.entries()]
    if not any(state.keeping.purge for state in states):
        return "not-begun"
    if any(content_key_id(state.object_id) in kept for state in states):
        return "keys-there"
    segments = len(list(root.glob("objects/*/0*")))
    if any(state.status != "purged" for state in states):
        return {OBJECTS * SEGMENTS: "keys-gone", 0: "bytes-gone"}.get(segments, "bytes-going")
    if "keys.epoch_destroyed" not in kinds:
        return "epoch-there"
    return "ended" if kinds[-1] == "purge.run_ended" else "epoch-gone"


def _copy(folder: Path, name: str) -> Path:
    shutil.copytree(folder / "model", folder / name)
    return folder / name / "store"


def _duration(folder: Path, act: ActId) -> float:
    """How long a run takes that nobody kills, in a process of its own."""
    root = _copy(folder, "timed")
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(root, act)
        os._exit(0)
    os.waitpid(child, 0)
    return time.monotonic() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
