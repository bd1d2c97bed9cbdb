"""Plans, approvals, clocks and destructions: what may be done, and when (AUD-32, AUD-33)."""

import dataclasses
from collections.abc import Iterator

from canonical import microseconds
from custody import Custody, Finding, Leaf

HOUR = 3_600_000_000


@dataclasses.dataclass
class Plan:
    """A plan: its entry, the approvals that count, and what became of it."""

    leaf: Leaf
    approvals: dict[int, str] = dataclasses.field(default_factory=dict)
    withdrawn: bool = False
    completed: int = 0


@dataclasses.dataclass
class Purges(Custody):
    """What entries say of destruction."""

    plans: dict[str, Plan] = dataclasses.field(default_factory=dict)
    steps: dict[int, set[str]] = dataclasses.field(default_factory=dict)
    rotations: set[int] = dataclasses.field(default_factory=set)
    epochs: set[int] = dataclasses.field(default_factory=set)
    destroyed: bool = False
    last_at: int | None = None

    def clock(self, leaf: Leaf) -> None:
        """Look for a step of the clock, before an entry is taken in."""
        at = microseconds(leaf["at"]) or 0
        if self.last_at is not None and at - self.last_at > self.policy["clock_hours"] * HOUR:
            self.steps[leaf["index"]] = set()
        self.last_at = at

    def _clock_confirmed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """What is confirmed is a step of the clock."""
        if body["jump"] in self.steps:
            self.steps[body["jump"]].add(leaf["by"])
        else:
            yield "state-invalid", "no step of the clock"

    def _keys_rotation_started(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The epoch is announced."""
        self.rotations.add(body["epoch"])
        yield from ()

    def _keys_epoch_destroyed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The epoch was announced."""
        if body["epoch"] not in self.rotations:
            yield "state-invalid", "no rotation of this epoch was announced"
        self.epochs.add(body["epoch"])

    def _erasure_attested(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The epoch was destroyed."""
        if body["epoch"] not in self.epochs:
            yield "state-invalid", "the epoch was not destroyed"

    def _plan_proposed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """A plan begins its scope."""
        if leaf["scope"]["seq"]:
            yield "state-invalid", "not the first of its scope"
        self.plans.setdefault(leaf["scope"]["id"][4:], Plan(leaf))

    def _plan_approved(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Of this plan, by somebody who neither proposed nor approved it."""
        plan = self.plans.get(leaf["scope"]["id"][4:])
        if plan is None:
            yield "state-invalid", "no plan was proposed"
        elif plan.withdrawn:
            yield "plan-state", "the plan was withdrawn"
        elif body["plan_sha256"] != plan.leaf["body"]["plan_sha256"]:
            yield "plan-altered", "another plan"
        elif leaf["by"] == plan.leaf["by"]:
            yield "approver-proposed", "by who proposed it"
        elif leaf["by"] in plan.approvals.values():
            yield "approved-already", "by who approved it"
        else:
            plan.approvals[leaf["index"]] = leaf["by"]

    def _plan_withdrawn(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The plan was proposed and not withdrawn."""
        plan = self.plans.get(leaf["scope"]["id"][4:])
        if plan is None:
            yield "state-invalid", "no plan was proposed"
            return
        if plan.withdrawn:
            yield "plan-state", "the plan was withdrawn before"
        plan.withdrawn = True

    def _purge_run_ended(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """No more is stated than was destroyed."""
        plan = self.plans.get(leaf["scope"]["id"][4:])
        if plan is None or body["completed"] > plan.completed:
            yield "state-invalid", "no such plan, or fewer were destroyed"

    def _purge_started(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Once, under a plan that may be run."""
        said = self.of(leaf)
        if said.started is not None:
            yield "state-invalid", "the destruction of the object had begun"
            return
        known = self.ingested.get(leaf["scope"]["id"][7:])
        if known is not None and body["segments"] != known["body"]["segment_count"]:
            yield "state-invalid", "another number of segments"
        if any(len(by) < 2 for by in self.steps.values()):
            yield "clock-unconfirmed", "a step of the clock that two have not confirmed"
        yield from self._may_run(leaf, body)
        said.started = leaf

    def _may_run(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Whether the plan may be run at the time of the decision."""
        plan = self.plans.get(body["plan"])
        if plan is None:
            yield "plan-unknown", "no such plan was proposed"
            return
        proposed, policy = plan.leaf["body"], self.policy
        if body["plan_sha256"] != proposed["plan_sha256"]:
            yield "plan-altered", "another plan"
        if plan.withdrawn:
            yield "plan-state", "the plan was withdrawn"
        asked = policy["approvals"] + (proposed["objects_count"] > policy["large_objects"])
        asked += bool(proposed["brakes"])
        if len({plan.approvals[at] for at in body["approvals"] if at in plan.approvals}) < asked:
            yield "plan-not-approved", f"{asked} must approve it"
        age = (microseconds(leaf["decided"]["at"]) or 0) - (microseconds(plan.leaf["at"]) or 0)
        if proposed["brakes"] and age < policy["waiting_hours"] * HOUR:
            yield "plan-waiting", "its waiting period is not over"
        if age > policy["plan_days"] * 24 * HOUR:
            yield "plan-stale", "it is too old"

    def _under_way(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The destruction of the object is under way, under this plan."""
        said = self.of(leaf)
        if said.started is None or said.completed is not None or (
            said.started["body"]["plan"] != body["plan"]
        ):  # fmt: skip
            yield "state-invalid", "no such destruction is under way"

    def _purge_failed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The destruction is under way."""
        yield from self._under_way(leaf, body)

    def _purge_completed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The destruction is under way, and ends."""
        wrong = list(self._under_way(leaf, body))
        yield from wrong
        if not wrong:
            self.of(leaf).completed = leaf
            self.destroyed = True
            if body["plan"] in self.plans:
                self.plans[body["plan"]].completed += 1
