"""Every point at which a scenario can fail, one after the other."""

from itertools import count
from pathlib import Path
from typing import Final

from bwcstore.testing import FailAt, Fault, SimulatedCrash
from tests.simulation.scenarios import Scenario
from tests.simulation.stage import Keeping, Stage

POINTS_MAX: Final = 1000


def fail_at_every_point(
    scenario: Scenario, keeping: Keeping, fault: Fault, folder: Path, *, stride: int = 1
) -> None:
    """Fail the 1st, 2nd, 3rd... port call until the scenario runs clean; check all promises.

    Args:
        scenario: the story.
        keeping: where its keys are kept.
        fault: how the calls fail.
        folder: an empty folder for its files.
        stride: only each so-manieth call fails; which ones is different for each fault.
    """
    former = Stage(keeping)
    former.memo["folder"] = str(folder)
    scenario.prepare(former)
    snapshot = former.snapshot()
    for number in count(list(Fault).index(fault) % stride, stride):
        for rest in folder.iterdir():
            rest.unlink()
        plan = FailAt(number, fault)
        _fail_once(scenario, Stage.at(snapshot, former, seed=number + 1), plan)
        if not plan.fired:
            break

    assert 0 < number < POINTS_MAX


def _check(stage: Stage, where: str) -> None:
    broken = stage.find_broken()

    assert () == broken, f"{where}: {broken}"


def _run_again(scenario: Scenario, stage: Stage, where: str) -> None:
    """Liveness: with nothing failing any more it succeeds, and promises are kept."""
    failure = stage.attempt(scenario.act)

    assert None is failure, f"{where}: again: {failure}"
    _check(stage, where)


def _fail_once(scenario: Scenario, stage: Stage, plan: FailAt) -> None:
    stage.start(plan)
    failure = stage.attempt(scenario.act)
    step = plan.trace[-1] if isinstance(failure, SimulatedCrash) else plan.trace[-3:]
    where = f"{scenario.name}, call {plan.count}, {step}, {failure}"
    assert (failure is None) or plan.fired, where
    _check(stage, where)
    if not plan.fired:
        return
    # A replica of the keys that could not be read at the start is missed until the next start.
    if not isinstance(failure, SimulatedCrash) and not stage.lacks_replica():
        _run_again(scenario, stage, f"{where}: same process")
    stage.start()
    _check(stage, where)
    _run_again(scenario, stage, f"{where}: next process")
    scenario.done(stage)
    _check(stage, where)
