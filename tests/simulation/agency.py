"""An agency over the years, from a seed: what is due is destroyed, with a second opinion.

What happens otherwise is in `agency_life`, what the agency remembers in `agency_memory`.
"""

from bwcstore import _layout
from bwcstore._values import ActId, Digest, ObjectId
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.objects._manifest import content_key_id
from bwcstore.testing import FailAt, Fault, SimulatedCrash
from bwcstore.testing._invariants import Witness, find_broken
from tests.simulation.agency_life import Life
from tests.simulation.agency_memory import Clip, Held


class Agency(Life):
    """One agency, which destroys what is due; `live` lets days pass."""

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

    def _approve(self, act: ActId, digest: Digest) -> None:
        for name in ("bob", "chief"):
            with self._session(self.stores[name], name) as session:
                session.approve_purge(act, plan_sha256=digest)

    def _change_of_mind(self, planned: list[ObjectId]) -> ObjectId | None:
        """Between approval and run a hold may still come, and then it wins."""
        if self.dice.random() >= self.late_holds:
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
        store = self.stores["bob"]
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
        with self._session(self.stores["ann"], "ann") as session:
            try:
                plan = session.plan_purge()
                if plan.due:
                    session.propose_purge(plan)
            except BwcStoreError as exc:
                if exc.kind not in (ErrorKind.CLOCK_AHEAD, ErrorKind.CLOCK_BEHIND):
                    raise
                self.note(f"clock {days:+} days: {exc.kind}")
            else:
                assert not plan.due, "a plan was proposed with a wrong clock"
        self.world.clock.set(now)

    # --- Looking ------------------------------------------------------------------------------

    def read_some(self) -> None:
        """Staff who are authorized look at recordings; each look is in the ledger before."""
        store = self.stores["chief"]
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
