"""Every verb, with every single port call failing in every way."""

from pathlib import Path

import pytest

from bwcstore.testing import Fault
from tests.simulation.custody_scenarios import CUSTODY_SCENARIOS
from tests.simulation.points import fail_at_every_point
from tests.simulation.scenarios import SCENARIOS, Scenario
from tests.simulation.stage import Keeping

# Those that change the vault; there every file operation in each of two replicas is a step too.
KEY_SCENARIOS = ("create", "ingest-path", "rotate-keys", "discard")
STRIDE = 9
# Each call of them fails in at least one way.
LONG_SCENARIOS = ("plan", "purge", "attest")


@pytest.mark.spec("ORD-1", "ORD-3", "ORD-4", "ORD-8", "ORD-9", "ORD-11", "ORD-12", "ORD-14")
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(
    ("scenario", "keeping"),
    [pytest.param(scenario, Keeping.MEMORY, id=scenario.name) for scenario in SCENARIOS]
    + [
        pytest.param(
            scenario,
            Keeping.TWO_PLACES,
            id=f"{scenario.name}-two-places",
            marks=pytest.mark.slow,
        )
        for scenario in SCENARIOS
        if scenario.name in KEY_SCENARIOS
    ],
)
def test_every_failure_point(
    scenario: Scenario, fault: Fault, keeping: Keeping, tmp_path: Path
) -> None:
    """Promises are kept after each; told again, with nothing failing, the verb succeeds."""
    fail_at_every_point(scenario, keeping, fault, tmp_path)


@pytest.mark.spec("ORD-14", "PRG-12", "PRG-15", "PRG-16", "LED-45", "HLD-4", "REQ-3", "REL-18")
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("scenario", CUSTODY_SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_failure_point_of_custody(scenario: Scenario, fault: Fault, tmp_path: Path) -> None:
    """The same for law, facts, holds, requests, copies and destruction."""
    stride = 2 if scenario.name in LONG_SCENARIOS else 1
    fail_at_every_point(scenario, Keeping.MEMORY, fault, tmp_path, stride=stride)


@pytest.mark.slow
@pytest.mark.spec("PRG-12", "PRG-15", "ORD-12")
@pytest.mark.parametrize("fault", Fault)
def test_failure_points_of_a_purge_over_two_places(fault: Fault, tmp_path: Path) -> None:
    """The same with every file operation of a vault of two replicas, at every ninth point."""
    (purge,) = (one for one in CUSTODY_SCENARIOS if one.name == "purge")
    fail_at_every_point(purge, Keeping.TWO_PLACES, fault, tmp_path, stride=STRIDE)
