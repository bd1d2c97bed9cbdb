"""Who may approve a plan, how many must, and from when until when it may be run.

Rules kept here (spec chapter `purge`):

- an approval names the plan by digest, and is by somebody who neither proposed nor approved it
  (PRG-6, PRG-7);
- how many there must be, and how long a plan waits, is what the policy says when it is run
  (PRG-9, PRG-10);
- a plan is good for the law it was made by, and for so many days (PRG-11).
"""

from datetime import date
from enum import StrEnum, unique

import attrs

from bwcstore._values import ActId, ActorId, Digest, Instant
from bwcstore.custody._act_records import PlanState
from bwcstore.custody._records import Policy, StoreState
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.purge._plan_text import PlanText


@unique
class PlanPhase(StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    """It lacks approvals."""
    WAITING = "waiting"
    """It is approved, and its waiting period is not over."""
    READY = "ready"
    """It may be run."""
    DONE = "done"
    """Nothing of it is left."""
    WITHDRAWN = "withdrawn"
    """It must not be run."""
    STALE = "stale"
    """It is too old, or the law has changed."""


@attrs.frozen(kw_only=True)
class Conditions:
    """What a plan needs before it may be run.

    Attributes:
        approvals: how many approvals.
        not_before: when its waiting period ends.
        not_after: when it is too old.
    """

    approvals: int
    not_before: Instant
    not_after: Instant


def conditions(plan: PlanState, policy: Policy) -> Conditions:
    """What a plan needs, by the policy of now."""
    needed = policy.approvals + (plan.objects_count > policy.large_objects) + bool(plan.brakes)
    hours = policy.waiting_hours if plan.brakes else 0
    return Conditions(
        approvals=needed,
        not_before=plan.proposed_at.plus_seconds(hours * 3_600),
        not_after=plan.proposed_at.plus_seconds(policy.plan_days * 86_400),
    )


def require_plan(state: State, act: ActId) -> PlanState:
    """The plan that was proposed under an act.

    Raises:
        NotFoundError: there is none (`plan-unknown`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = state.act(act)
    if not isinstance(found, PlanState):
        raise NotFoundError(ErrorKind.PLAN_UNKNOWN, f"no plan {act} was proposed")
    if found.opaque:
        raise IntegrityError(
            ErrorKind.SCOPE_OPAQUE, f"plan {act} has entries of a newer version of the format"
        )
    return found


def check_proposal(text: PlanText, state: State, *, store: str, today: date) -> None:
    """Check that a plan may be proposed.

    Raises:
        InvalidInputError: it is another store's, or made for a day to come (`plan-state`).
        RetentionError: it was made by another law (`plan-stale`).
    """
    if text.store.text != store:
        raise InvalidInputError(ErrorKind.PLAN_STATE, f"the plan is of store {text.store}")
    if text.as_of > today:
        raise InvalidInputError(
            ErrorKind.PLAN_STATE, f"the plan is made for {text.as_of}, and today is {today}"
        )
    _check_law(text, state.store)


def check_approval(
    plan: PlanState, text: PlanText, store: StoreState, *, by: ActorId, digest: Digest, now: Instant
) -> None:
    """Check that an actor may approve a plan.

    Raises:
        InvalidInputError: it was withdrawn (`plan-state`).
        RetentionError: the digest is not that of the plan (`plan-altered`), or it is too old or
            was made by another law (`plan-stale`).
        AuthorizationError: the actor proposed it (`approver-proposed`) or approved it before
            (`approved-already`).
    """
    _check_open(plan)
    if digest != plan.digest:
        raise RetentionError(
            ErrorKind.PLAN_ALTERED,
            f"plan {plan.act} has the digest {plan.digest}; the approval names {digest}",
        )
    if by == plan.proposed_by:
        raise AuthorizationError(
            ErrorKind.APPROVER_PROPOSED, f"actor {by} proposed plan {plan.act}: another approves it"
        )
    if by in plan.approvals:
        raise AuthorizationError(
            ErrorKind.APPROVED_ALREADY, f"actor {by} has approved plan {plan.act} before"
        )
    _check_fresh(plan, text, store, now=now)


def check_runnable(plan: PlanState, text: PlanText, store: StoreState, *, now: Instant) -> None:
    """Check that a plan may be run now.

    Raises:
        InvalidInputError: it was withdrawn (`plan-state`).
        RetentionError: it is too old or was made by another law (`plan-stale`), it lacks
            approvals (`plan-not-approved`), or its waiting period is not over (`plan-waiting`).
    """
    _check_open(plan)
    _check_fresh(plan, text, store, now=now)
    needs = conditions(plan, store.policy)
    if len(plan.approvals) < needs.approvals:
        why = f" (brakes: {', '.join(plan.brakes)})" if plan.brakes else ""
        raise RetentionError(
            ErrorKind.PLAN_NOT_APPROVED,
            f"plan {plan.act} of {plan.objects_count} recordings has {len(plan.approvals)} of "
            f"{needs.approvals} approvals{why}",
        )
    if now < needs.not_before:
        raise RetentionError(
            ErrorKind.PLAN_WAITING,
            f"plan {plan.act} may be run from {needs.not_before} on, because of its brakes: "
            f"{', '.join(plan.brakes)}",
        )


def phase(
    plan: PlanState, text: PlanText, store: StoreState, *, left: int, now: Instant
) -> PlanPhase:
    """Where a plan stands, of which `left` recordings are not destroyed."""
    if not left:
        return PlanPhase.DONE
    if plan.withdrawn:
        return PlanPhase.WITHDRAWN
    needs = conditions(plan, store.policy)
    if now > needs.not_after or not _is_lawful(text, store):
        return PlanPhase.STALE
    if len(plan.approvals) < needs.approvals:
        return PlanPhase.PROPOSED
    return PlanPhase.WAITING if now < needs.not_before else PlanPhase.READY


def _check_open(plan: PlanState) -> None:
    if plan.withdrawn:
        raise InvalidInputError(ErrorKind.PLAN_STATE, f"plan {plan.act} was withdrawn")


def _check_fresh(plan: PlanState, text: PlanText, store: StoreState, *, now: Instant) -> None:
    _check_law(text, store)
    needs = conditions(plan, store.policy)
    if now > needs.not_after:
        raise RetentionError(
            ErrorKind.PLAN_STALE,
            f"plan {plan.act} was good until {needs.not_after}: make a new one",
        )


def _check_law(text: PlanText, store: StoreState) -> None:
    if not _is_lawful(text, store):
        raise RetentionError(
            ErrorKind.PLAN_STALE,
            f"the plan was made by pack {text.pack_sha256} and agency file {text.agency_sha256}, "
            "and the store is kept under other law now: make a new plan",
        )


def _is_lawful(text: PlanText, store: StoreState) -> bool:
    """Whether the plan was made by the law under which the store is kept."""
    law = store.law
    made = (text.pack_sha256, text.agency_sha256)
    return law is not None and made == (law.pack_sha256, law.agency_sha256)
