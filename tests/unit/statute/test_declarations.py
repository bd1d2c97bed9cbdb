"""What a pack declares: its names, facts, versions and definitions."""

from typing import Final

import pytest

from bwcstore.errors import ErrorKind
from bwcstore.statute._condition import Not, OneOf
from bwcstore.statute._files._reading import read_pack
from tests.unit.statute.broken import RULE, Broken, check, expected, found
from tests.unit.statute.small import PACK

BASIC: Final = '[[floors]]\nid = "basic"\ncite = "s. 7(a)"\nverified = "text"\n'


def _fact(body: str) -> str:
    return f'[[facts]]\nname = "extra"\nabout = "recording"\nquestion = "So?"\n{body}'


def _kinds(text: str) -> set[ErrorKind]:
    return {problem.kind for problem in check(text)}


@pytest.mark.spec("LAW-20")
def test_definitions_stand_for_their_conditions() -> None:
    """Definitions are put in place in any order, also where a code has the name of one."""
    text = PACK.replace(
        "[definitions]\n", '[definitions]\nnone = "not quiet"\nquiet = "force is none"\n'
    )
    pack = read_pack(text, name="small.toml")
    quiet = OneOf("force", frozenset({"none"}))

    assert (Not(quiet), quiet) == (pack.definitions["none"], pack.definitions["quiet"])
    assert OneOf("investigation", frozenset({"active"})) == pack.classification[0].when


@pytest.mark.spec("LAW-1", "LAW-4", "LAW-30")
@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ('type = "number"', ErrorKind.FIELD_INVALID, "type"),
        ('type = "code"', ErrorKind.FIELD_MISSING, "codes"),
        ('type = "codes"\ncodes = []', ErrorKind.FIELD_INVALID, "at least one"),
        ('type = "code"\ncodes = ["a", "a"]', ErrorKind.FIELD_INVALID, "twice"),
        ('type = "code"\ncodes = ["A"]', ErrorKind.FIELD_INVALID, "lower snake case"),
        ('type = "code"\ncodes = ["and"]', ErrorKind.FIELD_INVALID, "lower snake case"),
        ('type = "flag"\ncodes = ["a"]', ErrorKind.FIELD_INVALID, "a flag has none"),
        ('type = "date"\ncodes = ["a"]', ErrorKind.FIELD_INVALID, "a date has none"),
        ('type = "flag"\nabsent = "no"', ErrorKind.FIELD_INVALID, "a boolean"),
        ('type = "code"\ncodes = ["a"]\nabsent = "b"', ErrorKind.PACK_REFERENCE, "code 'b'"),
        ('type = "codes"\ncodes = ["a"]\nabsent = ["b"]', ErrorKind.PACK_REFERENCE, "code 'b'"),
        ('type = "codes"\ncodes = ["a"]\nabsent = "a"', ErrorKind.FIELD_INVALID, "an array"),
        ('type = "date"\nabsent = "always"', ErrorKind.FIELD_INVALID, "'never'"),
        ('type = "instant"\nabsent = 2020-01-01', ErrorKind.FIELD_INVALID, "a text"),
        ('type = "requests"\nabsent = "none"', ErrorKind.FIELD_INVALID, "are none"),
        ('type = "flag"\nahead = true', ErrorKind.FIELD_INVALID, "a flag has no date"),
        ('type = "flag"\nseveral = "latest"', ErrorKind.FIELD_INVALID, "date, instant"),
        ('type = "date"\nseveral = "union"', ErrorKind.FIELD_INVALID, "codes, requests, holds"),
        ('type = "date"\nseveral = "first"', ErrorKind.FIELD_INVALID, "error, latest, union"),
        ('type = "date"\nwhen = "always"', ErrorKind.FIELD_UNKNOWN, "when"),
    ],
)
def test_fields_of_facts(body: str, kind: ErrorKind, says: str) -> None:
    """A fact has codes where its type has them, and stands for a value of its type."""
    problems = check(f"{PACK}\n{_fact(body)}")

    assert {kind} == {one.kind for one in problems}
    assert problems[0].message.startswith("fact extra: ")
    assert says in problems[0].message


@pytest.mark.spec("LAW-20")
@pytest.mark.parametrize("name", ["class", "purpose", "as_of", "always", "day", "Force", "a-b"])
def test_names_that_conditions_take_are_refused(name: str) -> None:
    """No fact, definition or choice has a name that conditions use themselves."""
    fact = _fact('type = "flag"').replace("extra", name)
    definition = PACK.replace("[definitions]", f'[definitions]\n{name} = "always"')
    choice = f'[[choices]]\nid = "{name}"\n{RULE}question = "?"\noptions = ["a"]\ndefault = "a"'

    for text in (f"{PACK}\n{fact}", definition, f"{PACK}\n{choice}"):
        assert {ErrorKind.FIELD_INVALID} == _kinds(text)


@pytest.mark.spec("LAW-2")
@pytest.mark.parametrize("table", ["classes", "choices", "actors", "purposes", "flags", "labels"])
def test_rules_that_are_named_have_names(table: str) -> None:
    """The id of a rule that others name is a name; other ids may have hyphens and dots."""
    named = f'[[{table}]]\nid = "a-b"\n{RULE}'
    plain = f'[[audit_elements]]\nid = "1.a-b"\n{RULE}'

    assert ErrorKind.FIELD_INVALID in _kinds(f"{PACK}\n{named}")
    assert () == check(f"{PACK}\n{plain}")


@pytest.mark.spec("LAW-2")
@pytest.mark.parametrize("id_", ["", "-a", ".a", "A", "a_b", "a b", "é"])
def test_ids_of_rules(id_: str) -> None:
    """An id has small letters, digits, points and hyphens, and does not begin with the latter."""
    assert {ErrorKind.FIELD_INVALID} == _kinds(f'{PACK}\n[[audit_elements]]\nid = "{id_}"\n{RULE}')


@pytest.mark.spec("LAW-3", "LAW-4")
@pytest.mark.parametrize(
    "broken",
    [
        Broken(
            "effective = 2016-01-01",
            "effective = 2020-01-01",
            ErrorKind.PACK_OVERLAP,
            'effective = 2020-01-01\nact = "Act 2"',
        ),
        Broken(
            "effective = 2016-01-01",
            "effective = 2021-01-01",
            ErrorKind.PACK_OVERLAP,
            "effective = 2020-01-01",
        ),
        Broken(
            BASIC,
            f"{BASIC}from = 2017-01-01\n",
            ErrorKind.PACK_OVERLAP,
            "from = 2017-01-01",
            "basic",
        ),
        Broken(
            BASIC, f"{BASIC}to = 2020-01-01\n", ErrorKind.PACK_OVERLAP, "to = 2020-01-01", "basic"
        ),
        Broken(
            BASIC, f"{BASIC}to = 9999-12-31\n", ErrorKind.PACK_OVERLAP, "to = 9999-12-31", "basic"
        ),
        Broken(
            'name = "force"',
            'name = "labels"',
            ErrorKind.PACK_OVERLAP,
            'name = "labels"\ntype = "codes"',
        ),
        Broken(
            "",
            '[[sources]]\nid = "gazette"\ntitle = "T"',
            ErrorKind.PACK_OVERLAP,
            'id = "gazette"\ntitle = "T"',
        ),
        Broken("violent =", 'force = "always"\nviolent =', ErrorKind.PACK_OVERLAP, "force = "),
    ],
)
def test_days_and_declarations(broken: Broken) -> None:
    """Versions are in order, rules begin and end with them, and a name is declared once."""
    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-4", "LAW-20")
@pytest.mark.parametrize(
    ("definitions", "name", "steps"),
    [
        ('a = "a"', "a", "a -> a"),
        ('b = "not a"\na = "b or minor_recorded"', "a", "a -> b -> a"),
        ('c = "a and always"\nb = "c"\na = "happened closed_on and b"', "a", "a -> b -> c -> a"),
    ],
)
def test_definitions_that_come_back(definitions: str, name: str, steps: str) -> None:
    """A definition that comes back to itself is refused, and the steps are said."""
    text = PACK.replace("[definitions]", f"[definitions]\n{definitions}")
    line = text[: text.index(f"\n{name} = ")].count("\n") + 2

    (problem,) = check(text)

    assert (ErrorKind.PACK_CYCLE, line) == (problem.kind, problem.line)
    assert problem.message.endswith(f": {steps}")


@pytest.mark.spec("LAW-4", "LAW-20")
@pytest.mark.timeout(30)
def test_definitions_that_double_are_refused() -> None:
    """Thirty definitions, each twice the one before, are refused at the tenth, and at once."""
    doubling = "\n".join(f'd{n} = "d{n - 1} and not d{n - 1}"' for n in range(1, 30))
    text = PACK.replace("[definitions]", f'[definitions]\n{doubling}\nd0 = "minor_recorded"')

    problems = check(text)

    assert ErrorKind.PACK_SYNTAX == problems[0].kind
    assert "definition d10" in problems[0].message


@pytest.mark.spec("LAW-4", "LAW-20")
def test_definitions_that_cannot_be_read() -> None:
    """A definition that is no condition is refused on its line, once, whoever uses it."""
    broken = Broken(
        'secret = "investigation is active"',
        'secret = "investigation ="',
        ErrorKind.PACK_SYNTAX,
        "secret = ",
        says="definition secret: '='",
    )

    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-4", "LAW-24")
def test_the_condition_for_individuals_asks_about_the_recording() -> None:
    """`individuals_when` asks for declared facts about the recording."""
    for condition, says in (("nobody", "'nobody'"), ("authorized", "about the request")):
        broken = Broken(
            'individuals_when = "somebody_recorded"',
            f'individuals_when = "{condition}"',
            ErrorKind.PACK_REFERENCE,
            "individuals_when",
            says=says,
        )

        assert expected(broken) == found(broken)
