"""What the commands about purges print, and the exit code that tells a script what to do next."""

from collections.abc import Iterable, Sequence

from bwcstore._session._purge import PurgeStatus
from bwcstore._session._purge_run import PurgeRun
from bwcstore.cli._exit import Exit
from bwcstore.cli._output import Output, time_text
from bwcstore.cli._shown import shown
from bwcstore.purge._approval import PlanPhase
from bwcstore.purge._over_retention import OverRetained
from bwcstore.purge._plan import PurgePlan
from bwcstore.purge._proof import Withheld
from bwcstore.statute._explain_words import paragraph

_STATUS_CODES = {
    PlanPhase.PROPOSED: Exit.APPROVAL,
    PlanPhase.STALE: Exit.APPROVAL,
    PlanPhase.WAITING: Exit.WAITING,
    PlanPhase.READY: Exit.UNFINISHED,
    PlanPhase.DONE: Exit.OK,
    PlanPhase.WITHDRAWN: Exit.OK,
}
# Of several plans: what a program can do goes before what people must, and that before waiting.
_URGENCY = (Exit.UNFINISHED, Exit.APPROVAL, Exit.WAITING)


def plan_code(plan: PurgePlan) -> Exit:
    """What there is to do after a dry run."""
    if plan.unfinished:
        return Exit.UNFINISHED
    if plan.due:
        return Exit.APPROVAL
    return Exit.WITHHELD if plan.withheld or plan.no_authority else Exit.OK


def run_code(run: PurgeRun) -> Exit:
    """What there is to do after a run."""
    if run.failed:
        return Exit.UNFINISHED
    return Exit.WITHHELD if run.withheld else Exit.OK


def status_code(status: PurgeStatus) -> Exit:
    """What there is to do about one plan."""
    return Exit.UNFINISHED if status.begun else _STATUS_CODES[status.phase]


def open_plans_code(statuses: Iterable[PurgeStatus]) -> Exit:
    """What there is to do first about several plans; one that is too old asks for nothing."""
    codes = {status_code(one) for one in statuses if one.begun or one.phase is not PlanPhase.STALE}
    return next((code for code in _URGENCY if code in codes), Exit.OK)


def say_plan(output: Output, plan: PurgePlan) -> None:
    """Print a plan for people."""
    output.facts(
        (
            ("as of", str(plan.as_of)),
            ("law", f"{plan.pack}, {plan.agency}"),
            ("considered", str(plan.considered_count)),
            ("due", _and_beyond(plan)),
            ("withheld", str(len(plan.withheld))),
            ("no authority", str(len(plan.no_authority))),
            ("unfinished", str(len(plan.unfinished))),
            ("unusual", ", ".join(plan.brakes) or "no"),
            ("sha256", str(plan.digest)),
        )
    )
    if plan.due:
        output.text()
        output.table(
            ("object", "kept until", "destroyed from", "authority"),
            (
                (
                    str(one.object_id),
                    str(one.last_protected),
                    str(one.disposal),
                    ", ".join(ground.rule for ground in one.authority),
                )
                for one in plan.due
            ),
        )
    if plan.locked:
        output.text("\ndue, and locked by the storage; a run before then withholds them:")
        for object_id, until in plan.locked.items():
            output.text(f"  {object_id}  until {time_text(until)}")
    _say_withheld(output, "past their date and withheld", plan.withheld)
    _say_withheld(output, "nothing gives authority to destroy", plan.no_authority)
    if plan.unfinished:
        output.text("\nbegun and not finished; the next run of any plan finishes them:")
        for one in plan.unfinished:
            output.text(f"  {one}")


def _and_beyond(plan: PurgePlan) -> str:
    beyond = f", and {plan.beyond_count} more in a later plan" if plan.beyond_count else ""
    return f"{len(plan.due)}{beyond}"


def _say_withheld(output: Output, title: str, found: Sequence[Withheld]) -> None:
    if found:
        output.text(f"\n{title}:")
    for one in found:
        _say_one(output, str(one.object_id), one.kind, one.message)


def _say_one(output: Output, object_id: str, code: str, message: str) -> None:
    output.text(f"  {object_id}  {code}")
    for line in paragraph(message.removeprefix(f"object {object_id} "), level=2):
        output.text(shown(line))


def say_status(output: Output, status: PurgeStatus) -> None:
    """Print where one plan stands, for people."""
    needs = status.conditions
    output.facts(
        (
            ("plan", str(status.act)),
            ("sha256", str(status.plan_sha256)),
            ("as of", str(status.as_of)),
            ("phase", _PHASES[status.phase]),
            ("recordings", str(status.objects_count)),
            ("destroyed", str(len(status.completed))),
            ("begun", str(len(status.begun))),
            ("left", str(len(status.left))),
            ("proposed", f"{time_text(status.proposed_at)} by actor {status.proposed_by}"),
            ("approvals", f"{len(status.approved_by)} of {needs.approvals}"),
            *(("approved by", f"actor {one}") for one in status.approved_by),
            ("unusual", ", ".join(status.brakes) or "no"),
            ("not before", time_text(needs.not_before)),
            ("not after", time_text(needs.not_after)),
        )
    )


_PHASES = {
    PlanPhase.PROPOSED: "proposed: approvals are needed",
    PlanPhase.STALE: "stale: too old, or other law was adopted; make a new plan",
    PlanPhase.WAITING: "waiting: approved, and may not be run yet",
    PlanPhase.READY: "ready: may be run",
    PlanPhase.DONE: "done: nothing of it is left",
    PlanPhase.WITHDRAWN: "withdrawn: must not be run",
}


def say_statuses(output: Output, statuses: Iterable[PurgeStatus]) -> None:
    """Print where every plan stands, for people."""
    output.table(
        ("plan", "as of", "phase", "approvals#", "objects#", "gone#", "begun#"),
        (
            (
                str(one.act),
                str(one.as_of),
                one.phase.value,
                f"{len(one.approved_by)}/{one.conditions.approvals}",
                str(one.objects_count),
                str(len(one.completed)),
                str(len(one.begun)),
            )
            for one in statuses
        ),
    )


def status_json(status: PurgeStatus) -> dict[str, object]:
    """Where one plan stands, for programs."""
    return {
        "plan": str(status.act),
        "phase": status.phase.value,
        "plan_sha256": str(status.plan_sha256),
        "as_of": str(status.as_of),
        "proposed_at": str(status.proposed_at),
        "proposed_by": str(status.proposed_by),
        "approved_by": [str(one) for one in status.approved_by],
        "approvals_needed": status.conditions.approvals,
        "not_before": str(status.conditions.not_before),
        "not_after": str(status.conditions.not_after),
        "brakes": list(status.brakes),
        "objects_count": status.objects_count,
        "completed": [str(one) for one in status.completed],
        "begun": [str(one) for one in status.begun],
        "left": [str(one) for one in status.left],
        "runs": status.runs,
    }


def say_run(output: Output, run: PurgeRun) -> None:
    """Print what a run did, for people."""
    output.facts(
        (
            ("plan", str(run.plan)),
            ("destroyed", str(len(run.completed))),
            ("withheld", str(len(run.withheld))),
            ("unfinished", str(len(run.failed))),
            ("key epoch", "none ended" if run.epoch is None else f"{run.epoch} destroyed"),
        )
    )
    for title, found in (("withheld", run.withheld), ("begun and not finished", run.failed)):
        if found:
            output.text(f"\n{title}:")
        for object_id, kind in found.items():
            output.text(f"  {object_id}  {kind}")
    if run.withheld:
        output.remark(
            "`bwcstore explain OBJECT` says more; running the plan again destroys what may then go"
        )
    if run.failed:
        output.remark("run the plan again when storage and vault are in order")


def run_json(run: PurgeRun) -> dict[str, object]:
    """What a run did, for programs."""
    return {
        "plan": str(run.plan),
        "completed": [str(one) for one in run.completed],
        "withheld": {str(one): kind.value for one, kind in run.withheld.items()},
        "failed": {str(one): kind.value for one, kind in run.failed.items()},
        "epoch": run.epoch,
    }


def say_overdue(output: Output, found: Iterable[OverRetained]) -> None:
    """Print what should be gone, for people."""
    for one in found:
        since = f"since {one.since} ({', '.join(one.cites)})"
        output.text(f"{one.object_id}  {one.why.value}")
        for line in paragraph(f"should be gone {since}", level=1):
            output.text(shown(line))
        if one.withheld is not None:
            message = one.message.removeprefix(f"object {one.object_id} ")
            for line in paragraph(f"{one.withheld}: {message}", level=1):
                output.text(shown(line))
