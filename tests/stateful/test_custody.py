"""Custody and destruction beside a plain model: dictionaries of what is there, held and asked."""

import io
from typing import Any

import hypothesis.strategies as st
from hypothesis import event, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import Recording
from bwcstore.custody._records import Policy
from bwcstore.custody._selection import Selection
from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError, RetentionError
from bwcstore.testing import World
from bwcstore.testing._invariants import Told, find_broken
from tests.simulation.agency_memory import AGENCY, ORDINARY, PACK
from tests.unit.session.world import create, reopen

CASES = st.sampled_from(["26-1", "26-2"])
# Well under the hundred days of the schedule, or well over what grace and rolling add to them.
DAYS = st.sampled_from([1, 130])
SURE_DAYS = 110
NEVER_DAYS = 99


class CustodyMachine(RuleBasedStateMachine):
    """Verbs of custody in any order; the model is five dictionaries."""

    objects = Bundle("objects")
    holds = Bundle("holds")
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.days = 0
        self.made: dict[ObjectId, int] = {}
        self.cases: dict[ObjectId, set[str]] = {}
        self.stated: set[ObjectId] = set()
        self.gone: set[ObjectId] = set()
        self.held: dict[str, tuple[ObjectId | None, str | None, int | None]] = {}
        self.asked: dict[ActId, tuple[ObjectId, int | None]] = {}

    @initialize(target=objects)
    def begin(self) -> Any:
        """A store under a law, with two who may purge, and some recordings."""
        self.store: Store = create(self.world)
        with self._as("chief") as session:
            session.adopt_law(PACK, AGENCY)
            session.set_policy(
                Policy(
                    clock_hours=24 * 365,
                    brake_objects=1_000,
                    brake_days=0,
                    dual_release=frozenset(),
                )
            )
            for name in ("ann", "bob"):
                session.enrol(name, roles=[Role.RECORDS])
        return multiple(*(self.ingest_one(case, "all") for case in (None, "26-1", "26-2")))

    def _as(self, name: str) -> Session:
        return self.store.session(actor=name, reason="testing")

    def _kept(self, object_id: ObjectId) -> bool:
        """Whether a hold or a request keeps it, or did so until today."""
        for bound, case, released in self.held.values():
            named = bound == object_id or (case is not None and case in self.cases[object_id])
            if named and released in (None, self.days):
                return True
        return any(
            about == object_id and answered in (None, self.days)
            for about, answered in self.asked.values()
        )

    @rule(target=objects, case=st.none() | CASES, said=st.sampled_from(["all", "nothing"]))
    def ingest(self, case: str | None, said: str) -> ObjectId:
        """A recording is taken in, of a case or none."""
        return self.ingest_one(case, said)

    def ingest_one(self, case: str | None, said: str) -> ObjectId:
        """Ingest, and say everything that the law asks for, or nothing yet."""
        with self._as("ann") as session:
            made = session.ingest(io.BytesIO(b"video"), recording=Recording(case=case))
        self.made[made.object_id] = self.days
        self.cases[made.object_id] = {case} if case else set()
        if said == "all":
            self.state_all(made.object_id)
        return made.object_id

    def _refused(self, object_id: ObjectId, deed: Any) -> bool:
        """Do it; whether it was refused because the recording is gone."""
        try:
            deed()
        except RetentionError as exc:
            assert (ErrorKind.OBJECT_PURGED, True) == (exc.kind, object_id in self.gone)  # noqa: PT017 - the other case is below
            return True
        assert object_id not in self.gone
        return False

    @rule(object_id=objects)
    def state_facts(self, object_id: ObjectId) -> None:
        """Everything that the law asks for is said."""
        if object_id not in self.stated:
            self.state_all(object_id)

    def state_all(self, object_id: ObjectId) -> None:
        """Assert every fact; what is gone takes none."""

        def deed() -> None:
            for fact, value in ORDINARY.items():
                session.assert_fact(fact, value, object_id=object_id)

        with self._as("ann") as session:
            if not self._refused(object_id, deed):
                self.stated.add(object_id)

    @rule(object_id=objects, case=CASES)
    def add_case(self, object_id: ObjectId, case: str) -> None:
        """It turns out to belong to another case, too."""
        with self._as("ann") as session:
            if not self._refused(object_id, lambda: session.add_tags(object_id, case=case)):
                self.cases[object_id].add(case)

    @rule(target=holds, object_id=objects)
    def hold(self, object_id: ObjectId) -> str:
        """A recording is held."""
        placed: list[str] = []
        with self._as("ann") as session:
            self._refused(
                object_id,
                lambda: placed.append(session.place_hold("evidentiary", objects=[object_id])),
            )
        if placed:
            self.held[placed[0]] = (object_id, None, None)
        return placed[0] if placed else ""

    @rule(target=holds, case=CASES)
    def hold_case(self, case: str) -> str:
        """Everything of a case is held, what comes later too."""
        with self._as("ann") as session:
            name = session.place_hold("litigation", selection=Selection.case(case))
        self.held[name] = (None, case, None)
        return name

    @rule(name=holds)
    def release_hold(self, name: str) -> None:
        """A hold ends once."""
        known = self.held.get(name)
        with self._as("bob") as session:
            try:
                session.release_hold(name)
            except BwcStoreError as exc:
                wanted = ErrorKind.HOLD_UNKNOWN if known is None else ErrorKind.HOLD_RELEASED
                assert wanted == exc.kind  # noqa: PT017 - the other case is below
                return
        assert known is not None
        assert known[2] is None
        self.held[name] = (known[0], known[1], self.days)

    @rule(target=requests, object_id=objects)
    def ask(self, object_id: ObjectId) -> ActId | None:
        """A subject asks for a copy."""
        made: list[ActId] = []
        with self._as("ann") as session:
            self._refused(
                object_id,
                lambda: made.append(
                    session.receive_request(
                        "subject-copy", requester="recorded_individual", objects=[object_id]
                    )
                ),
            )
        if made:
            self.asked[made[0]] = (object_id, None)
        return made[0] if made else None

    @rule(act=requests, outcome=st.sampled_from(["granted", "denied"]))
    def answer(self, act: ActId | None, outcome: str) -> None:
        """A request is answered once."""
        if act is None:
            return
        object_id, answered = self.asked[act]
        with self._as("ann") as session:
            try:
                session.answer_request(act, outcome)
            except BwcStoreError as exc:
                assert (ErrorKind.REQUEST_STATE, True) == (exc.kind, answered is not None)  # noqa: PT017 - the other case is below
                return
        assert answered is None
        self.asked[act] = (object_id, self.days)

    @rule(days=DAYS)
    def wait(self, days: int) -> None:
        """Days pass."""
        self.wait_days(days)

    def wait_days(self, days: int) -> None:
        """Move the clock and the model on."""
        self.days += days
        self.world.clock.set(self.world.clock.now().plus_seconds(days * 86_400))

    @rule(days=st.sampled_from([0, 130]))
    def purge(self, days: int) -> None:
        """What is due goes, and nothing else."""
        self.wait_days(days)
        with self._as("ann") as session:
            plan = session.plan_purge()
            due = {item.object_id for item in plan.due}
            for object_id, made in self.made.items():
                free = object_id not in self.gone and not self._kept(object_id)
                if free and object_id in self.stated and self.days - made >= SURE_DAYS:
                    assert object_id in due
                if not free or object_id not in self.stated or self.days - made <= NEVER_DAYS:
                    assert object_id not in due
            if not due:
                return
            event("destroyed")
            act = session.propose_purge(plan)
        with self._as("bob") as session:
            session.approve_purge(act, plan_sha256=plan.digest)
        with self._as("ann") as session:
            done = session.run_purge(act)
        assert due == set(done.completed)
        self.gone |= due

    @rule(object_id=objects)
    def read(self, object_id: ObjectId) -> None:
        """Without a written authorization nobody reads, and what is gone is gone."""
        with self._as("bob") as session:
            try:
                session.read(object_id)
            except (BwcStoreError, NotFoundError) as exc:
                wanted = {ErrorKind.NOT_AUTHORIZED, ErrorKind.PURPOSE_UNKNOWN}
                wanted |= {ErrorKind.OBJECT_PURGED} if object_id in self.gone else set()
                assert exc.kind in wanted  # noqa: PT017 - reading it would be the failure
            else:
                raise AssertionError("read without an authorization")

    @rule()
    def reopen(self) -> None:
        """Another process takes the store up."""
        self.store.close()
        self.store = reopen(self.world)

    @invariant()
    @precondition(lambda self: hasattr(self, "store"))
    def statuses_are_those_of_the_model(self) -> None:
        """What is gone is purged, and what is there is present."""
        found = {state.object_id: state.status for state in self.store.objects()}
        wanted = {one: "purged" if one in self.gone else "present" for one in self.made}

        assert wanted == found

    def teardown(self) -> None:
        """Nothing is wrong with the store in the end."""
        if hasattr(self, "store"):
            self.store.close()
            assert () == find_broken(self.world.storage, self.world.keys, Told())


TestCustody = CustodyMachine.TestCase
TestCustody.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
