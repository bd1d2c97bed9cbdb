"""What the agency owes, to whom and by when: pure, from what the ledger has.

Rules kept here (spec chapter `requests`):

- deadlines are those of the law engine, asked with the facts of the recording, of the request and
  of the agency (REQ-10, REQ-11);
- whoever asked that a recording be kept is told when that is granted and before it ends, each by
  themselves (REQ-12);
- a hold is to be looked at again on the day that was said (REQ-13);
- a request that is not answered is owed an answer, whatever the law names (REQ-14);
- facts with which the law cannot be asked are to be corrected (REQ-15).

Recordings of which nothing was said since their ingest are not looked at; the others are judged
once for each set of facts, of which a large store has few.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore._values import ActId, Instant
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._duty import (
    FACTS_UNSOUND,
    HOLD_REVIEW,
    REQUEST_ANSWER,
    Duty,
    duty_of,
    unsound,
)
from bwcstore.custody._knowledge import (
    COLLECTED,
    END_NOTICED_ON,
    GRANTED_ON,
    NOTICED_ON,
    RETAIN,
    asserted_facts,
    collected_at,
    recording_facts,
)
from bwcstore.custody._object_records import UNTOUCHED, ObjectState, RequestBound
from bwcstore.custody._state import State
from bwcstore.errors import InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._condition import names
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._facts import Facts, Subject, Value
from bwcstore.statute._judgements import Deadline, DeadlineStatus
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention
from bwcstore.statute._rules import DeadlineRule

REQUESTER: Final = "requester"
REQUESTED_ON: Final = "requested_on"
ACCESS_GIVEN_ON: Final = "access_given_on"
EXTENSION_ENDS_ON: Final = "retention_extension_ends_on"
_AGENCY: Final = "agency"
_OF_A_GRANT: Final = frozenset({GRANTED_ON, NOTICED_ON, END_NOTICED_ON, EXTENSION_ENDS_ON})


def duties(state: State, *, law: Law, at: Instant) -> tuple[Duty, ...]:
    """Everything that is owed at a moment, the soonest first, what has no day last.

    Args:
        state: what is true.
        law: the law of the day.
        at: the moment; its local date is the day.
    """
    owed = _Owed(state, law, at)
    found = [*owed.by_agency(), *owed.of_recordings(), *owed.to_requesters(), *owed.reviews()]
    return tuple(sorted(found, key=lambda one: (one.due or date.max, one.about, one.rule)))


class _Owed:
    """What is owed at one moment under one law."""

    def __init__(self, state: State, law: Law, at: Instant) -> None:
        self.state = state
        self.law = law
        self.at = at
        self.day = local_date(at, law.zone)
        self._starts = {rule.id: rule.start for rule in law.deadlines}
        self._asked = _names_asked(law)
        self._judged: dict[Hashable, tuple[Deadline, ...] | InvalidInputError] = {}

    # --- The agency and its recordings --------------------------------------------------------

    def by_agency(self) -> Iterator[Duty]:
        """What the agency owes whatever it records."""
        try:
            facts = self._asserted(self.state.store.facts)
            found = self._unmet(facts, Subject.AGENCY)
        except InvalidInputError as exc:
            yield unsound(_AGENCY, exc)
            return
        for one in found:
            yield duty_of(_AGENCY, one)

    def of_recordings(self) -> Iterator[Duty]:
        """What follows from facts of recordings, and from requests to retain that were granted."""
        for one in self.state.objects():
            if one.keeping is UNTOUCHED:
                continue
            about = f"object/{one.object_id}"
            found = self._recording(one)
            if isinstance(found, InvalidInputError):
                yield attrs.evolve(unsound(about, found), objects=(one.object_id,))
                continue
            for deadline in found:
                yield attrs.evolve(duty_of(about, deadline), objects=(one.object_id,))
            if one.purged is None:
                yield from self._notices(one)

    def _recording(self, one: ObjectState) -> tuple[Deadline, ...] | InvalidInputError:
        """The deadlines of a recording, or why the law cannot be asked for them."""
        ingested_on = local_date(one.ingested_at, self.law.zone)
        said = [
            fact for fact in one.assertions(ingested_on=ingested_on) if fact.fact in self._asked
        ]
        if not said:
            return ()
        made = collected_at(one) if COLLECTED in self._asked else None
        key = None
        if all(fact.supersedes is None for fact in said):
            key = (made, frozenset((fact.fact, str(fact.value), fact.since) for fact in said))
            if key in self._judged:
                return self._judged[key]
        found: tuple[Deadline, ...] | InvalidInputError
        try:
            facts = self._asserted(said)
            if made is not None:
                facts = facts.with_values({COLLECTED: made})
            found = self._unmet(facts, Subject.RECORDING)
        except InvalidInputError as exc:
            found = exc
        if key is not None:
            self._judged[key] = found
        return found

    def _notices(self, one: ObjectState) -> Iterator[Duty]:
        granted = [
            bound
            for bound in one.keeping.requests.values()
            if bound.kind == RETAIN and bound.outcome == "granted"
        ]
        if not granted or not _OF_A_GRANT & set(self._starts.values()):
            return
        about = f"object/{one.object_id}"
        try:
            seen = as_law_sees(self.state, one)
            facts = recording_facts(seen, self.state.store, law=self.law, at=self.at)
            kept = retention(facts, law=self.law, as_of=self.day)
            ends = {ext.request: ext.end for ext in kept.extensions}
            found = [
                (bound, deadline)
                for bound in granted
                for deadline in self._unmet(
                    self._of_grant(facts, bound, ends.get(str(bound.request))),
                    Subject.RECORDING,
                    of_a_grant=True,
                )
            ]
        except InvalidInputError as exc:
            yield attrs.evolve(unsound(about, exc), objects=(one.object_id,))
            return
        for bound, deadline in found:
            yield attrs.evolve(
                duty_of(about, deadline), request=bound.request, objects=(one.object_id,)
            )

    def _of_grant(self, facts: Facts, bound: RequestBound, ends: date | None) -> Facts:
        """The facts of a recording as if the one grant were all that was granted (REQ-12)."""
        days = {
            GRANTED_ON: bound.answered_on,
            NOTICED_ON: bound.notices.get("grant"),
            END_NOTICED_ON: bound.notices.get("expiry"),
            EXTENSION_ENDS_ON: ends,
        }
        others = {name: value for name, value in facts.values.items() if name not in _OF_A_GRANT}
        known = {name: day for name, day in days.items() if day and name in self.law.specs}
        return Facts(others | known)

    # --- Requests -----------------------------------------------------------------------------

    def to_requesters(self) -> Iterator[Duty]:
        """What is owed to whoever has asked for something and was not answered in full."""
        for request in self.state.acts():
            if isinstance(request, RequestState) and request.outcome is None:
                yield from self._request(request)

    def _request(self, request: RequestState) -> Iterator[Duty]:
        about = f"act/{request.act}"
        bound = [self.state.object(one) for one in self.state.bound(request.act)]
        open_ones = [
            one
            for one in bound
            if one is not None
            and one.purged is None
            and one.keeping.requests[request.act].outcome in (None, "granted")
        ]
        # Of several recordings the one that is due first counts; a request that is about none yet
        # has its deadlines all the same.
        owed: dict[str, Duty] = {}
        asked: list[ObjectState | None] = [*open_ones] if bound else [None]
        for one in asked:
            for duty in self._of_request(request, one):
                known = owed.get(duty.rule)
                objects = (*(known.objects if known else ()), *duty.objects)
                first = min(filter(None, (known, duty)), key=lambda each: each.due or date.max)
                owed[duty.rule] = attrs.evolve(first, objects=objects)
        waiting = [one for one in open_ones if one.keeping.requests[request.act].outcome is None]
        if not owed.keys() - {FACTS_UNSOUND} and (waiting or not bound):
            owed[REQUEST_ANSWER] = Duty(
                about=about,
                rule=REQUEST_ANSWER,
                duty=f"answer the request of kind {request.kind}",
                owed_to="the requester",
                cite=None,
                due=request.received,
                rolled=request.received,
                request=request.act,
                objects=tuple(one.object_id for one in waiting),
            )
        yield from owed.values()

    def _of_request(self, request: RequestState, one: ObjectState | None) -> Iterator[Duty]:
        if request.kind == RETAIN:
            # It asks for no access, and the deadlines of the law are about access.
            return
        about = f"act/{request.act}"
        objects = () if one is None else (one.object_id,)
        try:
            given = dict(self._asserted(self.state.store.facts).values)
            if one is not None:
                seen = as_law_sees(self.state, one)
                of = recording_facts(seen, self.state.store, law=self.law, at=self.at)
                given.update(of.values)
            given.update(self._request_facts(request, one))
            found = self._unmet(Facts(given), Subject.REQUEST)
        except InvalidInputError as exc:
            yield attrs.evolve(unsound(about, exc), request=request.act, objects=objects)
            return
        for deadline in found:
            yield attrs.evolve(duty_of(about, deadline), request=request.act, objects=objects)

    def _request_facts(self, request: RequestState, one: ObjectState | None) -> Mapping[str, Value]:
        """The facts of a request: who asked and when, what was given, and what was asserted."""
        given: dict[str, Value] = {}
        for spec in self.law.pack.facts:
            if spec.name == REQUESTER and request.requester in spec.codes:
                given[REQUESTER] = request.requester
            elif spec.name == REQUESTED_ON:
                given[REQUESTED_ON] = request.received
            elif spec.name == ACCESS_GIVEN_ON and one is not None:
                days = [*self._given_on(one, request.act)]
                if days:
                    given[ACCESS_GIVEN_ON] = max(days)
        return given | dict(self._asserted(request.facts).values)

    def _given_on(self, one: ObjectState, act: ActId) -> Iterator[date]:
        """The days on which a recording, or what was made of it, went out on a request."""
        for release in one.keeping.releases:
            if release.request == act:
                yield local_date(release.at, self.law.zone)
        for derivative in one.keeping.derivatives:
            made = self.state.object(derivative)
            if made is not None:
                yield from self._given_on(made, act)

    # --- Holds --------------------------------------------------------------------------------

    def reviews(self) -> Iterator[Duty]:
        """Holds that are to be looked at again."""
        for hold in self.state.store.holds.values():
            if hold.released_at is None and hold.review_on is not None:
                late = self.day > hold.review_on
                yield Duty(
                    about=f"hold/{hold.hold_id}",
                    rule=HOLD_REVIEW,
                    duty="look at the hold again: release it, or say until when it stands",
                    owed_to="the agency itself",
                    cite=None,
                    due=hold.review_on,
                    rolled=hold.review_on,
                    status=DeadlineStatus.OVERDUE if late else DeadlineStatus.OWED,
                )

    # --- The law ------------------------------------------------------------------------------

    def _asserted(self, assertions: Iterable[FactAssertion]) -> Facts:
        law = self.law
        return asserted_facts(assertions, pack=law.pack, zone=law.zone, on=self.day, at=self.at)

    def _unmet(
        self, facts: Facts, about: Subject, *, of_a_grant: bool = False
    ) -> tuple[Deadline, ...]:
        """The deadlines that are not met and either certain or of a known day (REQ-10).

        Raises:
            InvalidInputError: the law cannot be asked with the facts.
        """
        found = []
        for one in deadlines(facts, law=self.law, as_of=self.day):
            start = self._starts[one.id]
            fits = start in facts.values if start in _OF_A_GRANT else not of_a_grant
            told = one.ground.certain or one.plain is not None
            if fits and told and one.about is about and one.status is not DeadlineStatus.MET:
                found.append(one)
        return tuple(found)


def _names_asked(law: Law) -> frozenset[str]:
    """The facts of a recording that its deadlines, and contradictions, depend on."""
    found: set[str] = set()
    for rule in law.deadlines:
        if rule.about == Subject.RECORDING:
            found |= _names_of(rule)
    for contradiction in law.contradictions:
        found |= names(contradiction.when)
    return frozenset(
        name for name in found if name in law.specs and law.specs[name].about is Subject.RECORDING
    )


def _names_of(rule: DeadlineRule) -> frozenset[str]:
    return names(rule.when) | names(rule.met) | {rule.start, *rule.not_before}
