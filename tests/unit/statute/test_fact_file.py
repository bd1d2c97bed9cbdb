"""Fact files: what they say, and with which line they are refused."""

from datetime import date
from pathlib import Path
from typing import Final

import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._agency import Agency
from bwcstore.statute._facts import Hold, RetentionRequest
from bwcstore.statute._files._case_files import load_fact_file
from bwcstore.statute._files._fact_file import FactFile, check_fact_file, read_fact_file
from bwcstore.statute._judgements import Question
from bwcstore.statute._pack import Pack
from tests.unit.statute.small import AGENCY, PACK, small_law, small_pack

DAY: Final = date(2024, 6, 1)
HEAD: Final = """\
format = "bwcstore-facts/1"
pack = "xx"
agency = "xx-town"
as_of = 2024-06-01
"""
REQUEST: Final = 'id = "r1", received = 2024-02-01, days = 30'


def find(pack: str, agency: str) -> tuple[Pack, Agency]:
    """The pack and the agency of the small law."""
    if (pack, agency) != ("xx", "xx-town"):
        raise NotFoundError(ErrorKind.PACK_UNKNOWN, f"no {pack} or {agency}")
    return small_pack(), small_law(DAY).agency


def read(text: str, head: str = HEAD) -> FactFile:
    """Read a fact file with the head of this module."""
    return read_fact_file(head + text, name="facts.toml", find=find)


def problems(text: str, head: str = HEAD) -> list[tuple[ErrorKind, int]]:
    """Codes and lines of what is wrong."""
    found = check_fact_file(head + text, name="facts.toml", find=find)
    return [(one.kind, one.line) for one in found]


def test_facts_are_read() -> None:
    """Each value is of the type that the pack declares, lists of tables included."""
    given = read(
        f"""\
law = 2020-01-01

[facts]
collected_at = 2024-03-15T21:30:00-05:00
force = "some"
minor_recorded = false
complaint_on = 2024-04-01
labels = ["training"]
keep_requests = [{{ {REQUEST}, written = true }}]
holds = [{{ id = "h", kind = "litigation", placed = 2024-02-01, released = 2024-03-01 }}]

[question]
actor = "officer"
purpose = "work"
"""
    ).given

    assert {
        "collected_at": Instant.parse("2024-03-16T02:30:00.000000Z"),
        "force": "some",
        "minor_recorded": False,
        "complaint_on": date(2024, 4, 1),
        "labels": frozenset({"training"}),
        "keep_requests": (
            RetentionRequest(
                id="r1", received=date(2024, 2, 1), days=30, answers={"written": True}
            ),
        ),
        "holds": (
            Hold(
                id="h",
                kind="litigation",
                placed=date(2024, 2, 1),
                released=date(2024, 3, 1),
            ),
        ),
    } == given.facts(DAY).values
    assert (DAY, date(2020, 1, 1)) == (given.as_of, given.law(DAY).on)
    assert Question(actor="officer", purpose="work") == given.question


def test_the_law_is_that_of_the_day_unless_another_is_meant() -> None:
    """Without `law` the law is that of the judgement; without `as_of` the caller says the day."""
    given = read("", head=HEAD.replace("as_of = 2024-06-01\n", "")).given

    assert given.as_of is None
    assert date(2021, 5, 5) == given.law(date(2021, 5, 5)).on
    assert "America/Chicago" == str(given.zone)


HISTORY: Final = """\
known_at = 2024-03-01T12:00:00-06:00

[facts]
collected_at = 2024-01-15T12:00:00-06:00

[[history]]
id = "a"
fact = "force"
value = "none"
since = 2024-01-15
recorded = 2024-01-16T12:00:00-06:00
by = "officer"
basis = "own report"

[[history]]
id = "b"
fact = "force"
value = "some"
since = 2024-01-15
recorded = 2024-04-01T12:00:00-06:00
by = "records"
basis = "medical report"
supersedes = "a"
"""


@pytest.mark.spec("LAW-35")
def test_a_history_tells_what_was_known_then() -> None:
    """`known_at` says which assertions count; without it all do."""
    then = read(HISTORY).given.facts(DAY)
    now = read(HISTORY.replace("known_at = 2024-03-01T12:00:00-06:00\n", "")).given.facts(DAY)

    assert ("none", "some") == (then.values["force"], now.values["force"])
    assert "collected_at" in then.values


@pytest.mark.parametrize(
    ("head", "text", "kind", "line"),
    [
        ("", "[facts", ErrorKind.PACK_SYNTAX, 1),
        ("", 'pack = "xx"', ErrorKind.FIELD_MISSING, 1),
        ("", 'format = "bwcstore-facts/2"', ErrorKind.FORMAT_NEWER, 1),
        ("", 'format = "bwcstore-pack/1"', ErrorKind.FORMAT_UNKNOWN, 1),
        (HEAD, "colour = 1", ErrorKind.FIELD_UNKNOWN, 5),
        (HEAD, "law = 3", ErrorKind.FIELD_INVALID, 5),
        (HEAD, "known_at = 2024-01-01T00:00:00Z", ErrorKind.FIELD_INVALID, 5),
        (HEAD, "known_at = 2024-01-01T00:00:00", ErrorKind.TIME_NAIVE, 5),
        (HEAD, "known_at = 2024-01-01", ErrorKind.FIELD_INVALID, 5),
        (HEAD, "[question]\npurpose = 'work'", ErrorKind.FIELD_MISSING, 5),
        (HEAD, "[question]\nactor = 'a'\nwhy = 'b'", ErrorKind.FIELD_UNKNOWN, 7),
        (HEAD.replace('"xx"', '"yy"'), "", ErrorKind.PACK_UNKNOWN, 2),
        (HEAD.replace('agency = "xx-town"\n', ""), "", ErrorKind.FIELD_MISSING, 1),
        (HEAD, f"{HISTORY}weight = 1\n", ErrorKind.FIELD_UNKNOWN, 28),
        (HEAD, HISTORY.replace('id = "b"\n', ""), ErrorKind.FIELD_MISSING, 19),
        (HEAD, HISTORY.replace('T12:00:00-06:00\nby = "r', 'T12:00:00\nby = "r'),
         ErrorKind.TIME_NAIVE, 24),
        (HEAD, HISTORY.replace("recorded = 2024-04-01T12:00:00-06:00\n", ""),
         ErrorKind.FIELD_MISSING, 19),
        (HEAD, HISTORY.replace("collected_at = 2024-01-15T12:00:00-06:00", 'force = "none"'),
         ErrorKind.FIELD_INVALID, 7),
    ],
)  # fmt: skip
def test_another_document_is_refused(head: str, text: str, kind: ErrorKind, line: int) -> None:
    """What is missing, unknown or of another form has a code and a line."""
    with pytest.raises(InvalidInputError) as caught:
        read(text, head=head)

    assert kind == caught.value.kind
    assert caught.value.message.startswith(f"facts.toml:{line}: ")
    assert [(kind, line)] == problems(text, head=head)[:1]


@pytest.mark.spec("LAW-31", "LAW-32")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("weather = 1", ErrorKind.FACT_UNKNOWN),
        ("force = 'little'", ErrorKind.FACT_TYPE),
        ("force = 1", ErrorKind.FACT_TYPE),
        ("minor_recorded = 'yes'", ErrorKind.FACT_TYPE),
        ("collected_at = 2024-03-15", ErrorKind.FACT_TYPE),
        ("collected_at = 2024-03-15T21:30:00", ErrorKind.TIME_NAIVE),
        ("complaint_on = 2024-03-15T21:30:00Z", ErrorKind.FACT_TYPE),
        ("holds = 'h'", ErrorKind.FACT_TYPE),
        ("holds = ['h']", ErrorKind.FACT_TYPE),
        ("holds = [{ id = 'h', kind = 'litigation' }]", ErrorKind.FACT_TYPE),
        ("holds = [{ id = 'h', kind = 'other', placed = 2024-01-01 }]", ErrorKind.FACT_TYPE),
        (
            "holds = [{ id = 'h', kind = 'litigation', placed = 2024-01-01, by = 'a' }]",
            ErrorKind.FACT_TYPE,
        ),
        (f"keep_requests = [{{ {REQUEST} }}]", ErrorKind.REQUEST_INCOMPLETE),
        (f"keep_requests = [{{ {REQUEST}, written = 1 }}]", ErrorKind.FACT_TYPE),
        (
            f"keep_requests = [{{ {REQUEST}, written = true, withdrawn = 1 }}]",
            ErrorKind.FACT_TYPE,
        ),
        (
            "keep_requests = [{ id = 'r', received = 2024-02-01, days = 0, written = true }]",
            ErrorKind.FACT_TYPE,
        ),
    ],
)
def test_facts_that_cannot_be_taken_are_refused(text: str, kind: ErrorKind) -> None:
    """The document is read; its facts are refused with a code and a line when they are asked."""
    given = read(f"[facts]\n{text}\n").given
    with pytest.raises(InvalidInputError) as caught:
        given.facts(DAY)

    assert kind == caught.value.kind
    assert caught.value.message.startswith("facts.toml:6: ")
    assert [(kind, 6)] == problems(f"[facts]\n{text}\n")


def test_all_problems_are_told() -> None:
    """Of several facts that cannot be taken, the first is the error and the others its notes."""
    given = read("[facts]\nforce = 1\nweather = 1\n").given
    with pytest.raises(InvalidInputError) as caught:
        given.facts(DAY)

    assert 1 == len(caught.value.__notes__)
    assert [(ErrorKind.FACT_TYPE, 6), (ErrorKind.FACT_UNKNOWN, 7)] == problems(
        "[facts]\nforce = 1\nweather = 1\n"
    )


@pytest.mark.spec("LAW-33", "LAW-34")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[facts]\ncomplaint_on = 2024-06-02", ErrorKind.FACT_FUTURE),
        (
            "[facts]\nminor_recorded = true\nsomebody_recorded = false",
            ErrorKind.FACT_CONTRADICTION,
        ),
        (HISTORY.replace('supersedes = "a"', 'supersedes = "c"'), ErrorKind.ARGUMENT_INVALID),
        (HISTORY.replace('value = "some"', 'value = "much"'), ErrorKind.FACT_TYPE),
    ],
)
def test_checking_looks_at_all_facts_together(text: str, kind: ErrorKind) -> None:
    """What no fact shows alone is found by checking the file on its day."""
    assert [kind] == [one for one, _ in problems(text)]


def test_what_a_file_names_lies_beside_it(tmp_path: Path) -> None:
    """A path in a file is relative to it; one that is not there is told."""
    (tmp_path / "law").mkdir()
    (tmp_path / "law/pack.toml").write_text(PACK, "utf-8")
    (tmp_path / "town.toml").write_text(AGENCY, "utf-8")
    head = HEAD.replace('"xx"', '"law/pack.toml"').replace('"xx-town"', '"town.toml"')
    path = tmp_path / "facts.toml"
    path.write_text(head, "utf-8")
    loaded = load_fact_file(path)
    (tmp_path / "town.toml").unlink()

    assert ("xx", "xx-town") == (loaded.given.pack.id, loaded.given.agency.id)
    with pytest.raises(InvalidInputError) as caught:
        load_fact_file(path)
    assert ErrorKind.SOURCE_NOT_FOUND == caught.value.kind
