"""The invariants I1 to I7 of spec chapter `ordering`, looked for in stored bytes.

Responsible for saying, at any time and after any failure, which promise a store has broken. What
callers were told is collected in a `Told`; what is stored is read here with the codecs alone, and
once more by a whole audit.

Calling sequence: note in a `Told` whatever a verb returns, and wrap readers in a `Witness`; then
`check_invariants` as often as wanted. It reads only.
"""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, cast

import attrs

from bwcstore import _layout, _merkle
from bwcstore._encoding import Json
from bwcstore._ports import Backend
from bwcstore._values import Digest, ObjectId
from bwcstore._vault_port import KeyVault
from bwcstore.audit._run import audit_store
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    NotFoundError,
    RetentionError,
)
from bwcstore.ledger._batch import Batch, decode_batch
from bwcstore.ledger._checkpoint import read_checkpoint
from bwcstore.ledger._entry import Entry
from bwcstore.objects._manifest import Manifest, content_key_id, record_key_id

_REMEMBERED: Final = "head"
_KEYS_LOST: Final = frozenset({ErrorKind.KEY_ABSENT, ErrorKind.KEY_DESTROYED})


@attrs.frozen(kw_only=True)
class Fact:
    """An entry that somebody was told of: its kind, and some of its open fields."""

    kind: str
    body: Mapping[str, Json]


@attrs.define
class _Refused:
    """Refusals of one kind in one session, as their caller counted them."""

    told: int = 0
    closed: bool = False


@attrs.define
class Told:
    """What the callers of a store were told, and the plaintext they got.

    Attributes:
        receipts: every receipt that an ingest returned.
        checkpoints: every checkpoint that was returned.
        facts: every entry that a returned verb implies.
        released: bytes of plaintext that left, by object.
        broken: promises that were seen broken while a verb was still at work.
    """

    receipts: list[bytes] = attrs.field(factory=list)
    checkpoints: list[bytes] = attrs.field(factory=list)
    facts: list[Fact] = attrs.field(factory=list)
    released: Counter[ObjectId] = attrs.field(factory=Counter)
    broken: list[str] = attrs.field(factory=list)
    _refused: dict[tuple[int, str, ErrorKind], _Refused] = attrs.field(factory=dict)
    _reading: dict[ObjectId, set[int]] = attrs.field(factory=dict)

    def fact(self, kind: str, **body: Json) -> None:
        """A verb has returned that appends an entry of `kind` with these open fields."""
        self.facts.append(Fact(kind=kind, body=body))

    def refused(
        self, session: int, verb: str, refusal: AuthorizationError | RetentionError
    ) -> None:
        """A caller in session number `session` was turned away."""
        self._refused.setdefault((session, verb, refusal.kind), _Refused()).told += 1

    def closed(self, session: int) -> None:
        """Session number `session` was closed, and closing it returned."""
        for key, refused in self._refused.items():
            if key[0] == session:
                refused.closed = True

    def left(self, backend: Backend, object_id: ObjectId, reader: int, count_bytes: int) -> None:
        """`count_bytes` of plaintext of an object are about to leave by `reader` (I3)."""
        readers = self._reading.setdefault(object_id, set())
        readers.add(reader)
        self.released[object_id] += count_bytes
        logged = sum(
            entry.kind == "object.accessed" and entry.scope.id.object_id == object_id
            for entry in _entries(backend)
        )
        if logged < len(readers):
            self.broken.append(
                f"I3: object {object_id}: {len(readers)} readers got plaintext, "
                f"{logged} accesses are durable"
            )

    def refusals(self) -> Counter[tuple[str, str]]:
        """How many refusals must be in the ledger, by verb and code (ORD-11)."""
        found: Counter[tuple[str, str]] = Counter()
        for (_, verb, kind), refused in self._refused.items():
            # Of a session that was never closed only the first one is sure to be written.
            found[verb, kind.value] += refused.told if refused.closed else 1
        return found


class Witness(io.RawIOBase):
    """A reader that looks for the durable access entry before it hands out a byte.

    Attributes:
        object_id: whose plaintext it is.
        told_bytes: how much it has handed out.
    """

    def __init__(
        self, inner: io.RawIOBase, *, told: Told, backend: Backend, object_id: ObjectId
    ) -> None:
        """Wrap `inner`; `backend` is the storage without faults."""
        super().__init__()
        self._inner = inner
        self._told = told
        self._backend = backend
        self.object_id = object_id
        self.told_bytes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # narrower than Buffer, which Python 3.11 cannot name
        """See `io.RawIOBase.readinto`."""
        room = memoryview(buffer).cast("B")
        data = self._inner.read(room.nbytes) or b""
        if data:
            self._told.left(self._backend, self.object_id, id(self), len(data))
            self.told_bytes += len(data)
        room[: len(data)] = data
        return len(data)

    def __del__(self) -> None:
        """Do not close: what was forgotten ends like a crash."""

    def close(self) -> None:
        """Close the reader inside, which logs the end of the access."""
        if not self.closed:
            super().close()
            self._inner.close()


def check_invariants(backend: Backend, vault: KeyVault, told: Told | None = None) -> None:
    """Check that a store has broken no invariant.

    Args:
        backend: the storage, without faults.
        vault: the key vault, without faults.
        told: what callers were told; nothing when None.

    Raises:
        AssertionError: a line for each promise that is broken.
    """
    if broken := find_broken(backend, vault, told or Told()):
        raise AssertionError("\n".join(broken))


def find_broken(backend: Backend, vault: KeyVault, told: Told) -> tuple[str, ...]:
    """Which promises are broken, one line each; see `check_invariants`."""
    batches = list(_batches(backend))
    if not batches:
        return tuple(_find_told_of_nothing(told))
    entries = [entry for batch in batches for entry in batch.entries]
    return (
        *told.broken,
        *_find_forgotten(entries, told),
        *_find_uncounted(entries, told),
        *_find_incomplete(backend, vault, entries),
        *_find_repeated(entries),
        *_find_unaccounted(entries, told),
        *_find_beyond(backend, vault, batches, told),
        *_audited(backend, vault, told),
    )


def _batches(backend: Backend) -> Iterator[Batch]:
    """Every batch file in order of generation and number."""
    names = [stat.name for stat in backend.list(_layout.LEDGER)]
    places = [place for name in names if (place := _layout.parse_batch(name)) is not None]
    for place in sorted(places):
        yield decode_batch(backend.read(_layout.batch(*place)), what=_layout.batch(*place))


def _entries(backend: Backend) -> Iterator[Entry]:
    for batch in _batches(backend):
        yield from batch.entries


def _find_told_of_nothing(told: Told) -> Iterator[str]:
    if told.receipts or told.facts or told.checkpoints or told.refusals() or told.released:
        yield "I1: there is no ledger, and callers were told of entries"
    yield from told.broken


def _find_forgotten(entries: list[Entry], told: Told) -> Iterator[str]:
    """I1, for what is not a receipt: those are given to the audit."""
    for number, entry in enumerate(entries):
        if entry.index != number:
            yield f"I1: entry {entry.index} stands where entry {number} belongs"
            return
    wanted = Counter((fact.kind, _key(fact.body)) for fact in told.facts)
    for (kind, key), count in wanted.items():
        body = dict(key)
        found = sum(
            entry.kind == kind and body == dict(_key({k: entry.body.get(k) for k in body}))
            for entry in entries
        )
        if found < count:
            yield f"I1: {count} times {kind} {body} was told, {found} times it is in the ledger"


def _key(body: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in body.items()))


def _find_uncounted(entries: list[Entry], told: Told) -> Iterator[str]:
    """I4."""
    logged: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.kind == "access.refused":
            key = (cast("str", entry.body["verb"]), cast("str", entry.body["code"]))
            logged[key] += cast("int", entry.body["count"])
    for key, count in told.refusals().items():
        if logged[key] < count:
            yield f"I4: {count} refusals of {key} were told, {logged[key]} are in the ledger"


def _find_incomplete(backend: Backend, vault: KeyVault, entries: list[Entry]) -> Iterator[str]:
    """I2, I5 and I8: everything that an ingest entry names is there, or lawfully destroyed."""
    kept = {key.key_id for key in vault.inventory()}
    begun = _of_objects(entries, "purge.started")
    done = _of_objects(entries, "purge.completed")
    for entry in _ingests(entries):
        object_id = cast("ObjectId", entry.scope.id.object_id)
        needed = [record_key_id(object_id)]
        needed += [] if object_id in begun else [content_key_id(object_id)]
        for key_id in needed:
            if key_id not in kept:
                yield f"I2: object {object_id}: the vault has no {key_id}"
        if object_id in done and content_key_id(object_id) in kept:
            yield f"I8: object {object_id} is destroyed, and its content key is there"
        digest = Digest.parse(cast("str", entry.body["manifest_sha256"]))
        try:
            manifest = Manifest.decode(backend.read(_layout.manifest(object_id, digest)))
        except BwcStoreError as exc:
            yield f"I2: object {object_id}: its manifest: {exc}"
            continue
        for number, facts in enumerate(manifest.segments):
            try:
                found = backend.stat(_layout.segment(object_id, number)).length_bytes
            except NotFoundError:
                found = -1
            if object_id in done and found != -1:
                yield f"I8: object {object_id} is destroyed, and segment {number} is there"
            if object_id not in begun and found != facts.length_bytes:
                yield (
                    f"I2: object {object_id}: segment {number} has {found} bytes, "
                    f"expected {facts.length_bytes}"
                )
    discarded = {
        name
        for entry in entries
        if entry.kind == "leftovers.discarded"
        for name in cast("list[str]", entry.body["objects"])
    }
    for entry in _ingests(entries):
        if str(entry.scope.id.object_id) in discarded:
            yield f"I5: object {entry.scope.id.object_id} was ingested and is named as a leftover"


def _of_objects(entries: list[Entry], kind: str) -> frozenset[ObjectId | None]:
    """The objects that have an entry of a kind."""
    return frozenset(entry.scope.id.object_id for entry in entries if entry.kind == kind)


def _ingests(entries: list[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if entry.kind == "object.ingested")


def _find_repeated(entries: list[Entry]) -> Iterator[str]:
    """I6."""
    tags = cast("list[Mapping[str, list[str]]]", [e.body["tags"] for e in _ingests(entries)])
    counts = Counter(tag for named in tags for tag in named.get("source", []))
    for tag, count in counts.items():
        if count > 1:
            yield f"I6: {count} objects have the source tag {tag}"


def _find_unaccounted(entries: list[Entry], told: Told) -> Iterator[str]:
    """I3, looking back: an access that ended says at least how much has left (ORD-9)."""
    for object_id, released in told.released.items():
        own = [entry for entry in entries if entry.scope.id.object_id == object_id]
        begun = sum(entry.kind == "object.accessed" for entry in own)
        ended = [entry for entry in own if entry.kind == "access.ended"]
        stated = sum(cast("int", entry.body["bytes_released"]) for entry in ended)
        if begun == len(ended) and stated < released:
            yield f"I3: object {object_id}: {released} bytes have left, {stated} are accounted for"


def _find_beyond(
    backend: Backend, vault: KeyVault, batches: list[Batch], told: Told
) -> Iterator[str]:
    """I7: stored, remembered and returned checkpoints cover committed entries alone."""
    leaves: dict[int, list[bytes]] = {}
    for batch in batches:
        own = leaves.setdefault(batch.header.generation, [])
        own.extend(entry.hash.raw for entry in batch.entries)
    names = [stat.name for stat in backend.list("checkpoint/")]
    notes = [(name, backend.read(name)) for name in names]
    notes += [("remembered", note) for note in vault.recall(_REMEMBERED)]
    notes += [("returned", note) for note in told.checkpoints]
    for where, note in notes:
        checkpoint = read_checkpoint(note)
        covered = leaves.get(checkpoint.generation, [])[: checkpoint.size]
        if len(covered) < checkpoint.size or _merkle.root(covered) != checkpoint.root.raw:
            yield (
                f"I7: {where}: covers {checkpoint.size} entries of generation "
                f"{checkpoint.generation}, of which {len(covered)} are committed"
            )


def _audited(backend: Backend, vault: KeyVault, told: Told) -> Iterator[str]:
    """The same by a second path: an audit with keys, given every receipt and checkpoint."""
    report = audit_store(backend, vault=vault, expect=[*told.receipts, *told.checkpoints])
    for finding in report.findings:
        if finding in report.errors or finding.code in _KEYS_LOST:
            yield f"audit: {finding.code} in {finding.where}: {finding.message}"
    if not report.complete:
        yield "audit: it did not come to the end"
