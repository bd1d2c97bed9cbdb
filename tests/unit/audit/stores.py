"""Real stores in memory, made by the ledger and the object writer alone, for tampering with."""

import hashlib
import io
from typing import Final

from bwcstore import _layout
from bwcstore._encoding import Json, tag
from bwcstore._ports import Signer
from bwcstore._values import (
    STORE_SCOPE,
    ActId,
    ActorId,
    ObjectId,
    ScopeId,
    StoreId,
)
from bwcstore.audit._findings import Finding
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind
from bwcstore.ledger._draft import Committed, Decision, Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._receipt import Receipt, sign_receipt
from bwcstore.ledger._scope import Heads
from bwcstore.objects._parts import ContentPart, FileName, RecordPart, SourceName
from bwcstore.objects._segment import Geometry
from bwcstore.objects._writer import ObjectKeys, ObjectWriter, Written
from bwcstore.storage._signer import StoredSigner
from bwcstore.testing import World

STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")
ORIGIN: Final = "example.org/bwc"
CHUNK: Final = 1 << 16
PAYLOAD: Final = CHUNK - 32
BOSS: Final = ActorId("00000000-0000-4000-8000-00000000b055")
READER: Final = ActorId("00000000-0000-4000-8000-0000000e4de4")
GRANT: Final = "00000000-0000-4000-8000-000000009aa7"
YEAR_KEY: Final = "record/store/2026"


class Shop:
    """A store being made.

    Attributes:
        world: its simulated world.
        log: its ledger.
        receipts: the receipt of every ingest, in order.
    """

    def __init__(self, *, seed: int = 0, signed_kinds: tuple[str, ...] = ()) -> None:
        self.world = World(seed=seed)
        self.receipts: list[bytes] = []
        keys = self.world.keys
        take = self.world.entropy.take
        keys.put({"tag": take(32), "sign/store": take(32), YEAR_KEY: take(32)})
        self.tag_key = keys.get("tag")
        self.signer = StoredSigner(keys.get("sign/store"))
        self.verifier_key = VerifierKey(name=ORIGIN, public_key=self.signer.public_key)
        self.geometry = Geometry(chunk_bytes=CHUNK, segment_chunks=2)
        self.log: Log[Heads] = Log.create(
            self.world.backend,
            self.world.environment,
            store_id=STORE,
            state=Heads(),
            genesis=lambda _, __: Decision(drafts=self._first(signed_kinds)),
            record_key=keys.get,
            signer=self.signer,
            remember=lambda note: keys.remember("head", note),
        )

    def _first(self, signed_kinds: tuple[str, ...]) -> tuple[Draft, ...]:
        created: dict[str, Json] = {
            "format": "1.0",
            "store": str(STORE),
            "protocol": "numbered",
            "chunk_bytes": CHUNK,
            "segment_chunks": 2,
            "origin": ORIGIN,
            "verifier_key": str(self.verifier_key),
            "signed_kinds": list(signed_kinds),
            "storage": [],
        }
        return (
            Draft(scope=STORE_SCOPE, kind="store.created", by=BOSS, body=created),
            self._enrolment(BOSS, "responsible-authority"),
        )

    def _enrolment(self, actor: ActorId, role: str, key: bytes | None = None) -> Draft:
        body: dict[str, Json] = {
            "actor": str(actor),
            "roles": [role],
            "tag": str(tag(self.tag_key, "actor", str(actor))),
        }
        if key is not None:
            body["public_key"] = key.hex()
        return Draft(
            scope=STORE_SCOPE,
            kind="actor.enrolled",
            by=BOSS,
            body=body,
            private={"name": f"name of {actor}"},
            record_key_id=YEAR_KEY,
        )

    def append(self, *drafts: Draft) -> Committed:
        """Make drafts durable, whatever they say."""
        self.world.clock.advance(1)
        return self.log.append(lambda _, __: Decision(drafts=drafts))

    def put(
        self,
        scope: ScopeId,
        kind: str,
        body: dict[str, Json],
        *,
        by: ActorId = BOSS,
        signer: Signer | None = None,
        reason: str | None = None,
    ) -> Committed:
        """Append one entry, sealed with a reason where one is given."""
        return self.append(
            Draft(
                scope=scope,
                kind=kind,
                by=by,
                body=body,
                private={"reason": [reason]} if reason else None,
                record_key_id=YEAR_KEY if reason else None,
                signer=signer,
            )
        )

    def enrol(
        self, actor: ActorId = READER, role: str = "reader", key: bytes | None = None
    ) -> Committed:
        """Enrol an actor."""
        return self.append(self._enrolment(actor, role, key))

    def refusal(self) -> Draft:
        """A small entry that anybody may bring about."""
        return Draft(
            scope=STORE_SCOPE,
            kind="access.refused",
            by=BOSS,
            body={"verb": "read", "code": "not-authorized", "count": 1},
        )

    def grant(self, actor: ActorId = READER, purpose: str = "investigation") -> Committed:
        """Authorize an actor to read everything."""
        return self.put(
            STORE_SCOPE,
            "authorization.granted",
            {
                "authorization": GRANT,
                "actor": str(actor),
                "purposes": [purpose],
                "from": "2026-01-01T00:00:00.000000Z",
            },
        )

    def write(self, data: bytes, source: SourceName | None = None) -> tuple[ObjectId, Written]:
        """Store an object that no entry names yet."""
        take = self.world.entropy.take
        object_id = ObjectId.from_time(self.world.clock.now(), take(10))
        keys = ObjectKeys(content=take(32), record=take(32))
        self.world.keys.put(
            {f"content/{object_id}": keys.content, f"record/{object_id}": keys.record}
        )
        writer = ObjectWriter(
            backend=self.world.backend,
            environment=self.world.environment,
            store_id=STORE,
            geometry=self.geometry,
        )
        written = writer.write(
            io.BytesIO(data),
            object_id=object_id,
            keys=keys,
            describe=lambda digest, length: (
                RecordPart(length_bytes=length, plaintext_sha256=digest, source=source),
                ContentPart(file=FileName.of(b"video.mp4")),
            ),
        )
        return object_id, written

    def ingest(self, data: bytes, source: SourceName | None = None) -> ObjectId:
        """Store an object and make it exist."""
        self.world.clock.advance(1)
        object_id, written = self.write(data, source)
        self.admit(object_id, written, source)
        return object_id

    def admit(
        self, object_id: ObjectId, written: Written, source: SourceName | None = None
    ) -> Committed:
        """Make a stored object exist."""
        digest = str(written.plaintext_sha256)
        tags: dict[str, Json] = {"file": [str(tag(self.tag_key, "file", digest))]}
        if source is not None:
            tags["source"] = [str(tag(self.tag_key, "source", f"{source.scope}\n{source.id}"))]
        committed = self.put(
            ScopeId.object(object_id),
            "object.ingested",
            {
                "manifest_sha256": str(written.manifest.digest),
                "header": written.manifest.header.hex(),
                "segment_count": len(written.manifest.segments),
                "ciphertext_root": str(written.manifest.ciphertext_root),
                "tags": tags,
                "collected": [],
            },
            reason="shift of Monday",
        )
        self._receipt(object_id, written, committed)
        return committed

    def _receipt(self, object_id: ObjectId, written: Written, committed: Committed) -> None:
        entry = committed.entries[0]
        receipt = Receipt(
            store=STORE,
            object_id=object_id,
            index=entry.index,
            entry_hash=entry.hash,
            generation=committed.generation,
            batch=committed.batch,
            at=entry.at,
            plaintext_sha256=written.plaintext_sha256,
            length_bytes=written.length_bytes,
            manifest_sha256=written.manifest.digest,
            source=None,
            vault_replicas=("memory-a",),
            storage_lock="none",
        )
        self.receipts.append(sign_receipt(receipt, name=ORIGIN, signer=self.signer))

    def access(
        self, object_id: ObjectId, *, by: ActorId = READER, purpose: str = "investigation"
    ) -> Committed:
        """Log the beginning of a release."""
        return self.put(
            ScopeId.object(object_id),
            "object.accessed",
            {"mode": "stream", "purpose": purpose, "authorization": GRANT},
            by=by,
        )

    def end_access(self, object_id: ObjectId, seq: int, *, by: ActorId = READER) -> Committed:
        """Log the end of a release."""
        return self.put(
            ScopeId.object(object_id),
            "access.ended",
            {"accessed_seq": seq, "bytes_released": 7, "outcome": "closed"},
            by=by,
        )

    def grow(self) -> None:
        """Let another process ingest an object and write a checkpoint."""
        self.log = self._open()
        self.ingest(bytes_of(10))
        self.close()

    def _open(self) -> Log[Heads]:
        return Log.open(
            self.world.backend,
            self.world.environment,
            state=Heads(),
            record_key=self.world.keys.get,
            signer=self.signer,
        )

    def close(self) -> "Shop":
        """Write the last checkpoint and close the ledger."""
        self.log.checkpoint()
        self.log.close()
        return self

    @property
    def contents(self) -> dict[str, bytes]:
        """Every stored name and its bytes; may be tampered with."""
        return self.world.storage.contents

    def audit(self, **options: object) -> Report:
        """Audit without keys."""
        return audit_store(self.world.storage, **options)  # type: ignore[arg-type]  # passed through

    def audit_keyed(self, **options: object) -> Report:
        """Audit with keys."""
        return self.audit(vault=self.world.keys, **options)


def bytes_of(length_bytes: int) -> bytes:
    """Bytes that differ from place to place."""
    blocks = (hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(1 << 20))
    out = bytearray()
    while len(out) < length_bytes:
        out += next(blocks)
    return bytes(out[:length_bytes])


def small_store() -> Shop:
    """A store of every shape that is small: two objects, a reader, one release, one audit."""
    shop = Shop()
    shop.enrol()
    shop.grant()
    first = shop.ingest(bytes_of(100), SourceName(scope="camera", id="1"))
    shop.ingest(b"")
    shop.access(first)
    shop.end_access(first, 1)
    act = ScopeId.act(ActId("00000000-0000-7000-8000-00000000ac70"))
    shop.put(act, "audit.started", {}, reason="every two years")
    shop.put(act, "audit.ended", {"objects": 2, "bytes": 100, "findings": 0})
    return shop.close()


def large_store() -> Shop:
    """A store with an object of five chunks in three segments, and one of three in two."""
    shop = Shop()
    shop.ingest(bytes_of(4 * PAYLOAD + 1000))
    shop.ingest(bytes_of(3 * PAYLOAD))
    return shop.close()


def codes(report: Report) -> set[ErrorKind]:
    """The codes of everything that is wrong."""
    return {finding.code for finding in report.errors}


def flip(shop: Shop, name: str, old: bytes, new: bytes) -> None:
    """Replace the first occurrence of `old`, which must exist."""
    raw = shop.contents[name]
    assert old in raw
    shop.contents[name] = raw.replace(old, new, 1)


def batch(number: int) -> str:
    """A batch's name."""
    return _layout.batch(0, number)


def objects(shop: Shop) -> list[ObjectId]:
    """The objects in the order of their ids."""
    found = {name.split("/")[1] for name in shop.contents if name.startswith("objects/")}
    return [ObjectId(text) for text in sorted(found)]


def manifest(shop: Shop, object_id: ObjectId) -> str:
    """The name of an object's manifest."""
    prefix = f"objects/{object_id}/manifest-"
    return next(name for name in shop.contents if name.startswith(prefix))


def segment(shop: Shop, object_number: int, number: int) -> str:
    """The name of a segment."""
    return _layout.segment(objects(shop)[object_number], number)


def swap(shop: Shop, one: str, other: str) -> None:
    """Let two names change places."""
    contents = shop.contents
    contents[one], contents[other] = contents[other], contents[one]


def found_as(report: Report, code: ErrorKind) -> list[Finding]:
    """The findings with a code."""
    return [finding for finding in report.findings if finding.code is code]
