"""Requests: received under an act of their own, bound to recordings, answered for each."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import cast

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._actors import random_id
from bwcstore._session._history import opened
from bwcstore._session._holds import refused_for, seen
from bwcstore._session._law import require_law
from bwcstore._values import ActId, Instant, ObjectId, ScopeId, check_text
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._asserting import Asserting
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._object_records import ObjectState, RequestBound
from bwcstore.custody._requesting import (
    WITHDRAWN,
    Advice,
    advise,
    bound_to,
    check_denial,
    check_notice,
    check_request,
    check_requester,
    check_rule,
    day_of,
    ending,
    first_facts,
    granting,
    open_request,
    require_request,
    to_answer,
    to_bind,
)
from bwcstore.custody._state import State
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.statute._facts import Subject
from bwcstore.statute._pack import Law


@attrs.frozen(kw_only=True)
class Requester:
    """Who asks and in which words, beyond what is open; sealed."""

    name: str | None = None
    contact: str | None = None
    statement: str | None = None

    def private(self) -> dict[str, Json]:
        """The sealed fields of `request.received`, but for the reason.

        Raises:
            InvalidInputError: a text is blank or malformed.
        """
        private: dict[str, Json] = {}
        if self.name is not None:
            private["name"] = check_text(self.name, "name", length_max=256)
        if self.contact is not None:
            private["contact"] = check_text(self.contact, "contact", length_max=1024)
        return private | _statement(self.statement)


@attrs.frozen(kw_only=True)
class Asked:
    """What a request asks for; see `Session.receive_request`."""

    kind: str
    requester: str
    received: date | None
    objects: tuple[ObjectId, ...]
    days: int | None
    answers: Mapping[str, bool]
    facts: Mapping[str, object]


@attrs.frozen(kw_only=True)
class RequestLine:
    """A request for people.

    Attributes:
        request: what the ledger says of it in the open.
        bound: the recordings it is about, with what became of it for each.
        name: who asks, as far as keys allow.
        contact: how they are reached, as far as keys allow.
        statement: their words, as far as keys allow.
    """

    request: RequestState
    bound: Mapping[ObjectId, RequestBound]
    name: str | None
    contact: str | None
    statement: tuple[str, ...]

    @property
    def objects(self) -> Mapping[ObjectId, str | None]:
        """The recordings it is about, with the outcome for each; None while it holds one."""
        return {object_id: one.outcome for object_id, one in self.bound.items()}


def receive_request(acting: Acting, asked: Asked, requester: Requester) -> ActId:
    """Receive a request; see `Session.receive_request`."""
    services = acting.services
    environment = services.environment
    act = ActId.from_time(environment.clock.now(), environment.entropy.take(10))
    ids = [random_id(environment.entropy.take(16)) for _ in asked.facts]
    private = requester.private()

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        adopted = require_law(services, state)
        check_request(asked.kind, days=asked.days, answers=asked.answers, pack=adopted.pack)
        check_requester(asked.requester, adopted.pack)
        received = day_of(asked.received, "received", today=adopted.today(now))
        found = to_bind(state, act, asked.objects)
        by = Asserting(
            about=Subject.REQUEST,
            actor=permission.actor,
            basis="statement",
            law=adopted.now(now),
            at=now,
        )
        facts = first_facts(asked.facts, ids, since=received, by=by)
        body: dict[str, Json] = {
            "kind": asked.kind,
            "requester": asked.requester,
            "received": received.isoformat(),
        }
        scope = ScopeId.act(act)
        first = acting.draft(
            permission, "request.received", body, now=now, scope=scope, private=private
        )
        said = tuple(
            acting.draft(
                permission,
                "fact.asserted",
                {
                    "assertion": one.assertion_id,
                    "fact": one.fact,
                    "value": one.value,
                    "since": one.since.isoformat(),
                    "basis": one.basis,
                },
                now=now,
                scope=scope,
            )
            for one in facts
        )
        terms = _terms(act, asked.kind, received, days=asked.days, answers=asked.answers)
        bound = _bound(acting, permission, found, terms, now=now)
        return Decision(drafts=(first, *said, *bound))

    acting.commit(Verb.REQUEST, plan, object_id=refused_for(services, asked.objects))
    return act


def _terms(
    act: ActId, kind: str, received: date, *, days: int | None, answers: Mapping[str, bool]
) -> Mapping[str, Json]:
    """The open fields of `request.bound`."""
    body: dict[str, Json] = {
        "request": str(act),
        "kind": kind,
        "received": received.isoformat(),
        "answers": [{"flag": name, "value": answers[name]} for name in sorted(answers)],
    }
    if days is not None:
        body["days"] = days
    return body


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
        check_request(
            request.kind, days=days, answers=answers, pack=require_law(services, state).pack
        )
        found = to_bind(state, act, objects)
        terms = _terms(act, request.kind, request.received, days=days, answers=answers)
        drafts = _bound(acting, permission, found, terms, now=now)
        return Decision(drafts=drafts, reads=frozenset({f"act/{act}"}))

    acting.commit(Verb.REQUEST, plan, object_id=refused_for(services, objects))


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
    private = _statement(answer.statement)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        # Whoever asked may take it back at any time, also after the request was closed.
        require = require_request if answer.outcome == WITHDRAWN else open_request
        request = require(state, act)
        found = to_answer(state, act, answer.outcome, answer.objects)
        check_denial(request.kind, answer.outcome, permission.actor)
        adopted = require_law(services, state)
        check_rule(answer.rule, adopted.pack)
        on = day_of(answer.on, "answer", earliest=request.received, today=adopted.today(now))
        law = adopted.now(now)
        drafts, told = [], dict[Advice, None]()
        for object_id, bound in found.items():
            body, advice = _answered(bound, answer, on, law)
            told.update(dict.fromkeys(advice))
            drafts.append(
                acting.draft(
                    permission,
                    "request.answered",
                    body,
                    now=now,
                    scope=ScopeId.object(object_id),
                    private=private,
                )
            )
        return Decision(drafts=tuple(drafts), reads=frozenset({f"act/{act}"}), outcome=tuple(told))

    named = refused_for(services, answer.objects or ())
    return cast("tuple[Advice, ...]", acting.commit(Verb.ANSWER, plan, object_id=named).outcome)


def _answered(
    bound: RequestBound, answer: Answer, on: date, law: Law
) -> tuple[Mapping[str, Json], tuple[Advice, ...]]:
    """The open fields of `request.answered`, and what to tell the requester besides."""
    body: dict[str, Json] = {
        "request": str(bound.request),
        "outcome": answer.outcome,
        "on": on.isoformat(),
    }
    extension = granting(bound, law) if answer.outcome == "granted" else None
    rule = answer.rule or (extension.id if extension else None)
    if rule is not None:
        body["rule"] = rule
    return body, advise(bound, extension) if extension else ()


def close_request(
    acting: Acting, act: ActId, *, outcome: str | None, statement: str | None
) -> None:
    """Close a request; see `Session.close_request`."""
    private = _statement(statement)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        ended = ending(state, act, outcome, permission.actor)
        draft = acting.draft(
            permission,
            "request.closed",
            {"outcome": ended},
            now=now,
            scope=ScopeId.act(act),
            private=private,
        )
        reads = frozenset(f"object/{one}" for one in state.bound(act))
        return Decision(drafts=(draft,), reads=reads)

    acting.commit(Verb.ANSWER, plan)


@attrs.frozen(kw_only=True)
class Notice:
    """A notice as it was sent; see `Session.send_notice`."""

    notice: str
    on: date | None
    to: str | None
    statement: str | None


def send_notice(acting: Acting, act: ActId, object_id: ObjectId, notice: Notice) -> None:
    """Record that the requester was told; see `Session.send_notice`."""
    services = acting.services
    private = _statement(notice.statement)
    if notice.to is not None:
        private["to"] = check_text(notice.to, "to", length_max=1024)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        today = require_law(services, state).today(now)
        on = check_notice(state, act, object_id, notice.notice, on=notice.on, today=today)
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
    seen(acting, Verb.REQUEST)
    services = acting.services
    services.log.refresh()

    def taken(state: State) -> list[tuple[RequestState, dict[ObjectId, RequestBound]]]:
        return [
            (
                one,
                {
                    about.object_id: about.keeping.requests[one.act]
                    for about in bound_to(state, one.act)
                },
            )
            for one in state.acts()
            if isinstance(one, RequestState)
        ]

    found = []
    for request, bound in services.log.view(taken):
        first = services.log.scope_entries(ScopeId.act(request.act))[0]
        payload = opened(services, first) or {}
        words = payload.get("statement")
        found.append(
            RequestLine(
                request=request,
                bound=bound,
                name=_text(payload, "name"),
                contact=_text(payload, "contact"),
                statement=tuple(map(str, words)) if isinstance(words, list) else (),
            )
        )
    return tuple(found)


def _statement(text: str | None) -> dict[str, Json]:
    return {} if text is None else {"statement": lines_of(text, "statement")}


def _text(payload: Mapping[str, Json], field: str) -> str | None:
    value = payload.get(field)
    return value if isinstance(value, str) else None
