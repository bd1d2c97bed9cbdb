"""What is known of acts (requests, purge plans) and of the clock: what their entries fold to.

They hold open facts alone (LED-1); how they change is the business of
`bwcstore.custody._fold_act`.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import attrs

from bwcstore._values import ActId, ActorId, Digest, Instant
from bwcstore.custody._assertion import FactAssertion


@attrs.frozen(kw_only=True)
class RequestState:
    """What the scope of a request implies."""

    act: ActId
    kind: str
    requester: str
    received: date
    received_at: Instant
    received_by: ActorId
    facts: tuple[FactAssertion, ...] = ()
    outcome: str | None = None
    opaque: bool = False


@attrs.frozen(kw_only=True)
class PlanState:
    """What the scope of a purge plan implies.

    Attributes:
        act: its act.
        digest: the plan.
        annex: its text.
        as_of: the day it was made for.
        objects_count: how many recordings.
        brakes: why it needs more approval and waits.
        proposed_at: when.
        proposed_by: by whom.
        proposed_index: the entry.
        approvals: who approved, with the index of the entry.
        withdrawn: it must not be run.
        ended: how many runs ended; `completed` after the last.
        completed: how many recordings it has destroyed.
        opaque: the scope has entries of a newer version.
    """

    act: ActId
    digest: Digest
    annex: Digest
    as_of: date
    objects_count: int
    brakes: tuple[str, ...]
    proposed_at: Instant
    proposed_by: ActorId
    proposed_index: int
    approvals: Mapping[ActorId, int] = MappingProxyType({})
    withdrawn: bool = False
    ended: int = 0
    completed: int = 0
    opaque: bool = False


ActState = RequestState | PlanState


@attrs.frozen(kw_only=True)
class Jump:
    """A step of the clock between two entries: the later entry, and both times."""

    index: int
    before: Instant
    after: Instant
