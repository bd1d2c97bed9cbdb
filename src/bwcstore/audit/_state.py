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
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry

CLAUSE_STATE: Final = "AUD-12"
CLAUSE_OPAQUE: Final = "AUD-13"
CLAUSE_FRAME: Final = "AUD-14"

_RESPONSIBLE: Final = frozenset({"responsible-authority"})
_RECORDS: Final = _RESPONSIBLE | {"records"}
# Which roles may bring about an entry of a kind; any enrolled actor where a kind is not listed.
ROLES: Final[dict[str, frozenset[str]]] = {
    "actor.enrolled": _RESPONSIBLE,
    "actor.revoked": _RESPONSIBLE,
    "authorization.granted": _RESPONSIBLE,
    "authorization.revoked": _RESPONSIBLE,
    "generation.closed": _RESPONSIBLE,
    "keys.rotation_started": _RESPONSIBLE,
    "leftovers.discarded": _RESPONSIBLE,
    "object.ingested": _RECORDS | {"officer", "importer"},
    "audit.started": _RECORDS | {"auditor"},
}
# Written about somebody who may not act, or no longer, or by the machinery itself.
_ANYBODY: Final = frozenset(
    {"store.created", "access.refused", "access.ended", "audit.ended", "keys.epoch_destroyed"}
)


@attrs.frozen
class Problem:
    """Why an entry cannot be true."""

    code: ErrorKind
    clause: str
    why: str


@attrs.frozen
class Actor:
    """Somebody who may act, as far as the ledger says."""

    roles: frozenset[str]
    public_key: str | None
    revoked: bool = False


@attrs.frozen
class Grant:
    """A written authorization."""

    actor: str
    object: str | None
    purposes: frozenset[str]
    start: Instant
    end: Instant | None
    revoked: bool = False


@attrs.frozen
class Ingested:
    """What the ledger says of one object; hex where the leaf has hex."""

    index: int
    manifest_sha256: str
    header: str
    segment_count: int
    ciphertext_root: str
    tags: dict[str, list[str]] = attrs.field(eq=False)


class Fold:
    """Everything that the entries so far imply.

    Attributes:
        parameters: the body of `store.created`; empty before it.
        objects: every ingested object by id.
        opaque: scopes with entries of kinds that are not known.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, Json] = {}
        self.actors: dict[str, Actor] = {}
        self.grants: dict[str, Grant] = {}
        self.objects: dict[str, Ingested] = {}
        self.opaque: set[str] = set()
        self._sources: dict[str, str] = {}
        self._discarded: set[str] = set()
        self._accesses: dict[str, set[int]] = {}
        self._audits: dict[str, bool] = {}
        self._rotating: set[int] = set()

    def must_sign(self, kind: str) -> bool:
        """Whether the store's policy asks for a signature on an entry of this kind, now."""
        if kind not in cast("list[str]", self.parameters.get("signed_kinds", [])):
            return False
        return sum(not actor.revoked for actor in self.actors.values()) > 1

    def fold(self, entry: Entry) -> Iterator[Problem]:
        """Take an entry in; say what is wrong with it."""
        scope = entry.scope.id.text
        if not entry.known:
            if scope not in self.opaque:
                self.opaque.add(scope)
                code = ErrorKind.STORE_OPAQUE if scope == "store" else ErrorKind.SCOPE_OPAQUE
                yield Problem(code, CLAUSE_OPAQUE, f"{scope} has entries of an unknown kind")
            return
        yield from self._check_actor(entry)
        match scope.partition("/")[0]:
            case "store":
                yield from self._fold_store(entry)
            case "object":
                yield from self._fold_object(entry, scope[7:])
            case _:
                yield from self._fold_act(entry, scope)

    def _check_actor(self, entry: Entry) -> Iterator[Problem]:
        if entry.kind in _ANYBODY or (entry.kind == "actor.enrolled" and not self.actors):
            return
        actor = self.actors.get(entry.by.text)
        if actor is None:
            yield _wrong(f"{entry.by} is not enrolled", ErrorKind.ACTOR_UNKNOWN)
        elif actor.revoked:
            yield _wrong(f"{entry.by} was revoked before", ErrorKind.ACTOR_REVOKED)
        elif not actor.roles & ROLES.get(entry.kind, actor.roles):
            allowed = ", ".join(sorted(ROLES[entry.kind]))
            yield _wrong(f"{entry.kind} needs one of the roles {allowed}", ErrorKind.NOT_AUTHORIZED)

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
                    yield _wrong("revokes an actor who was never enrolled")
                else:
                    self.actors[body["actor"]] = attrs.evolve(actor, revoked=True)
            case "authorization.granted":
                if body["authorization"] in self.grants:
                    yield _wrong("grants an authorization a second time")
                self.grants[body["authorization"]] = _grant(entry)
            case "authorization.revoked":
                if (grant := self.grants.get(body["authorization"])) is None:
                    yield _wrong("revokes an authorization that was never granted")
                else:
                    self.grants[body["authorization"]] = attrs.evolve(grant, revoked=True)
            case "leftovers.discarded":
                named = cast("list[str]", entry.body["objects"])
                self._discarded.update(named)
                if living := [one for one in named if one in self.objects]:
                    yield _wrong(f"discards object {living[0]}, which was ingested")
            case "keys.rotation_started":
                self._rotating.add(cast("int", entry.body["epoch"]))
            case "keys.epoch_destroyed":
                # Two rotations at once announce the same epoch, and each reports its end.
                if entry.body["epoch"] not in self._rotating:
                    yield _wrong("destroys a key epoch whose rotation was not announced")

    def _fold_object(self, entry: Entry, object_id: str) -> Iterator[Problem]:
        if entry.kind == "object.ingested":
            yield from self._ingest(entry, object_id)
            return
        if object_id not in self.objects:
            yield _wrong(f"object {object_id} was not ingested before")
        if entry.kind == "object.accessed":
            yield from self._check_access(entry, object_id)
            self._accesses.setdefault(object_id, set()).add(entry.scope.seq)
        elif entry.kind == "access.ended":
            started = self._accesses.get(object_id, set())
            seq = cast("int", entry.body["accessed_seq"])
            if seq not in started:
                yield _wrong(f"ends access {seq} of object {object_id}, which is not open")
            started.discard(seq)

    def _ingest(self, entry: Entry, object_id: str) -> Iterator[Problem]:
        if object_id in self.objects:
            yield _wrong(f"object {object_id} was ingested before")
            return
        if object_id in self._discarded:
            yield _wrong(f"object {object_id} was discarded before")
        body = cast("dict[str, str]", entry.body)
        tags = cast("dict[str, list[str]]", entry.body["tags"])
        self.objects[object_id] = Ingested(
            entry.index,
            body["manifest_sha256"],
            body["header"],
            cast("int", entry.body["segment_count"]),
            body["ciphertext_root"],
            tags,
        )
        for source in tags.get("source", ()):
            first = self._sources.setdefault(source, object_id)
            if first != object_id:
                yield _wrong(
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
            yield _wrong(
                f"no authorization in force admits {entry.by} to object {object_id} for the "
                "stated purpose",
                ErrorKind.NOT_AUTHORIZED,
            )

    def _fold_act(self, entry: Entry, scope: str) -> Iterator[Problem]:
        if entry.kind == "audit.started":
            if scope in self._audits:
                yield _wrong("starts an audit a second time")
            self._audits[scope] = False
        elif entry.kind == "audit.ended":
            if self._audits.get(scope) is not False:
                yield _wrong("ends an audit that is not under way")
            self._audits[scope] = True


def _wrong(why: str, code: ErrorKind = ErrorKind.STATE_INVALID) -> Problem:
    return Problem(code, CLAUSE_STATE, why)


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
