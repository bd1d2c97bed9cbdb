"""Write the vectors of `ledger` and `checkpoint`: `python tests/vectors/make_ledger.py`.

A vector is a header of `key: value` lines, an empty line, and raw bytes. Clock, entropy and keys
are fixed, so that running this again must change nothing.

Header of both: `what` the bytes are, `expect` is `success` or the code of the refusal, `spec` the
clauses. `leaf`: `hash`. `batch`: `digest`, `entries` (their hashes); `payload`: `record_key`,
`context`, `commitment`, `sha256`, `fields`. `revealed`: `leaf` and `store` it must verify against.
`act`: what an actor signs, with `key` and `signature`. `heads`: rows of a heads root, one a line,
with `root`. `checkpoint`, `inclusion`, `extension`, `receipt`: `vkey`, and what they lead to.
"""

import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1] / "src"))

from bwcstore import _layout  # noqa: E402
from bwcstore._encoding import Json, encode  # noqa: E402
from bwcstore._values import (  # noqa: E402
    STORE_SCOPE,
    ActorId,
    Digest,
    Instant,
    ObjectId,
    ScopeId,
    StoreId,
)
from bwcstore.ledger._auth import act_message  # noqa: E402
from bwcstore.ledger._batch import Batch, decode_batch  # noqa: E402
from bwcstore.ledger._checkpoint import verify_checkpoint  # noqa: E402
from bwcstore.ledger._draft import Decision, Draft  # noqa: E402
from bwcstore.ledger._entry import Entry  # noqa: E402
from bwcstore.ledger._log import Log  # noqa: E402
from bwcstore.ledger._note import VerifierKey  # noqa: E402
from bwcstore.ledger._payload import (  # noqa: E402
    encode_revealed,
    entry_context,
    reveal_field,
)
from bwcstore.ledger._receipt import Receipt, ReceiptSource, sign_receipt  # noqa: E402
from bwcstore.ledger._scope import Heads, heads_root  # noqa: E402
from bwcstore.storage._signer import StoredSigner  # noqa: E402
from bwcstore.testing._world import World  # noqa: E402

STORE: Final = StoreId("0190163d-8694-7000-8000-0000000000aa")
ACTOR: Final = ActorId("7d444840-9dc0-41d1-b245-5ffdce74fad2")
OBJECT: Final = ObjectId("0190163d-8694-7000-8000-0000000000ab")
ORIGIN: Final = "bwc.ci.anytown.example/log"
RECORD_KEY: Final = bytes(range(32))


SIGNER: Final = StoredSigner(b"\x01" * 32)
KEY: Final = VerifierKey(name=ORIGIN, public_key=SIGNER.public_key)


def _genesis(_: Heads, __: Instant) -> Decision:
    body: dict[str, Json] = {
        "format": "1.0",
        "store": STORE.text,
        "protocol": "numbered",
        "chunk_bytes": 1048576,
        "segment_chunks": 64,
        "origin": ORIGIN,
        "verifier_key": str(KEY),
        "signed_kinds": [],
        "storage": ["create-only"],
    }
    draft = Draft(
        scope=STORE_SCOPE,
        kind="store.created",
        by=ACTOR,
        body=body,
        private={"reason": ["The council decided so.", "", "2026-01-02"]},
        record_key_id="record/store/2026",
    )
    return Decision(drafts=(draft,))


def _events(_: Heads, __: Instant) -> Decision:
    ingested = Draft(
        scope=ScopeId.object(OBJECT),
        kind="object.ingested",
        by=ACTOR,
        body={
            "manifest_sha256": "0a" * 32,
            "header": "0b" * 74,
            "segment_count": 1,
            "ciphertext_root": "0c" * 32,
            "tags": {"case": ["0d" * 16], "source": ["0e" * 16]},
            "collected": [{"at": "2026-01-01T00:00:00.000000Z", "basis": "dock"}],
        },
    )
    refused = Draft(
        scope=ScopeId.object(OBJECT),
        kind="access.refused",
        by=ACTOR,
        body={"verb": "read", "code": "not-authorized", "count": 1},
        private={"claimed": "Zoë", "reason": ["curious"]},
        record_key_id=f"record/{OBJECT}",
        signer=StoredSigner(b"\x02" * 32),
    )
    return Decision(drafts=(ingested, refused))


class Sample:
    """A ledger of four entries in two batches, and what can be made of it."""

    def __init__(self) -> None:
        self.world = World()
        self.log = Log.create(
            self.world.storage,
            self.world.environment,
            store_id=STORE,
            state=Heads(),
            genesis=_genesis,
            record_key=lambda _: RECORD_KEY,
            signer=SIGNER,
        )
        self.old = verify_checkpoint(self.log.checkpoint(), KEY)
        self.log.append(_events)
        self.note = self.log.checkpoint()

    def raw(self, number: int) -> bytes:
        """One stored batch."""
        return self.world.storage.contents[_layout.batch(0, number)]

    def batch(self, number: int) -> Batch:
        """One stored batch, read."""
        return decode_batch(self.raw(number))


def vector(raw: bytes, what: str, spec: str, expect: str = "success", /, **header: object) -> bytes:
    """One vector."""
    fields = {"what": what, "expect": expect, "spec": spec} | header
    return "".join(f"{key}: {value}\n" for key, value in fields.items()).encode() + b"\n" + raw


def _batches(sample: Sample) -> dict[str, bytes]:
    found = {}
    for number, name in enumerate(("genesis", "batch_of_two")):
        batch = sample.batch(number)
        found[name] = vector(
            sample.raw(number),
            "batch",
            "LED-21 LED-22 LED-25 LED-12",
            digest=batch.digest,
            entries=" ".join(str(entry.hash) for entry in batch.entries),
        )
    batch, raw = sample.batch(1), sample.raw(1)
    lines = raw.splitlines(keepends=True)
    found["batch_without_payloads"] = vector(
        b"".join(lines[:3]),
        "batch",
        "LED-25",
        digest=batch.digest,
        entries=" ".join(str(entry.hash) for entry in batch.entries),
    )
    bad = {
        "batch_without_line_end": ("batch-invalid", "LED-21", raw[:-1]),
        "batch_without_entries": ("batch-invalid", "LED-21", lines[0]),
        "batch_without_header": ("too-large", "LED-23", b"".join(lines[1:])),
        "batch_with_empty_line": ("not-json", "LED-21", raw + b"\n"),
        "batch_with_carriage_returns": (
            "not-canonical",
            "LED-21",
            raw.replace(b"\n", b"\r\n"),
        ),
        "payload_without_leaf": (
            "batch-invalid",
            "LED-27",
            lines[0] + lines[1] + lines[3] + lines[2],
        ),
        "payload_twice": ("batch-invalid", "LED-27", raw + lines[3]),
        "payload_of_another_entry": (
            "payload-digest",
            "LED-27 LED-14",
            b"".join(lines[:3]) + sample.raw(0).splitlines(keepends=True)[2],
        ),
        "batch_of_newer_major": ("format-newer", "LED-22", raw.replace(b'"1.0"', b'"2.0"', 1)),
        "header_field_unknown": (
            "batch-invalid",
            "LED-22",
            raw.replace(b'{"batch"', b'{"alpha":1,"batch"', 1),
        ),
    }
    return found | {
        name: vector(data, "batch", spec, expect) for name, (expect, spec, data) in bad.items()
    }


def _leaves(sample: Sample) -> dict[str, bytes]:
    ingested, refused = sample.batch(1).entries
    found = {
        "leaf_open": vector(ingested.raw, "leaf", "LED-10 LED-12 LED-20", hash=ingested.hash),
        "leaf_sealed_and_signed": vector(
            refused.raw, "leaf", "LED-10 LED-11 LED-12 LED-14", hash=refused.hash
        ),
    }
    raw = ingested.raw

    def bad(old: bytes, new: bytes, expect: str, spec: str) -> bytes:
        return vector(raw.replace(old, new, 1), "leaf", spec, expect)

    return found | {
        "leaf_field_twice": bad(b'"index":1', b'"index":1,"index":1', "duplicate-key", "LED-10"),
        "leaf_field_missing": bad(b',"v":1', b"", "field-missing", "LED-10"),
        "leaf_field_unknown": bad(b',"v":1', b',"v":1,"w":1', "field-unknown", "LED-10"),
        "leaf_newer": bad(b',"v":1', b',"v":2', "format-newer", "LED-10"),
        "leaf_spaced": bad(b',"v":1', b', "v":1', "not-canonical", "LED-10"),
        "leaf_huge_number": bad(
            b'"index":1', b'"index":99999999999999999999', "number-range", "LED-10"
        ),
        "leaf_no_such_day": bad(
            b'"at":"2026-01-02', b'"at":"2026-02-30', "field-invalid", "LED-10"
        ),
        "leaf_upper_case_hex": bad(b"0a0a", b"0A0A", "field-invalid", "LED-20"),
        "leaf_body_field_unknown": bad(
            b'"body":{', b'"body":{"alpha":1,', "field-unknown", "LED-20 LED-4"
        ),
        "leaf_in_wrong_scope": bad(
            f'"id":"object/{OBJECT}"'.encode(), b'"id":"store"', "entry-invalid", "LED-20"
        ),
        "leaf_first_with_link": bad(b'"prev":"0', b'"prev":"1', "entry-invalid", "LED-8"),
        "leaf_clock_not_behind": bad(
            b',"decided"',
            b',"clock":{"own":"2026-01-02T03:04:05.000000Z"},"decided"',
            "entry-invalid",
            "LED-29",
        ),
        "leaf_deep": bad(b'"body":{', b'"body":' + b'{"a":' * 17 + b"{", "not-json", "LED-10"),
        "leaf_of_unknown_kind": _unknown(ingested),
    }


def _unknown(entry: Entry) -> bytes:
    raw = entry.raw.replace(b"object.ingested", b"object.dreamt_of", 1)
    return vector(raw, "leaf", "LED-4", known="no")


def _payloads(sample: Sample) -> dict[str, bytes]:
    batch = sample.batch(1)
    entry, payload = batch.entries[1], batch.payloads[1]
    opened = sample.log.open_payload(entry)
    assert entry.sealed is not None
    assert payload is not None
    assert opened is not None
    context = entry_context(entry, store=STORE).decode()
    header = {
        "record_key": RECORD_KEY.hex(),
        "context": context,
        "commitment": entry.sealed.commitment,
        "sha256": entry.sealed.sha256,
        "fields": encode(opened.fields).decode(),
    }
    other = header | {"context": context.replace('"seq":1', '"seq":2')}
    message = act_message(
        store=STORE,
        scope=entry.scope.id,
        seq=entry.scope.seq,
        kind=entry.kind,
        by=entry.by,
        body=entry.body,
        commitment=entry.sealed.commitment,
    )
    assert entry.auth.key is not None
    assert entry.auth.signature is not None
    revealed = encode_revealed(reveal_field(opened, "claimed"))
    leaf = entry.raw.decode()
    count, root = heads_root(sample.log.state.heads())
    rows = sorted(sample.log.state.heads(), key=lambda row: row[0].text)
    shown = b"".join(
        encode({"head": str(head.hash), "id": scope.text, "seq": head.seq}) + b"\n"
        for scope, head in rows
    )
    return {
        "payload": vector(payload, "payload", "LED-15 LED-16", **header),
        "payload_elsewhere": vector(payload, "payload", "LED-15", "payload-tag", **other),
        "act": vector(
            message,
            "act",
            "LED-11",
            key=entry.auth.key.hex(),
            signature=entry.auth.signature.hex(),
        ),
        "revealed": vector(revealed, "revealed", "LED-18", store=STORE, leaf=leaf),
        "revealed_lie": vector(
            revealed.replace("Zoë".encode(), b"Ann"),
            "revealed",
            "LED-18",
            "commitment-differs",
            store=STORE,
            leaf=leaf,
        ),
        "heads": vector(shown, "heads", "LED-42", count=count, root=root),
    }


def _receipt(sample: Sample) -> bytes:
    entry = sample.batch(1).entries[0]
    receipt = Receipt(
        store=STORE,
        object_id=OBJECT,
        index=entry.index,
        entry_hash=entry.hash,
        generation=0,
        batch=1,
        at=entry.at,
        plaintext_sha256=Digest(b"\x0f" * 32),
        length_bytes=1_000_000,
        manifest_sha256=Digest(b"\x0a" * 32),
        source=ReceiptSource(scope="dock-7", id="A1/0001.mp4"),
        vault_replicas=("3f2a", "77c0"),
        storage_lock="none",
    )
    return sign_receipt(receipt, name=ORIGIN, signer=SIGNER)


def _statements(sample: Sample) -> dict[str, bytes]:
    note, log = sample.note, sample.log
    inclusion, extension = log.prove_inclusion(1), log.prove_extension(sample.old)
    receipt = _receipt(sample)
    head = {"vkey": KEY, "size": 3, "root": log.root()}
    leaf = log.entry(1).raw.decode()
    old = {"old_size": 1, "old_root": sample.old.root}
    stranger = {
        **head,
        "vkey": VerifierKey(name="other", public_key=StoredSigner(b"\x02" * 32).public_key),
    }
    return {
        "checkpoint": vector(note, "checkpoint", "CHK-7 CHK-10", **head),
        "checkpoint_of_a_stranger": vector(note, "checkpoint", "CHK-3", "key-unknown", **stranger),
        "checkpoint_changed": vector(
            note.replace(b"\n3\n", b"\n4\n"), "checkpoint", "CHK-3", "signature-invalid", **head
        ),
        "checkpoint_extended": vector(
            note.replace(b"\n\n", b"\nmore\n\n"), "checkpoint", "CHK-3", "signature-invalid", **head
        ),
        "note_without_signature": vector(
            note.partition(b"\n\n")[0] + b"\n\n", "checkpoint", "CHK-1", "note-invalid", **head
        ),
        "inclusion": vector(inclusion, "inclusion", "CHK-16 CHK-17", leaf=leaf, **head),
        "inclusion_of_another": vector(
            inclusion.replace(b"index 1", b"index 0"),
            "inclusion",
            "CHK-14 CHK-17",
            "proof-invalid",
            leaf=leaf,
            **head,
        ),
        "inclusion_with_extra": vector(
            inclusion.replace(b"index 1", b"extra AAAA\nindex 1"),
            "inclusion",
            "CHK-16",
            "proof-invalid",
            leaf=leaf,
            **head,
        ),
        "extension": vector(extension, "extension", "CHK-18 CHK-19", **old, **head),
        "extension_from_elsewhere": vector(
            extension,
            "extension",
            "CHK-15 CHK-19",
            "proof-invalid",
            **(old | {"old_root": "00" * 32}),
            **head,
        ),
        "receipt": vector(receipt, "receipt", "RCT-2 RCT-3 RCT-4", vkey=KEY, index=1),
        "receipt_changed": vector(
            receipt.replace(b'"index":1', b'"index":2'),
            "receipt",
            "RCT-4",
            "signature-invalid",
            vkey=KEY,
            index=2,
        ),
    }


def files() -> dict[Path, bytes]:
    """Every vector and its bytes."""
    sample = Sample()
    chapters = {
        "ledger": _batches(sample) | _leaves(sample) | _payloads(sample),
        "checkpoint": _statements(sample),
    }
    return {
        HERE / chapter / f"{name}.vec": content
        for chapter, vectors in chapters.items()
        for name, content in vectors.items()
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_bytes(content)
