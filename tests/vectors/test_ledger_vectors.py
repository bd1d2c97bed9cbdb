"""The vectors of the chapters `ledger` and `checkpoint`."""

import hashlib
import json
import runpy
from pathlib import Path

import attrs
import pytest

from bwcstore import _merkle
from bwcstore._values import Digest, StoreId
from bwcstore.errors import BwcStoreError
from bwcstore.ledger._auth import ed25519_verifies
from bwcstore.ledger._batch import decode_batch
from bwcstore.ledger._checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from bwcstore.ledger._entry import Sealed, decode_entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._payload import decode_revealed, open_payload, verify_revealed
from bwcstore.ledger._proof import verify_extension, verify_inclusion
from bwcstore.ledger._receipt import verify_receipt

HERE = Path(__file__).parent
Header = dict[str, str]


def vectors() -> list[Path]:
    """The vectors of both chapters."""
    return sorted([*(HERE / "ledger").glob("*.vec"), *(HERE / "checkpoint").glob("*.vec")])


def read_vector(path: Path) -> tuple[Header, bytes]:
    """The header and the raw bytes of a vector."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    return dict(line.split(": ", 1) for line in head.decode().splitlines()), raw


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """No vector is missing, left over or edited."""
    written = runpy.run_path(str(HERE / "make_ledger.py"))["files"]()
    stored = {path: path.read_bytes() for path in vectors()}

    assert stored == written


@pytest.mark.spec("LED-20", "LED-2")
def test_the_chapter_shows_the_kinds_as_they_are() -> None:
    """The tables of kinds in the specification are those of the library."""
    module = runpy.run_path(str(HERE / "make_kinds.py"))

    assert module["CHAPTER"].read_text("utf-8") == module["chapter"]()


def _check_leaf(header: Header, raw: bytes) -> None:
    entry = decode_entry(raw)
    expected = header.get("hash", str(entry.hash))

    assert (raw, expected) == (entry.raw, hashlib.sha256(b"\x00" + raw).hexdigest())
    assert entry.known == ("known" not in header)


def _check_batch(header: Header, raw: bytes) -> None:
    batch = decode_batch(raw)
    bare = b"".join(
        line for line in raw.splitlines(keepends=True) if not line.startswith(b'{"payload"')
    )

    assert header["digest"] == str(batch.digest) == hashlib.sha256(bare).hexdigest()
    assert header["entries"].split() == [str(entry.hash) for entry in batch.entries]


def _check_payload(header: Header, raw: bytes) -> None:
    sealed = Sealed(
        commitment=Digest.parse(header["commitment"]),
        key_id="record/x",
        sha256=Digest.parse(header["sha256"]),
    )
    opened = open_payload(
        raw,
        sealed=sealed,
        record_key=bytes.fromhex(header["record_key"]),
        context=header["context"].encode(),
    )

    assert json.loads(header["fields"]) == opened.fields


def _check_act(header: Header, raw: bytes) -> None:
    key, signature = bytes.fromhex(header["key"]), bytes.fromhex(header["signature"])

    assert ed25519_verifies(key, signature, raw)
    assert not ed25519_verifies(key, signature, raw + b" ")


def _check_revealed(header: Header, raw: bytes) -> None:
    entry = decode_entry(header["leaf"].encode())
    value = verify_revealed(decode_revealed(raw), entry=entry, store=StoreId(header["store"]))

    assert json.loads(raw)["value"] == value


def _check_heads(header: Header, raw: bytes) -> None:
    rows = raw.splitlines()

    assert header["root"] == _merkle.root(_merkle.leaf_hash(row) for row in rows).hex()
    assert header["count"] == str(len(rows))


def _check_statement(header: Header, raw: bytes) -> None:
    key = VerifierKey.parse(header["vkey"])
    match header["what"]:
        case "checkpoint":
            found = verify_checkpoint(raw, key)
        case "inclusion":
            found = verify_inclusion(raw, leaf=header["leaf"].encode(), key=key)
        case _:
            later = read_checkpoint(raw.partition(b"\n\n")[2])
            old = attrs.evolve(
                later, size=int(header["old_size"]), root=Digest.parse(header["old_root"])
            )
            found = verify_extension(raw, old=old, key=key)
    expected = Checkpoint(
        origin=key.name,
        generation=0,
        size=int(header["size"]),
        root=Digest.parse(header["root"]),
    )

    assert expected == found


def _check_receipt(header: Header, raw: bytes) -> None:
    receipt = verify_receipt(raw, VerifierKey.parse(header["vkey"]))

    assert int(header["index"]) == receipt.index


CHECKS = {
    "leaf": _check_leaf,
    "batch": _check_batch,
    "payload": _check_payload,
    "act": _check_act,
    "revealed": _check_revealed,
    "heads": _check_heads,
    "checkpoint": _check_statement,
    "inclusion": _check_statement,
    "extension": _check_statement,
    "receipt": _check_receipt,
}


@pytest.mark.parametrize("path", vectors(), ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Each vector leads to what its header says, or is refused for the stated reason."""
    header, raw = read_vector(path)
    check = CHECKS[header["what"]]
    if header["expect"] == "success":
        check(header, raw)
        return
    with pytest.raises(BwcStoreError) as caught:
        check(header, raw)

    assert caught.value.kind == header["expect"]
