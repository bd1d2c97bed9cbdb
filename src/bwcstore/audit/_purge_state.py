"""Clocks, plans, approvals, purges and key epochs, folded a second time.

Rules kept here (spec: AUD-12, AUD-32, AUD-33): nothing is destroyed but under a plan that others
than its proposer approved, after it waited, and with a clock that two actors vouch for where it
leapt.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast

from bwcstore._values import Instant
from bwcstore.audit._custody_state import Custody
from bwcstore.audit._lineage import Case, seen
from bwcstore.audit._records import (
    CLAUSE_CLOCK,
    CLAUSE_PLAN,
    Ingested,
    Plan,
    Problem,
    Purge,
    wrong,
)
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry

_HOUR: Final = 3_600_000_000
_CONFIRMERS: Final = 2


class Purging:
    """What is said of destruction.

    Attributes:
        plans: by act.
        cases: every `purge.started`, with what was known when it was written.
        destroyed: whether anything was destroyed so far.
    """

    def __init__(self, custody: Custody, objects: Mapping[str, Ingested]) -> None:
        self.plans: dict[str, Plan] = {}
        self.cases: list[Case] = []
        self.destroyed = False
        self._custody = custody
        self._objects = objects
        self._at: Instant | None = None
        self._jumps: dict[int, set[str]] = {}
        self._rotating: set[int] = set()
        self._ended: set[int] = set()

    def note_time(self, entry: Entry) -> None:
        """Look for a step of the clock between the entry before and this one."""
        before, self._at = self._at, entry.at
        if before is None:
            return
        step = entry.at.microseconds - before.microseconds
        if step > self._custody.rules.clock_hours * _HOUR:
            self._jumps[entry.index] = set()

    def fold_store(self, entry: Entry) -> Iterator[Problem]:
        """Take in an entry of scope `store`."""
        body = cast("dict[str, int]", entry.body)
        match entry.kind:
            case "clock.confirmed":
                if body["jump"] not in self._jumps:
                    yield wrong("confirms a step of the clock that there is not")
                else:
                    self._jumps[body["jump"]].add(entry.by.text)
            case "keys.rotation_started":
                self._rotating.add(body["epoch"])
            case "keys.epoch_destroyed":
                # Two rotations at once announce the same epoch, and each reports its end.
                if body["epoch"] not in self._rotating:
                    yield wrong("destroys a key epoch whose rotation was not announced")
                self._ended.add(body["epoch"])
            case "erasure.attested":
                if body["epoch"] not in self._ended:
                    yield wrong("attests the end of a key epoch that was not destroyed")

    def fold_act(self, entry: Entry, scope: str, where: str) -> Iterator[Problem]:
        """Take in an entry of a plan."""
        name = scope.removeprefix("act/")
        plan = self.plans.get(name)
        if entry.kind == "plan.proposed":
            if entry.scope.seq:
                yield wrong("a plan begins its act")
            self.plans.setdefault(name, _plan(entry, where))
        elif plan is None:
            yield wrong("no plan was proposed under this act")
        elif entry.kind == "purge.run_ended":
            if cast("int", entry.body["completed"]) > plan.completed:
                yield wrong(f"only {plan.completed} recordings were destroyed under this plan")
        elif plan.withdrawn:
            yield _refused("the plan was withdrawn before", ErrorKind.PLAN_STATE)
        elif entry.kind == "plan.withdrawn":
            plan.withdrawn = True
        else:
            yield from _approve(plan, entry)

    def fold_object(
        self, entry: Entry, object_id: str, facts: Ingested, *, where: str, whole: bool
    ) -> Iterator[Problem]:
        """Take in an entry about the destruction of an object."""
        name = cast("str", entry.body["plan"])
        plan, purge = self.plans.get(name), facts.purge
        if entry.kind == "purge.started":
            if purge is not None:
                yield wrong("its destruction had begun before")
                return
            yield from self._check_start(entry, plan, facts)
            facts.purge = Purge(name, entry.index)
            self.cases.append(self._case(entry, object_id, facts, plan, where=where, whole=whole))
        elif purge is None or purge.completed_index is not None:
            yield wrong("its destruction is not under way")
        elif purge.plan != name:
            yield wrong("its destruction began under another plan")
        elif entry.kind == "purge.completed":
            purge.completed_index = entry.index
            self.destroyed = True
            if plan is not None:
                plan.completed += 1

    def _check_start(self, entry: Entry, plan: Plan | None, facts: Ingested) -> Iterator[Problem]:
        """Check what must be true before a recording is destroyed, but for the law."""
        if entry.body["segments"] != facts.segment_count:
            yield wrong(f"the object has {facts.segment_count} segments")
        for index, by in self._jumps.items():
            if len(by) < _CONFIRMERS:
                why = f"two actors have not confirmed the step of the clock at entry {index}"
                yield Problem(ErrorKind.CLOCK_UNCONFIRMED, CLAUSE_CLOCK, why)
        if plan is None:
            yield _refused("no such plan was proposed", ErrorKind.PLAN_UNKNOWN)
            return
        if entry.body["plan_sha256"] != plan.digest:
            yield _refused("it names another plan than was proposed", ErrorKind.PLAN_ALTERED)
        if plan.withdrawn:
            yield _refused("the plan was withdrawn", ErrorKind.PLAN_STATE)
        rules = self._custody.rules
        named = {
            plan.approvals[index]
            for index in cast("list[int]", entry.body["approvals"])
            if index in plan.approvals
        }
        large = plan.objects_count > rules.large_objects
        needed = rules.approvals + large + bool(plan.brakes)
        if len(named) < needed:
            why = f"{needed} actors must approve the plan, and {len(named)} did"
            yield _refused(why, ErrorKind.PLAN_NOT_APPROVED)
        age = entry.decided.at.microseconds - plan.at.microseconds
        if plan.brakes and age < rules.waiting_hours * _HOUR:
            yield _refused(f"the plan waits {rules.waiting_hours} hours", ErrorKind.PLAN_WAITING)
        if age > rules.plan_days * 24 * _HOUR:
            yield _refused(f"the plan is good for {rules.plan_days} days", ErrorKind.PLAN_STALE)

    def _case(
        self,
        entry: Entry,
        object_id: str,
        facts: Ingested,
        plan: Plan | None,
        *,
        where: str,
        whole: bool,
    ) -> Case:
        return Case(
            index=entry.index,
            where=where,
            whole=whole,
            object=object_id,
            at=entry.at,
            decided_at=entry.decided.at,
            body=entry.body,
            seen=seen(facts, self._objects),
            holds=self._custody.holds,
            law=self._custody.law,
            plan=plan,
        )


def _refused(why: str, code: ErrorKind) -> Problem:
    return Problem(code, CLAUSE_PLAN, why)


def _plan(entry: Entry, where: str) -> Plan:
    body = cast("dict[str, str]", entry.body)
    return Plan(
        digest=body["plan_sha256"],
        annex=body["plan_annex"],
        as_of=body["as_of"],
        objects_count=cast("int", entry.body["objects_count"]),
        brakes=len(cast("list[str]", entry.body["brakes"])),
        at=entry.at,
        by=entry.by.text,
        index=entry.index,
        where=where,
    )


def _approve(plan: Plan, entry: Entry) -> Iterator[Problem]:
    by = entry.by.text
    if entry.body["plan_sha256"] != plan.digest:
        yield _refused("it approves another plan than was proposed", ErrorKind.PLAN_ALTERED)
    elif by == plan.by:
        yield _refused("whoever proposed a plan may not approve it", ErrorKind.APPROVER_PROPOSED)
    elif by in plan.approvals.values():
        yield _refused("the same actor approved it before", ErrorKind.APPROVED_ALREADY)
    else:
        plan.approvals[entry.index] = by
