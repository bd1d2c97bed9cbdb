"""Requests: received under an act of their own, bound to recordings, answered for each."""

from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._history import opened
from bwcstore._session._law import require_law
from bwcstore._values import ActId, Digest, Instant, ObjectId, ScopeId, check_text
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._requesting import (
    Advice,
    advise,
    bound_to,
    check_denial,
    check_request,
    check_requester,
    open_request,
    to_answer,
    to_bind,
)
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._custody_kinds import NOTICES, OUTCOMES
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.ledger._kind import code


@attrs.frozen(kw_only=True)
class RequestOrder:
    """A request as it came in; see `Session.receive_request`."""

    kind: str
    requester: str
    received: date | None
    objects: tuple[ObjectId, ...]
    name: str | None
    contact: str | None
    statement: str | None
    days: int | None
    answers: Mapping[str, bool]

    def private(self) -> dict[str, Json]:
        """The sealed fields."""
        private: dict[str, Json] = {}
        if self.name is not None:
            private["name"] = check_text(self.name, "name", length_max=256)
        if self.contact is not None:
            private["contact"] = check_text(self.contact, "contact", length_max=1024)
        if self.statement is not None:
            private["statement"] = lines_of(self.statement, "statement")
        return private

    def bound(self, act: ActId, received: date) -> dict[str, Json]:
        """The open fields of `request.bound`."""
        body: dict[str, Json] = {
            "request": str(act),
            "kind": self.kind,
            "received": received.isoformat(),
            "answers": [
                {"flag": name, "value": self.answers[name]} for name in sorted(self.answers)
            ],
        }
        if self.days is not None:
            body["days"] = self.days
        return body


@attrs.frozen(kw_only=True)
class RequestLine:
    """A request for people.

    Attributes:
        request: what the ledger says of it in the open.
        objects: the recordings it is about, with what became of it for each.
        name: who asks, as far as keys allow.
        contact: how they are reached, as far as keys allow.
        statement: their words, as far as keys allow.
    """

    request: RequestState
    objects: Mapping[ObjectId, str | None]
    name: str | None
    contact: str | None
    statement: tuple[str, ...]


def receive_request(acting: Acting, order: RequestOrder) -> ActId:
    """Receive a request; see `Session.receive_request`."""
    services = acting.services
    environment = services.environment
    act = ActId.from_time(environment.clock.now(), environment.entropy.take(10))
    private = order.private()

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        adopted = require_law(services, state)
        check_request(order.kind, days=order.days, answers=order.answers, pack=adopted.pack)
        check_requester(order.requester, adopted.pack)
        received = order.received or adopted.today(now)
        if received > adopted.today(now):
            raise InvalidInputError(
                ErrorKind.FACT_FUTURE, f"a request cannot have been received on {received}"
            )
        found = to_bind(state, act, order.objects)
        body: dict[str, Json] = {
            "kind": order.kind,
            "requester": order.requester,
            "received": received.isoformat(),
        }
        first = acting.draft(
            permission,
            "request.received",
            body,
            now=now,
            scope=ScopeId.act(act),
            private=private,
        )
        bound = order.bound(act, received)
        drafts = _bound(acting, permission, found, bound, now=now)
        return Decision(drafts=(first, *drafts))

    acting.commit(Verb.REQUEST, plan, object_id=order.objects[0] if order.objects else None)
    return act


def _bound(
    acting: Acting,
    permission: Permission,
    found: Iterable[ObjectState],
    body: Mapping[str, Json],
    *,
    now: Instant,
) -> tuple[Draft, ...]:
    return tuple(
        acting.bare_draft(
            permission, "request.bound", body, now=now, scope=ScopeId.object(one.object_id)
        )
        for one in found
    )


def bind_request(
    acting: Acting,
    act: ActId,
    objects: tuple[ObjectId, ...],
    *,
    days: int | None,
    answers: Mapping[str, bool],
) -> None:
    """Say what else a request is about; see `Session.bind_request`."""
    services = acting.services

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        request = open_request(state, act)
        pack = require_law(services, state).pack
        check_request(request.kind, days=days, answers=answers, pack=pack)
        found = to_bind(state, act, objects)
        order = RequestOrder(
            kind=request.kind,
            requester=request.requester,
            received=request.received,
            objects=objects,
            name=None,
            contact=None,
            statement=None,
            days=days,
            answers=answers,
        )
        drafts = _bound(acting, permission, found, order.bound(act, request.received), now=now)
        return Decision(drafts=drafts, reads=frozenset({f"act/{act}"}))

    acting.commit(Verb.REQUEST, plan, object_id=objects[0] if objects else None)


@attrs.frozen(kw_only=True)
class Answer:
    """An answer as it is given; see `Session.answer_request`."""

    outcome: str
    objects: tuple[ObjectId, ...] | None
    rule: str | None
    on: date | None
    statement: str | None


def answer_request(acting: Acting, act: ActId, answer: Answer) -> tuple[Advice, ...]:
    """Answer a request; see `Session.answer_request`."""
    services = acting.services
    private: dict[str, Json] = {}
    if answer.statement is not None:
        private["statement"] = lines_of(answer.statement, "statement")
    if answer.rule is not None and not code(answer.rule):
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"no rule: {answer.rule!r:.60}")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        request = state.act(act)
        if answer.outcome != "withdrawn":
            request = open_request(state, act)
        elif not isinstance(request, RequestState):
            raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {act}")
        adopted = require_law(services, state)
        found = to_answer(state, act, answer.outcome, answer.objects)
        check_denial(request.kind, answer.outcome, permission.actor)
        today = adopted.today(now)
        on = answer.on or today
        if not request.received <= on <= today:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"request {act} of {request.received} cannot have been answered on {on}",
            )
        body: dict[str, Json] = {
            "request": str(act),
            "outcome": answer.outcome,
            "on": on.isoformat(),
        }
        if answer.rule is not None:
            body["rule"] = answer.rule
        drafts = tuple(
            acting.draft(
                permission,
                "request.answered",
                body,
                now=now,
                scope=ScopeId.object(one.object_id),
                private=private,
            )
            for one in found
        )
        law = adopted.now(now)
        told = {
            advice: None
            for one in found
            for advice in advise(one.keeping.requests[act], answer.outcome, law)
        }
        return Decision(drafts=drafts, reads=frozenset({f"act/{act}"}), outcome=tuple(told))

    outcome = acting.commit(Verb.ANSWER, plan).outcome
    return outcome if isinstance(outcome, tuple) else ()


def close_request(
    acting: Acting, act: ActId, *, outcome: str | None, statement: str | None
) -> None:
    """Close a request; see `Session.close_request`."""
    private: dict[str, Json] = {}
    if statement is not None:
        private["statement"] = lines_of(statement, "statement")
    if outcome is not None and outcome not in (*OUTCOMES, "nothing-held"):
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"outcome {outcome!r:.40}")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        open_request(state, act)
        found = bound_to(state, act)
        outcomes = [one.keeping.requests[act].outcome for one in found]
        if None in outcomes:
            raise InvalidInputError(
                ErrorKind.REQUEST_STATE,
                f"request {act} waits for an answer for {outcomes.count(None)} recordings",
            )
        ended = outcome or _together([one for one in outcomes if one is not None])
        draft = acting.draft(
            permission,
            "request.closed",
            {"outcome": ended},
            now=now,
            scope=ScopeId.act(act),
            private=private,
        )
        reads = frozenset(f"object/{one.object_id}" for one in found)
        return Decision(drafts=(draft,), reads=reads)

    acting.commit(Verb.ANSWER, plan)


def _together(outcomes: list[str]) -> str:
    """One word for several answers: granted where anything was."""
    if not outcomes:
        return "nothing-held"
    return next(word for word in OUTCOMES if word in outcomes)


@attrs.frozen(kw_only=True)
class Notice:
    """A notice as it was sent; see `Session.send_notice`."""

    notice: str
    on: date | None
    to: str | None
    statement: str | None
    document_sha256: Digest | None = None


def send_notice(acting: Acting, act: ActId, object_id: ObjectId, notice: Notice) -> None:
    """Note that the requester was told; see `Session.send_notice`."""
    services = acting.services
    if notice.notice not in NOTICES:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"notice {notice.notice!r:.40}: one of {', '.join(NOTICES)}",
        )
    private: dict[str, Json] = {}
    if notice.to is not None:
        private["to"] = check_text(notice.to, "to", length_max=1024)
    if notice.statement is not None:
        private["statement"] = lines_of(notice.statement, "statement")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        found = state.object(object_id)
        if found is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
        if act not in found.keeping.requests:
            raise NotFoundError(
                ErrorKind.REQUEST_UNKNOWN, f"request {act} is not about object {object_id}"
            )
        on = notice.on or require_law(services, state).today(now)
        draft = acting.draft(
            permission,
            "notice.sent",
            {"request": str(act), "notice": notice.notice, "on": on.isoformat()},
            now=now,
            scope=ScopeId.object(object_id),
            private=private,
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.ANSWER, plan, object_id=object_id)


def request_lines(acting: Acting) -> tuple[RequestLine, ...]:
    """Every request ever received; see `Session.requests`."""
    acting.allow(Verb.REQUEST)
    services = acting.services
    services.log.refresh()
    state = services.log.state
    about: dict[ActId, dict[ObjectId, str | None]] = {}
    for one in state.objects():
        for act, bound in one.keeping.requests.items():
            about.setdefault(act, {})[one.object_id] = bound.outcome
    found = []
    for request in state.acts():
        if not isinstance(request, RequestState):
            continue
        entries = services.log.scope_entries(ScopeId.act(request.act))
        payload = opened(services, entries[0]) or {}
        words = payload.get("statement")
        found.append(
            RequestLine(
                request=request,
                objects=about.get(request.act, {}),
                name=_text(payload, "name"),
                contact=_text(payload, "contact"),
                statement=tuple(map(str, words)) if isinstance(words, list) else (),
            )
        )
    return tuple(found)


def _text(payload: Mapping[str, Json], field: str) -> str | None:
    value = payload.get(field)
    return value if isinstance(value, str) else None
