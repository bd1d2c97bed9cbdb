"""The words of a command line."""

import pytest

from bwcstore._values import ByteRange, Instant
from bwcstore.cli._parse import (
    act_id,
    byte_range,
    digest,
    fact_value,
    flags,
    instant,
    length_bytes,
    object_id,
    pairs,
    region,
    role_lists,
)
from bwcstore.custody._deriving import Region
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("no_injury", "no_injury"),
        ("2026-03-14", "2026-03-14"),
        ('["a", "b"]', ["a", "b"]),
        ('"7"', "7"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_values_of_facts(text: str, expected: object) -> None:
    """JSON is taken as JSON, and everything else as a text."""
    assert expected == fact_value(text)


def test_flags_and_roles() -> None:
    """Flags are yes or no; roles are lists; each name once."""
    assert {"a": True, "b": False} == flags(["a=yes", "b=no"], "--answer")
    assert {"plan.approved": frozenset({"chief", "designee"})} == role_lists(
        ["plan.approved=chief,designee"], "--only"
    )
    for texts in (["a"], ["a=true"], ["a=yes", "a=no"]):
        with pytest.raises(InvalidInputError):
            flags(texts, "--answer")


def test_digests_and_acts() -> None:
    """Both are taken in either case, and nothing else is."""
    assert "ab" * 32 == str(digest("AB" * 32, "--digest"))
    assert "01a20a57-5c41-7b82-a8af-6bbd22d6b183" == str(
        act_id(" 01A20A57-5C41-7B82-A8AF-6BBD22D6B183")
    )
    for read in (lambda: digest("ab" * 31, "--digest"), lambda: act_id("x")):
        with pytest.raises(InvalidInputError) as caught:
            read()

        assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


def test_regions() -> None:
    """A region is a time, perhaps a box, and words, which may have anything in them."""
    boxed = Region(
        start_seconds=12.5, end_seconds=20.0, what="face: blurred", x=10, y=20, width=300, height=9
    )

    assert boxed == region("12.5-20@10,20,300,9:face: blurred", "--region")
    assert Region(start_seconds=0.0, end_seconds=1.0, what="sound") == region("0-1:sound", "-")
    for text in ("1-2", "x-2:face", "1-2@1,2,3:face", "1-2:", "2-1:face", "1..2-3:face"):
        with pytest.raises(InvalidInputError):
            region(text, "--region")
