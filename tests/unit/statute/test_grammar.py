"""From the text of a condition to the condition."""

from datetime import date

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import Period, Unit
from bwcstore.statute._condition import (
    All,
    Always,
    Compare,
    Condition,
    Flag,
    Happened,
    Has,
    Moment,
    Not,
    OneOf,
    Order,
    Some,
)
from bwcstore.statute._files._definitions import Definitions
from bwcstore.statute._grammar import is_name, parse_condition, words_of

A, B, C = Flag("a"), Flag("b"), Flag("c")
DAY = Period(count=1, unit=Unit.DAY)


@pytest.mark.spec("LAW-20")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", Always()),
        ("a", A),
        ("not a", Not(A)),
        ("not not a", Not(Not(A))),
        ("((a))", A),
        ("a and b and c", All((A, B, C))),
        ("a or b or c", Some((A, B, C))),
        ("a and (b or c)", All((A, Some((B, C))))),
        ("(a and b) or not c", Some((All((A, B)), Not(C)))),
        ("not a and b", All((Not(A), B))),
        ("not (a and b)", Not(All((A, B)))),
        ("a is b", OneOf("a", frozenset({"b"}))),
        ("a in (b)", OneOf("a", frozenset({"b"}))),
        ("a in(b,c)", OneOf("a", frozenset({"b", "c"}))),
        ("not a is b", Not(OneOf("a", frozenset({"b"})))),
        ("a has b", Has("a", "b")),
        ("a has any", Has("a", None)),
        ("happened a", Happened("a")),
        ("a < b", Compare(Moment("a"), Order.BEFORE, Moment("b"))),
        ("as_of<=a+1 day", Compare(Moment("as_of"), Order.UNTIL, Moment("a", DAY))),
        ("a + 1 days > b", Compare(Moment("a", DAY), Order.AFTER, Moment("b"))),
        (
            "a >= 2024-02-29 + 18 months",
            Compare(
                Moment("a"),
                Order.FROM,
                Moment(date(2024, 2, 29), Period(count=18, unit=Unit.MONTH)),
            ),
        ),
        ("2020-01-01 < a", Compare(Moment(date(2020, 1, 1)), Order.BEFORE, Moment("a"))),
        ("  a\tand\n b ", All((A, B))),
        ("known", Some((A, B))),
        ("not known and c", All((Not(Some((A, B))), C))),
        ("known is b", OneOf("known", frozenset({"b"}))),
    ],
)
def test_what_a_text_says(text: str, expected: Condition) -> None:
    """Each form of the grammar has its condition, and a definition stands for its own."""
    assert expected == parse_condition(text, definitions={"known": Some((A, B))})


@pytest.mark.spec("LAW-4", "LAW-20")
@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("  ", 1),
        ("a b", 3),
        ("a and b or c", 9),
        ("a or b and c", 8),
        ("a and", 6),
        ("and a", 1),
        ("not", 4),
        ("(a", 3),
        ("(a b)", 4),
        ("a)", 2),
        ("()", 2),
        ("a is", 5),
        ("a is any", 6),
        ("a in b", 6),
        ("a in ()", 7),
        ("a in (b c)", 9),
        ("a in (b, b)", 11),
        ("a has", 6),
        ("happened", 9),
        ("happened 2020-01-01", 10),
        ("a <", 4),
        ("a < always", 5),
        ("a < b < c", 7),
        ("a + b", 6),
        ("a + b days < c", 5),
        ("a + 100000 days < c", 5),
        ("a + 1 week < b", 5),
        ("a + 0 days < b", 5),
        ("2020-01-01", 11),
        ("2023-02-29 < a", 1),
        ("A", 1),
        ("a == b", 3),
        ("a; b", 2),
        ("__import__", 1),
        ("é", 1),
        ("5", 1),
        ("a is 5", 6),
    ],
)
def test_what_is_no_condition(text: str, column: int) -> None:
    """Text that is no condition is refused with the column; `and` beside `or` is none."""
    with pytest.raises(InvalidInputError) as caught:
        parse_condition(text, definitions={})

    assert ErrorKind.PACK_SYNTAX == caught.value.kind
    assert f"at column {column} of the condition" in caught.value.message


@pytest.mark.spec("LAW-20")
@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (32, "(" * 32 + "a" + ")" * 32),
        (33, "(" * 33 + "a" + ")" * 33),
        (32, "not " * 32 + "a"),
        (33, "not " * 34 + "a"),
        (33, "not (" * 200 + "a" + ")" * 200),
    ],
)
def test_conditions_of_many_levels(levels: int, text: str) -> None:
    """Thirty-two levels are read, more are not."""
    if levels <= 32:
        assert {"a"} == words_of(text)
        parse_condition(text, definitions={})
    else:
        with pytest.raises(InvalidInputError) as caught:
            parse_condition(text, definitions={})

        assert "more than 32 levels" in caught.value.message


@pytest.mark.spec("LAW-20")
def test_long_conditions() -> None:
    """Two thousand characters are read, one more is not."""
    text = "a" + " " * 1998 + " "

    assert A == parse_condition(text, definitions={})
    with pytest.raises(InvalidInputError):
        parse_condition(f"{text} ", definitions={})


@pytest.mark.spec("LAW-20")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("a_1", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("1a", False),
        ("_a", False),
        ("A", False),
        ("a-b", False),
        ("", False),
        ("always", False),
        ("years", False),
        ("any", False),
    ],
)
def test_names(text: str, expected: bool) -> None:
    """A name is lower snake case of up to 64 characters, and no word of the grammar."""
    assert expected is is_name(text)


@pytest.mark.spec("LAW-20")
def test_words_of_a_text_that_cannot_be_read() -> None:
    """The names in a text are found without reading it as a condition, if it has tokens at all."""
    assert {"a", "b"} == words_of("and a b )")
    assert set() == words_of("a ; b")


@pytest.mark.spec("LAW-20")
def test_definitions_do_not_grow_without_end() -> None:
    """A thousand tests with all definitions put in place are judged, and no more."""
    definitions = Definitions()
    definitions.add("ten", definitions.parse(" or ".join(["a"] * 10)))
    definitions.add("hundred", definitions.parse(" or ".join(["ten"] * 10)))
    thousand = " or ".join(["hundred"] * 10)

    definitions.parse(thousand)
    with pytest.raises(InvalidInputError) as caught:
        definitions.parse(f"{thousand} or a")

    assert ErrorKind.PACK_SYNTAX == caught.value.kind
    assert "1001 tests" in caught.value.message


@pytest.mark.spec("LAW-20")
def test_definitions_do_not_deepen_without_end() -> None:
    """Definitions of definitions have 64 levels together at most, also where they were given."""
    definitions = Definitions.of({"deep": parse_condition("not " * 31 + "a", definitions={})})
    definitions.add("deeper", definitions.parse("not " * 31 + "deep"))

    definitions.parse("not deeper")
    with pytest.raises(InvalidInputError) as caught:
        definitions.parse("not not deeper")

    assert "65 levels" in caught.value.message
