"""Who may view or copy a recording."""

from datetime import date

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._access import access
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._judgements import Access, Question
from tests.unit.statute.small import AGENCY, PACK, facts, small_law

DAY = date(2024, 6, 1)
CLOSED: dict[str, object] = {"investigation": "none", "force": "none", "minor_recorded": False}


def _ask(actor: str, given: dict[str, object], purpose: str | None = "work") -> Access:
    question = Question(actor=actor, purpose=purpose)
    return access(facts({**CLOSED, **given}), question, law=small_law(DAY), as_of=DAY)


@pytest.mark.spec("LAW-70")
@pytest.mark.parametrize(
    ("actor", "given", "view", "copy", "rule"),
    [
        ("officer", {"authorized": True}, "allow", "escalate", "officers"),
        ("officer", {"force": "some"}, "allow", "allow", "all"),
        ("stranger", {"force": "some"}, "allow", "allow", "all"),
        ("stranger", {}, "deny", "deny", "nobody"),
        ("stranger", {"force": None}, "deny", "deny", "nobody"),
        ("stranger", {"force": "some", "investigation": None}, "deny", "deny", "nobody"),
    ],
)
def test_first_rule_decides(
    actor: str, given: dict[str, object], view: str, copy: str, rule: str
) -> None:
    """The first rule about the actor that applies to the class decides."""
    found = _ask(actor, given)

    assert (view, copy, rule) == (found.view.outcome, found.copy.outcome, found.view.ground.rule)


@pytest.mark.spec("LAW-71")
@pytest.mark.parametrize(
    ("authorized", "purpose", "unmet", "missing"),
    [
        (True, "work", [], ()),
        (False, "work", ["in-writing"], ()),
        (None, "work", ["in-writing"], ("authorized",)),
        (True, None, ["for-work"], ()),
        (None, None, ["in-writing", "for-work"], ("authorized",)),
    ],
)
def test_requirements_have_to_be_met(
    authorized: bool | None,
    purpose: str | None,
    unmet: list[str],
    missing: tuple[str, ...],
) -> None:
    """What the rule requires and is not known to be the case refuses the wish, by name."""
    found = _ask("officer", {"authorized": authorized}, purpose)

    assert ("deny" if unmet else "allow") == found.view.outcome
    assert unmet == [one.rule for one in found.view.unmet]
    assert missing == found.missing


@pytest.mark.spec("LAW-72")
@pytest.mark.parametrize(
    ("given", "view", "copy"),
    [
        ({"minor_recorded": True}, [], ["minors"]),
        ({"minor_recorded": None}, [], ["minors"]),
        ({"minor_recorded": False}, [], []),
    ],
)
def test_redactions_go_with_the_act(
    given: dict[str, object], view: list[str], copy: list[str]
) -> None:
    """A redaction that is due, or may be, is named for the acts that it is about."""
    found = _ask("stranger", {"force": "some", **given})

    assert view == [one.ground.rule for one in found.view.must_redact]
    assert copy == [one.ground.rule for one in found.copy.must_redact]


@pytest.mark.spec("LAW-72")
@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, ["rumour"]), ({"force": "some"}, []), ({"investigation": "active"}, [])],
)
def test_the_agency_may_disclose_where_the_class_allows(
    given: dict[str, object], expected: list[str]
) -> None:
    """What lets the agency disclose is named for the classes it is about."""
    found = _ask("stranger", given)

    assert expected == [one.ground.rule for one in found.view.may_disclose]


def test_duties_and_deadlines_come_from_the_rule() -> None:
    """What the rule asks of the agency besides is passed on."""
    found = _ask("officer", {"authorized": True})

    assert (("write it down",), ("answer",)) == (found.duties, found.deadlines)


@pytest.mark.parametrize(
    "question",
    [Question(actor="nobody"), Question(actor="officer", purpose="fun")],
)
def test_unknown_actors_and_purposes_are_refused(question: Question) -> None:
    """A question is asked in the words of the pack."""
    with pytest.raises(InvalidInputError) as caught:
        access(facts(CLOSED), question, law=small_law(DAY), as_of=DAY)

    assert caught.value.kind is ErrorKind.ARGUMENT_INVALID


@pytest.mark.spec("LAW-71")
def test_requirements_of_every_rule_that_may_decide_are_asked() -> None:
    """What a rule requires that may decide is missing too, also where another one is cited."""
    text = PACK.replace(
        'when = "class in (closed, secret)"', 'when = "class is closed and minor_recorded"'
    )
    text = text.replace('requires = ["in-writing", "for-work"]', 'requires = ["for-work"]')
    text = text.replace(
        'when = "class is open"\nview = "allow"',
        'when = "class is closed"\nview = "allow"\nrequires = ["in-writing"]',
    )
    pack = read_pack(text, name="changed.toml")
    law = pack.law(read_agency(AGENCY, name="town.toml", pack=pack), on=DAY)
    given = pack.read_facts({"investigation": "none", "force": "none"})

    found = access(given, Question(actor="officer", purpose="work"), law=law, as_of=DAY)

    assert ("deny", "officers") == (found.view.outcome, found.view.ground.rule)
    assert ["in-writing"] == [one.rule for one in found.view.unmet]
    assert ("authorized", "minor_recorded") == found.missing
