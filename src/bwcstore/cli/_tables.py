"""Tables for people: columns beside each other as far as they fit, and the others below.

Rules kept here:

- no cell is cut, and no word of one broken: what is copied from a table is whole;
- where there is no terminal, a row is one line, so that other programs can search and cut it;
- every cell is escaped here.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

import attrs
from rich.cells import cell_len

from bwcstore.cli._shown import shown

_GAP: Final = "  "
# What is below the first line of a row stands a little to the right.
_INDENT: Final = "  "
# Narrower than this, words are harder to read beside the other columns than below them.
_ROOM_MIN: Final = 24


@attrs.frozen(kw_only=True)
class _Column:
    number: int
    width: int
    word: int
    right: bool


def terminal_width() -> int:
    """How wide what is printed may be: what `COLUMNS` says, else the terminal, else anything."""
    if not (sys.stdout.isatty() or os.environ.get("COLUMNS")):
        return sys.maxsize
    return shutil.get_terminal_size().columns


def table_lines(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, width: int
) -> Iterator[str]:
    """The lines of a table. A column whose name ends in `#` is aligned to the right.

    Args:
        columns: their names.
        rows: a cell for each column.
        width: how wide a line should be; a word that is wider stays whole.
    """
    names = [name.rstrip("#") for name in columns]
    cells = [[shown(cell) for cell in row] for row in rows]
    found = [
        _Column(
            number=number,
            width=max(cell_len(row[number]) for row in (names, *cells)),
            word=max(_longest(row[number]) for row in (names, *cells)),
            right=name.endswith("#"),
        )
        for number, name in enumerate(columns)
    ]
    lines = [*_arranged(found, width)]
    yield from _row_lines(names, lines)
    yield _rule() * min(width, max((cell_len(line) for line in _full(lines)), default=0))
    for row in cells:
        yield from _row_lines(row, lines)


def _longest(cell: str) -> int:
    return max(map(cell_len, cell.split()), default=0)


def _rule() -> str:
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return "─" if encoding.startswith("utf") else "-"


def _arranged(columns: Sequence[_Column], width: int) -> Iterator[list[_Column]]:
    """Which columns stand on which line of a row, and how wide each is there."""
    line: list[_Column] = []
    used = 0
    for column in columns:
        room = width - used - len(_GAP) * bool(line)
        beside = column is columns[-1] and room >= max(_ROOM_MIN, column.word)
        if line and column.width > room and not beside:
            yield line
            line, used = [], len(_INDENT)
            room = width - used
        fitting = attrs.evolve(column, width=min(column.width, max(room, 1)))
        used += fitting.width + len(_GAP) * bool(line)
        line.append(fitting)
    yield line


def _full(lines: Sequence[Sequence[_Column]]) -> Iterator[str]:
    """Lines as long as they can be where no word is too wide."""
    for number, line in enumerate(lines):
        yield _INDENT * bool(number) + _GAP.join("x" * column.width for column in line)


def _row_lines(row: Sequence[str], lines: Sequence[Sequence[_Column]]) -> Iterator[str]:
    for number, line in enumerate(lines):
        parts = [_words(row[column.number], column.width) for column in line]
        for beside in zip_longest(*parts, fillvalue=""):
            text = _GAP.join(map(_padded, beside, line)).rstrip()
            # The first line of a row is there even if it is empty, so that rows can be told apart.
            if text or number == 0:
                yield _INDENT * bool(number) + text


def _words(cell: str, width: int) -> list[str]:
    if cell_len(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)


def _padded(text: str, column: _Column) -> str:
    blanks = " " * (column.width - cell_len(text))
    return blanks + text if column.right else text + blanks
