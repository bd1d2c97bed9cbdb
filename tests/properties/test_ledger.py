"""Properties of the ledger: one encoding each, no proof that lies, no batch that hides a change."""

import hashlib
from collections.abc import Callable

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bwcstore._values import Digest, Instant, ObjectId
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError
from bwcstore.ledger._batch import decode_batch, encode_batch
from bwcstore.ledger._chain import Chain, follow_links
from bwcstore.ledger._checkpoint import (
    Checkpoint,
    decode_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from bwcstore.ledger._entry import decode_entry
from bwcstore.ledger._note import decode_note, encode_note
from bwcstore.ledger._payload import decode_payload_line, encode_payload_line
from bwcstore.ledger._proof import (
    decode_extension,
    decode_inclusion,
    encode_extension,
    encode_inclusion,
    verify_inclusion,
)
from bwcstore.ledger._receipt import (
    Receipt,
    ReceiptSource,
    decode_receipt,
    encode_receipt,
    sign_receipt,
    verify_receipt,
)
from bwcstore.ledger._scope import Heads
from bwcstore.ledger._tiles import decode_bundle, encode_bundle
from bwcstore.ledger._tree import (
    Tree,
    check_consistency,
    check_inclusion,
    prove_consistency,
    prove_inclusion,
)
from bwcstore.testing._world import World
from tests.unit.ledger import books

SIZE_MAX = 520
TREE = Tree()
TREE.extend(hashlib.sha256(number.to_bytes(2, "big")).digest() for number in range(SIZE_MAX))


@pytest.mark.spec("CHK-14")
def test_inclusion_holds_for_every_size() -> None:
    """Up to two tiles and some, the first, last and a middle leaf of every size are proven."""
    for size in range(1, SIZE_MAX + 1):
        root = TREE.root(size)
        for index in {0, size // 2, size * 2 // 3, size - 1}:
            proof = prove_inclusion(index, size, TREE.hash)
            check_inclusion(index, size, TREE.hash(0, index), proof, root)

            assert len(proof) <= (size - 1).bit_length()


@pytest.mark.spec("CHK-15")
def test_consistency_holds_for_every_size() -> None:
    """Up to two tiles and some, every size extends sizes before it."""
    for new in range(SIZE_MAX + 1):
        for old in {0, 1, new // 2, new * 2 // 3, new - 1, new} - {-1}:
            if old > new:
                continue
            proof = prove_consistency(old, new, TREE.hash)
            check_consistency(old, TREE.root(old), new, TREE.root(new), proof)

            assert len(proof) <= new.bit_length() + 1


@st.composite
def damaged(draw: st.DrawFn, items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The hashes with one bit flipped, one left out, one too many, or two exchanged."""
    found = list(items)
    how = draw(st.sampled_from(["flip", "drop", "add", "swap"] if found else ["add"]))
    at = draw(st.integers(0, max(0, len(found) - 1)))
    match how:
        case "flip":
            bit = draw(st.integers(0, 255))
            value = int.from_bytes(found[at], "big") ^ (1 << bit)
            found[at] = value.to_bytes(32, "big")
        case "drop":
            del found[at]
        case "add":
            found.insert(at, draw(st.binary(min_size=32, max_size=32)))
        case _:
            other = draw(st.integers(0, len(found) - 1))
            found[at], found[other] = found[other], found[at]
    assume(tuple(found) != items)
    return tuple(found)


@pytest.mark.spec("CHK-14")
@given(data=st.data(), size=st.integers(1, SIZE_MAX))
def test_a_damaged_inclusion_proof_fails(data: st.DataObject, size: int) -> None:
    """A proof with any damage, or for another index, does not verify."""
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, TREE.hash)
    other = data.draw(st.integers(0, size))
    bad = data.draw(damaged(proof))
    leaf, root = TREE.hash(0, index), TREE.root(size)
    kinds = []
    for place, hashes in [(index, bad), (other, proof)]:
        if (place, hashes) == (index, proof):
            continue
        try:
            check_inclusion(place, size, leaf, hashes, root)
        except BwcStoreError as exc:
            kinds.append(exc.kind)
        else:
            kinds.append(ErrorKind.DEFECT)

    assert {ErrorKind.PROOF_INVALID} == set(kinds)


@pytest.mark.spec("CHK-15")
@given(data=st.data(), new=st.integers(2, SIZE_MAX))
def test_a_damaged_consistency_proof_fails(data: st.DataObject, new: int) -> None:
    """A proof with any damage, or between other roots, does not verify."""
    old = data.draw(st.integers(1, new - 1))
    proof = prove_consistency(old, new, TREE.hash)
    bad = data.draw(damaged(proof))
    old_root, new_root = TREE.root(old), TREE.root(new)
    kinds = []
    for first, second, hashes in [
        (old_root, new_root, bad),
        (bytes(32), new_root, proof),
        (old_root, bytes(32), proof),
    ]:
        try:
            check_consistency(old, first, new, second, hashes)
        except BwcStoreError as exc:
            kinds.append(exc.kind)
        else:
            kinds.append(ErrorKind.DEFECT)

    assert [ErrorKind.PROOF_INVALID] * 3 == kinds


def sample() -> tuple[bytes, bytes, bytes, bytes]:
    """A batch of five entries, two of them sealed; a checkpoint and two kinds of proof."""
    world = World()
    log = books.create(world)
    old = verify_checkpoint(log.checkpoint(), books.KEY)
    log.append(
        books.write(
            books.accessed(1, sealed="Zoë"),
            books.accessed(1),
            books.accessed(2),
            books.accessed(2),
            books.accessed(3, sealed="last"),
        )
    )
    note = log.checkpoint()
    batch = world.storage.contents[books.batch_names(world)[1]]
    return batch, note, log.prove_inclusion(2), log.prove_extension(old)


BATCH, NOTE, INCLUSION, EXTENSION = sample()
GENESIS_CHAIN = World()
books.create(GENESIS_CHAIN)
GENESIS = decode_batch(GENESIS_CHAIN.storage.contents[books.batch_names(GENESIS_CHAIN)[0]])


def accepted(raw: bytes) -> bool:
    """Whether a batch decodes, is complete and continues the genesis."""
    chain = Chain(Heads())
    chain.check_batch(GENESIS, chain.state, what="genesis")
    chain.advance(GENESIS)
    try:
        batch = decode_batch(raw)
        chain.check_batch(batch, chain.state, what="batch")
    except BwcStoreError:
        return False
    return batch.complete


def test_the_sample_is_good() -> None:
    """What the properties below damage is accepted as it is."""
    assert accepted(BATCH)


@pytest.mark.spec("LED-26", "LED-27", "LED-21")
@given(data=st.data())
def test_no_line_of_a_batch_is_removed_moved_or_doubled(data: st.DataObject) -> None:
    """A batch whose lines are not all there once, in order, is refused."""
    lines = BATCH.splitlines(keepends=True)
    how = data.draw(st.sampled_from(["drop", "swap", "double", "shuffle"]))
    at = data.draw(st.integers(0, len(lines) - 1))
    if how == "drop":
        # A batch that ends early with a whole entry is a shorter batch: digest and checkpoint
        # of the next one tell; so only lines before the last entry count here.
        changed = lines[:at] + lines[at + 1 :]
        assume(at < len(lines) - 2 or at == len(lines) - 1)
    elif how == "swap":
        other = data.draw(st.integers(0, len(lines) - 1))
        changed = list(lines)
        changed[at], changed[other] = changed[other], changed[at]
    elif how == "double":
        changed = [*lines[: at + 1], lines[at], *lines[at + 1 :]]
    else:
        changed = data.draw(st.permutations(lines))
    assume(changed != lines)

    assert not accepted(b"".join(changed))


@pytest.mark.spec("LED-10", "LED-12", "LED-21", "LED-25", "LED-27")
@given(at=st.integers(0, len(BATCH) - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_batch_flips_unseen(at: int, bit: int) -> None:
    """A flipped bit is refused, or it changes the digest that the next batch names."""
    changed = bytearray(BATCH)
    changed[at] ^= 1 << bit
    raw = bytes(changed)
    if accepted(raw):
        assert decode_batch(raw).digest != decode_batch(BATCH).digest


Codec = tuple[bytes, Callable[[bytes], bytes]]


def _batch_again(raw: bytes) -> bytes:
    batch = decode_batch(raw)
    return b"".join(encode_batch(batch.header, batch.entries, batch.payloads)[0])


def _text(raw: bytes) -> str:
    """What `decode_note` hands on, which is UTF-8 or nothing."""
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        raise FormatError(ErrorKind.NOTE_INVALID, "not UTF-8") from exc


def _checkpoint_again(raw: bytes) -> bytes:
    return decode_checkpoint(_text(raw)).text.encode()


def _receipt_again(raw: bytes) -> bytes:
    return encode_receipt(decode_receipt(_text(raw))).encode()


RECEIPT = Receipt(
    store=books.STORE,
    object_id=ObjectId("0190163d-8694-7000-8000-000000000001"),
    index=1,
    entry_hash=Digest(b"\x01" * 32),
    generation=0,
    batch=1,
    at=books.NOON,
    plaintext_sha256=Digest(b"\x02" * 32),
    length_bytes=5,
    manifest_sha256=Digest(b"\x03" * 32),
    source=ReceiptSource(scope="dock", id="a"),
    vault_replicas=("a",),
    storage_lock="none",
)
CODECS: dict[str, Codec] = {
    "batch": (BATCH, _batch_again),
    "bundle": (
        encode_bundle([b"leaf"] * 256),
        lambda raw: encode_bundle(decode_bundle(raw)),
    ),
    "checkpoint": (decode_note(NOTE).text.encode(), _checkpoint_again),
    "extension": (EXTENSION, lambda raw: encode_extension(decode_extension(raw))),
    "inclusion": (INCLUSION, lambda raw: encode_inclusion(decode_inclusion(raw))),
    "leaf": (decode_batch(BATCH).entries[0].raw, lambda raw: decode_entry(raw).raw),
    "note": (NOTE, lambda raw: encode_note(decode_note(raw))),
    "payload line": (
        encode_payload_line(b"payload")[:-1],
        lambda raw: encode_payload_line(decode_payload_line(raw, what="line"))[:-1],
    ),
    "receipt": (encode_receipt(RECEIPT).encode(), _receipt_again),
}


@pytest.mark.spec("CHK-5", "CHK-16", "LED-10", "LED-39", "RCT-2")
@pytest.mark.parametrize("name", sorted(CODECS))
@given(data=st.data())
def test_whatever_decodes_encodes_to_the_same_bytes(name: str, data: st.DataObject) -> None:
    """No codec accepts two texts for one value, however the bytes are damaged."""
    raw, again = CODECS[name]
    changed = bytearray(raw)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(changed)))
        how = data.draw(st.sampled_from(["set", "insert", "delete"]))
        if how == "insert":
            changed.insert(at, data.draw(st.sampled_from(b' \n\r\t0"{},=A+-\xff')))
        elif at < len(changed):
            if how == "set":
                changed[at] = data.draw(st.integers(0, 255))
            else:
                del changed[at]
    found = bytes(changed)
    try:
        result = again(found)
    except BwcStoreError:
        return

    assert found == result


@pytest.mark.spec("CHK-3", "CHK-10", "RCT-4")
@pytest.mark.parametrize("name", ["checkpoint", "receipt", "inclusion"])
@given(data=st.data())
def test_no_bit_of_a_signed_thing_flips_unseen(name: str, data: st.DataObject) -> None:
    """A flipped bit anywhere makes a checkpoint, receipt or inclusion proof fail."""
    leaf = decode_batch(BATCH).entries[1].raw
    verify: Callable[[bytes], object]
    if name == "checkpoint":
        raw, verify = NOTE, lambda note: verify_checkpoint(note, books.KEY)
    elif name == "receipt":
        raw = sign_receipt(RECEIPT, name=books.ORIGIN, signer=books.STORE_SIGNER)
        verify = lambda note: verify_receipt(note, books.KEY)  # noqa: E731
    else:
        raw, verify = INCLUSION, lambda proof: verify_inclusion(proof, leaf=leaf, key=books.KEY)
    verify(raw)
    changed = bytearray(raw)
    changed[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        verify(bytes(changed))
    except BwcStoreError:
        failed = True
    else:
        failed = False

    assert failed


@pytest.mark.spec("CHK-7")
@given(
    generation=st.integers(0, 999_999_999),
    size=st.integers(0, 2**53 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_every_checkpoint_is_read(generation: int, size: int, root: bytes) -> None:
    """Any generation, size and root come back from the signed note."""
    given_one = Checkpoint(origin=books.ORIGIN, generation=generation, size=size, root=Digest(root))
    raw = sign_checkpoint(given_one, books.STORE_SIGNER)

    assert verify_checkpoint(raw, books.KEY) == given_one


@pytest.mark.spec("RCT-2")
@given(
    text=st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30
    ),
    index=st.integers(0, 2**53 - 1),
    at=st.integers(0, 10**15),
)
def test_every_receipt_is_read(text: str, index: int, at: int) -> None:
    """Any source and number that can be written comes back."""
    given_one = attrs.evolve(
        RECEIPT, source=ReceiptSource(scope=text, id=text), index=index, at=Instant(at)
    )
    try:
        encoded = encode_receipt(given_one)
    except BwcStoreError:
        return

    assert decode_receipt(encoded) == given_one


@pytest.mark.spec("LED-12")
@given(at=st.integers(0, 4), place=st.integers(0, 1000), bit=st.integers(0, 7))
def test_links_are_followed_without_parsing(at: int, place: int, bit: int) -> None:
    """The chain check needs no parse, and sees a flipped bit in any leaf but the last."""
    leaves = [entry.raw for entry in decode_batch(BATCH).entries]
    start = decode_batch(BATCH).entries[0].after
    end = follow_links(leaves, start)
    changed = bytearray(leaves[at])
    changed[place % len(changed)] ^= 1 << bit
    leaves[at] = bytes(changed)
    try:
        found = follow_links(leaves, start)
    except BwcStoreError as exc:
        seen = exc.kind is ErrorKind.CHAIN_BROKEN
    else:
        seen = found != end

    assert seen
