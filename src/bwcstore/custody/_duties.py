"""What the agency owes, to whom and by when: pure, from what the ledger has.

Rules kept here (spec chapter `requests`):

- deadlines are those of the law engine, asked with the facts of the recording, of the request and
  of the agency (REQ-10);
- a hold is to be looked at again on the day that was said (REQ-11);
- whoever asked that a recording be kept is told before that ends (REQ-12);
- what a recording's facts leave in doubt is a duty too: to find out (REQ-13).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActId, Instant
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._knowledge import asserted_facts, recording_facts
from bwcstore.custody._object_records import UNTOUCHED, ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._facts import Facts, Subject, Value
from bwcstore.statute._judgements import Deadline, DeadlineStatus
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention

REQUESTER: Final = "requester"
REQUESTED_ON: Final = "requested_on"
EXTENSION_ENDS_ON: Final = "retention_extension_ends_on"
_HOLD_REVIEW: Final = "hold-review"
_FACTS_UNSOUND: Final = "facts-unsound"


@attrs.frozen(kw_only=True)
class Duty:
    """Something that is owed.

    Attributes:
        about: `object/<id>`, `act/<id>` (a request), `hold/<id>` or `agency`.
        rule: the rule of the pack, `hold-review` or `facts-unsound`.
        duty: what is owed, in words.
        owed_to: to whom.
        cite: the provision; None for the agency's own.
        due: the day by which it is owed, counted plainly; None where the law names no day.
        rolled: the same with days of rest left out, where the law does so.
        status: `owed`, `past-plain` or `overdue`.
        missing: the facts that keep the day from being known.
    """

    about: str
    rule: str
    duty: str
    owed_to: str
    cite: str | None
    due: date | None
    rolled: date | None
    status: DeadlineStatus
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The JSON form."""
        return {
            "about": self.about,
            "rule": self.rule,
            "duty": self.duty,
            "owed_to": self.owed_to,
            "cite": self.cite,
            "due": self.due.isoformat() if self.due else None,
            "rolled": self.rolled.isoformat() if self.rolled else None,
            "status": self.status.value,
            "missing": [*self.missing],
        }


def duties(state: State, *, law: Law, at: Instant) -> tuple[Duty, ...]:
    """Everything that is owed at a moment, the soonest first, what has no day last.

    Args:
        state: what is true.
        law: the law of the day.
        at: the moment; its local date is the day.
    """
    day = local_date(at, law.zone)
    touched = [one for one in state.objects() if _looked_at(one)]
    found = [
        *_agency(state, law, day, at),
        *_recordings(state, touched, law, day, at),
        *_requests(state, touched, law, at),
        *_reviews(state, day),
    ]
    return tuple(sorted(found, key=lambda one: (one.due or date.max, one.about, one.rule)))


def _looked_at(state: ObjectState) -> bool:
    """Whether anything is said of a recording from which a duty may follow."""
    return state.keeping is not UNTOUCHED and state.purged is None


def _owed(about: str, subject: Subject, found: Iterable[Deadline]) -> Iterator[Duty]:
    for one in found:
        if one.about is subject and one.status is not DeadlineStatus.MET and one.ground.certain:
            yield Duty(
                about=about,
                rule=one.id,
                duty=one.duty,
                owed_to=one.owed_to,
                cite=one.ground.cite,
                due=one.plain,
                rolled=one.rolled,
                status=one.status,
                missing=one.missing,
            )


def _agency(state: State, law: Law, day: date, at: Instant) -> Iterator[Duty]:
    try:
        facts = asserted_facts(state.store.facts, pack=law.pack, zone=law.zone, on=day, at=at)
        yield from _owed("agency", Subject.AGENCY, deadlines(facts, law=law, as_of=day))
    except InvalidInputError as exc:
        yield _unsound("agency", exc)


def _recordings(
    state: State, touched: Iterable[ObjectState], law: Law, day: date, at: Instant
) -> Iterator[Duty]:
    for one in touched:
        about = f"object/{one.object_id}"
        try:
            facts = with_extension(recording_facts(one, state.store, law=law, at=at), law, day)
            yield from _owed(about, Subject.RECORDING, deadlines(facts, law=law, as_of=day))
        except InvalidInputError as exc:
            yield _unsound(about, exc)


def with_extension(facts: Facts, law: Law, day: date) -> Facts:
    """The facts with the day on which the longest request to retain ends (REQ-12)."""
    if not any(spec.name == EXTENSION_ENDS_ON for spec in law.pack.facts):
        return facts
    ends = [one.end for one in retention(facts, law=law, as_of=day).extensions if one.end]
    return facts.with_values({EXTENSION_ENDS_ON: max(ends)}) if ends else facts


def _requests(
    state: State, touched: Iterable[ObjectState], law: Law, at: Instant
) -> Iterator[Duty]:
    about: dict[ActId, list[ObjectState]] = {}
    for one in touched:
        for act, bound in one.keeping.requests.items():
            if bound.outcome is None:
                about.setdefault(act, []).append(one)
    for request in state.acts():
        if not isinstance(request, RequestState) or request.outcome is not None:
            continue
        # Of several recordings the one with the earliest deadline counts; a request that is about
        # none yet has its deadline all the same.
        owed: dict[str, Duty] = {}
        for found in about.get(request.act, [None]):
            for duty in _request(state, request, found, law=law, at=at):
                known = owed.get(duty.rule)
                if known is None or (duty.due or date.max) < (known.due or date.max):
                    owed[duty.rule] = duty
        yield from owed.values()


def _request(
    state: State,
    request: RequestState,
    recording: ObjectState | None,
    *,
    law: Law,
    at: Instant,
) -> Iterator[Duty]:
    name, day = f"act/{request.act}", local_date(at, law.zone)
    try:
        facts = request_facts(request, law=law, at=at)
        if recording is not None:
            of = recording_facts(recording, state.store, law=law, at=at)
            facts = of.with_values(facts.values)
        yield from _owed(name, Subject.REQUEST, deadlines(facts, law=law, as_of=day))
    except InvalidInputError as exc:
        yield _unsound(name, exc)


def request_facts(request: RequestState, *, law: Law, at: Instant) -> Facts:
    """The facts of a request: those asserted of it, who asks, and since when (REQ-9).

    Raises:
        InvalidInputError: an assertion is none that the pack can take.
    """
    day = local_date(at, law.zone)
    asserted = asserted_facts(request.facts, pack=law.pack, zone=law.zone, on=day, at=at)
    given: dict[str, Value] = dict(asserted.values)
    for spec in law.pack.facts:
        if spec.name == REQUESTER and request.requester in spec.codes:
            given.setdefault(REQUESTER, request.requester)
        elif spec.name == REQUESTED_ON:
            given.setdefault(REQUESTED_ON, request.received)
    return Facts(given)


def _reviews(state: State, day: date) -> Iterator[Duty]:
    for hold in state.store.holds.values():
        if hold.released_at is None and hold.review_on is not None:
            late = day > hold.review_on
            yield Duty(
                about=f"hold/{hold.hold_id}",
                rule=_HOLD_REVIEW,
                duty="Look at the hold again: release it, or say until when it stands.",
                owed_to="agency",
                cite=None,
                due=hold.review_on,
                rolled=hold.review_on,
                status=DeadlineStatus.OVERDUE if late else DeadlineStatus.OWED,
            )


def _unsound(about: str, why: InvalidInputError) -> Duty:
    return Duty(
        about=about,
        rule=_FACTS_UNSOUND,
        duty=f"Correct what is recorded; the law cannot be asked with it: {why.message}",
        owed_to="agency",
        cite=None,
        due=None,
        rolled=None,
        status=DeadlineStatus.OWED,
    )
