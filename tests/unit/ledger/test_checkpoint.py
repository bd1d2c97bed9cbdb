"""Checkpoints: three lines, one signature, no two truths."""

import base64

import attrs
import pytest

from bwcstore._values import Digest
from bwcstore.errors import BwcStoreError, EquivocationError, ErrorKind, FormatError
from bwcstore.ledger._checkpoint import (
    Checkpoint,
    check_consistent,
    decode_checkpoint,
    read_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from bwcstore.ledger._note import sign_note
from tests.unit.ledger import books

HERE = Checkpoint(origin=books.ORIGIN, generation=2, size=70_000, root=Digest(b"\x07" * 32))
RAW = sign_checkpoint(HERE, books.STORE_SIGNER)


@pytest.mark.spec("CHK-7")
def test_the_text_has_three_lines() -> None:
    """Origin with generation, size, root."""
    root = base64.b64encode(b"\x07" * 32).decode()

    assert HERE.text == f"{books.ORIGIN}/2\n70000\n{root}\n"


@pytest.mark.spec("CHK-9", "CHK-10")
def test_a_signed_checkpoint_verifies() -> None:
    """What was signed is read, with and without a key."""
    assert verify_checkpoint(RAW, books.KEY) == HERE
    assert read_checkpoint(RAW) == HERE


@pytest.mark.spec("CHK-10")
def test_another_origin_is_refused() -> None:
    """The store's key may sign under its name; the text must be about the same log."""
    other = attrs.evolve(HERE, origin="elsewhere.example/log")
    raw = sign_note(other.text, name=books.ORIGIN, signer=books.STORE_SIGNER)
    with pytest.raises(BwcStoreError) as caught:
        verify_checkpoint(raw, books.KEY)

    assert caught.value.kind is ErrorKind.NOTE_INVALID


@pytest.mark.spec("CHK-7", "CHK-8")
@pytest.mark.parametrize(
    "text",
    [
        HERE.text + "extension\n",
        HERE.text[:-1],
        HERE.text.replace("70000", "070000"),
        HERE.text.replace("70000", "-1"),
        HERE.text.replace("70000", "9007199254740992"),
        HERE.text.replace("/2\n", "/02\n"),
        HERE.text.replace("/2\n", "\n"),
        HERE.text.replace("Bwc=", "Bwd="),
        HERE.text.replace("Bwc=", "Bwc"),
        HERE.text.replace("\n", "\r\n"),
        "\n" + HERE.text,
        "",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Every departure from the one form is refused."""
    with pytest.raises(FormatError) as caught:
        decode_checkpoint(text)

    assert caught.value.kind is ErrorKind.NOTE_INVALID


@pytest.mark.spec("CHK-11")
def test_two_roots_of_one_size_are_equivocation() -> None:
    """Same generation and size with another root cannot both be true; all else may."""
    other = attrs.evolve(HERE, root=Digest(bytes(32)))
    check_consistent(HERE, HERE)
    check_consistent(HERE, attrs.evolve(other, size=1))
    check_consistent(HERE, attrs.evolve(other, generation=1))
    with pytest.raises(EquivocationError) as caught:
        check_consistent(HERE, other)

    assert caught.value.kind is ErrorKind.CHECKPOINT_EQUIVOCATION
