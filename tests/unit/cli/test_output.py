"""What is printed: escaped, and for programs as JSON."""

import json

import pytest

from bwcstore.cli._output import Output, count_text, json_line, size_text
from bwcstore.cli._shown import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain name.mp4", "plain name.mp4"),
        ("Überfall.mp4", "Überfall.mp4"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("back\\slash", "back\\\\slash"),
        ("raw\udcff", "raw\\xff"),
        ("bidi\u202e", "bidi\\u202e"),
        ("nul\x00", "nul\\x00"),
    ],
)
def test_nothing_shown_can_act_on_a_terminal(text: str, expected: str) -> None:
    """Control characters, bytes that are no text, and tricks of direction are escaped."""
    assert expected == shown(text)


@pytest.mark.parametrize(
    ("length_bytes", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 << 10, "1.5 MiB"),
        (1 << 50, "1.0 PiB"),
    ],
)
def test_lengths_are_for_people(length_bytes: int, expected: str) -> None:
    """A length has one decimal and a binary unit."""
    assert expected == size_text(length_bytes)


@pytest.mark.parametrize(("count", "expected"), [(0, "0 keys"), (1, "1 key"), (2, "2 keys")])
def test_one_is_no_plural(count: int, expected: str) -> None:
    """What there is one of is not said to be several."""
    assert expected == count_text(count, "key")


def test_json_is_one_line_of_ascii() -> None:
    """Whatever the values hold, a document is one line of ASCII."""
    line = json_line({"b": "ü\n\u2028", "a": [1]})

    assert line.isascii()
    assert line.count("\n") == 1
    assert json.loads(line) == {"a": [1], "b": "ü\n\u2028"}


@pytest.mark.parametrize("machine", [True, False])
def test_errors_go_to_standard_error(machine: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """An error is JSON for programs and a line for people, never on standard output."""
    Output(machine=machine, quiet=True).fail("some-code", "what\nhappened", 3)
    out, err = capsys.readouterr()

    assert out == ""
    if machine:
        expected = {"error": {"kind": "some-code", "message": "what\nhappened", "exit_code": 3}}
        assert expected == json.loads(err)
    else:
        assert err == "bwcstore: what\\nhappened [some-code]\n"


def test_quiet_silences_remarks_but_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """`--quiet` keeps warnings."""
    output = Output(machine=False, quiet=True)
    output.remark("by the way")
    output.warn("keys-single-copy", "look")

    assert capsys.readouterr().err == "warning: look [keys-single-copy]\n"
