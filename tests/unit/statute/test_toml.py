"""TOML documents: their values, the lines of their keys, and what is no such document."""

from datetime import date

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._files._toml import SIZE_MAX, DocumentError, Path, Problem, parse, refuse

DOCUMENT = '''\
# the first line is a comment with [brackets] and = signs
title = "a # in text" # and one outside
"quoted.key" = 'literal \\'
long = """
several [[lines]]
key = 1 \\
"""
raw = \'\'\'
# not a comment
\'\'\'\'

[owner]
a.b . c = 1
a.d = 2

[[rows]]
id = "first"
list = [
  "x", # with a comment ]
  { deep = { deeper = 1.5 } },
  [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5, 16.5, 17.5],
]
after = 1

  [[rows.cells]]
  x = 1

  [[rows.cells]]
  x = 2

[[rows]]
id = "second"
when = 2020-01-01
  [rows.inner]
  y = "\\"\\u00e9"
'''


def _problem(text: str) -> Problem:
    with pytest.raises(DocumentError) as caught:
        parse(text, name="law.toml")
    return caught.value.problem


@pytest.mark.spec("LAW-1")
@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted.key",), 3),
        (("long",), 4),
        (("raw",), 8),
        (("owner",), 12),
        (("owner", "a"), 13),
        (("owner", "a", "b", "c"), 13),
        (("owner", "a", "d"), 14),
        (("rows",), 16),
        (("rows", 0), 16),
        (("rows", 0, "id"), 17),
        (("rows", 0, "list"), 18),
        (("rows", 0, "list", 1, "deep", "deeper"), 18),
        (("rows", 0, "after"), 23),
        (("rows", 0, "cells", 0), 25),
        (("rows", 0, "cells", 1, "x"), 29),
        (("rows", 1), 31),
        (("rows", 1, "when"), 33),
        (("rows", 1, "inner", "y"), 35),
        (("rows", 1, "inner", "missing"), 34),
        (("nothing",), 1),
    ],
)
def test_every_key_has_its_line(path: Path, line: int) -> None:
    """A key, a table and a table of an array has its line; what is within a value, its key's."""
    assert line == parse(DOCUMENT, name="law.toml").line(path)


@pytest.mark.spec("LAW-1")
def test_lines_are_the_same_with_other_line_ends() -> None:
    """A carriage return before each line feed changes neither values nor lines."""
    plain = parse(DOCUMENT, name="law.toml")
    windows = parse(DOCUMENT.replace("\n", "\r\n"), name="law.toml")

    assert plain == windows
    assert date(2020, 1, 1) == plain.values["rows"][1]["when"]  # type: ignore[index]


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = \n", 2),
        ("a = 1\n\n[b\n", 3),
        ("a = 1\na = 2\n", 2),
        ('a = "never\nends"\n', 1),
        ('a = """never\nends\n', 3),
        ("a = 1\nb = 2020-02-30\n", 2),
        ("a = [1,\n2", 2),
        ("\ufeffa = 1\n", 1),
        ('a = "\\q"\n', 1),
        ('"\\q" = 1\n', 1),
        ("a 1\n", 1),
        ("= 1\n", 1),
        ("a = " + "1" * 5000, 1),
        ("[[a]]\n[a]\n", 2),
    ],
)
def test_what_is_not_toml_is_refused(text: str, line: int) -> None:
    """Text that is not TOML is refused with the line on which that shows."""
    problem = _problem(text)

    assert (ErrorKind.PACK_SYNTAX, line) == (problem.kind, problem.line)


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = " + "[" * 17 + "]" * 17, 1),
        ("a = " + "[" * 500_000, 1),
        ("a = [\n" + "{a=" * 500, 2),
        ("a = 1\n" + "a." * 16 + "a = 1", 2),
        ("\n[" + "a." * 400_000 + "a]", 2),
        ("a = { " + "a." * 300_000 + "a = 1 }", 1),
        ("a = { " + '"a".' * 200_000 + "a = 1 }", 1),
    ],
)
def test_deep_documents_are_refused_at_once(text: str, line: int) -> None:
    """What nests deeper than canonical encoding is refused before the parser sees it."""
    problem = _problem(text)

    assert (ErrorKind.TOO_DEEP, line) == (problem.kind, problem.line)


@pytest.mark.spec("LAW-4")
@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        'a = """' + '\\"""' * 200_000,
        "a = '''" + "''" * 3 + "\n'''" * 200_001 + "x",
        'a = ["' + '","' * 300_000,
        "a = '" * 200_000,
    ],
)
def test_broken_strings_do_not_keep_the_reader_busy(text: str) -> None:
    """A megabyte of quotes that never close is refused like any other text."""
    assert ErrorKind.PACK_SYNTAX == _problem(text).kind


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize("filler", ["a", "é"])
def test_large_documents_are_refused(filler: str) -> None:
    """A document of 1 MiB is read, and one of a byte more is not."""
    size = len(filler.encode())
    fits = "#" * (2 - SIZE_MAX % size) + filler * ((SIZE_MAX - 2) // size)
    fits += "#" * (SIZE_MAX - len(fits.encode()))

    assert {} == parse(fits, name="law.toml").values
    assert ErrorKind.TOO_LARGE == _problem(f"{fits}#").kind


@pytest.mark.spec("LAW-1")
def test_depth_of_sixteen_is_read() -> None:
    """Sixteen levels of arrays, and keys of sixteen parts, are read."""
    found = parse("a = " + "[" * 16 + "]" * 16 + "\n" + "b." * 15 + "b = 1", name="law.toml")

    assert {"a", "b"} == set(found.values)


@pytest.mark.spec("LAW-4")
def test_a_problem_says_where_it_is() -> None:
    """A problem is one line: file, line, rule, what is wrong, and its code."""
    kind = ErrorKind.PACK_REFERENCE
    problem = Problem(kind=kind, name="law.toml", line=7, rule="basic", message="no such fact")

    assert "law.toml:7: rule basic: no such fact [pack-reference]" == str(problem)


@pytest.mark.spec("LAW-4")
def test_the_first_problem_is_raised_and_the_others_are_notes() -> None:
    """An error reads like the first problem; its notes are the others. None, and nothing."""
    kind = ErrorKind.PACK_SYNTAX
    problems = [Problem(kind=kind, name="a", line=n, message=f"no. {n}") for n in (1, 2, 3)]

    refuse([])
    with pytest.raises(InvalidInputError) as caught:
        refuse(problems)

    assert str(problems[0]) == str(caught.value)
    assert [str(problem) for problem in problems[1:]] == caught.value.__notes__
