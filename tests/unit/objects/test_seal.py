"""Chunks: FLOE as published, and every way in which a chunk is refused."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from bwcstore.errors import ErrorKind, FormatError, IntegrityError, InternalError
from bwcstore.objects._seal import Cipher, Place, associated_data, start, unlock
from tests.unit.objects.floe import decrypt
from tests.unit.objects.sample import OBJECT, STORE, data

VECTORS = Path(__file__).parents[4] / "shared/vectors/floe"
PUBLISHED = sorted(path.stem.removesuffix("_ct") for path in VECTORS.glob("*_ct.txt"))
KEY = bytes(range(32))
IV = bytes(range(100, 132))
AAD = b"This is AAD"
L = 40


def _hex(name: str) -> bytes:
    return bytes.fromhex((VECTORS / f"{name}.txt").read_text("ascii"))


def _seal(parts: list[bytes], rotation: int = 20) -> bytes:
    """Seal `parts`, one per chunk, with IVs that count."""
    result, cipher = start(KEY, iv=IV, aad=AAD, chunk_bytes=L, rotation_bits=rotation)
    for position, part in enumerate(parts):
        chunk = bytearray(len(part) + 32)
        place = Place.FINAL if position == len(parts) - 1 else Place.INNER
        iv = position.to_bytes(12, "big")
        cipher.seal_into(memoryview(part), memoryview(chunk), position=position, place=place, iv=iv)
        result += chunk
    return result


def _open(cipher: Cipher, chunk: bytes, position: int, place: Place) -> bytes:
    plaintext = bytearray(len(chunk) - 32)
    cipher.open_into(memoryview(chunk), memoryview(plaintext), position=position, place=place)
    return bytes(plaintext)


def _unlocked(sealed: bytes, rotation: int = 20) -> Cipher:
    return unlock(KEY, sealed[:74], aad=AAD, chunk_bytes=L, rotation_bits=rotation)


@pytest.mark.skipif(not PUBLISHED, reason="the published FLOE vectors are not at hand")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_vectors_open(name: str) -> None:
    """Everything that other implementations of FLOE published opens to its plaintext."""
    sealed = _hex(f"{name}_ct")
    length = int.from_bytes(sealed[2:6], "big")
    rotation = 2 if "rotation" in name else 20
    cipher = unlock(bytes(32), sealed[:74], aad=AAD, chunk_bytes=length, rotation_bits=rotation)
    body, opened = sealed[74:], b""
    for position in range(-(-len(body) // length)):
        chunk = body[position * length : (position + 1) * length]
        place = Place.INNER if chunk.startswith(b"\xff\xff\xff\xff") else Place.FINAL
        opened += _open(cipher, chunk, position, place)

    assert _hex(f"{name}_pt") == opened


@pytest.mark.skipif(not PUBLISHED, reason="the published FLOE vectors are not at hand")
@pytest.mark.parametrize("name", PUBLISHED)
def test_independent_decoder_opens_published_vectors(name: str) -> None:
    """The decoder that judges our sealing is itself right."""
    rotation = 2 if "rotation" in name else 20

    assert _hex(f"{name}_pt") == decrypt(bytes(32), AAD, _hex(f"{name}_ct"), rotation)


@pytest.mark.spec("SEG-2", "SEG-4", "SEG-5", "SEG-6", "SEG-7")
@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"x"],
        [b"1234567"],
        [b"12345678"],
        [b"12345678", b"x"],
        [b"12345678", b"12345678"],
        [b"12345678"] * 4 + [b"end"],
    ],
)
@pytest.mark.parametrize("rotation", [1, 20])
def test_independent_decoder_opens_ours(parts: list[bytes], rotation: int) -> None:
    """What is sealed here is a FLOE ciphertext: a decoder made from its text alone opens it."""
    assert b"".join(parts) == decrypt(KEY, AAD, _seal(parts, rotation), rotation)


@pytest.mark.spec("SEG-3")
def test_associated_data() -> None:
    """The associated data is three lines of ASCII: format, store, object."""
    expected = f"bwcstore/v1/object\n{STORE}\n{OBJECT}\n".encode("ascii")

    assert expected == associated_data(STORE, OBJECT)


@pytest.mark.spec("SEG-9")
@pytest.mark.parametrize(("key", "aad"), [(bytes(32), AAD), (KEY, b"This is another"), (KEY, b"")])
def test_other_key_or_object_is_refused(key: bytes, aad: bytes) -> None:
    """A header opens under its own key and for its own object only."""
    header = _seal([b"x"])[:74]
    with pytest.raises(IntegrityError) as caught:
        unlock(key, header, aad=aad, chunk_bytes=L)

    assert ErrorKind.HEADER_TAG == caught.value.kind


@pytest.mark.spec("SEG-9")
@pytest.mark.parametrize("position", [10, 41, 42, 73])
def test_changed_header_is_refused(position: int) -> None:
    """A changed byte of IV or tag does not verify."""
    header = bytearray(_seal([b"x"])[:74])
    header[position] ^= 1
    with pytest.raises(IntegrityError) as caught:
        unlock(KEY, bytes(header), aad=AAD, chunk_bytes=L)

    assert ErrorKind.HEADER_TAG == caught.value.kind


@pytest.mark.spec("SEG-8")
@pytest.mark.parametrize("position", range(10))
def test_other_parameters_are_refused(position: int) -> None:
    """Parameters other than those of the format are refused before any key is used."""
    header = bytearray(_seal([b"x"])[:74])
    header[position] ^= 1
    with pytest.raises(FormatError) as caught:
        unlock(KEY, bytes(header), aad=AAD, chunk_bytes=L)

    assert ErrorKind.HEADER_INVALID == caught.value.kind


@pytest.mark.spec("SEG-8")
@pytest.mark.parametrize("length", [0, 73, 75])
def test_header_of_other_length_is_refused(length: int) -> None:
    """A header is exactly 74 bytes."""
    with pytest.raises(FormatError) as caught:
        unlock(KEY, bytes(length), aad=AAD, chunk_bytes=L)

    assert ErrorKind.HEADER_INVALID == caught.value.kind


@pytest.mark.spec("SEG-6", "SEG-7", "SEG-16")
@pytest.mark.parametrize(
    ("position", "place", "kind"),
    [
        (1, Place.INNER, ErrorKind.CHUNK_TAG),
        (2**20, Place.INNER, ErrorKind.CHUNK_TAG),
        (0, Place.FINAL, ErrorKind.CHUNK_SHAPE),
    ],
)
def test_chunk_opens_in_its_own_place_only(position: int, place: Place, kind: ErrorKind) -> None:
    """A chunk is refused at another position, and as the last when it is not."""
    sealed = _seal([b"12345678", b"x"])
    with pytest.raises(IntegrityError) as caught:
        _open(_unlocked(sealed), sealed[74 : 74 + L], position, place)

    assert kind == caught.value.kind


@pytest.mark.spec("SEG-7")
@pytest.mark.parametrize(
    ("parts", "place"), [([b"12345678", b"x"], Place.FINAL), ([b"12345678"], Place.INNER)]
)
def test_forged_length_word_is_refused(parts: list[bytes], place: Place) -> None:
    """Being the last is authenticated: a length word that is changed to fit does not help."""
    sealed = _seal(parts)
    word = L.to_bytes(4, "big") if place is Place.FINAL else b"\xff\xff\xff\xff"
    with pytest.raises(IntegrityError) as caught:
        _open(_unlocked(sealed), word + sealed[78 : 74 + L], 0, place)

    assert ErrorKind.CHUNK_TAG == caught.value.kind


@pytest.mark.spec("SEG-16")
@pytest.mark.parametrize("position", [4, 15, 16, 23, 24, 39])
def test_changed_chunk_leaves_zeros(position: int) -> None:
    """A chunk with a changed byte is refused, and leaves no plaintext behind."""
    sealed = bytearray(_seal([b"12345678", b"x"]))
    sealed[74 + position] ^= 0x80
    plaintext = bytearray(b"\xaa" * 8)
    with pytest.raises(IntegrityError) as caught:
        _unlocked(bytes(sealed)).open_into(
            memoryview(sealed)[74 : 74 + L],
            memoryview(plaintext),
            position=0,
            place=Place.INNER,
        )

    assert (ErrorKind.CHUNK_TAG, bytes(8)) == (caught.value.kind, bytes(plaintext))


@pytest.mark.spec("SEG-16")
@pytest.mark.parametrize("cuts", [(0, 0), (0, 8), (3, 5), (1, 8), (8, 8)])
def test_chunk_opens_into_parts(cuts: tuple[int, int]) -> None:
    """A plaintext spread over several buffers is the same plaintext."""
    sealed = _seal([b"12345678", b"x"])
    plaintext = memoryview(bytearray(8))
    first, second = cuts
    parts = [plaintext[:first], plaintext[first:second], plaintext[second:]]
    _unlocked(sealed).open_parts_into(
        memoryview(sealed)[74 : 74 + L], parts, position=0, place=Place.INNER
    )

    assert b"12345678" == bytes(plaintext)


@pytest.mark.spec("SEG-6", "SEG-16")
@pytest.mark.parametrize(("at", "position"), [(4, 0), (16, 0), (39, 0), (None, 1)])
def test_changed_chunk_leaves_zeros_in_parts(at: int | None, position: int) -> None:
    """Spread over several buffers, a refused chunk leaves no plaintext in any of them."""
    sealed = bytearray(_seal([b"12345678", b"x"]))
    if at is not None:
        sealed[74 + at] ^= 1
    plaintext = memoryview(bytearray(b"\xaa" * 8))
    with pytest.raises(IntegrityError) as caught:
        _unlocked(bytes(sealed)).open_parts_into(
            memoryview(sealed)[74 : 74 + L],
            [plaintext[:3], plaintext[3:]],
            position=position,
            place=Place.INNER,
        )

    assert (ErrorKind.CHUNK_TAG, bytes(8)) == (caught.value.kind, bytes(plaintext))


def test_parts_that_do_not_fit() -> None:
    """Buffers that do not add up to the plaintext are a defect of the caller."""
    sealed = _seal([b"x"])
    room = memoryview(bytearray(2))
    with pytest.raises(InternalError):
        _unlocked(sealed).open_parts_into(
            memoryview(sealed)[74:], [room[:1], room[1:]], position=0, place=Place.FINAL
        )


@pytest.mark.spec("SEG-14")
@pytest.mark.parametrize("length", [0, 3, 31, L - 1, L + 1])
def test_chunk_of_other_length_is_refused(length: int) -> None:
    """An inner chunk is exactly as long as the header says."""
    sealed = _seal([b"12345678", b"12345678", b"x"])
    room = memoryview(bytearray(max(0, length - 32)))
    with pytest.raises(IntegrityError) as caught:
        _unlocked(sealed).open_into(
            memoryview(sealed)[74 : 74 + length], room, position=0, place=Place.INNER
        )

    assert ErrorKind.CHUNK_SHAPE == caught.value.kind


@pytest.mark.parametrize(
    ("length", "room", "place"),
    [(8, 39, Place.INNER), (7, 39, Place.INNER), (9, 41, Place.FINAL), (3, 36, Place.FINAL)],
)
def test_sealing_refuses_what_does_not_fit(length: int, room: int, place: Place) -> None:
    """Buffers that do not fit each other, or the chunk length, are a defect of the caller."""
    _, cipher = start(KEY, iv=IV, aad=AAD, chunk_bytes=L)
    with pytest.raises(InternalError):
        cipher.seal_into(
            memoryview(bytes(length)),
            memoryview(bytearray(room)),
            position=0,
            place=place,
            iv=bytes(12),
        )


def test_opening_refuses_what_does_not_fit() -> None:
    """A plaintext buffer of another length is a defect of the caller."""
    sealed = _seal([b"x"])
    with pytest.raises(InternalError):
        _unlocked(sealed).open_into(
            memoryview(sealed)[74:], memoryview(bytearray(2)), position=0, place=Place.FINAL
        )


@pytest.mark.parametrize(("key", "iv"), [(bytes(31), IV), (KEY, bytes(31))])
def test_sealing_refuses_short_secrets(key: bytes, iv: bytes) -> None:
    """A key or IV of another length is a defect of the caller."""
    with pytest.raises(InternalError):
        start(key, iv=iv, aad=AAD, chunk_bytes=L)


def test_opening_refuses_a_short_key() -> None:
    """A key of another length is a defect of the caller."""
    with pytest.raises(InternalError):
        unlock(bytes(31), _seal([b"x"])[:74], aad=AAD, chunk_bytes=L)


def test_key_rotates() -> None:
    """Chunks on both sides of a rotation are sealed under different keys."""
    sealed = _seal([b"12345678"] * 3, rotation=1)
    chunk = sealed[74 + 2 * L :]
    with pytest.raises(IntegrityError):
        _open(_unlocked(sealed), chunk, 2, Place.FINAL)

    assert b"12345678" == _open(_unlocked(sealed, rotation=1), chunk, 2, Place.FINAL)


def test_decoder_for_comparison_can_fail() -> None:
    """The independent decoder refuses a changed ciphertext: its agreement means something."""
    sealed = bytearray(_seal([data(8), b"x"]))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        decrypt(KEY, AAD, bytes(sealed))
