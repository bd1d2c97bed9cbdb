"""An agency over the years, from a seed: recordings, cases, mistakes, requests, holds, purges.

Two clerks work in two processes that know nothing of each other. What the agency knows is kept a
second time, in plain values (`Clip`), and judged by an evaluator that was written from the
specification alone; destruction is held against that, not against the library.
"""

import importlib
import io
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore import _layout
from bwcstore._session._begin import Settings
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, Instant, ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._records import Policy
from bwcstore.custody._selection import Selection
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.objects._manifest import content_key_id
from bwcstore.objects._segment import Geometry
from bwcstore.storage._signer import StoredSigner
from bwcstore.testing import FailAt, Fault, FaultyBackend, FaultyVault, SimulatedCrash, World
from bwcstore.testing._invariants import Told, Witness, find_broken
from tests.unit.session.world import STORE

HERE: Final = Path(__file__).parent
AGENCY: Final = HERE / "agency.toml"
PACK: Final = HERE.parents[1] / "src/bwcstore/statute/packs/us-mn.toml"
ZONE: Final = ZoneInfo("America/Chicago")
START: Final = date(2026, 1, 5)
PURGE_EVERY_DAYS: Final = 14
CLERKS: Final = ("ann", "bob")
NO_LONGER: Final = (None, "withdrawn")

sys.path.append(str(HERE.parent / "independent"))  # its modules lie side by side
_evaluator: Any = importlib.import_module("law")
_refused: Any = importlib.import_module("canonical").RefusedError
sys.path.remove(str(HERE.parent / "independent"))


@attrs.define(kw_only=True)
class Asked:
    """A request about one recording, as the agency remembers it."""

    kind: str
    received: date
    days: int | None = None
    outcome: str | None = None
    answered: date | None = None


@attrs.define(kw_only=True)
class Held:
    """A hold, as the agency remembers it: on recordings, or on everything of a case."""

    kind: str
    placed: date
    objects: frozenset[ObjectId] = frozenset()
    case: str | None = None
    released: date | None = None


@attrs.define(kw_only=True)
class Clip:
    """One recording, as the agency remembers it."""

    object_id: ObjectId
    data: bytes
    collected: datetime
    facts: dict[str, Any] = attrs.field(factory=dict)
    assertions: dict[str, str] = attrs.field(factory=dict)
    labels: set[str] = attrs.field(factory=set)
    cases: set[str] = attrs.field(factory=set)
    requests: dict[ActId, Asked] = attrs.field(factory=dict)
    gone: date | None = None


class Agency:
    """One agency; `live` lets days pass.

    Attributes:
        trace: what happened, one line each.
        clips: every recording that was ever taken in.
        destroyed: how many recordings were destroyed so far.
    """

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.world = World(seed=seed, start=_moment(START, 9))
        self.told = Told()
        self.trace: list[str] = []
        self.clips: dict[ObjectId, Clip] = {}
        self.holds: dict[str, Held] = {}
        self.today = START
        self.destroyed = 0
        self.crashes = 0
        self.pack = _evaluator.read(PACK)
        self.agency = _evaluator.read(AGENCY)
        self.signers = {
            name: StoredSigner(bytes([number]) * 32)
            for number, name in enumerate(("chief", *CLERKS))
        }
        self._begin()

    def _begin(self) -> None:
        settings = Settings(geometry=Geometry(chunk_bytes=1 << 16, segment_chunks=1))
        store = Store.create_on(
            self.world.backend,
            self.world.vault,
            store_id=STORE,
            actor="chief",
            actor_key=self.signers["chief"].public_key,
            environment=self.world.environment,
            settings=settings,
        )
        with self._session(store, "chief") as session:
            session.adopt_law(PACK, AGENCY)
            session.set_policy(
                Policy(approvals=1, large_objects=200, brake_objects=100, waiting_hours=1)
            )
            for name in CLERKS:
                session.enrol(name, roles=[Role.RECORDS], public_key=self.signers[name].public_key)
        self.stores = {name: self._open() for name in CLERKS}
        store.close()

    def _open(self, plan: FailAt | None = None) -> Store:
        """A process of its own over the same storage and keys."""
        faults = plan or FailAt(None)
        return Store.open_on(
            FaultyBackend(self.world.storage, faults),
            FaultyVault(self.world.keys, faults),
            environment=self.world.environment,
        )

    def _session(self, store: Store, name: str, purpose: str = "investigation") -> Session:
        return store.session(
            actor=name, reason="by the book", purpose=purpose, signer=self.signers[name]
        )

    def clerk(self) -> Session:
        """One of the two clerks, at work in their own process."""
        name = self.dice.choice(CLERKS)
        return self._session(self.stores[name], name)

    def note(self, words: str) -> None:
        """Remember what happened, for whoever has to find out why."""
        self.trace.append(f"{self.today} {words}")

    # --- Days ---------------------------------------------------------------------------------

    def live(self, days: int, *, per_day: int) -> None:
        """Let days pass."""
        for _ in range(days):
            self.today += timedelta(days=1)
            self.world.clock.set(_moment(self.today, 9))
            for _ in range(self.dice.randint(0, 2 * per_day)):
                self.record()
            for _ in range(per_day):
                self.something()
            if (self.today - START).days % PURGE_EVERY_DAYS == 0:
                self.purge()

    def something(self) -> None:
        """One thing of the many that happen."""
        deeds = (
            (30, self.state_facts),
            (6, self.mistake),
            (6, self.complain),
            (8, self.investigate),
            (4, self.injury),
            (6, self.hold),
            (6, self.release_hold),
            (8, self.ask),
            (12, self.answer),
            (2, self.correct_clock),
        )
        self.world.clock.advance(60)
        deed = self.dice.choices([one for _, one in deeds], [weight for weight, _ in deeds])[0]
        deed()

    def living(self) -> list[Clip]:
        """The recordings that are there."""
        return [clip for clip in self.clips.values() if clip.gone is None]

    def any_clip(self) -> Clip | None:
        """One of the recordings that are there; old ones are as likely as new ones."""
        living = self.living()
        return self.dice.choice(living) if living else None

    def record(self) -> None:
        """A recording is taken in; cameras may be wrong about the time."""
        dice = self.dice
        made = _moment(
            self.today - timedelta(days=dice.choice((0, 0, 0, 1, 2, 9))), dice.randint(0, 8)
        )
        clock = dice.choices((made, _FAR_AHEAD, _FAR_BACK), (30, 1, 1))[0]
        case = f"26-{dice.randint(1, 60):04d}" if dice.random() < 0.3 else None
        label = dice.choice(("not_evidence", "not_evidence", "training", "evidence_criminal"))
        data = dice.randbytes(dice.choice((40, 4_000, 70_000)))
        with self.clerk() as session:
            done = session.ingest(
                io.BytesIO(data),
                source_id=SourceId(scope="dock", text=str(len(self.clips))),
                recording=Recording(
                    case=case, label=label, collected=(Claim(at=clock, basis="camera-clock"),)
                ),
            )
            self.told.receipts.append(done.receipt)
            plausible = clock is made
            at = made if plausible else self.world.clock.now()
            clip = Clip(object_id=done.object_id, data=data, collected=_civil(at), labels={label})
            clip.cases |= {case} if case else set()
            self.clips[done.object_id] = clip
            if dice.random() < 0.85:
                self._state(session, clip, ORDINARY)
        self.note(f"recorded {clip.object_id} {label} {case} {at}")

    # --- Facts --------------------------------------------------------------------------------

    def _state(self, session: Session, clip: Clip, facts: dict[str, Any]) -> None:
        for fact, value in facts.items():
            if clip.facts.get(fact) == value:
                continue
            clip.assertions[fact] = session.assert_fact(
                fact, value, object_id=clip.object_id, supersedes=clip.assertions.get(fact)
            )
            clip.facts[fact] = value
            self.note(f"{clip.object_id} {fact} = {value}")

    def _try(self, clip: Clip, facts: dict[str, Any]) -> None:
        """State facts one after the other; the engine refuses what cannot be true together."""
        with self.clerk() as session:
            for fact, value in facts.items():
                try:
                    self._state(session, clip, {fact: value})
                except BwcStoreError as exc:
                    assert exc.kind is ErrorKind.FACT_CONTRADICTION, exc  # noqa: PT017 - the only reason

    def state_facts(self) -> None:
        """What was not said at first is said."""
        for clip in self.living():
            if len(clip.facts) < len(ORDINARY):
                self._try(clip, ORDINARY)
                return

    def mistake(self) -> None:
        """Somebody gives the wrong label, which shortens nothing."""
        if clip := self.any_clip():
            label = self.dice.choice(("training", "not_evidence"))
            with self.clerk() as session:
                session.label(clip.object_id, [label])
            clip.labels.add(label)
            self.note(f"{clip.object_id} labelled {label}")

    def complain(self) -> None:
        """Somebody complains about what was recorded."""
        if clip := self.any_clip():
            self._try(clip, {"complaint_date": self.today})

    def investigate(self) -> None:
        """A case is opened, or ends."""
        if clip := self.any_clip():
            known = clip.facts.get("criminal_investigation", "none")
            follows = {"none": "active", "active": "inactive", "inactive": "active"}[known]
            self._try(clip, {"criminal_investigation": follows})

    def injury(self) -> None:
        """It turns out how bad it was."""
        if clip := self.any_clip():
            result = self.dice.choice(("bodily", "substantial_bodily"))
            reported = {
                "force_result": result,
                "event_documented": "itself",
                "force_reported": True,
            }
            self._try(clip, reported)
            if self.dice.random() < 0.1:
                self._try(clip, {"deadly_force": True})

    def correct_clock(self) -> None:
        """Somebody finds out when it was made; it can only be later than was thought."""
        clip = self.any_clip()
        if clip is None:
            return
        state = next(iter(self.stores.values())).object(clip.object_id)
        at = Instant.from_datetime(clip.collected).plus_seconds(self.dice.choice((-86_400, 3_600)))
        if at.microseconds > state.ingested_at.microseconds:
            return
        with self.clerk() as session:
            session.correct_time(clip.object_id, at, statement="compared with the dispatch log")
        claims = [Instant.from_datetime(clip.collected)]
        only_ingest = clip.collected == _civil(state.ingested_at)
        clip.collected = _civil(at if only_ingest else max((*claims, at), key=_microseconds))
        self.note(f"{clip.object_id} made at {clip.collected}")

    # --- Holds and requests -------------------------------------------------------------------

    def hold(self) -> None:
        """Something must be kept: a recording or two, or everything of a case, later ones too."""
        kind = self.dice.choice(("evidentiary", "litigation"))
        held = Held(kind=kind, placed=self.today)
        with self.clerk() as session:
            if self.dice.random() < 0.5:
                held.case = f"26-{self.dice.randint(1, 60):04d}"
                name = session.place_hold(kind, selection=Selection.case(held.case))
            else:
                chosen = self.dice.sample(self.living(), min(2, len(self.living())))
                if not chosen:
                    return
                held.objects = frozenset(clip.object_id for clip in chosen)
                name = session.place_hold(kind, objects=sorted(held.objects))
        self.holds[name] = held
        self.note(f"hold {name} {held}")

    def release_hold(self) -> None:
        """A hold is no longer needed; of some kinds two have to say so."""
        standing = [name for name, held in self.holds.items() if held.released is None]
        if not standing:
            return
        name = self.dice.choice(standing)
        for clerk in CLERKS:
            with self._session(self.stores[clerk], clerk) as session:
                if session.release_hold(name) == "released":
                    self.holds[name].released = self.today
                    self.note(f"hold {name} released")
                    return

    def ask(self) -> None:
        """Somebody who is recorded asks for a copy, or that it be kept longer."""
        clip = self.any_clip()
        if clip is None:
            return
        retain = self.dice.random() < 0.5
        asked = Asked(
            kind="subject-retain" if retain else "subject-copy",
            received=self.today,
            days=self.dice.randint(1, 400) if retain else None,
        )
        with self.clerk() as session:
            act = session.receive_request(
                asked.kind,
                requester="recorded_individual",
                received=self.today,
                objects=[clip.object_id],
                days=asked.days,
                answers=_WANTED if retain else None,
            )
        clip.requests[act] = asked
        self.note(f"{clip.object_id} request {act} {asked}")

    def answer(self) -> None:
        """A request is answered."""
        pending = [
            (clip, act)
            for clip in self.living()
            for act, asked in clip.requests.items()
            if asked.outcome is None
        ]
        if not pending:
            return
        clip, act = self.dice.choice(pending)
        outcome = self.dice.choice(("granted", "granted", "denied", "withdrawn"))
        with self.clerk() as session:
            session.answer_request(act, outcome, objects=[clip.object_id])
        clip.requests[act].outcome, clip.requests[act].answered = outcome, self.today
        self.note(f"{clip.object_id} request {act} {outcome}")

    # --- What the law says, a second time -----------------------------------------------------

    def judged(self, clip: Clip, day: date) -> str:
        """What the independent evaluator says of a recording on a day."""
        given = dict(clip.facts)
        given["collected_at"] = clip.collected
        given["labels"] = sorted(clip.labels)
        given["holds"] = [
            {"id": name, "kind": held.kind, "placed": held.placed, "released": held.released}
            if held.released
            else {"id": name, "kind": held.kind, "placed": held.placed}
            for name, held in self.holds.items()
            if clip.object_id in held.objects or held.case in clip.cases
        ] + [_pending(act, asked) for act, asked in clip.requests.items()]
        given["retention_requests"] = [
            _extension(act, asked)
            for act, asked in clip.requests.items()
            if asked.kind == "subject-retain" and asked.outcome not in (None, "denied")
        ]
        try:
            law = _evaluator.Law(self.pack, self.agency, given, day)
        except _refused:
            return "refused"
        return str(law.retention()["status"])

    # --- Destruction --------------------------------------------------------------------------

    def purge(self) -> None:
        """What is due is planned, approved by another clerk, and destroyed, whatever breaks."""
        self._rehearse_wrong_clocks()
        before = {
            clip.object_id for clip in self.living() if self.judged(clip, self.today) == "due"
        }
        with self._session(self.stores["ann"], "ann") as session:
            plan = session.plan_purge()
            planned = {item.object_id for item in plan.due}
            assert before == planned, f"due: {before ^ planned}"
            if not plan.due:
                return
            act = session.propose_purge(plan)
        self.world.clock.advance(3_700)
        self._approve(act, plan.digest)
        late = self._change_of_mind(sorted(planned))
        self._run_until_done(act)
        self._check(planned, late)

    def _approve(self, act: ActId, digest: Any) -> None:
        for name in ("bob", "chief"):
            store = self.stores.get(name) or self._open()
            with self._session(store, name) as session:
                session.approve_purge(act, plan_sha256=digest)

    def _change_of_mind(self, planned: list[ObjectId]) -> ObjectId | None:
        """Between approval and run a hold may still come, and then it wins."""
        if self.dice.random() < 0.5:
            return None
        late = self.dice.choice(planned)
        with self._session(self.stores["bob"], "bob") as session:
            name = session.place_hold("evidentiary", objects=[late])
        self.holds[name] = Held(kind="evidentiary", placed=self.today, objects=frozenset({late}))
        self.note(f"late hold {name} on {late}")
        return late

    def _run_until_done(self, act: ActId) -> None:
        """Run a plan with processes that break, then with one that does not."""
        for _ in range(self.dice.randint(0, 3)):
            fault = self.dice.choice((Fault.CRASH, Fault.BEFORE, Fault.LOST))
            plan = FailAt(self.dice.randint(0, 120), fault=fault)
            try:
                store = self._open(plan)
                with self._session(store, "ann") as session:
                    session.run_purge(act)
            except (BwcStoreError, SimulatedCrash) as exc:
                self.crashes += 1
                self.note(f"purge broke: {exc}")
        with self._session(self._open(), "ann") as session:
            done = session.run_purge(act)
            self.note(f"purge {act}: {done}")

    def _check(self, planned: set[ObjectId], late: ObjectId | None) -> None:
        store = self._open()
        for object_id in planned:
            clip, status = self.clips[object_id], store.object(object_id).status
            allowed = self.judged(clip, self.today) == "due"
            # A hold may come after the destruction has begun in a run that broke.
            assert (allowed or object_id == late) or status == "present", clip
            assert not allowed or status == "purged", f"{object_id} is due and {status}"
            if status == "purged":
                self._check_gone(clip)
        assert late is None or store.object(late).status == "present"

    def _check_gone(self, clip: Clip) -> None:
        clip.gone = self.today
        self.destroyed += 1
        prefix = _layout.object_prefix(clip.object_id)
        left = [name for name in self.world.storage.contents if name.startswith(prefix)]
        assert all("manifest-" in name for name in left), left
        keys = {key.key_id for key in self.world.keys.inventory()}
        assert content_key_id(clip.object_id) not in keys

    def _rehearse_wrong_clocks(self) -> None:
        """With a clock that is far ahead or behind, nothing is planned for good or destroyed."""
        if self.dice.random() < 0.7:
            return
        now = self.world.clock.now()
        days = self.dice.choice((400, -2))
        self.world.clock.set(now.plus_seconds(days * 86_400))
        with self._session(self._open(), "ann") as session:
            try:
                plan = session.plan_purge()
                if plan.due:
                    session.propose_purge(plan)
            except BwcStoreError as exc:
                assert exc.kind in (ErrorKind.CLOCK_AHEAD, ErrorKind.CLOCK_BEHIND), exc  # noqa: PT017
                self.note(f"clock {days:+} days: {exc.kind}")
            else:
                assert not plan.due, "a plan was proposed with a wrong clock"
        self.world.clock.set(now)

    # --- Looking ------------------------------------------------------------------------------

    def read_some(self) -> None:
        """Staff who are authorized look at recordings; each look is in the ledger before."""
        store = self._open()
        with self._session(store, "chief") as session:
            session.authorize("chief", purposes=["investigation"])
        for clip in self.dice.sample(self.living(), min(5, len(self.living()))):
            with self._session(store, "chief") as session:
                reader = Witness(
                    session.read(clip.object_id),
                    told=self.told,
                    backend=self.world.storage,
                    object_id=clip.object_id,
                )
                assert clip.data == reader.read()
                reader.close()

    def find_broken(self) -> tuple[str, ...]:
        """Which promises of the store are broken: ledger, tree, audit with keys, and all."""
        return find_broken(self.world.storage, self.world.keys, self.told)


def _pending(act: ActId, asked: Asked) -> dict[str, Any]:
    held = {"id": str(act), "kind": "data_request_pending", "placed": asked.received}
    return held | ({"released": asked.answered} if asked.answered else {})


def _extension(act: ActId, asked: Asked) -> dict[str, Any]:
    request = {
        "id": str(act),
        "received": asked.received,
        "days": asked.days,
        "answers": {one["flag"]: one["value"] for one in _FLAGS},
    }
    return request | ({"withdrawn": asked.answered} if asked.outcome == "withdrawn" else {})


def _moment(day: date, hour: int) -> Instant:
    return Instant.from_datetime(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE))


def _civil(at: Instant) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at.microseconds)


def _microseconds(at: Instant) -> int:
    return at.microseconds


_FAR_AHEAD: Final = Instant.parse("2099-01-01T00:00:00.000000Z")
_FAR_BACK: Final = Instant.parse("1971-01-01T00:00:00.000000Z")
_FLAGS: Final = (
    {"flag": "by_subject", "value": True},
    {"flag": "written", "value": True},
    {"flag": "evidentiary_purpose", "value": True},
)
_WANTED: Final = {"by_subject": True, "written": True, "evidentiary_purpose": True}
ORDINARY: Final = {
    "source_kind": "worn",
    "discharge": "none",
    "force_result": "none",
    "deadly_force": False,
    "death_by_force": False,
    "event_documented": "neither",
    "force_reported": False,
    "criminal_investigation": "none",
}
