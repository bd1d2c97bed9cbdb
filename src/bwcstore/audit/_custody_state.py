"""Law, policy, facts, holds, requests and consents, folded a second time (spec: AUD-12).

Rules kept here: from open fields alone; an entry that cannot be true is taken in as far as it
can.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import cast

import attrs

from bwcstore._encoding import Json
from bwcstore.audit._records import (
    INGEST_LABEL,
    Bound,
    Ingested,
    Law,
    Placed,
    Problem,
    Request,
    Rules,
    Said,
    wrong,
)
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry

_NOT_WHILE_PURGING = frozenset({"hold.bound", "request.bound", "release.made", "derivative.made"})


class Custody:
    """What is said of the store, of requests and of objects, but not of their destruction.

    Attributes:
        law: the law of the store.
        rules: the agency's own rules.
        holds: every hold; another mapping after each change.
        requests: by act.
    """

    def __init__(self) -> None:
        self.law: Law | None = None
        self.rules = Rules()
        self.holds: Mapping[str, Placed] = MappingProxyType({})
        self.requests: dict[str, Request] = {}
        self._facts: tuple[Said, ...] = ()

    def fold_store(self, entry: Entry) -> Iterator[Problem]:
        """Take in an entry of scope `store`."""
        body = cast("dict[str, str]", entry.body)
        match entry.kind:
            case "law.adopted":
                self.law = Law(
                    pack_sha256=body["pack_sha256"],
                    pack_annex=body["pack_annex"],
                    agency_sha256=body["agency_sha256"],
                    agency_annex=body["agency_annex"],
                    zone=body["zone"],
                )
            case "policy.set":
                self.rules = _rules(entry.body)
            case "fact.asserted":
                yield from _check_said(self._facts, entry)
                self._facts = (*self._facts, _said(entry))
            case "hold.placed":
                if body["hold"] in self.holds:
                    yield wrong("places a hold a second time")
                query = cast("dict[str, Json] | None", entry.body.get("query"))
                self._hold(body["hold"], Placed(kind=body["kind"], query=query, at=entry.at))
            case "hold.reviewed" | "hold.release_proposed" | "hold.released":
                yield from self._change_hold(entry, body["hold"])

    def _hold(self, name: str, hold: Placed) -> None:
        self.holds = MappingProxyType({**self.holds, name: hold})

    def _change_hold(self, entry: Entry, name: str) -> Iterator[Problem]:
        hold = self.holds.get(name)
        if hold is None:
            yield wrong("is about a hold that was never placed")
            return
        if hold.released_at is not None:
            yield wrong("is about a hold that was released before")
            return
        by = entry.by.text
        if entry.kind == "hold.release_proposed":
            self._hold(name, attrs.evolve(hold, proposed_by=hold.proposed_by | {by}))
        elif entry.kind == "hold.released":
            if hold.kind in self.rules.dual_release and not hold.proposed_by - {by}:
                yield wrong(
                    f"nobody but {by} has proposed to release a hold that two must release",
                    ErrorKind.SECOND_ACTOR_REQUIRED,
                )
            self._hold(name, attrs.evolve(hold, released_at=entry.at))

    def fold_act(self, entry: Entry, scope: str) -> Iterator[Problem]:
        """Take in an entry of a request."""
        name = scope.removeprefix("act/")
        body = cast("dict[str, str]", entry.body)
        if entry.kind == "request.received":
            if entry.scope.seq:
                yield wrong("a request begins its act")
            self.requests.setdefault(name, Request(body["kind"], body["received"]))
            return
        request = self.requests.get(name)
        if request is None:
            yield wrong("no request was received under this act")
        elif entry.kind == "fact.asserted":
            yield from _check_said(request.facts, entry)
            request.facts = (*request.facts, _said(entry))
        else:
            if request.outcome is not None:
                yield wrong("closes a request that was closed before")
            elif request.pending:
                yield wrong(f"closes a request that {request.pending} recordings wait for")
            request.outcome = body["outcome"]

    def fold_object(self, entry: Entry, facts: Ingested) -> Iterator[Problem]:
        """Take in an entry that says something of an object."""
        if facts.purge is not None and entry.kind in _NOT_WHILE_PURGING:
            yield wrong("its destruction had begun before")
        kept = facts.keep()
        body = cast("dict[str, str]", entry.body)
        match entry.kind:
            case "fact.asserted":
                yield from _check_said(kept.facts, entry, label=facts.label)
                kept.facts = (*kept.facts, _said(entry))
            case "tags.added":
                tags = cast("dict[str, list[str]]", entry.body["tags"])
                for kind, items in tags.items():
                    kept.added.setdefault(kind, []).extend(items)
            case "collected.claimed":
                kept.claims = (*kept.claims, (body["at"], body["basis"]))
            case "hold.bound":
                hold = self.holds.get(body["hold"])
                if hold is None or hold.released_at is not None:
                    yield wrong("is bound by a hold that does not hold")
                kept.holds |= {body["hold"]}
            case "request.bound" | "request.answered" | "notice.sent":
                yield from self._bind(entry, facts, body["request"])
            case "consent.recorded":
                if body["consent"] in kept.consents:
                    yield wrong("records a consent a second time")
                kept.consents[body["consent"]] = True
            case "consent.withdrawn":
                if not kept.consents.get(body["consent"]):
                    yield wrong("withdraws a consent that does not count")
                kept.consents[body["consent"]] = False
            case "release.made":
                kept.releases += 1

    def _bind(self, entry: Entry, facts: Ingested, name: str) -> Iterator[Problem]:
        body = cast("dict[str, str]", entry.body)
        requests = facts.keep().requests
        act, bound = self.requests.get(name), requests.get(name)
        if entry.kind == "request.bound":
            if bound is not None:
                yield wrong("binds a request a second time")
                return
            requests[name] = _bound(entry.body)
            if act is None or (act.kind, act.received) != (body["kind"], body["received"]):
                yield wrong("is bound by a request that was not received, or as another one")
            elif act.outcome is not None:
                yield wrong("is bound by a request that was closed before")
            if act is not None:
                act.pending += 1
        elif bound is None:
            yield wrong("is about a request that is not about the object")
        elif entry.kind == "notice.sent":
            notices = {**bound.notices, body["notice"]: body["on"]}
            requests[name] = attrs.evolve(bound, notices=MappingProxyType(notices))
        else:
            if bound.outcome is not None and body["outcome"] != "withdrawn":
                yield wrong("answers a request that was answered before")
            if bound.outcome is None and act is not None:
                act.pending -= 1
            requests[name] = attrs.evolve(bound, outcome=body["outcome"], answered_on=body["on"])


def _said(entry: Entry) -> Said:
    body = cast("dict[str, str]", entry.body)
    return Said(
        id=body["assertion"],
        fact=body["fact"],
        value=entry.body.get("value"),
        since=body["since"],
        at=entry.at,
        by=entry.by.text,
        basis=body["basis"],
        supersedes=body.get("supersedes"),
    )


def _check_said(
    former: tuple[Said, ...], entry: Entry, *, label: str | None = None
) -> Iterator[Problem]:
    made = _said(entry)
    known = {(one.id, one.fact) for one in former}
    if label is not None:
        known.add((INGEST_LABEL, "labels"))
    if any(one.id == made.id for one in former):
        yield wrong("repeats the id of an assertion")
    if made.supersedes is None:
        if made.value is None:
            yield wrong("takes nothing back, and says nothing")
    elif (made.supersedes, made.fact) not in known:
        yield wrong("stands in place of what is no assertion of this fact")


def _bound(body: Mapping[str, Json]) -> Bound:
    answers = cast("list[dict[str, Json]]", body["answers"])
    return Bound(
        kind=cast("str", body["kind"]),
        received=cast("str", body["received"]),
        days=cast("int | None", body.get("days")),
        answers=MappingProxyType({str(one["flag"]): one["value"] is True for one in answers}),
    )


def _rules(body: Mapping[str, Json]) -> Rules:
    numbers = cast("dict[str, int]", body)
    narrowed = cast("list[dict[str, Json]]", body["narrowed"])
    return Rules(
        approvals=numbers["approvals"],
        large_objects=numbers["large_objects"],
        waiting_hours=numbers["waiting_hours"],
        plan_days=numbers["plan_days"],
        clock_hours=numbers["clock_hours"],
        dual_release=frozenset(cast("list[str]", body["dual_release"])),
        narrowed=MappingProxyType(
            {str(one["kind"]): frozenset(cast("list[str]", one["roles"])) for one in narrowed}
        ),
    )
