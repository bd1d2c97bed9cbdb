"""What the rules of a pack make of each other."""

from typing import Final

import attrs
import pytest

from bwcstore.errors import ErrorKind
from tests.unit.statute.broken import Broken, a_rule, check, expected, found
from tests.unit.statute.small import PACK

BASIC: Final = '[[floors]]\nid = "basic"'
REFERENCE, UNREACHABLE = ErrorKind.PACK_REFERENCE, ErrorKind.PACK_UNREACHABLE
CONTRADICTION, OVERLAP = ErrorKind.PACK_CONTRADICTION, ErrorKind.PACK_OVERLAP


@pytest.mark.spec("LAW-4")
def test_a_pack_without_problems() -> None:
    """Nothing is wrong with the small pack."""
    assert () == check(PACK)


@pytest.mark.spec("LAW-3", "LAW-4")
@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("", "", True),
        ("to = 2019-12-31\n", "", True),
        ("to = 2019-12-31\n", "from = 2020-01-01\n", False),
        ("from = 2020-01-01\n", "to = 2019-12-31\n", False),
        ("from = 2020-01-01\n", "", True),
    ],
)
def test_rules_of_one_id(first: str, second: str, overlap: bool) -> None:
    """Two rules of one id in one table are never law on the same day; in two tables they may be."""
    rule = a_rule("audit_elements", "log", "")
    again = a_rule("audit_elements", "log", second)
    text = f"{PACK}\n{rule}{first}\n{again}\n" + a_rule("calendar_rules", "log", "")
    line = text[: text.rindex("[[audit_elements]]")].count("\n") + 1

    problems = check(text)

    assert ([(OVERLAP, line, "log")] if overlap else []) == [
        (one.kind, one.line, one.rule) for one in problems
    ]


@pytest.mark.spec("LAW-3", "LAW-4")
@pytest.mark.parametrize(
    "broken",
    [
        Broken(
            'when = "investigation is none"', 'when = "violent and force is none"', UNREACHABLE,
            BASIC, "basic", "cannot hold",
        ),
        Broken(
            'when = "investigation is none"', 'when = "not always"', UNREACHABLE, BASIC, "basic",
        ),
        Broken(
            'when = "investigation is none"',
            'when = "not investigation in (none, active, inactive)"', UNREACHABLE, BASIC, "basic",
        ),
        Broken(
            'when = "investigation is none"', 'when = "labels has training and not labels has any"',
            UNREACHABLE, BASIC, "basic",
        ),
        Broken(
            'when = "investigation is none"',
            'when = "complaint_clock is complaint and complaint_clock is collection"',
            UNREACHABLE, BASIC, "basic",
        ),
        Broken(
            'when = "class is open"', 'when = "not class in (open, closed, secret)"', UNREACHABLE,
            '[[access]]\nid = "all"', "all",
        ),
        Broken(
            'accept = "written"', 'accept = "written and not written"', UNREACHABLE,
            '[[extensions]]\nid = "on-request"', "on-request",
        ),
        Broken(
            'expects = "force is none"', 'expects = "violent and not violent"', UNREACHABLE,
            '[[labels]]\nid = "training"', "training",
        ),
        Broken(
            'when = "violent"\ngives', 'when = "always"\ngives', UNREACHABLE,
            '[[classification.rules]]\nid = "closed-else"', "closed-else", "rules before it",
        ),
        Broken(
            'when = "class is open"', 'when = "always"', UNREACHABLE,
            '[[access]]\nid = "nobody"', "nobody", "rules before it",
        ),
        Broken(
            BASIC + "\n", BASIC + "\nfrom = 2020-01-01\nto = 2019-12-31\n", UNREACHABLE, BASIC,
            "basic", "law on no day",
        ),
        Broken(
            BASIC + "\n", BASIC + "\nto = 2015-12-31\n", UNREACHABLE, BASIC, "basic",
            "law on no day",
        ),
    ],
)  # fmt: skip
def test_rules_that_no_facts_reach(broken: Broken) -> None:
    """A condition that cannot hold, a rule without a turn and a rule without a day are refused."""
    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("front", "reached"),
    [
        (a_rule("access", "x", 'actors = ["officer"]\nwhen = "always"\n'), False),
        (a_rule("access", "x", 'actors = ["stranger"]\nwhen = "always"\n'), True),
        (a_rule("access", "x", 'when = "always"\nto = 2019-12-31\n'), True),
        (a_rule("access", "x", 'when = "class in (open, closed, secret)"\n'), True),
    ],
)
def test_turns_of_access_rules(front: str, reached: bool) -> None:
    """An access rule has its turn with one of its actors on one of its days, or is refused.

    A condition that only facts make true always leaves the next rule its turn: they may be
    unknown.
    """
    rule = f'{front}view = "deny"\ncopy = "deny"\n\n'
    place = PACK.index('[[access]]\nid = "officers"')

    problems = check(PACK[:place] + rule + PACK[place:])

    assert reached == ("officers" not in {one.rule for one in problems})
    assert {one.kind for one in problems} <= {UNREACHABLE}


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (
            Broken(
                'when = "always"\ngives', 'when = "minor_recorded or not minor_recorded"\ngives',
                CONTRADICTION, '[[classification.rules]]\nid = "closed-else"', "closed-else",
            ),
            "on 2016-01-01 no rule of classification.rules always holds",
        ),
        (
            Broken(
                'id = "closed-else"', 'id = "closed-else"\nto = 2019-12-31', CONTRADICTION,
                '[[classification.rules]]\nid = "open-force"', "open-force",
            ),
            "on 2020-01-01 no rule",
        ),
        (
            Broken(
                'id = "nobody"', 'id = "nobody"\nactors = ["officer"]', CONTRADICTION,
                '[[access]]\nid = "all"', "all",
            ),
            "no rule of access for actor stranger always holds",
        ),
        (
            Broken("rank = 1", "rank = 2", CONTRADICTION, '[[classes]]\nid = "secret"', "secret"),
            "class closed has rank 2 as well",
        ),
    ],
)  # fmt: skip
def test_every_case_is_decided(broken: Broken, says: str) -> None:
    """On every day the last class rule and the last access rule of every actor always hold."""
    full = attrs.evolve(broken, says=says)

    assert expected(full) == found(full)


@pytest.mark.spec("LAW-4")
def test_actors_without_any_access_rule() -> None:
    """Where there are actors and no rules of access, every actor is without an answer."""
    text = PACK[: PACK.index("[[access]]")] + PACK[PACK.index("[[contradictions]]") :]

    assert [
        (CONTRADICTION, "officer"),
        (CONTRADICTION, "stranger"),
        (CONTRADICTION, "agency_staff"),
    ] == [(one.kind, one.rule) for one in check(text)]


@pytest.mark.spec("LAW-3")
def test_one_period_while_facts_are_missing() -> None:
    """Two rules that say how long a recording is locked meanwhile are not law on one day."""
    body = 'period = "10 days"\nstart = "collected_at"\n'
    text = f"{PACK}\n{a_rule('unclassified', 'another', body)}"

    problems = check(text)

    assert [(ErrorKind.PACK_OVERLAP, "another")] == [(one.kind, one.rule) for one in problems]


@pytest.mark.spec("LAW-4", "LAW-30")
def test_limits() -> None:
    """At most 63 facts about the recording, one of holds, and 1,000 rules."""
    declared = PACK.count('about = "recording"')
    fact = '[[facts]]\nname = "f{}"\ntype = "flag"\nabout = "recording"\nquestion = "?"\n'
    full = PACK + "".join(fact.format(n) for n in range(63 - declared))
    holds = fact.format("x").replace('"flag"', '"holds"\ncodes = ["a"]')
    count = sum(PACK.count(f"\n{head}") for head in ("cite = ",))
    rules = [a_rule("audit_elements", f"e{n}", "") for n in range(1000 - count)]

    assert () == check(full)
    assert [ErrorKind.TOO_LARGE] == [one.kind for one in check(full + fact.format("last"))]
    assert [ErrorKind.FIELD_INVALID] == [one.kind for one in check(f"{PACK}\n{holds}")]
    assert () == check("\n".join([PACK, *rules]))
    assert [ErrorKind.TOO_LARGE] == [
        one.kind for one in check("\n".join([PACK, *rules, a_rule("audit_elements", "e", "")]))
    ]
