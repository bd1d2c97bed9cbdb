"""From the text of an agency file to the agency, and what is refused on the way."""

from datetime import date
from typing import Final

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._condition import Has
from bwcstore.statute._files._agency_file import check_agency, pack_of, read_agency
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._files._toml import Problem
from tests.unit.statute.broken import RULE, Broken, a_rule, expected, found, without
from tests.unit.statute.small import AGENCY, PACK, small_pack

STANDARD: Final = '[[schedule]]\nid = "standard"'


def _check(text: str) -> tuple[Problem, ...]:
    return check_agency(text, name="town.toml", pack=small_pack())


@pytest.mark.spec("LAW-6")
def test_an_agency_is_read() -> None:
    """The file's fields, its choices and its schedule, with defaults where nothing is said."""
    agency = read_agency(AGENCY, name="town.toml", pack=small_pack())
    standard, evidence = agency.schedule

    assert ("xx-town", "xx", "America/Chicago") == (agency.id, agency.pack, agency.zone)
    assert {"complaint_clock": "complaint"} == agency.choices
    assert (True, 0, frozenset()) == (
        agency.roll_floors,
        agency.grace_days,
        agency.optional_holidays,
    )
    assert (True, "panel, 2019, no. 7") == (standard.confirmed, standard.authority)
    assert (date.min, None) == (standard.effective_from, standard.effective_to)
    assert (False, None, Has("labels", "evidence")) == (
        evidence.confirmed,
        evidence.authority,
        evidence.when,
    )


@pytest.mark.spec("LAW-6")
def test_what_a_file_may_leave_out() -> None:
    """Choices, optional holidays and a schedule may be left out; days of an entry are free."""
    text = AGENCY[: AGENCY.index("[policy.choices]")]
    dated = AGENCY.replace(STANDARD, f"{STANDARD}\nfrom = 2001-02-03\nto = 2031-04-05")

    assert () == _check(text)
    assert () == read_agency(text, name="town.toml", pack=small_pack()).schedule
    assert (date(2001, 2, 3), date(2031, 4, 5)) == next(
        (entry.effective_from, entry.effective_to)
        for entry in read_agency(dated, name="town.toml", pack=small_pack()).schedule
    )


@pytest.mark.spec("LAW-6", "LAW-14")
def test_optional_holidays_are_the_packs() -> None:
    """An agency keeps optional holidays by the pack's name; it cannot choose the others."""
    kept = AGENCY.replace("grace_days = 0", 'grace_days = 0\noptional_holidays = ["Second Monday"]')
    agency = read_agency(kept, name="town.toml", pack=small_pack())
    broken = Broken(
        "Second Monday", "New Year's Day", ErrorKind.PACK_REFERENCE, "optional_holidays"
    )

    assert frozenset({"Second Monday"}) == agency.optional_holidays
    assert expected(broken, kept) == found(broken, kept, _check)


@pytest.mark.spec("LAW-6")
@pytest.mark.parametrize(
    ("zone", "known"),
    [
        ("America/Chicago", True),
        ("America/Indiana/Knox", True),
        ("Pacific/Honolulu", True),
        ("UTC", True),
        ("America", False),
        ("America/Gotham", False),
        ("CST/CDT", False),
        ("localtime", False),
        ("../UTC", False),
        ("/etc/localtime", False),
        ("", False),
        (" ", False),
        ("America/Chicago\\u0000", False),
    ],
)
def test_zones(zone: str, known: bool) -> None:
    """A zone is an IANA name, and neither a folder nor a file of the machine."""
    problems = _check(AGENCY.replace("America/Chicago", zone))

    assert known == (problems == ())
    assert {one.kind for one in problems} <= {ErrorKind.ZONE_MISSING, ErrorKind.FIELD_INVALID}


@pytest.mark.spec("LAW-6")
@pytest.mark.parametrize(
    "broken",
    [
        Broken('zone = "America/Chicago"\n', "", ErrorKind.ZONE_MISSING, "[agency]"),
        Broken("America/Chicago", "Mars/Base", ErrorKind.ZONE_MISSING, 'zone = "Mars/Base"'),
        Broken('"America/Chicago"', "6", ErrorKind.FIELD_INVALID, "zone = 6"),
        Broken('chief = "chief of police"\n', "", ErrorKind.FIELD_MISSING, "[agency]"),
        Broken('pack = "xx"', 'pack = "yy"', ErrorKind.PACK_REFERENCE, 'pack = "yy"'),
        Broken('title = "Town', 'mayor = "M"\ntitle = "Town', ErrorKind.FIELD_UNKNOWN, "mayor"),
        Broken("grace_days = 0", "grace_days = -1", ErrorKind.FIELD_INVALID, "grace_days"),
        Broken("grace_days = 0", "grace_days = 3651", ErrorKind.FIELD_INVALID, "grace_days"),
        Broken("grace_days = 0\n", "", ErrorKind.FIELD_MISSING, "[policy]"),
        Broken("roll_floors = true", 'roll_floors = "yes"', ErrorKind.FIELD_INVALID, "roll_floors"),
        Broken("roll_floors = true", "roll_floors = 1", ErrorKind.FIELD_INVALID, "roll_floors"),
        Broken('= "complaint"', '= "later"', ErrorKind.PACK_REFERENCE, 'complaint_clock = "later"'),
        Broken("complaint_clock", "clock", ErrorKind.PACK_REFERENCE, "clock = "),
        Broken("", "[[floors]]", ErrorKind.FIELD_UNKNOWN, "[[floors]]"),
        Broken("bwcstore-agency/1", "bwcstore-agency/2", ErrorKind.FORMAT_NEWER, "format"),
        Broken("bwcstore-agency/1", "bwcstore-pack/1", ErrorKind.FORMAT_UNKNOWN, "format"),
    ],
)
def test_what_is_wrong_with_a_file(broken: Broken) -> None:
    """What is wrong is refused with its code and line, and nothing else is said."""
    assert expected(broken, AGENCY) == found(broken, AGENCY, _check)


@pytest.mark.spec("LAW-2", "LAW-6", "LAW-24")
@pytest.mark.parametrize(
    ("old", "new", "kind", "at"),
    [
        ('cite = "schedule, line 1"\n', "", ErrorKind.CITATION_MISSING, STANDARD),
        ('authority = "panel, 2019, no. 7"\n', "", ErrorKind.FIELD_MISSING, STANDARD),
        ("confirmed = true\n", "", ErrorKind.FIELD_MISSING, STANDARD),
        ('start = "collected_at"\n', "", ErrorKind.FIELD_MISSING, STANDARD),
        ('"60 days"', '"60"', ErrorKind.FIELD_INVALID, 'period = "60"'),
        ('"60 days"\n', '"60 days"\npermanent = true\n', ErrorKind.FIELD_INVALID, "permanent"),
        ('period = "60 days"', "permanent = true", ErrorKind.FIELD_UNKNOWN,
         'start = "collected_at"\nconfirmed = true'),
        ('when = "always"', 'when = "always always"', ErrorKind.PACK_SYNTAX, 'when = "always a'),
        ('when = "always"', 'when = "sunny"', ErrorKind.PACK_REFERENCE, STANDARD),
        ('when = "always"', 'when = "authorized"', ErrorKind.PACK_REFERENCE, STANDARD),
        ('when = "always"', 'when = "class is open"', ErrorKind.PACK_REFERENCE, STANDARD),
        ('when = "always"', 'when = "violent and force is none"', ErrorKind.PACK_UNREACHABLE,
         STANDARD),
        ('"collected_at"', '"labels"', ErrorKind.PACK_REFERENCE, STANDARD),
        (STANDARD, f"{STANDARD}\nfrom = 2020-01-02\nto = 2020-01-01", ErrorKind.PACK_UNREACHABLE,
         STANDARD),
        (STANDARD, f'{STANDARD}\nsource = ["panel"]', ErrorKind.PACK_REFERENCE, "source = "),
        (STANDARD, f"{STANDARD}\nkeeps = 1", ErrorKind.FIELD_UNKNOWN, "keeps"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry(old: str, new: str, kind: ErrorKind, at: str) -> None:
    """What is wrong with an entry is refused with its line and the id of the entry."""
    broken = Broken(old, new, kind, at, "standard")

    assert expected(broken, AGENCY) == found(broken, AGENCY, _check)


@pytest.mark.spec("LAW-3", "LAW-6")
def test_entries_of_one_id() -> None:
    """An entry may follow another of its id, and not be in force beside it."""
    entry = a_rule("schedule", "standard", 'when = "always"\npermanent = true\nconfirmed = false')
    first = AGENCY.replace(STANDARD, f"{STANDARD}\nto = 2020-06-30")

    assert () == _check(f"{first}\n{entry}\nfrom = 2020-07-01")
    assert [(ErrorKind.PACK_OVERLAP, "standard")] == [
        (one.kind, one.rule) for one in _check(f"{first}\n{entry}\nfrom = 2020-06-30")
    ]


@pytest.mark.spec("LAW-6", "LAW-20")
def test_entries_use_definitions_and_choices_of_the_pack() -> None:
    """A condition of the schedule names the pack's definitions and choices."""
    text = AGENCY.replace('"always"', '"violent and complaint_clock is complaint"')
    agency = read_agency(text, name="town.toml", pack=small_pack())
    later = read_pack(
        PACK.replace(
            'id = "complaint_clock"\n', 'id = "complaint_clock"\nfrom = 2020-01-01\n'
        ).replace(" and complaint_clock is complaint", ""),
        name="small.toml",
    )

    assert small_pack().definitions["violent"] in agency.schedule[0].when.parts  # type: ignore[union-attr]
    assert [ErrorKind.PACK_REFERENCE] == [
        one.kind for one in check_agency(text, name="town.toml", pack=later)
    ]
    assert () == check_agency(
        text.replace(STANDARD, f"{STANDARD}\nfrom = 2020-01-01"), name="town.toml", pack=later
    )


@pytest.mark.spec("LAW-5")
def test_the_digest_of_an_agency() -> None:
    """Layout leaves the digest, and any change of a value changes it."""
    one, same, other = (
        read_agency(text, name="town.toml", pack=small_pack()).digest
        for text in (AGENCY, f"# note\n{AGENCY}", AGENCY.replace("2019", "2020"))
    )

    assert one == same
    assert one != other


@pytest.mark.spec("LAW-6")
def test_the_pack_of_a_file() -> None:
    """The pack that a file names is found without reading the rest; without one it is refused."""
    assert "xx" == pack_of(without("[policy]", document=AGENCY), name="town.toml")

    for text, kind in (
        (AGENCY.replace('pack = "xx"\n', ""), ErrorKind.FIELD_MISSING),
        (without("[agency]", document=AGENCY), ErrorKind.FIELD_MISSING),
        (AGENCY.replace("agency/1", "pack/1"), ErrorKind.FORMAT_UNKNOWN),
        ("pack = ", ErrorKind.PACK_SYNTAX),
    ):
        with pytest.raises(InvalidInputError) as caught:
            pack_of(text, name="town.toml")

        assert kind == caught.value.kind


@pytest.mark.spec("LAW-6")
def test_the_first_problem_is_raised() -> None:
    """An agency file with problems is refused by the first of them, the others are notes."""
    text = AGENCY.replace("grace_days = 0", "grace_days = -1").replace("Chicago", "Gotham")

    with pytest.raises(InvalidInputError) as caught:
        read_agency(text, name="town.toml", pack=small_pack())

    assert ErrorKind.ZONE_MISSING == caught.value.kind
    assert [str(one) for one in _check(text)] == [str(caught.value), *caught.value.__notes__]
    assert RULE not in text
