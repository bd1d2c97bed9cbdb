"""Facts, holds, requests and consents: what they add up to, and what cannot be (AUD-12)."""

import dataclasses
from collections.abc import Iterator

from canonical import Json

Finding = tuple[str, str]
"""A code, and what it is about."""

Leaf = dict[str, Json]

LABEL = "00000000-0000-8000-8000-000000000000"
"""The assertion that stands for the label of an ingest (CUS-10)."""

BEFORE_POLICY: Leaf = {
    "approvals": 1, "large_objects": 100, "waiting_hours": 24, "plan_days": 30,
    "clock_hours": 744, "dual_release": ["litigation"], "narrowed": [],
}  # fmt: skip


@dataclasses.dataclass
class Hold:
    """A hold: its entry, who proposed its release, and whether it was released."""

    leaf: Leaf
    proposed: set[str] = dataclasses.field(default_factory=set)
    released: str | None = None


@dataclasses.dataclass
class Said:
    """What is said of one object after its ingest."""

    facts: list[Leaf] = dataclasses.field(default_factory=list)
    tags: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    claims: list[Leaf] = dataclasses.field(default_factory=list)
    holds: set[str] = dataclasses.field(default_factory=set)
    requests: dict[str, Leaf] = dataclasses.field(default_factory=dict)
    consents: dict[str, bool] = dataclasses.field(default_factory=dict)
    parent: str | None = None
    accesses: int = 0
    releases: int = 0
    started: Leaf | None = None
    completed: Leaf | None = None

    @property
    def status(self) -> str:
        """Present, purging or purged (AUD-37)."""
        if self.started is None:
            return "present"
        return "purging" if self.completed is None else "purged"


@dataclasses.dataclass
class Custody:
    """What entries say of law, policy, objects and requests."""

    ingested: dict[str, Leaf] = dataclasses.field(default_factory=dict)
    said: dict[str, Said] = dataclasses.field(default_factory=dict)
    law: Leaf | None = None
    policy: Leaf = dataclasses.field(default_factory=lambda: dict(BEFORE_POLICY))
    holds: dict[str, Hold] = dataclasses.field(default_factory=dict)
    requests: dict[str, Leaf] = dataclasses.field(default_factory=dict)
    facts: dict[str, list[Leaf]] = dataclasses.field(default_factory=dict)

    def said_of(self, identifier: str) -> Said:
        """What is said of an object."""
        return self.said.setdefault(identifier, Said())

    def of(self, leaf: Leaf) -> Said:
        """What is said of the object in whose scope an entry stands."""
        return self.said_of(leaf["scope"]["id"].partition("/")[2])

    def _law_adopted(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The law from here on."""
        self.law = leaf
        yield from ()

    def _policy_set(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The agency's own rules from here on."""
        self.policy = body
        yield from ()

    def _fact_asserted(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """An assertion is new, says something, and stands in place of one of the same fact."""
        scope = leaf["scope"]["id"]
        if scope.startswith("object/"):
            former = self.of(leaf).facts
        else:
            former = self.facts.setdefault(scope, [])
        if scope.startswith("act/") and scope[4:] not in self.requests:
            yield "state-invalid", "no request was received"
            return
        known = {one["body"]["assertion"]: one["body"]["fact"] for one in former}
        ingested = self.ingested.get(scope[7:])
        if ingested is not None and "label" in ingested["body"]:
            known[LABEL] = "labels"
        if body["assertion"] in known:
            yield "state-invalid", "the assertion was made before"
        if "supersedes" in body:
            if known.get(body["supersedes"]) != body["fact"]:
                yield "state-invalid", "it stands in place of nothing"
        elif "value" not in body:
            yield "state-invalid", "it says nothing"
        former.append(leaf)

    def _tags_added(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """More tags."""
        for kind, tags in body["tags"].items():
            self.of(leaf).tags.setdefault(kind, set()).update(tags)
        yield from ()

    def _collected_claimed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Another claim of when it was made."""
        self.of(leaf).claims.append({"at": body["at"], "basis": body["basis"]})
        yield from ()

    def _hold_placed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The id of a hold is new."""
        if body["hold"] in self.holds:
            yield "state-invalid", "the hold was placed before"
        self.holds[body["hold"]] = Hold(leaf)

    def _holding(self, body: Leaf) -> Hold | None:
        """The hold that an entry names, if it was placed and is not released."""
        hold = self.holds.get(body["hold"])
        return None if hold is None or hold.released is not None else hold

    def _hold_reviewed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The hold stands."""
        if self._holding(body) is None:
            yield "state-invalid", "no such hold stands"

    def _hold_release_proposed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The hold stands."""
        hold = self._holding(body)
        if hold is None:
            yield "state-invalid", "no such hold stands"
        else:
            hold.proposed.add(leaf["by"])

    def _hold_released(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The hold stands, and where two must release it another has proposed it."""
        hold = self._holding(body)
        if hold is None:
            yield "state-invalid", "no such hold stands"
            return
        dual = hold.leaf["body"]["kind"] in self.policy["dual_release"]
        if dual and not hold.proposed - {leaf["by"]}:
            yield "second-actor-required", "nobody else proposed it"
        hold.released = leaf["at"]

    def _hold_bound(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The hold stands, and the object is not being destroyed."""
        yield from self._untouched(leaf)
        if self._holding(body) is None:
            yield "state-invalid", "no such hold stands"
        self.of(leaf).holds.add(body["hold"])

    def _untouched(self, leaf: Leaf) -> Iterator[Finding]:
        """The destruction of the object has not begun."""
        if self.of(leaf).started is not None:
            yield "state-invalid", "the destruction of the object had begun"

    def _request_received(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """A request begins its scope."""
        if leaf["scope"]["seq"]:
            yield "state-invalid", "not the first of its scope"
        self.requests.setdefault(leaf["scope"]["id"][4:], {**body, "closed": None})

    def _request_closed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The request was received, was not closed, and waits for nothing."""
        identifier = leaf["scope"]["id"][4:]
        request = self.requests.get(identifier)
        waiting = any(
            said.requests.get(identifier, {"outcome": 1})["outcome"] is None
            for said in self.said.values()
        )
        if request is None or request["closed"] is not None or waiting:
            yield "state-invalid", "it cannot be closed"
        if request is not None:
            request["closed"] = body["outcome"]

    def _request_bound(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The request was received so, is open, and is new to the object."""
        yield from self._untouched(leaf)
        bound, request = self.of(leaf).requests, self.requests.get(body["request"])
        if body["request"] in bound:
            yield "state-invalid", "the request is bound already"
            return
        if request is None or request["closed"] is not None or (
            (request["kind"], request["received"]) != (body["kind"], body["received"])
        ):  # fmt: skip
            yield "state-invalid", "no such request is open"
        bound[body["request"]] = {**body, "outcome": None, "answered": None, "notices": {}}

    def _request_answered(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The request is bound and was not answered, or is withdrawn."""
        bound = self.of(leaf).requests.get(body["request"])
        if bound is None:
            yield "state-invalid", "the request is not bound"
            return
        if bound["outcome"] is not None and body["outcome"] != "withdrawn":
            yield "state-invalid", "it was answered before"
        bound |= {"outcome": body["outcome"], "answered": body["on"]}

    def _notice_sent(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The request is bound."""
        bound = self.of(leaf).requests.get(body["request"])
        if bound is None:
            yield "state-invalid", "the request is not bound"
        else:
            bound["notices"][body["notice"]] = body["on"]

    def _consent_recorded(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The id of a consent is new."""
        if body["consent"] in self.of(leaf).consents:
            yield "state-invalid", "the consent was recorded before"
        self.of(leaf).consents[body["consent"]] = True

    def _consent_withdrawn(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The consent counts."""
        if not self.of(leaf).consents.get(body["consent"]):
            yield "state-invalid", "no such consent counts"
        self.of(leaf).consents[body["consent"]] = False

    def _derivative_made(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The object is not being destroyed."""
        yield from self._untouched(leaf)

    def _derived_from(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The only one, of another object that was there as it is said."""
        said, parent = self.of(leaf), self.ingested.get(body["parent"])
        if said.parent is not None:
            yield "state-invalid", "it is known of what it was made"
        itself = body["parent"] == leaf["scope"]["id"][7:]
        if parent is None or itself or (
            parent["body"]["manifest_sha256"] != body["parent_manifest_sha256"]
        ):  # fmt: skip
            yield "state-invalid", "no such object was there"
        said.parent = body["parent"]

    def _release_made(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The object is not being destroyed."""
        yield from self._untouched(leaf)
        self.of(leaf).releases += 1
