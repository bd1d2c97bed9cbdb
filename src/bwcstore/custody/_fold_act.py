"""How the entries of an act's scope change what is true of it: requests, and purge plans.

Rule kept here: from open fields alone (LED-1). Acts of other kinds (audits) have no state.
"""

from types import MappingProxyType

import attrs

from bwcstore._values import ActId, Digest
from bwcstore.custody._act_records import ActState, PlanState, RequestState
from bwcstore.custody._fields import assertion, day, impossible, including, number, text, texts
from bwcstore.ledger._entry import Entry


def fold_act(state: ActState | None, entry: Entry) -> ActState | None:
    """The state of an act after one more entry of its scope; None for acts without state.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if not entry.known:
        return None if state is None else attrs.evolve(state, opaque=True)
    act = ActId(entry.scope.id.text[4:])
    match entry.kind:
        case "request.received" | "plan.proposed" if entry.scope.seq:
            raise impossible(entry, "an act begins once, and with this")
        case "request.received":
            return _received(act, entry)
        case "plan.proposed":
            return _proposed(act, entry)
        case "fact.asserted" | "request.closed":
            return _request(state, entry)
        case "plan.approved" | "plan.withdrawn" | "purge.run_ended":
            return _plan(state, entry)
        case _:
            return state


def _received(act: ActId, entry: Entry) -> RequestState:
    return RequestState(
        act=act,
        kind=text(entry.body, "kind"),
        requester=text(entry.body, "requester"),
        received=day(entry.body, "received"),
        received_at=entry.at,
        received_by=entry.by,
    )


def _request(state: ActState | None, entry: Entry) -> RequestState:
    if not isinstance(state, RequestState):
        raise impossible(entry, "no request was received under this act")
    if entry.kind == "fact.asserted":
        return attrs.evolve(state, facts=(*state.facts, assertion(entry, state.facts)))
    if state.outcome is not None:
        raise impossible(entry, "the request was closed before")
    return attrs.evolve(state, outcome=text(entry.body, "outcome"))


def _proposed(act: ActId, entry: Entry) -> PlanState:
    body = entry.body
    return PlanState(
        act=act,
        digest=Digest.parse(text(body, "plan_sha256")),
        annex=Digest.parse(text(body, "plan_annex")),
        as_of=day(body, "as_of"),
        objects_count=number(body, "objects_count"),
        brakes=texts(body, "brakes"),
        proposed_at=entry.at,
        proposed_by=entry.by,
        proposed_index=entry.index,
        approvals=MappingProxyType({}),
    )


def _plan(state: ActState | None, entry: Entry) -> PlanState:
    if not isinstance(state, PlanState):
        raise impossible(entry, "no plan was proposed under this act")
    if entry.kind == "purge.run_ended":
        completed = number(entry.body, "completed")
        return attrs.evolve(state, ended=state.ended + 1, completed=completed)
    if state.withdrawn:
        raise impossible(entry, "the plan was withdrawn before")
    if entry.kind == "plan.withdrawn":
        return attrs.evolve(state, withdrawn=True)
    if text(entry.body, "plan_sha256") != str(state.digest):
        raise impossible(entry, "it approves another plan than was proposed")
    if entry.by in state.approvals:
        raise impossible(entry, "the same actor has approved it before")
    return attrs.evolve(state, approvals=including(state.approvals, entry.by, entry.index))
