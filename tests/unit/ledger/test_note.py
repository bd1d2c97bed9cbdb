"""Signed notes and verifier keys."""

import pytest

from bwcstore.errors import BwcStoreError, ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._note import (
    VerifierKey,
    decode_note,
    encode_note,
    sign_note,
    verify_note,
)
from tests.unit.ledger import books

PUBLISHED = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "one\ntwo\n"
RAW = sign_note(TEXT, name=books.ORIGIN, signer=books.STORE_SIGNER)
OTHER = VerifierKey(name="other", public_key=books.ACTOR_SIGNER.public_key)
COSIGNED = RAW + sign_note(TEXT, name="other", signer=books.ACTOR_SIGNER)[len(TEXT) + 1 :]


@pytest.mark.spec("CHK-2")
def test_the_published_key_is_read() -> None:
    """The key of the signed-note text of C2SP has the key id that it claims."""
    key = VerifierKey.parse(PUBLISHED)

    assert str(key) == PUBLISHED
    assert (key.name, key.key_id.hex()) == ("example.com/foo", "530d903a")


@pytest.mark.spec("CHK-2")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        PUBLISHED.replace("530d903a", "530d903b"),
        PUBLISHED.replace("530d903a", "530D903A"),
        PUBLISHED.replace("/foo", "/bar"),
        PUBLISHED.replace("+AekyeR", "+BekyeR"),
        PUBLISHED[:-1] + "l",
        PUBLISHED + "\n",
        " " + PUBLISHED,
        PUBLISHED.replace("/foo", "/f oo"),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    """Another form, kind of key or key id is refused."""
    with pytest.raises(InvalidInputError) as caught:
        VerifierKey.parse(text)

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


@pytest.mark.parametrize(("name", "key"), [("", bytes(32)), ("a b", bytes(32)), ("a", b"short")])
def test_a_verifier_key_that_exists_is_valid(name: str, key: bytes) -> None:
    """A key without a proper name or with another length cannot be made."""
    with pytest.raises(InvalidInputError) as caught:
        VerifierKey(name=name, public_key=key)

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("CHK-1", "CHK-3")
def test_a_signed_note_verifies() -> None:
    """What was signed is read, and verifies with the key of its name."""
    assert verify_note(RAW, (books.KEY,)).text == TEXT


@pytest.mark.spec("CHK-4")
def test_signing_is_deterministic() -> None:
    """Signing again gives the same bytes."""
    assert sign_note(TEXT, name=books.ORIGIN, signer=books.STORE_SIGNER) == RAW


@pytest.mark.spec("CHK-3")
def test_unknown_signatures_are_ignored() -> None:
    """A note with a further signature verifies with either key, and with both."""
    for keys in [(books.KEY,), (OTHER,), (books.KEY, OTHER)]:
        assert len(verify_note(COSIGNED, keys).signatures) == 2


@pytest.mark.spec("CHK-3")
def test_a_note_by_strangers_is_refused() -> None:
    """A note that no known key signed is refused, also if the name is the same."""
    namesake = VerifierKey(name=books.ORIGIN, public_key=OTHER.public_key)
    for key in (OTHER, namesake):
        with pytest.raises(BwcStoreError) as caught:
            verify_note(RAW, (key,))

        assert caught.value.kind is ErrorKind.KEY_UNKNOWN


@pytest.mark.spec("CHK-3")
def test_one_wrong_signature_spoils_the_note() -> None:
    """A known key's signature that fails refuses the note, though another one verifies."""
    note = decode_note(COSIGNED)
    first, second = note.signatures
    forged = encode_note(
        type(note)(
            text=note.text,
            signatures=(
                first,
                type(second)(name=second.name, key_id=second.key_id, signature=first.signature),
            ),
        )
    )
    with pytest.raises(BwcStoreError) as caught:
        verify_note(forged, (books.KEY, OTHER))

    assert caught.value.kind is ErrorKind.SIGNATURE_INVALID
    assert verify_note(forged, (books.KEY,)).text == TEXT


@pytest.mark.spec("CHK-1", "CHK-5", "CHK-6")
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", ErrorKind.NOTE_INVALID),
        (b"\xff", ErrorKind.NOTE_INVALID),
        (b"text\n", ErrorKind.NOTE_INVALID),
        (b"text\n\n", ErrorKind.NOTE_INVALID),
        (RAW[:-1], ErrorKind.NOTE_INVALID),
        (RAW + b"\n", ErrorKind.NOTE_INVALID),
        (RAW.replace(b"\n", b"\r\n"), ErrorKind.NOTE_INVALID),
        (RAW.replace(b"one", b"o\x00e"), ErrorKind.NOTE_INVALID),
        (RAW.replace("—".encode(), b"-"), ErrorKind.NOTE_INVALID),
        (RAW.replace(b"= \n", b"\n").replace(b"=\n", b"\n"), ErrorKind.NOTE_INVALID),
        (RAW.replace(books.ORIGIN.encode(), b"a+b"), ErrorKind.NOTE_INVALID),
        (TEXT.encode() + "\n— a AAAA\n".encode(), ErrorKind.NOTE_INVALID),
        (RAW + RAW[len(TEXT) + 1 :] * 64, ErrorKind.NOTE_INVALID),
        (b"x" * 65_537, ErrorKind.TOO_LARGE),
    ],
)
def test_what_is_no_note_is_refused(raw: bytes, kind: ErrorKind) -> None:
    """Every departure from the one form is refused."""
    with pytest.raises(FormatError) as caught:
        decode_note(raw)

    assert caught.value.kind is kind


@pytest.mark.spec("CHK-1")
def test_a_text_may_have_empty_lines() -> None:
    """The last empty line ends the text, not the first."""
    text = "one\n\ntwo\n"
    raw = sign_note(text, name=books.ORIGIN, signer=books.STORE_SIGNER)

    assert verify_note(raw, (books.KEY,)).text == text


@pytest.mark.parametrize("text", ["", "no line end", "tab\there\n", "nul\x00\n"])
def test_what_cannot_be_a_note_is_not_signed(text: str) -> None:
    """Only lines of text are signed."""
    with pytest.raises(InvalidInputError) as caught:
        sign_note(text, name=books.ORIGIN, signer=books.STORE_SIGNER)

    assert caught.value.kind is ErrorKind.TEXT_FORM
