"""Identifiers, digests, instants, scopes, tags and ranges: valid or refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import attrs
import pytest

from bwcstore._values import (
    STORE_SCOPE,
    ActId,
    ActorId,
    ByteRange,
    Digest,
    Instant,
    ObjectId,
    ScopeId,
    StoreId,
    Tag,
    check_text,
)
from bwcstore.errors import ErrorKind, InvalidInputError

ID = "0190163d-8694-7000-8000-0000000000ab"
START = Instant.parse("2026-01-02T03:04:05.000006Z")


def refusal(call: Callable[[], object]) -> ErrorKind:
    """The kind with which `call` refuses its argument."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    return caught.value.kind


@pytest.mark.spec("ENC-9")
@pytest.mark.parametrize("kind", [StoreId, ObjectId, ActId, ActorId])
def test_identifiers(kind: type[ObjectId]) -> None:
    """An identifier has one text form, and kinds of identifiers are never equal."""
    assert str(kind.parse(ID)) == ID
    assert kind.parse(ID) == kind.parse(ID)
    assert len({StoreId(ID), ObjectId(ID), ActId(ID), ActorId(ID)}) == 4
    for text in (
        ID.upper(),
        ID[:-1],
        ID + "\n",
        f"{{{ID}}}",
        ID.replace("-", ""),
        "",
        "\u0660" + ID[1:],
    ):
        assert refusal(partial(kind.parse, text)) == ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("ENC-10")
def test_identifiers_from_time() -> None:
    """The first 48 bits are milliseconds; version and variant are those of UUIDv7."""
    made = str(ObjectId.from_time(START, bytes(10)))
    full = str(ObjectId.from_time(START, b"\xff" * 10))

    assert int(made.replace("-", "")[:12], 16) == START.microseconds // 1000
    assert made[13:] == "-7000-8000-000000000000"
    assert full[13:] == "-7fff-bfff-ffffffffffff"
    assert made < str(ObjectId.from_time(START.plus_seconds(0.001), bytes(10)))


@pytest.mark.spec("ENC-11")
def test_digests() -> None:
    """A digest is 32 bytes, and 64 lower-case hex digits as text."""
    text = "0f" * 32
    assert str(Digest.parse(text)) == text
    assert Digest.parse(text).raw == b"\x0f" * 32
    for bad in (text.upper(), text[:-1], text + "0", text + "\n", ""):
        assert refusal(partial(Digest.parse, bad)) == ErrorKind.ARGUMENT_INVALID
    assert refusal(lambda: Digest(bytes(31))) == ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("ENC-12")
@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00.000000Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ],
)
def test_instants(text: str, microseconds: int) -> None:
    """An instant counts microseconds since 1970 and has one text form."""
    assert Instant.parse(text).microseconds == microseconds
    assert str(Instant(microseconds)) == text


@pytest.mark.spec("ENC-12")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-02",
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:04:05.0000000Z",
        "2026-01-02T03:04:05.000000",
        "2026-01-02T03:04:05.000000+00:00",
        "2026-01-02 03:04:05.000000Z",
        "2026-01-02t03:04:05.000000z",
        "2026-02-29T03:04:05.000000Z",
        "2026-13-01T03:04:05.000000Z",
        "2026-01-02T24:00:00.000000Z",
        "2026-06-30T23:59:60.000000Z",
        "0000-01-01T00:00:00.000000Z",
        "1969-12-31T23:59:59.999999Z",
        "10000-01-01T00:00:00.000000Z",
        "\u0662\u0660\u0662\u0666-01-02T03:04:05.000000Z",
        "2026-01-02T03:04:05.000000Z\n",
    ],
)
def test_other_texts_are_no_instants(text: str) -> None:
    """Another form, a date that does not exist, or one out of range is refused."""
    assert refusal(lambda: Instant.parse(text)) == ErrorKind.ARGUMENT_INVALID


def test_instants_from_datetimes() -> None:
    """Any time zone is converted exactly; without one it is refused."""
    zone = timezone(timedelta(hours=-6))
    moment = datetime(2026, 1, 1, 21, 4, 5, 6, tzinfo=zone)

    assert Instant.from_datetime(moment) == START
    assert (
        refusal(lambda: Instant.from_datetime(moment.replace(tzinfo=None)))
        == ErrorKind.ARGUMENT_INVALID
    )
    far = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert str(Instant.from_datetime(far)) == "9999-12-31T23:59:59.999999Z"


def test_arithmetic_of_instants() -> None:
    """Seconds are added to the microsecond, and never beyond the range."""
    assert START.plus_seconds(-0.000006) == Instant.parse("2026-01-02T03:04:05.000000Z")
    assert START < START.plus_seconds(1)
    assert refusal(lambda: Instant(0).plus_seconds(-1)) == ErrorKind.ARGUMENT_INVALID
    assert refusal(lambda: Instant(True)) == ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("ENC-13")
def test_scopes() -> None:
    """A scope is the store, an object or an act, and nothing else."""
    assert str(ScopeId.object(ObjectId(ID))) == f"object/{ID}"
    assert str(ScopeId.act(ActId(ID))) == f"act/{ID}"
    assert ScopeId(f"object/{ID}").object_id == ObjectId(ID)
    assert ScopeId(f"act/{ID}").object_id is None
    assert STORE_SCOPE.object_id is None
    for bad in ("", "Store", "store/", f"store/{ID}", f"actor/{ID}", f"object/{ID.upper()}"):
        assert refusal(partial(ScopeId, bad)) == ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("ENC-14")
def test_tags() -> None:
    """A tag is 32 lower-case hex digits."""
    assert str(Tag("0f" * 16)) == "0f" * 16
    for bad in ("0F" * 16, "0f" * 15, "0f" * 32, ""):
        assert refusal(partial(Tag, bad)) == ErrorKind.ARGUMENT_INVALID


def test_ranges() -> None:
    """A range has an offset and a length of at least 0."""
    assert ByteRange(3, 4).end_bytes == 7
    for offset, length in ((-1, 0), (0, -1), (True, 0)):
        assert refusal(partial(ByteRange, offset, length)) == ErrorKind.ARGUMENT_INVALID


def test_values_do_not_change() -> None:
    """No field of a value can be set."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        START.microseconds = 0  # type: ignore[misc]  # the type checker forbids it as well


def test_refusals_do_not_repeat_long_texts() -> None:
    """A message shows the beginning of what was refused only."""
    with pytest.raises(InvalidInputError) as caught:
        ObjectId("x" * 10_000)

    assert len(caught.value.message) < 120


@pytest.mark.spec("ENC-5")
@pytest.mark.parametrize("text", ["a", "Zoë Müller", "日本", "a" * 4096, "🚓"])
def test_texts(text: str) -> None:
    """One line in normal form C is a text."""
    assert check_text(text, "label") == text


@pytest.mark.spec("ENC-5")
@pytest.mark.parametrize(
    "text", ["", "a\nb", "a\tb", "\x00", "\x7f", "é\x85", "Zoe\u0308", "\ud800", "a" * 4097]
)
def test_other_texts(text: str) -> None:
    """Nothing, control characters, other forms and too long are refused."""
    assert refusal(lambda: check_text(text, "label")) == ErrorKind.TEXT_FORM
