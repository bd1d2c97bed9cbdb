"""A world by its seed: processes that share a store, with faults, races and a restless clock."""

import io
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from bwcstore._ports import Environment
from bwcstore._session._ingest import Ingested
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._authority import Role, Verb
from bwcstore.custody._recording import SourceId
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InternalError,
    RetentionError,
)
from bwcstore.testing import (
    FailAt,
    Fault,
    FaultyBackend,
    FaultyVault,
    InlineWorkers,
    MemoryBackend,
    MemoryVault,
    SimClock,
    SimEntropy,
    SimulatedCrash,
)
from bwcstore.testing._invariants import Told, Witness, find_broken
from tests.simulation.weather import Weather
from tests.unit.session.world import CHUNK, SETTINGS, STORE, recording

PROCESSES: Final = 3
SOURCES: Final = 4
DEPTH_MAX: Final = 3
READERS_MAX: Final = 4
DAY: Final = 86_400
TAKEN_UP_TWICE: Final = frozenset({ErrorKind.CHUNK_DIGEST, ErrorKind.SEGMENT_LENGTH})
JUMPS_SECONDS: Final = (-600, -5, -1, 1, 59, 61, 3_600, 8 * DAY, 400 * DAY)


class Process:
    """One process: at most one open store, and the readers that it has open."""

    def __init__(self, world: "RandomWorld") -> None:
        self.world = world
        self.store: Store | None = None
        self.readers: list[Witness] = []
        self.busy = False
        self.weather = world.new_weather(self)

    def open(self) -> Store:
        """The store, opened where it is not."""
        if self.store is None:
            world = self.world
            self.store = Store.open_on(
                FaultyBackend(world.area, self.weather),
                FaultyVault(world.keys, self.weather),
                environment=world.environment(),
            )
        return self.store

    def die(self) -> None:
        """Nothing of it is left; the next one takes its place."""
        self.store = None
        self.readers = []
        self.weather = self.world.new_weather(self)

    def close(self) -> None:
        """End in good order."""
        while self.readers:
            self.readers.pop().close()
        store, self.store = self.store, None
        if store is not None:
            store.close()


class RandomWorld:
    """Everything that one seed decides.

    Attributes:
        told: what callers were told.
        contents: the bytes of every object that a caller was told of.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = Random(seed)
        self.clock = SimClock()
        self.entropy = SimEntropy(seed)
        self.area = MemoryBackend(clock=self.clock)
        self.keys = MemoryVault()
        self.told = Told()
        self.contents: dict[ObjectId, bytes] = {}
        self.grants: list[str] = []
        self.generations: set[int] = set()
        self.trace: list[str] = []
        self._folder = folder
        self._sessions = 0
        self._depth = 0
        self._calm = False
        rate = self.dice.choice((0.0, 0.002, 0.01, 0.03))
        self._rates = {fault: rate * self.dice.random() for fault in Fault}
        self._between_rate = self.dice.choice((0.0, 0.01, 0.05))
        self._begin()
        self.processes = [Process(self) for _ in range(PROCESSES)]

    def _begin(self) -> None:
        plan = FailAt(None)
        store = Store.create_on(
            FaultyBackend(self.area, plan),
            FaultyVault(self.keys, plan),
            store_id=STORE,
            actor="chief",
            environment=self.environment(),
            settings=SETTINGS,
        )
        with store.session(actor="chief", reason="beginning") as session:
            session.enrol("clerk", roles=[Role.READER])
        store.close()

    def environment(self) -> Environment:
        """The world as one more process sees it."""
        return Environment(clock=self.clock, entropy=self.entropy, workers=InlineWorkers())

    def new_weather(self, process: Process) -> Weather:
        """What the next process lives in."""
        weather = Weather(self.dice, rates=self._rates, between_rate=self._between_rate)
        weather.between = lambda: self.interrupt(process)
        if self._calm:
            weather.calm()
        return weather

    # --- What happens -------------------------------------------------------------------------

    def step(self) -> None:
        """Let one process do something."""
        free = [process for process in self.processes if not process.busy]
        if free:
            self.act(self.dice.choice(free))

    def interrupt(self, process: Process) -> None:
        """Another process comes in between two port calls of this one."""
        if self._depth < DEPTH_MAX and process.busy:
            self.step()

    def act(self, process: Process) -> None:
        """Let one process do one thing, and note what it was told."""
        deeds = (
            *(self.ingest,) * 3, *(self.ingest_source,) * 4, *(self.ingest_path,) * 3,
            *(self.read,) * 4, *(self.read_on,) * 4, self.enrol, *(self.authorize,) * 2,
            self.revoke, self.be_refused, self.rotate, self.discard, self.roll, self.checkpoint,
            self.audit,
            *(self.jump,) * 3, *(self.end,) * 2,
        )  # fmt: skip
        deed = self.dice.choice(deeds)
        self._depth += 1
        process.busy = True
        mark = f"{'  ' * self._depth}{self.processes.index(process)} {deed.__name__}"
        try:
            deed(process)
            self.trace.append(f"{mark}: done")
        except (IntegrityError, InternalError) as exc:
            # Two runs that take up one journal at once may each find the other's segment; the
            # next run begins anew (SEG-22). Everything else would be damage, and there is none.
            if deed.__name__ != "ingest_path" or exc.kind not in TAKEN_UP_TWICE:
                raise
            self.trace.append(f"{mark}: {exc}")
        except BwcStoreError as exc:
            self.trace.append(f"{mark}: {exc}")
        except SimulatedCrash:
            self.trace.append(f"{mark}: crash")
            process.die()
        finally:
            self._depth -= 1
            process.busy = False

    def session(self, process: Process, actor: str = "chief") -> "_Watched":
        """A session whose refusals and closing are noted."""
        self._sessions += 1
        number = self._sessions
        session = process.open().session(actor=actor, reason="testing", purpose="investigation")
        return _Watched(session, self.told, number)

    def took(self, made: Ingested, data: bytes) -> None:
        """An ingest has returned."""
        self.told.receipts.append(made.receipt)
        assert self.contents.setdefault(made.object_id, data) == data

    def ingest(self, process: Process) -> None:
        """A stream without a name."""
        data = recording(self.dice.randrange(3 * CHUNK))
        with self.session(process) as session:
            self.took(session.ingest(io.BytesIO(data)), data)

    def ingest_source(self, process: Process) -> None:
        """A stream that others may be ingesting too."""
        number = self.dice.randrange(SOURCES)
        data = recording(number * CHUNK + 1)
        with self.session(process) as session:
            self.took(session.ingest(io.BytesIO(data), source_id=_source(number)), data)

    def ingest_path(self, process: Process) -> None:
        """A file, with a journal."""
        path = self._folder / "clip"
        data = recording(5 * CHUNK)
        if not path.exists():
            path.write_bytes(data)
        with self.session(process) as session:
            self.took(session.ingest(path, source_id=_source(SOURCES)), data)

    def read(self, process: Process) -> None:
        """Begin to read."""
        if self.contents and len(process.readers) < READERS_MAX:
            object_id = self.dice.choice(sorted(self.contents))
            with self.session(process, "clerk") as session:
                inner = session.read(object_id)
            reader = Witness(inner, told=self.told, backend=self.area, object_id=object_id)
            process.readers.append(reader)

    def read_on(self, process: Process) -> None:
        """Read on, or close."""
        if not process.readers:
            return
        reader = self.dice.choice(process.readers)
        if self.dice.random() < 0.4:
            process.readers.remove(reader)
            reader.close()
        else:
            at = reader.told_bytes
            found = reader.read(self.dice.randrange(2 * CHUNK))
            assert self.contents[reader.object_id][at : at + len(found)] == found

    def enrol(self, process: Process) -> None:
        """Enrol somebody, who may be known."""
        login = f"person-{self.dice.randrange(3)}"
        with self.session(process) as session:
            actor = session.enrol(login, roles=[Role.READER])
        self.told.fact("actor.enrolled", actor=str(actor))

    def authorize(self, process: Process) -> None:
        """Let the clerk read."""
        with self.session(process) as session:
            grant = session.authorize("clerk", purposes=["investigation"])
        self.told.fact("authorization.granted", authorization=grant)
        self.grants.append(grant)

    def revoke(self, process: Process) -> None:
        """Take it back."""
        if self.grants:
            grant = self.grants.pop(self.dice.randrange(len(self.grants)))
            with self.session(process) as session:
                session.revoke_authorization(grant)
            self.told.fact("authorization.revoked", authorization=grant)

    def be_refused(self, process: Process) -> None:
        """Somebody unknown tries, more than once."""
        with self.session(process, "mallory") as session:
            for _ in range(self.dice.randrange(1, 4)):
                with suppress(AuthorizationError):
                    session.ingest(io.BytesIO(b"forged"))

    def rotate(self, process: Process) -> None:
        """Replace the key epoch."""
        with self.session(process) as session:
            done = session.rotate_keys()
        self.told.fact("keys.epoch_destroyed", epoch=done.destroyed)

    def discard(self, process: Process) -> None:
        """Remove what broken ingests left."""
        with self.session(process) as session:
            session.discard_leftovers()

    def roll(self, process: Process) -> None:
        """Begin a generation."""
        if self.dice.random() < 0.3:
            with self.session(process) as session:
                number = session.close_generation()
            # Two that close at once close the same generation, and are told the same.
            if number not in self.generations:
                self.generations.add(number)
                self.told.fact("generation.opened", generation=number)

    def checkpoint(self, process: Process) -> None:
        """Ask for a checkpoint."""
        self.told.checkpoints.append(process.open().checkpoint())

    def audit(self, process: Process) -> None:
        """Audit while others go on: what they add meanwhile is nothing wrong."""
        with self.session(process) as session:
            report = session.audit()
        assert any(self._rates.values()) or report.ok, report.errors

    def jump(self, _: Process) -> None:
        """Time goes by, or the clock is set back."""
        seconds = self.dice.choice(JUMPS_SECONDS)
        if seconds < 0:
            self.clock.set(self.clock.now().plus_seconds(seconds))
        else:
            self.clock.advance(seconds)

    def end(self, process: Process) -> None:
        """A process ends in good order."""
        process.close()

    # --- What holds ---------------------------------------------------------------------------

    def find_broken(self) -> tuple[str, ...]:
        """Which invariants are broken."""
        return find_broken(self.area, self.keys, self.told)

    def finish(self) -> None:
        """Liveness: faults off; everything that was begun can be finished, nothing is lost."""
        self._calm = True
        for process in self.processes:
            process.die()
        self.clock.advance(3_600)
        last = self.processes[0]
        for number in range(SOURCES):
            data = recording(number * CHUNK + 1)
            with self.session(last) as session:
                self.took(session.ingest(io.BytesIO(data), source_id=_source(number)), data)
        self.ingest_path(last)
        self.authorize(last)
        for object_id, data in self.contents.items():
            with self.session(last, "clerk") as session, session.read(object_id) as reader:
                assert data == reader.read()
        self.clock.advance(8 * DAY)
        self.discard(last)
        last.close()
        stored = {name.split("/")[1] for name in self.area.contents if name.startswith("objects/")}
        known = {str(state.object_id) for state in last.open().objects()}
        assert stored == known
        assert {str(object_id) for object_id in self.contents} <= known
        assert () == self.keys.notes("journal/")


class _Watched:
    """A session that notes what its caller is told."""

    def __init__(self, session: Session, told: Told, number: int) -> None:
        self._session = session
        self._told = told
        self._number = number

    def __enter__(self) -> Session:
        noted = self._session._acting._log_refusal

        def note(
            verb: Verb, refusal: AuthorizationError | RetentionError, object_id: ObjectId | None
        ) -> None:
            noted(verb, refusal, object_id)
            # It is told once this returns.
            self._told.refused(self._number, str(verb), refusal)

        self._session._acting._log_refusal = note  # type: ignore[method-assign]  # watched
        return self._session

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._told.closed(self._number)


def _source(number: int) -> SourceId:
    return SourceId(scope="dock", text=f"clip-{number}")
