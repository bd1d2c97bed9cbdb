"""What makes a plan unusual, so that it needs one more approval and waits (PRG-9)."""

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final

from bwcstore._values import Instant
from bwcstore.custody._act_records import ActState, PlanState
from bwcstore.custody._records import Policy

_PLANS_COUNTED: Final = 12
_MICROSECONDS_PER_DAY: Final = 86_400_000_000


@unique
class Brake(StrEnum):
    """Why a plan is unusual.

    Attributes:
        VOLUME: it destroys many times what plans usually do.
        CHANGED: facts, labels, tags or clocks of its recordings changed lately.
    """

    VOLUME = "volume"
    CHANGED = "changed"


def usual_volume(acts: Iterable[ActState]) -> int:
    """How many recordings the last twelve plans that destroyed any did, on average; 0 if none."""
    counts = [
        act.completed for act in acts if isinstance(act, PlanState) and act.ended and act.completed
    ][-_PLANS_COUNTED:]
    return sum(counts) // len(counts) if counts else 0


def find_brakes(
    changes: Iterable[Instant | None], *, usual: int, policy: Policy, now: Instant
) -> tuple[Brake, ...]:
    """The brakes that a plan pulls.

    Args:
        changes: of each recording, when something was last said of it.
        usual: what plans usually destroy.
        policy: the agency's own rules.
        now: the moment.
    """
    moments = tuple(changes)
    since = now.microseconds - policy.brake_days * _MICROSECONDS_PER_DAY
    found = []
    if len(moments) > max(policy.brake_objects, policy.brake_multiple * usual):
        found.append(Brake.VOLUME)
    if any(moment is not None and moment.microseconds > since for moment in moments):
        found.append(Brake.CHANGED)
    return tuple(found)
