"""The names that rules use, and what each rule may ask for."""

from typing import Final

import pytest

from bwcstore.errors import ErrorKind
from tests.unit.statute.broken import Broken, a_rule, check, expected, found
from tests.unit.statute.small import PACK

BASIC: Final = '[[floors]]\nid = "basic"'
REFERENCE: Final = ErrorKind.PACK_REFERENCE


@pytest.mark.spec("LAW-4", "LAW-24")
@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("nobody", "nothing declares the fact 'nobody'"),
        ("force", "fact force is of type code: it is asked by 'is' or 'in'"),
        ("violent is some", "nothing declares the fact 'violent'"),
        ("force is gentle", "force has no code 'gentle'"),
        ("force in (none, gentle)", "force has no code 'gentle'"),
        ("force has none", "fact force is of type code"),
        ("labels", "fact labels is of type codes: it is asked by 'has'"),
        ("labels has force", "labels has no code 'force'"),
        (
            "minor_recorded is training",
            "fact minor_recorded is of type flag: it is asked by its name",
        ),
        ("happened force", "fact force is of type code"),
        ("happened as_of", "nothing declares the fact 'as_of'"),
        ("as_of > minor_recorded", "fact minor_recorded is of type flag"),
        ("closed_on + 1 day > nothing", "nothing declares the fact 'nothing'"),
        (
            "closed_on",
            "fact closed_on is of type date: it is asked by 'happened' or in a comparison",
        ),
        (
            "happened keep_requests",
            "fact keep_requests is of type requests: it is asked by no condition",
        ),
        ("holds has litigation", "fact holds is of type holds: it is asked by no condition"),
        ("complaint_clock is later", "complaint_clock has no code 'later'"),
        ("complaint_clock", "complaint_clock is a code: it is asked by 'is' or 'in'"),
        ("class is open", "nothing declares the fact 'class'"),
        ("purpose is work", "nothing declares the fact 'purpose'"),
        ("authorized", "about the request: this rule asks about the recording"),
        ("happened last_audit_on", "about the agency: this rule asks about the recording"),
    ],
)
def test_what_floors_ask(condition: str, says: str) -> None:
    """A floor asks for what is declared, as its type allows, and about the recording alone."""
    broken = Broken(
        'when = "investigation is none"', f'when = "{condition}"', REFERENCE, BASIC, "basic", says
    )

    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-4", "LAW-20", "LAW-24")
@pytest.mark.parametrize(
    ("table", "asked"),
    [
        ("floors", 'indefinite = true\nwhen = "{}"'),
        ("ceilings", 'period = "1 day"\nstart = "collected_at"\nwhen = "{}"'),
        ("labels", 'expects = "{}"'),
        ("classification.rules", 'gives = "open"\nwhen = "{}"'),
        ("overlays", 'effect = "withhold"\nwhat = "all"\nwhen = "{}"'),
        ("contradictions", 'when = "{}"'),
        ("requirements", 'when = "{}"'),
        ("access", 'view = "deny"\ncopy = "deny"\nwhen = "{}"'),
        (
            "deadlines",
            'duty = "x"\nowed_to = "x"\nstart = "collected_at"\npromptness = "soon"\nwhen = "{}"',
        ),
    ],
)
def test_what_each_rule_may_ask(table: str, asked: str) -> None:
    """Each sort of rule asks about its subjects, and only some for the class or the purpose."""
    text = PACK
    if table == "labels":
        text = text.replace('"training", "evidence"]', '"training", "evidence", "extra"]')
    place = text.index(f"[[{table}]]")

    def refused(condition: str) -> bool:
        rule = a_rule(table, "extra", asked.format(condition))
        return REFERENCE in {one.kind for one in check(f"{text[:place]}{rule}\n{text[place:]}")}

    request = {"overlays", "contradictions", "requirements", "access", "deadlines"}

    assert not refused("minor_recorded")
    assert not refused("complaint_clock is collection")
    assert (table not in request) == refused("authorized")
    assert (table != "deadlines") == refused("happened last_audit_on")
    assert (table not in {"overlays", "access"}) == refused("class is open")
    assert (table not in {"requirements", "access"}) == refused("purpose is work")
    assert refused("class is hidden")
    assert refused("purpose is play")


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    "broken",
    [
        Broken(
            'gives = "open"', 'gives = "hidden"', REFERENCE,
            '[[classification.rules]]\nid = "open-force"', "open-force", "the class 'hidden'",
        ),
        Broken(
            'classes = ["closed"]', 'classes = ["closed", "hidden"]', REFERENCE,
            '[[overlays]]\nid = "rumour"', "rumour", "the class 'hidden'",
        ),
        Broken(
            'acts = ["copy"]', 'actors = ["witness"]', REFERENCE,
            '[[overlays]]\nid = "minors"', "minors", "the actor 'witness'",
        ),
        Broken(
            'actors = ["officer"]', 'actors = ["officer", "witness"]', REFERENCE,
            '[[access]]\nid = "officers"', "officers", "the actor 'witness'",
        ),
        Broken(
            'requires = ["in-writing"', 'requires = ["by-hand"', REFERENCE,
            '[[access]]\nid = "officers"', "officers", "the requirement 'by-hand'",
        ),
        Broken(
            'deadlines = ["answer"]', 'deadlines = ["reply"]', REFERENCE,
            '[[access]]\nid = "officers"', "officers", "the deadline 'reply'",
        ),
        Broken(
            'start = "collected_at"', 'start = "force"', REFERENCE, BASIC, "basic",
            "start: fact force is of type code",
        ),
        Broken(
            'start = "collected_at"', 'start = "requested_on"', REFERENCE, BASIC, "basic",
            "start: fact requested_on is about the request",
        ),
        Broken(
            'until = "closed_on"', 'until = "reopened_on"', REFERENCE,
            '[[floors]]\nid = "case"', "case", "until: nothing declares the fact 'reopened_on'",
        ),
        Broken(
            'start = "requested_on"', 'start = "asked_on"', REFERENCE,
            '[[deadlines]]\nid = "answer"', "answer", "start: nothing declares",
        ),
        Broken(
            'not_before = ["closed_on"]', 'not_before = ["labels"]', REFERENCE,
            '[[deadlines]]\nid = "release"', "release", "not_before: fact labels is of type codes",
        ),
        Broken(
            "happened answered_on", "happened labels", REFERENCE,
            '[[deadlines]]\nid = "answer"', "answer", "met: fact labels is of type codes",
        ),
        Broken(
            'requests = "keep_requests"', 'requests = "holds"', REFERENCE,
            '[[extensions]]\nid = "on-request"', "on-request", "requests: fact holds is of type",
        ),
        Broken(
            'accept = "written"', 'accept = "signed"', REFERENCE,
            '[[extensions]]\nid = "on-request"', "on-request", "accept: nothing declares the fact",
        ),
        Broken(
            'accept = "written"', 'accept = "minor_recorded"', REFERENCE,
            '[[extensions]]\nid = "on-request"', "on-request", "accept: nothing declares the fact",
        ),
        Broken(
            'default = "complaint"', 'default = "later"', REFERENCE, 'default = "later"',
            "complaint_clock", "the option 'later'",
        ),
        Broken(
            "", a_rule("flags", "loud", ""), REFERENCE, '[[flags]]\nid = "loud"', "loud",
            "the code 'loud' of the fact flags",
        ),
        Broken(
            'codes = ["training", "evidence"]', 'codes = ["training", "evidence", "lost"]',
            REFERENCE, '[[facts]]\nname = "labels"', None, "the code 'lost' in [[labels]]",
        ),
    ],
)  # fmt: skip
def test_names_that_nothing_declares(broken: Broken) -> None:
    """Every name is declared: classes, actors, requirements, deadlines, facts, options, codes."""
    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-3", "LAW-4")
@pytest.mark.parametrize(
    ("old", "rule", "says"),
    [
        ('id = "open"\n', "open-force", "the class 'open' on every day"),
        ('id = "in-writing"\n', "officers", "the requirement 'in-writing' on every day"),
        ('id = "answer"\n', "officers", "the deadline 'answer' on every day"),
        ('id = "complaint_clock"\n', "complaint", "nothing declares the fact 'complaint_clock'"),
    ],
)
def test_what_decides_is_declared_on_every_day(old: str, rule: str, says: str) -> None:
    """What a rule needs to be judged is law for as long as the rule is."""
    problems = check(PACK.replace(old, f"{old}from = 2020-01-01\n", 1))

    assert [(REFERENCE, rule)] == [(one.kind, one.rule) for one in problems]
    assert says in problems[0].message


@pytest.mark.spec("LAW-4")
def test_choices_are_no_facts() -> None:
    """A choice with the name of a fact is refused: a condition could not say which it asks."""
    choice = 'question = "?"\noptions = ["a"]\ndefault = "a"\n'
    broken = Broken(
        "",
        a_rule("choices", "force", choice),
        ErrorKind.PACK_OVERLAP,
        '[[choices]]\nid = "force"',
        "force",
    )

    assert (ErrorKind.PACK_OVERLAP, "force") in [
        (one.kind, one.rule) for one in check(broken.text(PACK))
    ]
