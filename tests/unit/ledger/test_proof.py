"""Proofs that travel: verified with the verifier key alone."""

import attrs
import pytest

from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, NotFoundError
from bwcstore.ledger._checkpoint import verify_checkpoint
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._proof import (
    decode_extension,
    decode_inclusion,
    encode_extension,
    encode_inclusion,
    verify_extension,
    verify_inclusion,
)
from bwcstore.testing._world import World
from tests.unit.ledger import books

OTHER = VerifierKey(name="other", public_key=books.ACTOR_SIGNER.public_key)


@pytest.mark.spec("CHK-14", "CHK-16", "CHK-17")
@pytest.mark.parametrize("index", [0, 1, 6, 12])
def test_an_entry_is_proven_offline(index: int) -> None:
    """The proof verifies for its leaf and for no other, with the store's key and no other."""
    log = books.filled(World(), 12)
    raw = log.prove_inclusion(index)
    leaf = log.entry(index).raw

    assert verify_inclusion(raw, leaf=leaf, key=books.KEY).size == 13
    assert encode_inclusion(decode_inclusion(raw)) == raw
    with pytest.raises(BwcStoreError) as other_leaf:
        verify_inclusion(raw, leaf=log.entry((index + 1) % 13).raw, key=books.KEY)
    with pytest.raises(BwcStoreError) as other_key:
        verify_inclusion(raw, leaf=leaf, key=OTHER)

    assert other_leaf.value.kind is ErrorKind.PROOF_INVALID
    assert other_key.value.kind is ErrorKind.KEY_UNKNOWN


@pytest.mark.spec("CHK-15", "CHK-18", "CHK-19")
@pytest.mark.parametrize("grown", [0, 1, 5])
def test_growth_is_proven_offline(grown: int) -> None:
    """The proof leads from the old checkpoint to the new one."""
    log = books.filled(World(), 6)
    old = verify_checkpoint(log.checkpoint(), books.KEY)
    for _ in range(grown):
        log.append(books.write(books.accessed(1)))
    log.checkpoint()
    raw = log.prove_extension(old)

    assert verify_extension(raw, old=old, key=books.KEY).size == 7 + grown
    assert encode_extension(decode_extension(raw)) == raw


@pytest.mark.spec("CHK-19", "CHK-11")
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"generation": 1}, ErrorKind.PROOF_INVALID),
        ({"size": 6}, ErrorKind.PROOF_INVALID),
        ({"origin": "elsewhere"}, ErrorKind.PROOF_INVALID),
        ({"root": None}, ErrorKind.PROOF_INVALID),
    ],
)
def test_growth_from_elsewhere_is_not_proven(change: dict[str, object], kind: ErrorKind) -> None:
    """A proof from another generation, size, origin or root does not verify."""
    log = books.filled(World(), 6)
    old = verify_checkpoint(log.checkpoint(), books.KEY)
    log.append(books.write(books.accessed(1)))
    log.checkpoint()
    raw = log.prove_extension(old)
    if "root" in change:
        change = {"root": log.root()}
    with pytest.raises(BwcStoreError) as caught:
        verify_extension(raw, old=attrs.evolve(old, **change), key=books.KEY)  # type: ignore[arg-type]

    assert caught.value.kind is kind


@pytest.mark.spec("CHK-11")
def test_two_roots_of_one_size_are_named() -> None:
    """Where the old checkpoint is of the same size with another root, that is equivocation."""
    log = books.filled(World(), 6)
    old = verify_checkpoint(log.checkpoint(), books.KEY)
    raw = log.prove_extension(old)
    with pytest.raises(BwcStoreError) as caught:
        verify_extension(raw, old=attrs.evolve(old, root=log.root(3)), key=books.KEY)

    assert caught.value.kind is ErrorKind.CHECKPOINT_EQUIVOCATION


@pytest.mark.spec("CHK-16", "CHK-20")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 5", "index 05"),
        ("index 5", "index -5"),
        ("index 5\n", "index 5\nextra AAAA\n"),
        ("index 5\n", "index 9007199254740992\n"),
        ("index 5\n", "index 5\n\n"),
        ("index 5\n", "index 5\n" + ("A" * 43 + "=\n") * 64),
        ("index 5\n", "index 5\n" + "A" * 42 + "B=\n"),
        ("index 5\n", "index 5\r\n"),
    ],
)
def test_what_is_no_proof_is_refused(old: str, new: str) -> None:
    """Every departure from the one form is refused."""
    raw = books.filled(World(), 6).prove_inclusion(5).decode()
    assert old in raw
    with pytest.raises(FormatError) as caught:
        decode_inclusion(raw.replace(old, new, 1).encode())

    assert caught.value.kind in (ErrorKind.PROOF_INVALID, ErrorKind.NOTE_INVALID)


@pytest.mark.spec("CHK-18")
@pytest.mark.parametrize("text", ["old 07\n\n", "new 7\n\n", "old 9007199254740992\n\n", "old\n\n"])
def test_what_is_no_extension_is_refused(text: str) -> None:
    """Every departure from the one form is refused."""
    note = books.filled(World(), 6).checkpoint().decode()
    with pytest.raises(FormatError) as caught:
        decode_extension((text + note).encode())

    assert caught.value.kind is ErrorKind.PROOF_INVALID


def test_a_proof_of_unlimited_length_is_refused() -> None:
    """Nothing is parsed beyond the limit."""
    with pytest.raises(FormatError) as caught:
        decode_inclusion(b"x" * 100_000)

    assert caught.value.kind is ErrorKind.TOO_LARGE


def test_an_old_generation_is_proven_by_its_last_checkpoint() -> None:
    """An entry of a closed generation is proven under a checkpoint of that generation."""
    world = World()
    books.filled(world, 6).roll(books.ACTOR)
    log = books.reopen(world)
    found = verify_inclusion(log.prove_inclusion(3), leaf=log.entry(3).raw, key=books.KEY)
    first = log.entry(8)

    assert (found.generation, found.size) == (0, 8)
    assert first.kind == "generation.opened"
    assert verify_inclusion(log.prove_inclusion(8), leaf=first.raw, key=books.KEY).generation == 1


def test_an_entry_that_does_not_exist_is_not_proven() -> None:
    """Asking for the proof of an entry beyond the ledger is refused."""
    with pytest.raises(NotFoundError) as caught:
        books.filled(World(), 2).prove_inclusion(3)

    assert caught.value.kind is ErrorKind.ENTRY_UNKNOWN
