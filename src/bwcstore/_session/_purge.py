"""Plans of destruction: made, proposed, approved, withdrawn, looked at (PRG-5 to PRG-11)."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting
from bwcstore._session._annexes import get_annex, put_annex
from bwcstore._session._law import Adopted, require_law
from bwcstore._session._services import Services
from bwcstore._values import ActId, ActorId, Digest, Instant, ObjectId, ScopeId
from bwcstore.custody._act_records import PlanState
from bwcstore.custody._authority import ROLES_FOR, Permission, Verb
from bwcstore.custody._clock import check_clock
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError, RetentionError
from bwcstore.ledger._draft import Decision
from bwcstore.purge._approval import (
    Conditions,
    PlanPhase,
    check_approval,
    check_proposal,
    conditions,
    phase,
    require_plan,
)
from bwcstore.purge._brakes import find_brakes, usual_volume
from bwcstore.purge._over_retention import OverRetained, find_over_retained
from bwcstore.purge._plan import PurgePlan, make_plan
from bwcstore.purge._plan_text import PlanText
from bwcstore.statute._civil import local_date

# Judging fewer takes less time than loading Arrow and reading the tables.
MANY: Final = 20_000


@attrs.frozen(kw_only=True)
class PurgeStatus:
    """Where a plan stands.

    Attributes:
        act: its act.
        phase: where it stands.
        plan_sha256: the digest that approvals name.
        as_of: the day it was made for.
        proposed_at: when it was proposed.
        proposed_by: by whom.
        approved_by: who approved it.
        brakes: why it needs one more approval and waits.
        conditions: what it needs before it may be run.
        objects_count: how many recordings it has.
        completed: those that are destroyed.
        begun: those whose destruction has begun; the next run of any plan finishes it.
        left: those that are neither.
        runs: how many runs ended.
    """

    act: ActId
    phase: PlanPhase
    plan_sha256: Digest
    as_of: date
    proposed_at: Instant
    proposed_by: ActorId
    approved_by: tuple[ActorId, ...]
    brakes: tuple[str, ...]
    conditions: Conditions
    objects_count: int
    completed: tuple[ObjectId, ...]
    begun: tuple[ObjectId, ...]
    left: tuple[ObjectId, ...]
    runs: int


def plan_purge(acting: Acting, *, as_of: date | None = None, many: int = MANY) -> PurgePlan:
    """Judge every recording; see `Session.plan_purge`.

    Args:
        acting: who asks.
        as_of: the day; today when None.
        many: where there are at least so many recordings, the catalog says which to look at.
    """
    look(acting)
    services = acting.services
    services.log.refresh()
    adopted, at, day = _moment(acting, as_of)
    law = adopted.on(day)
    count = services.log.view(lambda state: sum(1 for one in state.objects() if one.purged is None))
    if count < many:
        named = None
    else:
        from bwcstore._session import _catalog  # noqa: PLC0415 - few recordings do not need Arrow

        named = _catalog.candidate_ids(services, law=law, at=at)
    store, seen, usual = _snapshot(acting, named)
    plan = make_plan(seen, store, store_id=services.store_id, law=law, at=at, usual=usual)
    return plan if named is None else attrs.evolve(plan, considered_count=count)


def over_retained(acting: Acting, *, as_of: date | None = None) -> tuple[OverRetained, ...]:
    """What should be gone; see `Session.over_retained`."""
    look(acting)
    store, seen, _ = _snapshot(acting)
    adopted, at, day = _moment(acting, as_of)
    return find_over_retained(seen, store, law=adopted.on(day), at=at)


def look(acting: Acting) -> Permission:
    """Check that the actor may see plans: whoever may make them, and auditors.

    Raises:
        AuthorizationError: no; appended as `access.refused`.
    """
    actor = acting.services.log.view(lambda state: state.store.actor_tagged(acting.who.actor_tag))
    audits = actor is not None and bool(actor.roles & ROLES_FOR[Verb.AUDIT])
    return acting.allow(Verb.AUDIT if audits else Verb.PROPOSE_PURGE)


def _snapshot(
    acting: Acting, named: Iterable[ObjectId] | None = None
) -> tuple[StoreState, list[ObjectState], int]:
    """The recordings as the law sees them, all or those that are named, and what plans usually
    destroy.
    """

    def taken(state: State) -> tuple[StoreState, list[ObjectState], int]:
        chosen = state.objects() if named is None else map(state.object, named)
        seen = [as_law_sees(state, found) for found in chosen if found is not None]
        return state.store, seen, usual_volume(state.acts())

    acting.services.log.refresh()
    return acting.services.log.view(taken)


def _moment(acting: Acting, as_of: date | None) -> tuple[Adopted, Instant, date]:
    """The law of the store, and the moment for which something is asked."""
    services = acting.services
    adopted = require_law(services, services.log.state)
    now = services.environment.clock.now()
    today = adopted.today(now)
    if as_of is None or as_of == today:
        return adopted, now, today
    noon = datetime.combine(as_of, time(12), tzinfo=adopted.zone)
    return adopted, Instant.from_datetime(noon), as_of


def propose_purge(acting: Acting, plan: PurgePlan) -> ActId:
    """Propose a plan; see `Session.propose_purge`."""
    services = acting.services
    acting.allow(Verb.PROPOSE_PURGE)
    services.require_writable()
    if not plan.due:
        raise InvalidInputError(ErrorKind.PLAN_STATE, "nothing in the plan is due")
    text, annex = plan.text, plan.annex
    # What cannot be read back must not be proposed.
    PlanText.decode(annex)
    digest = put_annex(services.backend, annex)
    environment = services.environment
    act = ActId.from_time(environment.clock.now(), environment.entropy.take(10))

    def decide(state: State, permission: Permission, now: Instant) -> Decision:
        check_clock(state, now)
        zone = _zone(state)
        check_proposal(text, state, store=services.store_id.text, today=local_date(now, zone))
        brakes = find_brakes(
            (_changed(state, item.object_id) for item in text.items),
            usual=usual_volume(state.acts()),
            store=state.store,
            now=now,
        )
        body: dict[str, Json] = {
            "plan_sha256": str(digest),
            "plan_annex": str(digest),
            "as_of": str(text.as_of),
            "objects_count": len(text.items),
            "brakes": [brake.value for brake in brakes],
        }
        draft = acting.draft(permission, "plan.proposed", body, now=now, scope=ScopeId.act(act))
        reads = frozenset({"store", *(f"object/{item.object_id}" for item in text.items)})
        return Decision(drafts=(draft,), reads=reads)

    acting.commit(Verb.PROPOSE_PURGE, decide)
    return act


def _zone(state: State) -> ZoneInfo:
    law = state.store.law
    if law is None:
        raise InvalidInputError(
            ErrorKind.LAW_NOT_ADOPTED, "no statute pack was adopted for this store"
        )
    return ZoneInfo(law.zone)


def _changed(state: State, object_id: ObjectId) -> Instant | None:
    found = state.object(object_id)
    if found is None:
        raise InvalidInputError(ErrorKind.PLAN_STATE, f"the plan names {object_id}: no such object")
    return as_law_sees(state, found).keeping.changed_at


def approve_purge(acting: Acting, act: ActId, *, plan_sha256: Digest) -> None:
    """Approve a plan; see `Session.approve_purge`."""
    services = acting.services
    acting.allow(Verb.APPROVE_PURGE)
    services.log.refresh()
    text = plan_text(services, require_plan(services.log.state, act))

    def decide(state: State, permission: Permission, now: Instant) -> Decision:
        plan = require_plan(state, act)
        check_approval(
            plan, text, state.store, by=permission.actor.actor_id, digest=plan_sha256, now=now
        )
        check_clock(state, now)
        draft = acting.draft(
            permission,
            "plan.approved",
            {"plan_sha256": str(plan_sha256)},
            now=now,
            scope=ScopeId.act(act),
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.APPROVE_PURGE, decide)


def withdraw_purge(acting: Acting, act: ActId) -> None:
    """Withdraw a plan; see `Session.withdraw_purge`."""
    acting.services.log.refresh()

    def decide(state: State, permission: Permission, now: Instant) -> Decision:
        if require_plan(state, act).withdrawn:
            raise InvalidInputError(ErrorKind.PLAN_STATE, f"plan {act} was withdrawn before")
        draft = acting.draft(permission, "plan.withdrawn", {}, now=now, scope=ScopeId.act(act))
        return Decision(drafts=(draft,))

    acting.commit(Verb.PROPOSE_PURGE, decide)


def plan_text(services: Services, plan: PlanState) -> PlanText:
    """The text of a plan, from its annex.

    Raises:
        IntegrityError: the annex is missing or altered.
        FormatError: it is no plan.
        RetentionError: it is not the plan that was proposed (`plan-altered`).
        StorageError: reading failed.
    """
    text = PlanText.decode(get_annex(services.backend, plan.annex))
    if plan.annex != plan.digest or len(text.items) != plan.objects_count:
        raise RetentionError(
            ErrorKind.PLAN_ALTERED, f"plan {plan.act}: its annex is not the plan that it proposed"
        )
    return text


def purge_status(acting: Acting, act: ActId) -> PurgeStatus:
    """Where a plan stands; see `Session.purge_status`."""
    look(acting)
    services = acting.services
    services.log.refresh()
    plan = require_plan(services.log.state, act)
    text = plan_text(services, plan)
    now = services.environment.clock.now()
    return services.log.view(lambda state: _status(state, plan, text, now))


def plans(acting: Acting) -> tuple[PurgeStatus, ...]:
    """Where every plan stands; see `Session.plans`."""
    look(acting)
    services = acting.services
    services.log.refresh()
    found = services.log.view(
        lambda state: [plan for plan in state.acts() if isinstance(plan, PlanState)]
    )
    return tuple(purge_status(acting, plan.act) for plan in found)


def _status(state: State, plan: PlanState, text: PlanText, now: Instant) -> PurgeStatus:
    by_status: dict[str, list[ObjectId]] = {"present": [], "purging": [], "purged": []}
    for item in text.items:
        found = state.object(item.object_id)
        by_status[found.status if found else "present"].append(item.object_id)
    left = len(text.items) - len(by_status["purged"])
    return PurgeStatus(
        act=plan.act,
        phase=phase(plan, text, state.store, left=left, now=now),
        plan_sha256=plan.digest,
        as_of=plan.as_of,
        proposed_at=plan.proposed_at,
        proposed_by=plan.proposed_by,
        approved_by=tuple(plan.approvals),
        brakes=plan.brakes,
        conditions=conditions(plan, state.store.policy),
        objects_count=plan.objects_count,
        completed=tuple(by_status["purged"]),
        begun=tuple(by_status["purging"]),
        left=tuple(by_status["present"]),
        runs=plan.ended,
    )
