"""Whether the destruction that a certificate tells of was decided and done as it had to be.

Rules kept here (spec: CRT-13 to CRT-15):

- two people at least: nobody approves what they proposed, and nobody approves twice;
- proposal, approvals and destruction name the same plan, in this order, and it was not withdrawn;
- nothing that the chain of the recording shows held it when its destruction began.
"""

import hashlib
from datetime import date
from typing import Final, cast

from bwcstore import _layout
from bwcstore.custody._authority import ROLES_FOR, Verb
from bwcstore.custody._fields import day, number, text, texts
from bwcstore.custody._fold_object import fold_object
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import FormatError, IntegrityError
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate_form import invalid
from bwcstore.purge._certificate_parts import Parts
from bwcstore.purge._outcomes import VersionOutcome, decode_outcomes, read_outcomes

_VERBS: Final = {
    "plan.proposed": Verb.PROPOSE_PURGE,
    "plan.approved": Verb.APPROVE_PURGE,
    "purge.started": Verb.PURGE,
    "erasure.attested": Verb.ATTEST,
}


def state_when_started(parts: Parts) -> ObjectState:
    """What the chain of the recording implied when its destruction began.

    Raises:
        IntegrityError: the chain is none that this format has (`certificate-invalid`).
    """
    return _folded(parts)[0]


def final_state(parts: Parts) -> ObjectState:
    """What the chain of the recording implies at its end.

    Raises:
        IntegrityError: the chain is none that this format has (`certificate-invalid`).
    """
    return _folded(parts)[1]


def _folded(parts: Parts) -> tuple[ObjectState, ObjectState]:
    state: ObjectState | None = None
    before: ObjectState | None = None
    try:
        for entry in parts.recording:
            if entry.kind == "purge.started":
                before = state
            state = fold_object(state, entry)
    except IntegrityError as exc:
        raise invalid(exc.message) from exc
    if before is None or state is None:
        raise invalid("its destruction does not begin after its ingest")
    return before, state


def check_decision(parts: Parts) -> None:
    """Check that the destruction was proposed, approved and begun as it had to be (CRT-13).

    Raises:
        IntegrityError: it was not (`certificate-invalid`).
    """
    started, proposed = parts.started, parts.plan[0]
    if parts.plan[0].scope.id.text != f"act/{text(started.body, 'plan')}":
        raise invalid("the plan that is shown is not the one under which it was destroyed")
    digest = text(started.body, "plan_sha256")
    if text(proposed.body, "plan_sha256") != digest:
        raise invalid("another plan was proposed than the one under which it was destroyed")
    _check_approvals(parts, digest)
    for entry in parts.plan:
        if entry.kind == "plan.withdrawn" and entry.index < started.index:
            raise invalid(f"the plan was withdrawn, by entry {entry.index}")
    for entry in (proposed, *parts.approvals, started, *filter(None, (parts.attested,))):
        _check_role(parts, entry)
    _check_law(parts)
    _check_dates(started)


def _check_approvals(parts: Parts, digest: str) -> None:
    indices = [one.index for one in parts.approvals]
    if not indices or indices != sorted(set(indices)) or indices[-1] > parts.started.index:
        raise invalid("approvals are needed, in order, from before the destruction began")
    if number(parts.started.body, "segments") != number(parts.recording[0].body, "segment_count"):
        raise invalid("another number of segments was to be deleted than were ingested")
    actors = {parts.plan[0].by}
    for approval in parts.approvals:
        if text(approval.body, "plan_sha256") != digest:
            raise invalid(f"entry {approval.index} approves another plan")
        if approval.by in actors:
            raise invalid(
                f"entry {approval.index}: the actor proposed the plan, or approved it before"
            )
        actors.add(approval.by)


def _check_role(parts: Parts, entry: Entry) -> None:
    enrolment = parts.enrolment(entry)
    roles = texts(enrolment.body, "roles") if enrolment else ()
    if not ROLES_FOR[_VERBS[entry.kind]].intersection(roles):
        raise invalid(f"the actor of entry {entry.index} has no role for {entry.kind}")


def _check_law(parts: Parts) -> None:
    if parts.law.index > parts.started.index or any(
        parts.law.body[field] != parts.started.body[field]
        for field in ("pack_sha256", "agency_sha256")
    ):
        raise invalid("it was decided under another law than the one that is shown")


def _check_dates(started: Entry) -> None:
    body = started.body
    as_of, disposal, last = day(body, "as_of"), day(body, "disposal"), day(body, "last_protected")
    if not last < disposal <= as_of:
        raise invalid(f"destroyed as of {as_of}: kept through {last}, to be destroyed {disposal}")
    # No zone is more than a day ahead of UTC.
    decided = date.fromisoformat(str(started.decided.at)[:10])
    if (as_of - decided).days > 1:
        raise invalid(f"it was decided as of {as_of}, which had not come")
    for floor in cast("list[dict[str, str | None]]", body["floors"]):
        end = floor["end"]
        if end is None or date.fromisoformat(end) > last:
            raise invalid(f"rule {floor['rule']} keeps it through {end or 'no day'}, not {last}")
    if not body["authority"]:
        raise invalid("nothing lets it be destroyed")


def check_not_held(parts: Parts) -> None:
    """Check that nothing that the chain shows held the recording when it was begun (CRT-14).

    Raises:
        IntegrityError: a hold that bound it is not shown as released, or a request about it was
            not answered (`certificate-invalid`).
    """
    keeping = state_when_started(parts).keeping
    released = {text(one.body, "hold") for one in parts.released if one.index < parts.started.index}
    if left := keeping.holds - released:
        raise invalid(f"hold {min(left)} bound it and is not shown as released")
    for request in keeping.requests.values():
        if request.outcome is None:
            raise invalid(f"request {request.request} about it was not answered")
    shown = [text(one.body, "hold") for one in parts.released]
    if len(shown) != len(set(shown)) or not keeping.holds.issuperset(shown):
        raise invalid("the release of a hold that did not bind it has no reason to be there")


def outcomes_of(parts: Parts, annexes: tuple[bytes, ...]) -> tuple[VersionOutcome, ...]:
    """What became of every stored version, checked against the recording (CRT-15).

    Raises:
        IntegrityError: it is not listed, or does not fit (`certificate-invalid`).
    """
    body = parts.completed.body
    named = body.get("outcomes_annex")
    if (named is not None) != (len(annexes) == 1):
        raise invalid("the list of outcomes is missing, or is there and is not named")
    found = read_outcomes(body["outcomes"])
    if named is not None:
        if found or _digest(annexes[0]) != named:
            raise invalid("the list of outcomes is not the one that was named")
        try:
            found = decode_outcomes(annexes[0], object_id=parts.object_id)
        except FormatError as exc:
            raise invalid(exc.message) from exc
    _check_outcomes(parts, found)
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _check_outcomes(parts: Parts, outcomes: tuple[VersionOutcome, ...]) -> None:
    count = number(parts.started.body, "segments")
    if count > len(outcomes):
        raise invalid(f"{len(outcomes)} outcomes cannot be those of {count} segments")
    names = {_layout.segment(parts.object_id, one) for one in range(count)}
    for one in outcomes:
        if one.name not in names:
            raise invalid(f"{one.name} is no segment of the recording")
    if missing := names.difference(one.name for one in outcomes):
        raise invalid(f"nothing is said of what became of {min(missing)}")
    deleted = sum(one.outcome == "deleted" for one in outcomes)
    if number(parts.completed.body, "versions") != deleted:
        raise invalid(f"{deleted} versions are listed as deleted, not as many as are counted")
