"""An agency over the years, from a seed: recordings, cases, mistakes, requests, holds, purges.

Two clerks work in two processes that know nothing of each other. What the agency knows is kept a
second time, in plain values (`Clip`), and judged by an evaluator that was written from the
specification alone; destruction is held against that, not against the library.
"""

import io
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from bwcstore._session._begin import Settings
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import Instant, ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._records import Policy
from bwcstore.custody._selection import Selection
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.objects._segment import Geometry
from bwcstore.storage._signer import StoredSigner
from bwcstore.testing import FailAt, FaultyBackend, FaultyVault, World
from bwcstore.testing._invariants import Told
from tests.simulation.agency_memory import (
    AGENCY,
    FAR_AHEAD,
    FAR_BACK,
    ORDINARY,
    PACK,
    WANTED,
    Asked,
    Clip,
    Held,
    SecondOpinion,
    civil,
    microseconds,
    moment,
)
from tests.unit.session.world import STORE

START: Final = date(2026, 1, 5)
PURGE_EVERY_DAYS: Final = 14
CLERKS: Final = ("ann", "bob")
NO_LONGER: Final = (None, "withdrawn")


class Life:
    """What happens in an agency, but for destruction; `live` lets days pass.

    Attributes:
        trace: what happened, one line each.
        clips: every recording that was ever taken in.
        destroyed: how many recordings were destroyed so far.
        late_holds: how often a hold comes between approval and run.
    """

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.world = World(seed=seed, start=moment(START, 9))
        self.told = Told()
        self.trace: list[str] = []
        self.clips: dict[ObjectId, Clip] = {}
        self.holds: dict[str, Held] = {}
        self.today = START
        self.destroyed = 0
        self.crashes = 0
        self.late_holds = 0.5
        self.second = SecondOpinion()
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
        self.stores = {name: self._open() for name in ("chief", *CLERKS)}
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
            self.world.clock.set(moment(self.today, 9))
            for _ in range(self.dice.randint(0, 2 * per_day)):
                self.record()
            for _ in range(per_day):
                self.something()
            if (self.today - START).days % PURGE_EVERY_DAYS == 0:
                self.purge()

    def purge(self) -> None:
        """What is due is destroyed."""
        raise NotImplementedError

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
        made = moment(
            self.today - timedelta(days=dice.choice((0, 0, 0, 1, 2, 9))), dice.randint(0, 8)
        )
        clock = dice.choices((made, FAR_AHEAD, FAR_BACK), (30, 1, 1))[0]
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
            clip = Clip(object_id=done.object_id, data=data, collected=civil(at), labels={label})
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
                    if exc.kind is not ErrorKind.FACT_CONTRADICTION:
                        raise

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
        state = self.stores["ann"].object(clip.object_id)
        at = Instant.from_datetime(clip.collected).plus_seconds(self.dice.choice((-86_400, 3_600)))
        if at.microseconds > state.ingested_at.microseconds:
            return
        with self.clerk() as session:
            session.correct_time(clip.object_id, at, statement="compared with the dispatch log")
        claims = [Instant.from_datetime(clip.collected)]
        only_ingest = clip.collected == civil(state.ingested_at)
        clip.collected = civil(at if only_ingest else max((*claims, at), key=microseconds))
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
                answers=WANTED if retain else None,
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

    def judged(self, clip: Clip, day: date) -> str:
        """What the independent evaluator says of a recording on a day."""
        return self.second.status(clip, self.holds, day)
