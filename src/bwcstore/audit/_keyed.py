"""What only keys can show: payloads and their commitments, plaintext digests, sealed parts, tags.

Rules kept here (spec: AUD-26, AUD-27):

- plaintext is opened to be digested and compared, and goes nowhere;
- a key that is missing is a finding about that key, not about what it would open;
- whatever a key opens is compared with what the ledger says of it in the open.
"""

import hashlib
from typing import Final

from bwcstore._encoding import tag
from bwcstore._values import ObjectId, StoreId
from bwcstore._vault_port import KeyVault
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._records import Ingested
from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError
from bwcstore.ledger._entry import Entry
from bwcstore.ledger._kinds import KINDS, check_payload
from bwcstore.ledger._payload import entry_context, open_payload
from bwcstore.objects._manifest import (
    Manifest,
    content_key_id,
    open_content,
    open_record,
    record_key_id,
)
from bwcstore.objects._parts import RecordPart
from bwcstore.objects._seal import Cipher, Place, associated_data, unlock

CLAUSE_PAYLOAD: Final = "AUD-26"
CLAUSE_OBJECT: Final = "AUD-27"
CLAUSE_DESTROYED: Final = "AUD-38"
TAG_KEY: Final = "tag"
_CACHE_SIZE_MAX: Final = 1024


class KeyRing:
    """Keys of a vault; what is missing becomes a finding, once for each key."""

    def __init__(self, vault: KeyVault, findings: Findings) -> None:
        self._vault = vault
        self._findings = findings
        self._cache: dict[str, bytes | None] = {}

    def has(self, key_id: str) -> bool:
        """Whether the vault gives out a key; one that it cannot open counts as there."""
        try:
            self._vault.get(key_id)
        except NotFoundError:
            return False
        except BwcStoreError:
            return True
        return True

    def get(self, key_id: str, *, clause: str, object_id: str | None = None) -> bytes | None:
        """The 32-byte key, or None."""
        if key_id in self._cache:
            return self._cache[key_id]
        key: bytes | None = None
        try:
            key = self._vault.get(key_id)
        except BwcStoreError as exc:
            absent = isinstance(exc, NotFoundError)
            self._findings.add_error(
                exc,
                clause,
                code=ErrorKind.KEY_ABSENT if absent else exc.kind,
                severity=Severity.WARNING if absent else Severity.ERROR,
                where=f"vault/{key_id}",
                object_id=object_id,
            )
        if len(self._cache) >= _CACHE_SIZE_MAX:
            self._cache.clear()
        self._cache[key_id] = key
        return key


class KeyedAudit:
    """Opens what it has keys for.

    Attributes:
        payload_count: how many payloads were opened.
        plain_bytes: how much plaintext was digested.
    """

    def __init__(self, vault: KeyVault, findings: Findings) -> None:
        self.payload_count = 0
        self.plain_bytes = 0
        self._keys = KeyRing(vault, findings)
        self._findings = findings

    def check_payload(self, entry: Entry, raw: bytes, *, store: StoreId, where: str) -> None:
        """Open a payload whose digest fits, and compare it with the commitment in the leaf."""
        sealed = entry.sealed
        if sealed is None:
            return
        object_id = entry.scope.id.object_id
        name = object_id.text if object_id else None
        key = self._keys.get(sealed.key_id, clause=CLAUSE_PAYLOAD, object_id=name)
        if key is None:
            return
        try:
            opened = open_payload(
                raw, sealed=sealed, record_key=key, context=entry_context(entry, store=store)
            )
            if entry.known:
                check_payload(KINDS[entry.kind], opened.fields)
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_PAYLOAD, where=where, entry=entry.index, object_id=name
            )
            return
        self.payload_count += 1

    def begin_object(
        self, manifest: Manifest, facts: Ingested, *, where: str
    ) -> "PlaintextAudit | None":
        """Open the sealed parts and verify the header; None when the chunks cannot be opened."""
        object_id = manifest.object_id
        record = self.check_record(manifest, facts, where=where)
        # The key of what is being destroyed may be gone before the bytes are.
        if facts.purge is not None and not self._keys.has(content_key_id(object_id)):
            return None
        key = self._keys.get(
            content_key_id(object_id), clause=CLAUSE_OBJECT, object_id=object_id.text
        )
        if key is None:
            return None
        try:
            open_content(manifest, key=key)
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_OBJECT, where=where, object_id=object_id.text, entry=facts.index
            )
        try:
            cipher = unlock(
                key,
                manifest.header,
                aad=associated_data(manifest.store_id, object_id),
                chunk_bytes=manifest.chunk_bytes,
            )
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_OBJECT, where=where, object_id=object_id.text, entry=facts.index
            )
            return None
        return PlaintextAudit(cipher, record, facts, object_id, self)

    def check_destroyed(self, object_id: ObjectId, facts: Ingested) -> None:
        """Check that the vault has no key of a recording that was destroyed."""
        if self._keys.has(content_key_id(object_id)):
            self._findings.add(
                ErrorKind.NOT_DESTROYED,
                CLAUSE_DESTROYED,
                where=f"vault/{content_key_id(object_id)}",
                object_id=object_id.text,
                entry=facts.purge.completed_index if facts.purge else None,
                message=f"object {object_id} was destroyed, and the vault still has its key",
            )

    def check_record(self, manifest: Manifest, facts: Ingested, *, where: str) -> RecordPart | None:
        """Open what is kept of an object as a record, and compare it with its tags."""
        object_id = manifest.object_id
        key = self._keys.get(
            record_key_id(object_id), clause=CLAUSE_OBJECT, object_id=object_id.text
        )
        if key is None:
            return None
        try:
            record = open_record(manifest, key=key)
        except BwcStoreError as exc:
            self._findings.add_error(
                exc, CLAUSE_OBJECT, where=where, object_id=object_id.text, entry=facts.index
            )
            return None
        self._check_tags(record, facts, object_id, where)
        return record

    def _check_tags(
        self, record: RecordPart, facts: Ingested, object_id: ObjectId, where: str
    ) -> None:
        """Compare what is recorded under seal with its tags in the open."""
        key = self._keys.get(TAG_KEY, clause=CLAUSE_OBJECT)
        if key is None:
            return
        source = record.source
        values = {
            "case": record.case,
            "device": record.device,
            "file": str(record.plaintext_sha256),
            "officer": record.officer,
            "source": f"{source.scope}\n{source.id}" if source else None,
        }
        for kind, value in values.items():
            stated = facts.tags.get(kind, [])
            expected = [str(tag(key, kind, value))] if value is not None else []
            if sorted(stated) != expected:
                self._findings.add(
                    ErrorKind.DIGEST_MISMATCH,
                    CLAUSE_OBJECT,
                    where=where,
                    object_id=object_id.text,
                    entry=facts.index,
                    expected=", ".join(expected) or "no tag",
                    got=", ".join(stated) or "no tag",
                    message=f"object {object_id}: its {kind} tag is not that of what is sealed",
                )

    def report(
        self, code: ErrorKind, facts: Ingested, object_id: ObjectId, expected: object, got: object
    ) -> None:
        """Report that an object's plaintext is not the one that is recorded."""
        self._findings.add(
            code,
            CLAUSE_OBJECT,
            where=f"objects/{object_id}/",
            object_id=object_id.text,
            entry=facts.index,
            expected=expected,
            got=got,
            message=f"object {object_id}: its plaintext is not the one that was ingested",
        )


class PlaintextAudit:
    """Opens and digests the chunks of one object (a `ChunkOpener`).

    Attributes:
        broken: whether a chunk was not right, so that the whole cannot be compared.
    """

    def __init__(
        self,
        cipher: Cipher,
        record: RecordPart | None,
        facts: Ingested,
        object_id: ObjectId,
        audit: KeyedAudit,
    ) -> None:
        self.broken = False
        self._cipher = cipher
        self._record = record
        self._facts = facts
        self._object_id = object_id
        self._audit = audit
        self._digest = hashlib.sha256()
        self._length = 0

    def open_chunk(
        self, chunk: memoryview, plain: memoryview, *, position: int, place: Place
    ) -> None:
        """See `ChunkOpener`."""
        self._cipher.open_into(chunk, plain, position=position, place=place)

    def take_plain(self, plain: memoryview) -> None:
        """See `ChunkOpener`."""
        self._digest.update(plain)
        self._length += plain.nbytes
        self._audit.plain_bytes += plain.nbytes

    def end(self) -> None:
        """Compare the whole plaintext with what is recorded of it."""
        record = self._record
        if record is None or self.broken:
            return
        found = self._digest.hexdigest()
        if self._length != record.length_bytes:
            self._audit.report(
                ErrorKind.PLAINTEXT_LENGTH,
                self._facts,
                self._object_id,
                record.length_bytes,
                self._length,
            )
        elif found != str(record.plaintext_sha256):
            self._audit.report(
                ErrorKind.PLAINTEXT_DIGEST,
                self._facts,
                self._object_id,
                record.plaintext_sha256,
                found,
            )
