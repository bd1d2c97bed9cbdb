"""From the text of a pack to the pack, and what is refused on the way."""

import hashlib
import json
from datetime import date
from typing import Final

import attrs
import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._condition import Always, Flag, Not
from bwcstore.statute._facts import Several
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._rules import Act, Counting, Verification
from tests.unit.statute.broken import RULE, Broken, check, expected, found, without
from tests.unit.statute.small import PACK, small_pack

BASIC: Final = '[[floors]]\nid = "basic"\ncite = "s. 7(a)"\nverified = "text"\n'


def _floor(body: str) -> str:
    return f'[[floors]]\nid = "extra"\n{RULE}when = "always"\n{body}'


def _kinds(text: str) -> set[ErrorKind]:
    return {problem.kind for problem in check(text)}


@pytest.mark.spec("LAW-1", "LAW-2")
def test_a_pack_is_read() -> None:
    """The rules are in the order of the file, with their fields, days and lines."""
    pack = small_pack()
    floor = next(one for one in pack.floors if one.id == "deadly")
    text = PACK.splitlines()

    assert ("xx", "Nowhere", date(2026, 1, 1)) == (pack.id, pack.jurisdiction, pack.reviewed)
    assert ["secret-investigation", "open-force", "closed-else"] == [
        rule.id for rule in pack.classification
    ]
    assert (date(2020, 1, 1), None) == (floor.effective_from, floor.effective_to)
    assert (Verification.SECONDARY, "What deadly means.") == (floor.verified, floor.ambiguity)
    assert ["[[floors]]", 'id = "deadly"'] == text[floor.line - 1 : floor.line + 1]
    assert "[[facts]]" == text[pack.fact("force").line - 1]


@pytest.mark.spec("LAW-1", "LAW-3")
def test_what_is_not_said_has_its_default() -> None:
    """Without `from` a rule is law from the first version on; other fields have defaults too."""
    pack = small_pack()
    deadlines = {one.id: one for one in pack.deadlines}
    overlays = {one.id: one for one in pack.overlays}

    assert {date(2016, 1, 1)} == {rule.effective_from for rule in pack.classes}
    assert (Not(Always()), Counting.CALENDAR, False) == (
        deadlines["prompt"].met,
        deadlines["prompt"].counting,
        deadlines["prompt"].rolls,
    )
    assert frozenset(Act) == overlays["rumour"].acts
    assert frozenset() == overlays["minors"].classes
    assert frozenset() == pack.access[-1].actors
    assert (None, Several.ERROR) == (pack.fact("force").absent, pack.fact("force").several)


@pytest.mark.spec("LAW-5")
def test_the_digest_is_of_what_the_file_says() -> None:
    """Comments, layout and order of tables leave the digest; any change of a value changes it."""
    digest = small_pack().digest
    moved = without("[calendar]") + PACK[PACK.index("[calendar]") : PACK.index("[[facts]]")]

    for same in (f"# a comment\n{PACK}\n\n", PACK.replace(" = ", "="), moved):
        assert digest == read_pack(same, name="other.toml").digest
    for other in (
        PACK.replace("s. 21", "s. 22"),
        PACK.replace("2026-01-01", "2026-01-02"),
        PACK.replace("cap_days = 180", "cap_days = 181"),
    ):
        assert digest != read_pack(other, name="small.toml").digest


@pytest.mark.spec("LAW-5")
def test_the_digest_is_sha_256_of_the_canonical_encoding() -> None:
    """Dates are strings, tables objects, and the encoding is the one of the specification."""
    text = (
        'format = "bwcstore-pack/1"\n[pack]\nid = "y"\ntitle = "Ÿ"\njurisdiction = "J"\n'
        "reviewed = 2026-01-02\n[[versions]]\neffective = 2020-01-01\n"
        'act = "A"\nverified = "text"\n[[facts]]\nname = "f"\ntype = "flag"\nabout = "recording"\n'
        f'question = "Q"\n[[classes]]\nid = "c"\n{RULE}rank = 0\nindividuals = "i"\nothers = "o"\n'
        '[classification]\nindividuals_when = "f"\n'
        f'[[classification.rules]]\nid = "r"\n{RULE}when = "always"\ngives = "c"\n'
    )
    rule = {"cite": "s. 0", "verified": "text", "says": "It is so."}
    said = {
        "format": "bwcstore-pack/1",
        "pack": {"id": "y", "title": "Ÿ", "jurisdiction": "J", "reviewed": "2026-01-02"},
        "versions": [{"effective": "2020-01-01", "act": "A", "verified": "text"}],
        "facts": [{"name": "f", "type": "flag", "about": "recording", "question": "Q"}],
        "classes": [{"id": "c", **rule, "rank": 0, "individuals": "i", "others": "o"}],
        "classification": {
            "individuals_when": "f",
            "rules": [{"id": "r", **rule, "when": "always", "gives": "c"}],
        },
    }
    raw = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert hashlib.sha256(raw).digest() == read_pack(text, name="y.toml").digest.raw


@pytest.mark.spec("LAW-1", "LAW-4")
@pytest.mark.parametrize(
    "broken",
    [
        Broken('title = "A small law"\n', "", ErrorKind.FIELD_MISSING, "[pack]", says="title"),
        Broken("reviewed = 2026-01-01\n", "", ErrorKind.FIELD_MISSING, "[pack]", says="reviewed"),
        Broken(
            "reviewed = 2026-01-01",
            "reviewed = 2026-01-01T00:00:00Z",
            ErrorKind.FIELD_INVALID,
            "reviewed",
            says="a date with a time",
        ),
        Broken(
            "reviewed = 2026-01-01",
            'reviewed = "2026-01-01"',
            ErrorKind.FIELD_INVALID,
            "reviewed",
            says="a date is needed",
        ),
        Broken('id = "xx"', 'id = "XX"', ErrorKind.FIELD_INVALID, 'id = "XX"'),
        Broken("[pack]", "[pack]\ncolour = 1", ErrorKind.FIELD_UNKNOWN, "colour"),
        Broken("", "[paint]\ncolour = 1", ErrorKind.FIELD_UNKNOWN, "[paint]", says="paint"),
        Broken(
            'title = "The gazette"',
            "title = 1.5",
            ErrorKind.FIELD_INVALID,
            "title = 1.5",
            says="a number with a point",
        ),
        Broken('act = "Act 1"', 'act = ""', ErrorKind.FIELD_INVALID, 'act = ""'),
        Broken('act = "Act 1"', 'act = "a\\tb"', ErrorKind.FIELD_INVALID, 'act = "a\\tb"'),
        Broken('act = "Act 1"', 'act = "e\\u0301"', ErrorKind.FIELD_INVALID, 'act = "e\\u0301"'),
        Broken("[definitions]", "[[definitions]]", ErrorKind.FIELD_INVALID, "[[definitions]]"),
        Broken('weekend = ["saturday", ', 'weekend = ["Sat", ', ErrorKind.FIELD_INVALID, "weekend"),
        Broken(
            'weekend = ["saturday", ',
            'weekend = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", ',
            ErrorKind.FIELD_INVALID,
            "weekend",
            says="one day must be left",
        ),
        Broken('country = "US"\n', "", ErrorKind.FIELD_MISSING, "[calendar]", says="country"),
        Broken("since = 1900 }", "since = 0 }", ErrorKind.FIELD_INVALID, "holidays"),
        Broken("since = 1900 }", "since = 1900, x = 1 }", ErrorKind.FIELD_UNKNOWN, "holidays"),
        Broken('["written"]', '"written"', ErrorKind.FIELD_INVALID, 'codes = "written"'),
        Broken('["written"]', "[1]", ErrorKind.FIELD_INVALID, "codes = [1]"),
        Broken(
            'url = "https://example.org/gazette"', "url = 1", ErrorKind.FIELD_INVALID, "url = 1"
        ),
    ],
)
def test_fields_of_another_form_are_refused(broken: Broken) -> None:
    """A field that is missing, not known or of another form is refused with its line."""
    assert expected(broken) == found(broken)


@pytest.mark.spec("LAW-1", "LAW-2", "LAW-4")
@pytest.mark.parametrize(
    "broken",
    [
        Broken('cite = "s. 7(a)"\n', "", ErrorKind.CITATION_MISSING, '[[floors]]\nid = "basic"'),
        Broken('cite = "s. 7(a)"', 'cite = ""', ErrorKind.CITATION_MISSING, 'cite = ""'),
        Broken('cite = "s. 7(a)"', 'cite = "  "', ErrorKind.CITATION_MISSING, 'cite = "  "'),
        Broken('cite = "s. 7(a)"', "cite = 7", ErrorKind.FIELD_INVALID, "cite = 7"),
        Broken(
            BASIC + 'says = "Ninety days."\n',
            BASIC,
            ErrorKind.FIELD_MISSING,
            '[[floors]]\nid = "basic"',
            says="says",
        ),
        Broken(
            BASIC,
            BASIC.replace("text", "sure"),
            ErrorKind.FIELD_INVALID,
            'verified = "sure"',
            says="one of text, secondary, unverified",
        ),
        Broken(BASIC, BASIC + "source = 1\n", ErrorKind.FIELD_INVALID, "source = 1"),
        Broken(
            BASIC,
            BASIC + 'source = ["gazette", "rumour"]\n',
            ErrorKind.PACK_REFERENCE,
            'source = ["gazette", "rumour"]',
            says="source 'rumour'",
        ),
        Broken(
            BASIC,
            BASIC + 'source = ["gazette", "gazette"]\n',
            ErrorKind.FIELD_INVALID,
            "source = [",
            says="twice",
        ),
        Broken(BASIC, BASIC + 'when_ = "always"\n', ErrorKind.FIELD_UNKNOWN, "when_"),
        Broken(
            'when = "investigation is none"\n',
            "",
            ErrorKind.FIELD_MISSING,
            '[[floors]]\nid = "basic"',
            says="when",
        ),
        Broken(
            "investigation is none",
            "investigation is",
            ErrorKind.PACK_SYNTAX,
            'when = "investigation is"',
            says="column 17",
        ),
        Broken(
            "investigation is none",
            "minor_recorded and violent or secret",
            ErrorKind.PACK_SYNTAX,
            'when = "minor_recorded and violent or secret"',
            says="'and' beside 'or'",
        ),
        Broken(
            'period = "90 days"\nstart = "collected_at"\n',
            "",
            ErrorKind.FIELD_MISSING,
            '[[floors]]\nid = "basic"',
            says="period or until or indefinite",
        ),
        Broken(
            'period = "90 days"',
            'period = "3 weeks"',
            ErrorKind.FIELD_INVALID,
            'period = "3 weeks"',
        ),
        Broken(
            'period = "90 days"',
            'period = "90 days"\nindefinite = true',
            ErrorKind.FIELD_INVALID,
            "indefinite = true\nstart",
            says="only one",
        ),
    ],
)
def test_fields_of_rules(broken: Broken) -> None:
    """What is wrong with a rule is refused with its line and the id of the rule."""
    rule = attrs.evolve(broken, rule="basic")

    assert expected(rule) == found(rule)


@pytest.mark.spec("LAW-1", "LAW-4")
@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ('period = "1 day"', ErrorKind.FIELD_MISSING, "start"),
        ('until = "closed_on"\nstart = "closed_on"', ErrorKind.FIELD_UNKNOWN, "start"),
        ("indefinite = false", ErrorKind.FIELD_INVALID, "indefinite"),
        ('indefinite = "yes"', ErrorKind.FIELD_INVALID, "indefinite"),
        ('indefinite = true\nkeeps = "all"', ErrorKind.FIELD_INVALID, "recording, metadata"),
        ('indefinite = true\nid2 = ""', ErrorKind.FIELD_UNKNOWN, "id2"),
    ],
)
def test_fields_of_floors(body: str, kind: ErrorKind, says: str) -> None:
    """A floor has a period with its start, an end, or none, and says so in one way."""
    problems = check(f"{PACK}\n{_floor(body)}")

    assert [(kind, "extra")] == [(one.kind, one.rule) for one in problems]
    assert says in problems[0].message


@pytest.mark.spec("LAW-1", "LAW-4")
@pytest.mark.parametrize(
    "table", ["[pack]", "[[versions]]", "[[classes]]", "[[facts]]", "[classification]"]
)
def test_tables_that_must_be_there(table: str) -> None:
    """The pack, its versions, classes, facts and classification are never left out."""
    text = PACK
    while table in text:
        text = without(table, document=text)
    text = text.replace("[[classification.rules]]", "[[other.rules]]")

    (first, *_) = (one for one in check(text) if one.kind is ErrorKind.FIELD_MISSING)

    assert 1 == first.line
    assert table.strip("[]") in first.message


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ('"bwcstore-pack/2"', ErrorKind.FORMAT_NEWER),
        ('"bwcstore-pack/10"', ErrorKind.FORMAT_NEWER),
        ('"bwcstore-pack/0"', ErrorKind.FORMAT_UNKNOWN),
        ('"bwcstore-agency/1"', ErrorKind.FORMAT_UNKNOWN),
        ("1", ErrorKind.FORMAT_UNKNOWN),
    ],
)
def test_other_formats(written: str, kind: ErrorKind) -> None:
    """A later format of this kind and a format of another kind have their codes, and no others."""
    problems = check("# pack\n" + PACK.replace('"bwcstore-pack/1"', written))

    assert [(kind, 2)] == [(one.kind, one.line) for one in problems]


@pytest.mark.spec("LAW-4")
def test_a_document_without_a_format() -> None:
    """Without a format nothing else is looked at."""
    assert [ErrorKind.FIELD_MISSING] == [one.kind for one in check("[pack]\n")]


@pytest.mark.spec("LAW-1", "LAW-4")
def test_every_problem_is_found_and_the_first_is_raised() -> None:
    """Problems of several tables come by line; the error is the first, its notes are the others."""
    text = PACK.replace("cap_days = 180", "cap_days = 0").replace('act = "Act 1"\n', "")
    text = text.replace("rank = 2", "rank = -1\ncolour = 1")

    problems = check(text)
    with pytest.raises(InvalidInputError) as caught:
        read_pack(text, name="small.toml")

    assert [None, "secret", "secret", "on-request"] == [one.rule for one in problems]
    assert sorted(one.line for one in problems) == [one.line for one in problems]
    assert [str(one) for one in problems] == [str(caught.value), *caught.value.__notes__]
    assert str(caught.value).startswith(f"small.toml:{problems[0].line}: a field is missing: act")


@pytest.mark.spec("LAW-4")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a = [", ErrorKind.PACK_SYNTAX),
        ("a = " + "[" * 100_000, ErrorKind.TOO_DEEP),
        ("#" * (1024 * 1024 + 1), ErrorKind.TOO_LARGE),
    ],
)
def test_documents_that_are_no_packs(text: str, kind: ErrorKind) -> None:
    """What cannot be parsed is refused with one problem, by reading and by checking."""
    with pytest.raises(InvalidInputError) as caught:
        read_pack(text, name="small.toml")

    assert kind == caught.value.kind
    assert [kind] == [one.kind for one in check(text)]


@pytest.mark.spec("LAW-1")
def test_names_of_conditions_are_values() -> None:
    """A condition is read as a value: nothing in the text of a pack is run."""
    assert Flag("minor_recorded") == small_pack().overlays[0].when
    assert {ErrorKind.PACK_SYNTAX} == _kinds(
        PACK.replace('when = "minor_recorded"', "when = \"__import__('os')\"", 1)
    )
