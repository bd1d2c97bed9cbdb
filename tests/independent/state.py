"""Whether each entry is possible after those before it, from open fields alone (AUD-12)."""

import dataclasses
from collections.abc import Iterator

from canonical import microseconds
from custody import Finding, Leaf
from purges import Purges

FREE = {
    "store.created", "access.refused", "access.ended", "audit.ended", "keys.epoch_destroyed",
}  # fmt: skip
MASTER = "responsible-authority"
RECORDS = {MASTER, "designee", "records"}
LEADING = {MASTER, "chief", "designee"}
KEEPING = LEADING | {"records"}
NEEDS = {
    "actor.enrolled": {MASTER},
    "actor.revoked": {MASTER},
    "authorization.granted": {MASTER},
    "authorization.revoked": {MASTER},
    "generation.closed": {MASTER},
    "keys.rotation_started": {MASTER},
    "leftovers.discarded": {MASTER},
    "object.ingested": RECORDS | {"officer", "importer", "supervisor"},
    "audit.started": RECORDS | {"auditor"},
    "fact.asserted": KEEPING | {"supervisor", "officer", "importer"},
} | {
    kind: roles
    for roles, kinds in (
        ({MASTER}, ("shadows.repaired",)),
        (
            LEADING,
            (
                "law.adopted", "policy.set", "backups.declared", "erasure.attested",
                "storage.attested",
            ),
        ),
        (KEEPING | {"supervisor", "prosecutor"}, ("hold.placed", "hold.bound", "hold.reviewed")),
        (
            KEEPING,
            (
                "tags.added", "collected.claimed", "hold.release_proposed", "hold.released",
                "request.received", "request.bound", "request.answered", "request.closed",
                "notice.sent", "consent.recorded", "consent.withdrawn", "derivative.made",
                "derived.from", "release.made", "plan.proposed", "plan.approved",
                "plan.withdrawn", "purge.started", "purge.completed", "purge.failed",
                "purge.run_ended", "clock.confirmed", "storage.probed", "object.locked",
                "locks.synced",
            ),
        ),
    )
    for kind in kinds
}  # fmt: skip


@dataclasses.dataclass
class Actor:
    """An actor as enrolled last."""

    roles: set[str]
    key: str | None
    revoked: bool = False


@dataclasses.dataclass
class State(Purges):
    """What the entries so far add up to."""

    signed_kinds: set[str] = dataclasses.field(default_factory=set)
    actors: dict[str, Actor] = dataclasses.field(default_factory=dict)
    unknown: set[str] = dataclasses.field(default_factory=set)
    grants: dict[str, Leaf] = dataclasses.field(default_factory=dict)
    revoked_grants: set[str] = dataclasses.field(default_factory=set)
    discarded: set[str] = dataclasses.field(default_factory=set)
    sources: set[str] = dataclasses.field(default_factory=set)
    open_accesses: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    acts: dict[str, str] = dataclasses.field(default_factory=dict)
    probed: str | None = None

    def may_act(self) -> int:
        """How many actors are enrolled and not revoked."""
        return sum(not actor.revoked for actor in self.actors.values())

    def signature(self, leaf: Leaf) -> Iterator[Finding]:
        """Whether the entry is signed by the right key, where it must be (AUD-10)."""
        auth = leaf["auth"]
        if auth["method"] == "ed25519":
            actor = self.actors.get(leaf["by"])
            if actor is None or actor.key != auth["key"]:
                yield "key-unknown", "not the key that the actor was enrolled with"
        elif leaf["kind"] in self.signed_kinds and self.may_act() > 1:
            yield "signature-required", "an entry of this kind must be signed"

    def judge(self, leaf: Leaf) -> Iterator[Finding]:
        """Judge an entry of a known kind against the entries before it, and take it in."""
        first = leaf["kind"] == "actor.enrolled" and not self.actors
        if leaf["kind"] not in FREE and not first:
            yield from self._judge_actor(leaf)
        word, _, identifier = leaf["scope"]["id"].partition("/")
        known = word != "object" or identifier in self.ingested
        if not known and leaf["kind"] != "object.ingested":
            yield "state-invalid", "the object was not ingested before"
        method = getattr(self, "_" + leaf["kind"].replace(".", "_"), None)
        if method is not None:
            yield from method(leaf, leaf["body"])

    def _judge_actor(self, leaf: Leaf) -> Iterator[Finding]:
        """Whether the actor is enrolled, is not revoked and has the role."""
        actor = self.actors.get(leaf["by"])
        if actor is None:
            if leaf["by"] not in self.unknown:
                self.unknown.add(leaf["by"])
                yield "actor-unknown", "the actor is not enrolled"
        elif actor.revoked:
            yield "actor-revoked", "the actor was revoked"
        else:
            yield from self._judge_roles(leaf, actor.roles)

    def _judge_roles(self, leaf: Leaf, roles: set[str]) -> Iterator[Finding]:
        """Whether roles suffice for an entry."""
        kind = leaf["kind"]
        asked = [NEEDS[kind]] if kind in NEEDS else []
        if kind == "keys.rotation_started" and self.destroyed:
            asked = [KEEPING]
        asked += [set(one["roles"]) for one in self.policy["narrowed"] if one["kind"] == kind][-1:]
        if not all(roles & needed for needed in asked):
            yield "not-authorized", "the actor has none of the roles"
        elif (
            kind == "fact.asserted"
            and "chief" not in roles
            and leaf["body"]["fact"].startswith("chief_")
        ):
            yield "chief-required", "only the chief may say so"

    def _store_created(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """What kinds must be signed."""
        self.signed_kinds |= set(body["signed_kinds"])
        yield from ()

    def _storage_probed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """What came of the last probe of the evidence."""
        if body["place"] == "evidence":
            self.probed = body["verdict"]
        yield from ()

    def _actor_enrolled(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Somebody may act from here on."""
        self.actors[body["actor"]] = Actor(set(body["roles"]), body.get("public_key"))
        yield from ()

    def _actor_revoked(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Whom it revokes exists."""
        if body["actor"] in self.actors:
            self.actors[body["actor"]].revoked = True
        else:
            yield "state-invalid", "there is no such actor"

    def _authorization_granted(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Its id is new."""
        if body["authorization"] in self.grants:
            yield "state-invalid", "the authorization was granted before"
        self.grants.setdefault(body["authorization"], body)

    def _authorization_revoked(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """What it revokes exists."""
        if body["authorization"] not in self.grants:
            yield "state-invalid", "there is no such authorization"
        self.revoked_grants.add(body["authorization"])

    def _object_ingested(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """The object and its source are new."""
        identifier = leaf["scope"]["id"].partition("/")[2]
        if identifier in self.ingested or identifier in self.discarded:
            yield "state-invalid", "the object was ingested or discarded before"
        tags = set(body["tags"].get("source", ()))
        if tags & self.sources:
            yield "duplicate-source", "an object with this source was ingested before"
        self.sources |= tags
        self.ingested.setdefault(identifier, leaf)

    def _object_accessed(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """An authorization admits the actor at the time of the decision."""
        scope = leaf["scope"]
        self.open_accesses.add((scope["id"], scope["seq"]))
        self.of(leaf).accesses += 1
        grant = self.grants.get(body.get("authorization", ""))
        at = microseconds(leaf["decided"]["at"]) or 0
        if grant is None or not all(
            [
                body["authorization"] not in self.revoked_grants,
                grant["actor"] == leaf["by"],
                grant.get("object") in (None, scope["id"].partition("/")[2]),
                body["purpose"] in grant["purposes"],
                (microseconds(grant["from"]) or 0) <= at,
                "until" not in grant or at < (microseconds(grant["until"]) or 0),
            ]
        ):
            yield "not-authorized", "no authorization in force admits the actor"

    def _access_ended(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """It ends an access that is open."""
        access = (leaf["scope"]["id"], body["accessed_seq"])
        if access not in self.open_accesses:
            yield "state-invalid", "it ends no access that is open"
        self.open_accesses.discard(access)

    def _leftovers_discarded(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """None of its objects was ingested."""
        if set(body["objects"]) & set(self.ingested):
            yield "state-invalid", "one of the objects was ingested"
        self.discarded |= set(body["objects"])

    def _audit_started(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Once in its scope."""
        if leaf["scope"]["id"] in self.acts:
            yield "state-invalid", "the audit was started before"
        self.acts[leaf["scope"]["id"]] = "started"

    def _audit_ended(self, leaf: Leaf, body: Leaf) -> Iterator[Finding]:
        """Once in its scope, after the start."""
        if self.acts.get(leaf["scope"]["id"]) != "started":
            yield "state-invalid", "the audit was not started, or ended before"
        self.acts[leaf["scope"]["id"]] = "ended"
