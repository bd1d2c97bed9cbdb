"""Years of an agency, from seeds: what is destroyed was due, and what was due is destroyed.

`make simulate` lives through fresh years for `BWC_SECONDS`; `BWC_SEED=n make simulate` repeats one.
"""

import os
import time
from random import Random

import pytest

from tests.simulation.agency import Agency

SEEDS = range(3)
DAYS = 400
PER_DAY = 2
LOOK_EVERY_DAYS = 200


def _live(seed: int, *, days: int = DAYS, per_day: int = PER_DAY) -> Agency:
    """Let an agency live; its invariants hold all along."""
    agency = Agency(seed)
    try:
        for _ in range(days // LOOK_EVERY_DAYS):
            agency.live(LOOK_EVERY_DAYS, per_day=per_day)
            agency.read_some()
            assert () == agency.find_broken()
    except BaseException as exc:
        exc.add_note(
            "\n".join([*agency.trace[-40:], f"repeat with: BWC_SEED={seed} make simulate"])
        )
        raise
    return agency


def _asked_for() -> list[int]:
    asked = os.environ.get("BWC_SEED", "")
    return [int(asked)] if asked.isdigit() else list(SEEDS)


@pytest.mark.slow
@pytest.mark.spec("PRG-1")
@pytest.mark.parametrize("seed", _asked_for())
def test_years_of_an_agency(seed: int) -> None:
    """Nothing goes before its time, everything due goes, holds win, and every look is logged."""
    agency = _live(seed)

    assert agency.destroyed > DAYS // 4
    assert agency.crashes > 0


@pytest.mark.skipif(os.environ.get("BWC_SEED") != "fresh", reason="`make simulate` runs it")
def test_fresh_years() -> None:
    """Seeds that nobody has seen, for as long as asked."""
    dice = Random()
    end = time.monotonic() + float(os.environ.get("BWC_SECONDS", "60"))
    count = 0
    while time.monotonic() < end:
        _live(dice.randrange(1 << 48), days=LOOK_EVERY_DAYS * 2)
        count += 1

    assert count > 0
