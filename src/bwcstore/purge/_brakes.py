"""What makes a plan unusual, so that it needs one more approval and waits (PRG-9)."""

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final

from bwcstore._values import Instant
from bwcstore.custody._act_records import ActState, PlanState
from bwcstore.custody._records import StoreState

_PLANS_COUNTED: Final = 12
# Fixed: a policy that sets it could hide its own change.
RULES_DAYS: Final = 14
_MICROSECONDS_PER_DAY: Final = 86_400_000_000


@unique
class Brake(StrEnum):
    """Why a plan is unusual.

    Attributes:
        VOLUME: it destroys many times what plans usually do.
        CHANGED: facts, labels, tags or clocks of its recordings changed lately.
        RULES: the law or the agency's policy changed lately.
    """

    VOLUME = "volume"
    CHANGED = "changed"
    RULES = "rules"


def usual_volume(acts: Iterable[ActState]) -> int:
    """How many recordings the last twelve plans that destroyed any did, on average; 0 if none."""
    counts = [
        act.completed for act in acts if isinstance(act, PlanState) and act.ended and act.completed
    ][-_PLANS_COUNTED:]
    return sum(counts) // len(counts) if counts else 0


def find_brakes(
    changes: Iterable[Instant | None], *, usual: int, store: StoreState, now: Instant
) -> tuple[Brake, ...]:
    """The brakes that a plan pulls.

    Args:
        changes: of each recording, when something was last said of it.
        usual: what plans usually destroy.
        store: what is known of the store: its policy, and when law or policy last changed.
        now: the moment.
    """
    moments, policy = tuple(changes), store.policy
    since = now.microseconds - policy.brake_days * _MICROSECONDS_PER_DAY
    found = []
    if len(moments) > max(policy.brake_objects, policy.brake_multiple * usual):
        found.append(Brake.VOLUME)
    if any(moment is not None and moment.microseconds > since for moment in moments):
        found.append(Brake.CHANGED)
    rules_since = now.microseconds - RULES_DAYS * _MICROSECONDS_PER_DAY
    if store.rules_at is not None and store.rules_at.microseconds > rules_since:
        found.append(Brake.RULES)
    return tuple(found)
