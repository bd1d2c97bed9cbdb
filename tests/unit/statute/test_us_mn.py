"""The pack of Minnesota and the agency file of Becker: complete, cited, and dated."""

from collections.abc import Iterator
from datetime import date, timedelta

import attrs
import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._access import access
from bwcstore.statute._classify import classify
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._facts import RECORDING_FACTS_MAX, Facts, Subject
from bwcstore.statute._files._library import load_agency, load_pack
from bwcstore.statute._judgements import Deadline, DeadlineStatus, Question, RetentionStatus
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention
from bwcstore.statute._rules import Kept, Outcome, Rule, Verification

PACK = load_pack("us-mn")
AGENCY = load_agency("us-mn-becker", pack=PACK)
BEFORE, SINCE = date(2023, 7, 31), date(2023, 8, 1)
# The evening of 15 January 2024 in Minnesota, and already the 16th in UTC.
COLLECTED = Instant.parse("2024-01-16T03:00:00.000000Z")
QUIET: dict[str, object] = {
    "collected_at": COLLECTED,
    "source_kind": "worn",
    "incident_date": date(2024, 1, 15),
    "discharge": "none",
    "force_result": "none",
    "deadly_force": False,
    "death_by_force": False,
    "force_reported": False,
    "criminal_investigation": "none",
    "labels": ["not_evidence"],
}
DEATH: dict[str, object] = {
    "discharge": "at_person_or_occupied_vehicle",
    "force_result": "death",
    "event_documented": "itself",
    "deadly_force": True,
    "death_by_force": True,
    "death_date": date(2024, 1, 15),
    "force_reported": True,
    "criminal_investigation": "active",
    "case_kind": "homicide_or_death",
    "labels": ["evidence_force"],
}
OPTIONAL = "Indigenous Peoples Day"


def _law(on: date = date(2024, 6, 1)) -> Law:
    return PACK.law(AGENCY, on=on)


def _facts(given: dict[str, object]) -> Facts:
    return PACK.read_facts({**QUIET, **given})


def _rules() -> Iterator[Rule]:
    for sort in (
        (PACK.classes, PACK.classification, PACK.overlays, PACK.floors, PACK.extensions),
        (PACK.unclassified, PACK.deadlines, PACK.requirements, PACK.access, PACK.contradictions),
        (PACK.labels, PACK.choices, PACK.actors, PACK.purposes, PACK.flags, PACK.audit_elements),
        (PACK.calendar_rules, AGENCY.schedule),
    ):
        for rules in sort:
            yield from rules


@pytest.mark.spec("LAW-2")
def test_rules_are_cited_and_sourced() -> None:
    """Every rule has a citation and a sentence, and a source unless nobody has verified it."""
    unsourced = [
        rule.id
        for rule in _rules()
        if not rule.cite
        or not rule.says
        or (rule.verified is not Verification.UNVERIFIED and not rule.source)
    ]

    assert [] == unsourced


def test_sources_are_all_used() -> None:
    """No source is listed that no rule and no version names."""
    used = {source for rule in _rules() for source in rule.source}
    used |= {source for version in PACK.versions for source in version.source}
    listed = {one.id for one in (*PACK.sources, *AGENCY.sources)}

    assert set() == listed - used


def test_terms_are_the_codes_of_facts() -> None:
    """Requesters are the actors, and flags and labels are those that the pack explains."""
    specs = {spec.name: spec.codes for spec in PACK.facts}

    assert [term.id for term in PACK.flags] == list(specs["flags"])
    assert [label.id for label in PACK.labels] == list(specs["labels"])
    assert {term.id for term in PACK.actors} == set(specs["requester"])


@pytest.mark.spec("LAW-30")
def test_facts_are_few_enough() -> None:
    """A recording has no more facts than a pack may ask, and each asks a question."""
    asked = [spec for spec in PACK.facts if spec.about is Subject.RECORDING]

    assert len(asked) <= RECORDING_FACTS_MAX
    assert all(spec.question.endswith("?") for spec in PACK.facts)


def test_human_determinations_are_never_assumed() -> None:
    """What only a person can decide is unknown until somebody has."""
    decided = {"discharge", "force_result", "deadly_force", "death_by_force", "event_documented"}
    decided |= {"criminal_investigation", "source_kind", "undercover_officer", "labels"}
    assumed = {spec.name for spec in PACK.facts if spec.absent is not None}

    assert set() == decided & assumed


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    return max(_nth(year, 5, 0, nth) for nth in (4, 5) if _nth(year, 5, 0, nth).month == 5)


def _legal_holidays(year: int, *, optional: bool) -> set[date]:
    """The legal holidays of a year by the words of 645.44, subd. 5, and their days of observance.

    1 January of the year after is left to that year, whose first day can be kept on 31 December.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    fixed += [date(year, 6, 19)] if year >= 2023 else []
    found = {_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _last_monday_of_may(year)}
    found |= {_nth(year, 9, 0, 1), _nth(year, 11, 3, 4)}
    found |= {_nth(year, 10, 0, 2)} if optional else set()
    for day in fixed:
        found.add(day)
        if day.weekday() == 6:
            found.add(day + timedelta(days=1))
        if day.weekday() == 5:
            found.add(day - timedelta(days=1))
    return found


@pytest.mark.spec("LAW-14")
@pytest.mark.parametrize("year", range(2016, 2041))
@pytest.mark.parametrize("optional", [False, True])
def test_legal_holidays(year: int, optional: bool) -> None:
    """Days of rest are the weekends and the statute's holidays, the optional one if it is kept."""
    agency = attrs.evolve(
        AGENCY, optional_holidays=frozenset({OPTIONAL}) if optional else frozenset()
    )
    calendar = PACK.law(agency, on=SINCE).calendar
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    days += [date(year, 12, 31)]
    legal = _legal_holidays(year, optional=optional) | _legal_holidays(year + 1, optional=optional)
    expected = {day for day in days if day.weekday() >= 5 or day in legal}

    assert expected == {day for day in days if calendar.rests(day)}


@pytest.mark.spec("LAW-3")
def test_before_2016_there_is_no_law() -> None:
    """The law before the section was created is not known."""
    with pytest.raises(InvalidInputError) as caught:
        _law(date(2016, 7, 31))

    assert ErrorKind.LAW_NOT_IN_FORCE is caught.value.kind


@pytest.mark.spec("LAW-3")
@pytest.mark.parametrize(("on", "expected"), [(BEFORE, "private"), (SINCE, "public")])
def test_surroundings_are_public_since_2023(on: date, expected: str) -> None:
    """What went on around a discharge became public in 2023; before, only the discharge was."""
    given: dict[str, object] = {"discharge": "accidental", "event_documented": "surroundings"}

    assert expected == classify(_facts(given), law=_law(on), as_of=date(2024, 6, 1)).class_id


@pytest.mark.spec("LAW-60")
def test_deadly_force_is_kept_for_ever_since_2023() -> None:
    """Deadly force without injury had a floor of 90 days, and has one without end since 2023."""
    given: dict[str, object] = {"deadly_force": True, "event_documented": "itself"}
    before, since = (
        retention(_facts(given), law=_law(on), as_of=date(2024, 6, 1)) for on in (BEFORE, SINCE)
    )

    assert date(2024, 4, 14) == before.statutory_floor
    assert since.statutory_floor is None
    assert RetentionStatus.INDEFINITE is since.status


def test_rules_of_2023_are_of_2023() -> None:
    """The family's inspection, the release after a death and its class are no older than 2023."""
    old, new = _law(BEFORE), _law(SINCE)

    def ids(law: Law) -> set[str]:
        rules: tuple[Rule, ...] = (*law.deadlines, *law.access, *law.classification, *law.floors)
        return {rule.id for rule in rules}

    added = {"kin-inspection", "kin-denial", "kin-denied", "death-release", "deadly-force"}
    added |= {floor.id for floor in new.floors if floor.keeps is Kept.METADATA}

    assert added == ids(new) - ids(old)
    assert set() == ids(old) - ids(new)


@pytest.mark.parametrize(
    ("table", "rule", "letters"),
    [
        ("classification", "court-order-public", ("2(d)", "2(g)")),
        ("overlays", "offensive-portions", ("2(b)", "2(e)")),
        ("extensions", "subject-request", ("3(c)", "3(d)")),
    ],
)
def test_paragraphs_are_those_of_the_version(
    table: str, rule: str, letters: tuple[str, str]
) -> None:
    """A citation has the letters that the paragraphs had on the day."""
    cites = tuple(
        next(one.cite for one in getattr(_law(on), table) if one.id == rule)
        for on in (BEFORE, SINCE)
    )

    assert all(
        f"13.825, subd. {letter}" in cite for letter, cite in zip(letters, cites, strict=True)
    )


def test_ninety_days_from_the_local_day() -> None:
    """A quiet recording is kept 90 days after its day in Minnesota; nothing may destroy it yet."""
    found = retention(_facts({}), law=_law(), as_of=date(2024, 6, 1))

    assert date(2024, 4, 14) == found.last_protected == found.statutory_floor
    assert RetentionStatus.NO_AUTHORITY is found.status
    assert () == found.missing


def test_becker_confirms_nothing() -> None:
    """No entry of a schedule that was not seen gives authority to destroy."""
    assert [] == [entry.id for entry in AGENCY.schedule if entry.confirmed]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("collection", date(2025, 1, 15)), ("later_of_both", date(2025, 5, 2))],
)
def test_complaint_clock(choice: str, expected: date) -> None:
    """The year after a complaint runs from the day that the agency has chosen."""
    agency = attrs.evolve(AGENCY, choices={"complaint_clock": choice}, schedule=())
    facts = _facts({"complaint_date": date(2024, 5, 2), "labels": []})
    law = PACK.law(agency, on=SINCE)

    assert expected == retention(facts, law=law, as_of=date(2024, 6, 1)).statutory_floor


@pytest.mark.parametrize(
    ("as_of", "signed", "expected"),
    [
        (date(2024, 1, 28), None, "confidential"),
        (date(2024, 1, 29), None, "public"),
        (date(2024, 1, 29), False, "public"),
        (date(2024, 1, 29), True, "confidential"),
    ],
)
def test_release_after_a_death(as_of: date, signed: bool | None, expected: str) -> None:
    """After fourteen days a recording of a death is public, unless the chief in person objects."""
    given = dict(DEATH)
    if signed is not None:
        given["chief_assertion_on"] = date(2024, 1, 20)
        given["chief_assertion_signed_by_chief"] = signed

    assert expected == classify(_facts(given), law=_law(), as_of=as_of).class_id


def _deadline(given: dict[str, object], id_: str, as_of: date) -> Deadline:
    found = deadlines(_facts(given), law=_law(), as_of=as_of)
    return next(one for one in found if one.id == id_)


def test_death_after_the_fourteenth_day() -> None:
    """Where somebody dies later than fourteen days after, the release is due with the death."""
    died = date(2024, 2, 10)
    found = _deadline({**DEATH, "death_date": died}, "death-release", died)

    assert (died, date(2024, 2, 12)) == (found.plain, found.rolled)
    assert DeadlineStatus.OWED is found.status


@pytest.mark.parametrize(
    ("signed", "view"), [(None, Outcome.ALLOW), (False, Outcome.ALLOW), (True, Outcome.DENY)]
)
def test_inspection_by_the_family(signed: bool | None, view: Outcome) -> None:
    """The family inspects while a case is active, unless the chief in person has denied it."""
    given = {**DEATH, "kin_relation_approved": True}
    if signed is not None:
        given["chief_denial_on"] = date(2024, 1, 18)
        given["chief_denial_signed_by_chief"] = signed
    found = access(
        _facts(given), Question(actor="next_of_kin"), law=_law(), as_of=date(2024, 1, 20)
    )

    assert (view, Outcome.DENY) == (found.view.outcome, found.copy.outcome)


def test_what_is_unknown_is_protected() -> None:
    """With nothing known but the camera, a recording is confidential and is not destroyed."""
    facts = PACK.read_facts({"collected_at": COLLECTED, "source_kind": "worn"})
    as_of = date(2024, 6, 1)

    assert "confidential" == classify(facts, law=_law(), as_of=as_of).class_id
    assert retention(facts, law=_law(), as_of=as_of).last_protected is None


@pytest.mark.parametrize("actor", [term.id for term in PACK.actors])
def test_other_law_is_for_people(actor: str) -> None:
    """What no officer's camera recorded is passed on, whoever asks."""
    found = access(
        _facts({"source_kind": "drone"}), Question(actor=actor), law=_law(), as_of=date(2024, 6, 1)
    )

    assert (Outcome.ESCALATE,) * 2 == (found.view.outcome, found.copy.outcome)
