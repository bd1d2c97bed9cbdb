"""The words of a command line."""

import pytest

from bwcstore._values import ByteRange, Instant
from bwcstore.cli._parse import byte_range, instant, length_bytes, object_id, pairs
from bwcstore.errors import ErrorKind, InvalidInputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-9", ByteRange(0, 10)),
        ("5-", ByteRange(5, 95)),
        ("5+10", ByteRange(5, 10)),
        ("90-1000", ByteRange(90, 10)),
        ("100-", ByteRange(100, 0)),
        ("100+5", ByteRange(100, 0)),
    ],
)
def test_ranges(text: str, expected: ByteRange) -> None:
    """Both ends are included, and what lies beyond the end is left out."""
    assert expected == byte_range(text, 100)


@pytest.mark.parametrize("text", ["", "-", "5", "-5", "9-3", "101-", "a-b", "1+2+3", "1-2-", "٣-"])
def test_other_ranges_are_refused(text: str) -> None:
    """A text that is no range within the recording is refused."""
    with pytest.raises(InvalidInputError) as caught:
        byte_range(text, 100)

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("17", 17), ("17B", 17), ("2K", 2048), ("2KiB", 2048), ("1G", 1 << 30)],
)
def test_lengths(text: str, expected: int) -> None:
    """Units are powers of 1024."""
    assert expected == length_bytes(text, "--bytes")


@pytest.mark.parametrize("text", ["", "-1", "1.5G", "1 G", "G", "9" * 30, "99999999T"])
def test_other_lengths_are_refused(text: str) -> None:
    """A text that is no length, or too long a one, is refused."""
    with pytest.raises(InvalidInputError) as caught:
        length_bytes(text, "--bytes")

    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


def test_times_need_a_zone() -> None:
    """A time with a zone is understood in it; one without is refused."""
    expected = Instant.parse("2026-03-14T21:07:00.000000Z")

    assert expected == instant("2026-03-14T16:07:00-05:00", "--from")
    assert expected == instant("2026-03-14T21:07:00Z", "--from")
    for text in ("2026-03-14T16:07:00", "yesterday", "2026-02-30T00:00:00Z"):
        with pytest.raises(InvalidInputError):
            instant(text, "--from")


def test_pairs() -> None:
    """A value may hold an equals sign; a name may not come twice."""
    assert {"a": "1=2", "b": ""} == pairs(["a=1=2", "b="], "--field")
    for texts in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InvalidInputError):
            pairs(texts, "--field")


def test_ids_may_be_typed_in_upper_case() -> None:
    """An id is found whatever case and spaces it was copied with."""
    text = "01a20a57-5c41-7b82-a8af-6bbd22d6b183"

    assert text == str(object_id(f" {text.upper()} "))
