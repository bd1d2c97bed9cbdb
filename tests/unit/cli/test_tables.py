"""Tables for people: they fit, and nothing in them is cut."""

import io
import sys
from typing import Final

import pytest

from bwcstore.cli._output import Output
from bwcstore.cli._tables import table_lines, terminal_width

DETAIL: Final = "a lock of two seconds was asked for, and none was found"


def test_columns_stand_beside_each_other() -> None:
    """Numbers end where their column ends, and nothing follows the last word of a line."""
    rows = [("first", "7", ""), ("other", "10", "what")]

    assert [
        "name   count  more",
        "──────────────────",
        "first      7",
        "other     10  what",
    ] == [*table_lines(("name", "count#", "more"), rows, width=18)]


def test_what_finds_no_room_stands_below() -> None:
    """Columns go on in a second line of each row; one with nothing in it is left out."""
    rows = [("a" * 10, "b" * 10, "c" * 10, "1"), ("d", "", "", "")]

    assert [
        "first       second",
        "  third       n",
        "──────────────────────",
        "aaaaaaaaaa  bbbbbbbbbb",
        "  cccccccccc  1",
        "d",
    ] == [*table_lines(("first", "second", "third", "n#"), rows, width=23)]


def test_the_last_column_goes_on_below_itself() -> None:
    """Words are read beside their row where there is room for some of them."""
    rows = [("delete-locked", DETAIL)]

    assert [
        "delete-locked  a lock of two seconds was asked",
        "               for, and none was found",
    ] == [*table_lines(("check", "detail"), rows, width=48)][2:]


@pytest.mark.parametrize("width", [20, 60])
def test_no_word_is_broken(width: int) -> None:
    """A path that is wider than everything is on one line, and what stands beside it elsewhere."""
    path = "/evidence/" + "x" * 70
    lines = [*table_lines(("check", "detail"), [("delete-locked", f"see {path}")], width=width)]

    assert path in [line.strip() for line in lines]
    assert width >= max(len(line) for line in lines if path not in line)


def test_wide_characters_are_counted_by_what_they_take() -> None:
    """Columns stay in line where names are not in Latin letters."""
    lines = [*table_lines(("name", "n"), [("日本", "1"), ("ab", "2")], width=80)]

    assert ["日本  1", "ab    2"] == lines[2:]


def test_without_a_terminal_a_row_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What goes into a pipe can be searched and cut, unless somebody says how wide it may be."""
    rows = [("x" * 30, DETAIL)] * 3
    monkeypatch.delenv("COLUMNS", raising=False)
    Output(machine=False, quiet=False).table(("name", "detail"), rows)
    piped = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "70")
    Output(machine=False, quiet=False).table(("name", "detail"), rows)
    narrow = capsys.readouterr().out

    assert 70 == terminal_width()
    assert (2 + 3, 2 + 2 * 3) == (piped.count("\n"), narrow.count("\n"))
    assert 70 >= max(map(len, narrow.splitlines()))
    assert 3 == piped.count(f"{'x' * 30}  {DETAIL}\n")


def test_lines_are_drawn_with_what_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where output is no Unicode, the line under the names is one of hyphens."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))

    assert ["name", "----"] == [*table_lines(("name",), [], width=80)]
