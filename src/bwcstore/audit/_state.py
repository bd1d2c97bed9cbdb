"""What the entries imply, folded a second time, and which entries cannot be true.

Rules kept here (spec: AUD-12 to AUD-14):

- from open fields alone;
- small on purpose, and apart from `bwcstore.custody`: where the two disagree, one of them is
  wrong, and this is how it is found;
- an entry that cannot be true is taken in as far as it can, so that one fault does not hide the
  next.
"""

from collections.abc import Iterator
from typing import Final, cast

import attrs

from bwcstore import _merkle
from bwcstore._encoding import Json, encode
from bwcstore._values import Instant
from bwcstore.audit._custody_state import Custody
from bwcstore.audit._purge_state import Purging
from bwcstore.audit._records import (
    CLAUSE_OPAQUE,
    Actor,
    Grant,
    Ingested,
    Problem,
    wrong,
)
from bwcstore.audit._roles import ANYBODY, CHIEF, CHIEF_FACTS, PURGING, ROLES
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry

_CUSTODY_ACTS: Final = frozenset({"request.received", "request.closed", "fact.asserted"})
_PLAN_ACTS: Final = frozenset(
    {"plan.proposed", "plan.approved", "plan.withdrawn", "purge.run_ended"}
)
_PURGES: Final = frozenset({"purge.started", "purge.completed", "purge.failed"})
_ANNEX: Final = "_annex"


@attrs.frozen
class Named:
    """The first entry that names an annex."""

    index: int
    where: str


class Fold:
    """Everything that the entries so far imply.

    Attributes:
        parameters: the body of `store.created`; empty before it.
        objects: every ingested object by id.
        opaque: scopes with entries of kinds that are not known.
        custody: law, policy, holds and requests.
        purging: plans, purges and clocks.
        annexes: every annex that an entry names, by its digest in hex.
        proven: the verdict of the last probe of the evidence; None before any.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, Json] = {}
        self.actors: dict[str, Actor] = {}
        self.grants: dict[str, Grant] = {}
        self.objects: dict[str, Ingested] = {}
        self.opaque: set[str] = set()
        self.custody = Custody()
        self.purging = Purging(self.custody, self.objects)
        self.annexes: dict[str, Named] = {}
        self.proven: str | None = None
        self._sources: dict[str, str] = {}
        self._discarded: set[str] = set()
        self._accesses: dict[str, set[int]] = {}
        self._audits: dict[str, bool] = {}

    def must_sign(self, kind: str) -> bool:
        """Whether the store's policy asks for a signature on an entry of this kind, now."""
        if kind not in cast("list[str]", self.parameters.get("signed_kinds", [])):
            return False
        return sum(not actor.revoked for actor in self.actors.values()) > 1

    def fold(self, entry: Entry, *, where: str = "", whole: bool = True) -> Iterator[Problem]:
        """Take an entry in; say what is wrong with it.

        Args:
            entry: the next one.
            where: the batch that holds it.
            whole: no entry before it is missing.
        """
        scope = entry.scope.id.text
        # Before the entry is taken in: a new policy must not hide the step that leads to it.
        self.purging.note_time(entry)
        if entry.known:
            yield from self._check_actor(entry)
            for name, value in entry.body.items():
                if name.endswith(_ANNEX):
                    self.annexes.setdefault(cast("str", value), Named(entry.index, where))
            match scope.partition("/")[0]:
                case "store":
                    yield from self._fold_store(entry)
                case "object":
                    yield from self._fold_object(entry, scope[7:], where=where, whole=whole)
                case _:
                    yield from self._fold_act(entry, scope, where)
        elif scope not in self.opaque:
            self.opaque.add(scope)
            code = ErrorKind.STORE_OPAQUE if scope == "store" else ErrorKind.SCOPE_OPAQUE
            yield Problem(code, CLAUSE_OPAQUE, f"{scope} has entries of an unknown kind")

    def _check_actor(self, entry: Entry) -> Iterator[Problem]:
        kind = entry.kind
        if kind in ANYBODY or (kind == "actor.enrolled" and not self.actors):
            return
        actor = self.actors.get(entry.by.text)
        if actor is None:
            yield wrong(f"{entry.by} is not enrolled", ErrorKind.ACTOR_UNKNOWN)
            return
        if actor.revoked:
            yield wrong(f"{entry.by} was revoked before", ErrorKind.ACTOR_REVOKED)
            return
        allowed = ROLES.get(kind)
        if kind == "keys.rotation_started" and self.purging.destroyed:
            allowed = PURGING
        narrowed = self.custody.rules.narrowed.get(kind)
        if allowed is not None and not actor.roles & allowed:
            shown = ", ".join(sorted(allowed))
            yield wrong(f"{kind} needs one of the roles {shown}", ErrorKind.NOT_AUTHORIZED)
        elif narrowed is not None and not actor.roles & narrowed:
            shown = ", ".join(sorted(narrowed)) or "nobody"
            yield wrong(f"the agency's policy leaves {kind} to {shown}", ErrorKind.NOT_AUTHORIZED)
        elif (
            kind == "fact.asserted"
            and CHIEF not in actor.roles
            and cast("str", entry.body["fact"]).startswith(CHIEF_FACTS)
        ):
            yield wrong("only the chief may assert this fact", ErrorKind.CHIEF_REQUIRED)

    def _fold_store(self, entry: Entry) -> Iterator[Problem]:
        body = cast("dict[str, str]", entry.body)
        match entry.kind:
            case "store.created":
                if not self.parameters:
                    self.parameters = dict(entry.body)
            case "actor.enrolled":
                self.actors[body["actor"]] = Actor(
                    frozenset(cast("list[str]", entry.body["roles"])), body.get("public_key")
                )
            case "actor.revoked":
                if (actor := self.actors.get(body["actor"])) is None:
                    yield wrong("revokes an actor who was never enrolled")
                else:
                    self.actors[body["actor"]] = attrs.evolve(actor, revoked=True)
            case "authorization.granted":
                if body["authorization"] in self.grants:
                    yield wrong("grants an authorization a second time")
                self.grants[body["authorization"]] = _grant(entry)
            case "authorization.revoked":
                if (grant := self.grants.get(body["authorization"])) is None:
                    yield wrong("revokes an authorization that was never granted")
                else:
                    self.grants[body["authorization"]] = attrs.evolve(grant, revoked=True)
            case "storage.probed":
                if body["place"] == "evidence":
                    self.proven = body["verdict"]
            case "leftovers.discarded":
                named = cast("list[str]", entry.body["objects"])
                self._discarded.update(named)
                if living := [one for one in named if one in self.objects]:
                    yield wrong(f"discards object {living[0]}, which was ingested")
            case _:
                yield from self.custody.fold_store(entry)
                yield from self.purging.fold_store(entry)

    def _fold_object(
        self, entry: Entry, object_id: str, *, where: str, whole: bool
    ) -> Iterator[Problem]:
        if entry.kind == "object.ingested":
            yield from self._ingest(entry, object_id)
            return
        facts = self.objects.get(object_id)
        if facts is None:
            yield wrong(f"object {object_id} was not ingested before")
        match entry.kind:
            case "object.accessed":
                yield from self._check_access(entry, object_id)
                self._accesses.setdefault(object_id, set()).add(entry.scope.seq)
                if facts is not None:
                    facts.accesses += 1
            case "access.ended":
                started = self._accesses.get(object_id, set())
                seq = cast("int", entry.body["accessed_seq"])
                if seq not in started:
                    yield wrong(f"ends access {seq} of object {object_id}, which is not open")
                started.discard(seq)
            case "access.refused":
                pass
            case _ if facts is None:
                pass
            case kind if kind in _PURGES:
                yield from self.purging.fold_object(
                    entry, object_id, facts, where=where, whole=whole
                )
            case "derived.from":
                yield from self._derive(entry, facts)
            case _:
                yield from self.custody.fold_object(entry, facts)

    def _derive(self, entry: Entry, facts: Ingested) -> Iterator[Problem]:
        body = cast("dict[str, str]", entry.body)
        parent = self.objects.get(body["parent"])
        kept = facts.keep()
        if kept.derived_from is not None:
            yield wrong("says a second time of what it was made")
        if parent is None or parent is facts:
            yield wrong(f"was made of object {body['parent']}, which was not ingested before")
        elif parent.manifest_sha256 != body["parent_manifest_sha256"]:
            yield wrong("was made of an object with another manifest")
        kept.derived_from = body["parent"]

    def _ingest(self, entry: Entry, object_id: str) -> Iterator[Problem]:
        if object_id in self.objects:
            yield wrong(f"object {object_id} was ingested before")
            return
        if object_id in self._discarded:
            yield wrong(f"object {object_id} was discarded before")
        body = cast("dict[str, str]", entry.body)
        tags = cast("dict[str, list[str]]", entry.body["tags"])
        collected = cast("list[dict[str, str]]", entry.body["collected"])
        self.objects[object_id] = Ingested(
            index=entry.index,
            manifest_sha256=body["manifest_sha256"],
            header=body["header"],
            segment_count=cast("int", entry.body["segment_count"]),
            ciphertext_root=body["ciphertext_root"],
            tags=tags,
            collected=tuple((one["at"], one["basis"]) for one in collected),
            label=body.get("label"),
            at=entry.at,
            by=entry.by.text,
        )
        for source in tags.get("source", ()):
            first = self._sources.setdefault(source, object_id)
            if first != object_id:
                yield wrong(
                    f"source {source} was ingested before as object {first}",
                    ErrorKind.DUPLICATE_SOURCE,
                )

    def _check_access(self, entry: Entry, object_id: str) -> Iterator[Problem]:
        name = cast("str | None", entry.body.get("authorization"))
        grant = self.grants.get(name) if name else None
        now = entry.decided.at
        if (
            grant is None
            or grant.revoked
            or grant.actor != entry.by.text
            or grant.object not in (None, object_id)
            or entry.body["purpose"] not in grant.purposes
            or now < grant.start
            or (grant.end is not None and now >= grant.end)
        ):
            yield wrong(
                f"no authorization in force admits {entry.by} to object {object_id} for the "
                "stated purpose",
                ErrorKind.NOT_AUTHORIZED,
            )

    def _fold_act(self, entry: Entry, scope: str, where: str) -> Iterator[Problem]:
        match entry.kind:
            case "audit.started":
                if scope in self._audits:
                    yield wrong("starts an audit a second time")
                self._audits[scope] = False
            case "audit.ended":
                if self._audits.get(scope) is not False:
                    yield wrong("ends an audit that is not under way")
                self._audits[scope] = True
            case kind if kind in _CUSTODY_ACTS:
                yield from self.custody.fold_act(entry, scope)
            case kind if kind in _PLAN_ACTS:
                yield from self.purging.fold_act(entry, scope, where)


def _grant(entry: Entry) -> Grant:
    body = cast("dict[str, str]", entry.body)
    until = body.get("until")
    return Grant(
        actor=body["actor"],
        object=body.get("object"),
        purposes=frozenset(cast("list[str]", entry.body["purposes"])),
        start=Instant.parse(body["from"]),
        end=Instant.parse(until) if until else None,
    )


@attrs.frozen
class Head:
    """The last entry of one scope."""

    seq: int
    hash: bytes
    index: int


def heads_root(heads: dict[str, Head]) -> tuple[int, str]:
    """How many scopes there are, and the root over their heads in hex (LED-42)."""
    rows = (
        encode({"head": heads[scope].hash.hex(), "id": scope, "seq": heads[scope].seq})
        for scope in sorted(heads)
    )
    return len(heads), _merkle.root(_merkle.leaf_hash(row) for row in rows).hex()
