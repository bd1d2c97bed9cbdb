"""Cases: what they expect, what differs, and with which line their files are refused."""

from pathlib import Path
from typing import Final

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._files._case_files import cases_of, check_files, is_case_file, load_cases
from bwcstore.statute._files._case_tables import CaseFile, check_cases, read_cases
from bwcstore.statute._files._cases import CaseResult, run_case, run_cases
from tests.unit.statute.small import AGENCY, PACK
from tests.unit.statute.test_fact_file import find

HEAD: Final = """\
format = "bwcstore-cases/1"
pack = "xx"
agency = "xx-town"

[[cases]]
id = "first"
title = "Force is everybody's business."
cite = "s. 3"
as_of = 2024-06-03

[cases.facts]
collected_at = 2024-01-15T12:00:00-06:00
force = "some"
investigation = "none"
minor_recorded = false
complaint_on = 2024-02-01
labels = ["training"]

"""
QUESTION: Final = '[cases.question]\nactor = "officer"\npurpose = "work"\n\n'
# Everything that is concluded of the case above, by the key of each expectation.
CONCLUSIONS: Final = {
    "class": '"open"',
    "individuals": '"open"',
    "others": '"open to all"',
    "class_rule": '"open-force"',
    "overlays": "[]",
    "mismatches": '["training"]',
    "missing": "[]",
    "class_missing": "[]",
    "retention_missing": "[]",
    "last_protected": "2025-02-01",
    "statutory_floor": "2025-02-01",
    "plain": "2025-02-02",
    "conservative": "2025-02-04",
    "disposal": "2025-02-02",
    "ceiling": "2024-05-14",
    "ceiling_passed": "true",
    "status": '"protected"',
    "authority": '["standard"]',
    "floors": '["basic", "complaint", "force", "standard"]',
    "metadata_last_protected": "2029-01-15",
    "could_change": '["force", "labels"]',
    "view": '"allow"',
    "copy": '"allow"',
    "access_rule": '"all"',
    "unmet": "[]",
    "must_redact": "[]",
    "may_redact": "[]",
    "never_redact": "[]",
    "withhold": "[]",
    "may_disclose": "[]",
    "deadlines": (
        '{ release = { plain = 2024-02-15, rolled = 2024-02-15, status = "overdue" },'
        ' prompt = { plain = "none", status = "owed" } }'
    ),
    "no_deadlines": '["answer"]',
}
OTHERWISE: Final = {
    "class": '"secret"',
    "individuals": '"none"',
    "others": '"other"',
    "class_rule": '"closed-else"',
    "overlays": '["minors"]',
    "mismatches": "[]",
    "missing": '["force"]',
    "class_missing": '["force"]',
    "retention_missing": '["force"]',
    "last_protected": '"none"',
    "statutory_floor": "2025-02-02",
    "plain": "2025-02-03",
    "conservative": "2025-02-05",
    "disposal": '"none"',
    "ceiling": '"none"',
    "ceiling_passed": "false",
    "status": '"due"',
    "authority": "[]",
    "floors": '["basic"]',
    "metadata_last_protected": '"none"',
    "could_change": "[]",
    "view": '"deny"',
    "copy": '"escalate"',
    "access_rule": '"nobody"',
    "unmet": '["for-work"]',
    "must_redact": '["minors"]',
    "may_redact": '["minors"]',
    "never_redact": '["minors"]',
    "withhold": '["minors"]',
    "may_disclose": '["rumour"]',
    "deadlines": "{ release = { plain = 2024-02-16 } }",
    "no_deadlines": '["release"]',
}


def read(expect: str, head: str = HEAD) -> CaseFile:
    """A file with one case that asks a question."""
    return read_cases(f"{head}{QUESTION}[cases.expect]\n{expect}\n", name="cases.toml", find=find)


def ran(expect: str, head: str = HEAD) -> CaseResult:
    """What becomes of one case."""
    return run_case(read(expect, head).cases[0])


def test_a_case_passes_when_all_is_as_expected() -> None:
    """Every conclusion can be expected, and all of them together."""
    result = ran("\n".join(f"{key} = {value}" for key, value in CONCLUSIONS.items()))

    assert () == result.differences
    assert ("first", "s. 3", True) == (result.id, result.cite, result.passed)


@pytest.mark.parametrize("key", CONCLUSIONS)
def test_no_expectation_is_ignored(key: str) -> None:
    """Each key alone fails where something else was expected, and names the key."""
    result = ran(f"{key} = {OTHERWISE[key]}")

    assert not result.passed
    assert [key] == [one.key.partition(".")[0] for one in result.differences]


def test_a_difference_says_both() -> None:
    """What was expected and what was found are told in words."""
    (day,) = ran('last_protected = "none"').differences
    (ids,) = ran('floors = ["basic"]').differences
    (owed,) = ran('deadlines = { release = { status = "met" } }').differences
    (arisen,) = ran("deadlines = { answer = {} }").differences

    assert ("none", "2025-02-01") == (day.expected, day.found)
    assert ("basic", "basic, complaint, force, standard") == (ids.expected, ids.found)
    assert ("deadlines.release.status", "met", "overdue") == (
        owed.key,
        owed.expected,
        owed.found,
    )
    assert ("deadlines.answer", "none") == (arisen.key, arisen.found)


def test_a_refusal_can_be_expected() -> None:
    """A case of facts that are refused passes where it expects that code, and fails otherwise."""
    future = HEAD.replace("complaint_on = 2024-02-01", "complaint_on = 2024-06-04")
    unreadable = HEAD.replace('force = "some"', 'force = "little"')
    early = HEAD.replace("as_of = 2024-06-03", "as_of = 2024-06-03\nlaw = 2015-01-01")

    assert ran('error = "fact-future"', future).passed
    assert ran('error = "fact-type"', unreadable).passed
    assert ran('error = "law-not-in-force"', early).passed
    (other,) = ran('error = "fact-type"', future).differences
    assert ("error", "fact-type") == (other.key, other.expected)
    assert other.found.startswith("fact-future: ")
    (refused,) = ran('class = "open"', future).differences
    assert ("error", "a judgement") == (refused.key, refused.expected)
    (judged,) = ran('error = "fact-future"').differences
    assert ("fact-future", "a judgement") == (judged.expected, judged.found)


@pytest.mark.parametrize(
    ("expect", "kind", "line"),
    [
        ("", ErrorKind.FIELD_MISSING, 23),
        ('colour = "red"', ErrorKind.FIELD_UNKNOWN, 24),
        ("class = 1", ErrorKind.FIELD_INVALID, 24),
        ('status = "lost"', ErrorKind.FIELD_INVALID, 24),
        ('view = "perhaps"', ErrorKind.FIELD_INVALID, 24),
        ('plain = "tomorrow"', ErrorKind.FIELD_INVALID, 24),
        ('floors = "basic"', ErrorKind.FIELD_INVALID, 24),
        ('error = "oops"', ErrorKind.FIELD_INVALID, 24),
        ('class = "open"\nerror = "fact-type"', ErrorKind.FIELD_INVALID, 25),
        ("deadlines = { release = { when = 2024-01-01 } }", ErrorKind.FIELD_UNKNOWN, 24),
        ('deadlines = { release = { status = "late" } }', ErrorKind.FIELD_INVALID, 24),
    ],
)
def test_an_expectation_is_read_strictly(expect: str, kind: ErrorKind, line: int) -> None:
    """A key that is not known, or has another form, is refused with its line and case."""
    with pytest.raises(InvalidInputError) as caught:
        read(expect)

    assert kind == caught.value.kind
    assert caught.value.message.startswith(f"cases.toml:{line}: case first: ")


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('id = "first"\n', "", ErrorKind.FIELD_MISSING),
        ('id = "first"', 'id = "The First"', ErrorKind.FIELD_INVALID),
        ("title", "titel", ErrorKind.FIELD_UNKNOWN),
        ('cite = "s. 3"\n', "", ErrorKind.CITATION_MISSING),
        ("as_of = 2024-06-03\n", "", ErrorKind.FIELD_MISSING),
        ('agency = "xx-town"', 'agency = "yy"', ErrorKind.PACK_UNKNOWN),
        ("bwcstore-cases/1", "bwcstore-cases/2", ErrorKind.FORMAT_NEWER),
    ],
)
def test_a_case_is_read_strictly(old: str, new: str, kind: ErrorKind) -> None:
    """A case has an id, a title, a citation and a day, and its file a law."""
    assert old in HEAD
    with pytest.raises(InvalidInputError) as caught:
        read('class = "open"', HEAD.replace(old, new))

    said = [f"[{caught.value.kind}]", *getattr(caught.value, "__notes__", ())]
    assert any(one.endswith(f"[{kind}]") for one in said)


def test_ids_are_distinct() -> None:
    """Two cases of one file have two ids."""
    once = f'{HEAD}[cases.expect]\nclass = "open"\n'
    again = once.partition("\n\n")[2]
    with pytest.raises(InvalidInputError) as caught:
        read_cases(f"{once}\n{again}", name="cases.toml", find=find)

    assert "another case has this id" in caught.value.message


def test_what_answers_a_question_needs_one() -> None:
    """A case that expects an access asks for it."""
    with pytest.raises(InvalidInputError) as caught:
        read_cases(f'{HEAD}[cases.expect]\nview = "allow"\n', name="cases.toml", find=find)

    assert "view: the case asks no question" in caught.value.message


def test_a_file_has_cases() -> None:
    """A file without cases is refused."""
    with pytest.raises(InvalidInputError) as caught:
        read_cases(HEAD.partition("\n\n")[0], name="cases.toml", find=find)

    assert ErrorKind.FIELD_MISSING == caught.value.kind


def test_checking_finds_facts_that_cannot_be_taken() -> None:
    """A fact of no such type is a problem of the file, unless the case expects it."""
    wrong = HEAD.replace('force = "some"', 'force = "little"')
    expecting = f'{wrong}[cases.expect]\nerror = "fact-type"\n'
    other = f'{wrong}[cases.expect]\nclass = "open"\n'

    assert () == check_cases(expecting, name="c.toml", find=find)
    assert [(ErrorKind.FACT_TYPE, 13)] == [
        (one.kind, one.line) for one in check_cases(other, name="c.toml", find=find)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a pack, an agency, and one case in a folder of its own."""
    (tmp_path / "small.toml").write_text(PACK, "utf-8")
    (tmp_path / "town.toml").write_text(AGENCY, "utf-8")
    (tmp_path / "inner").mkdir()
    head = HEAD.replace('"xx"', '"../small.toml"').replace('"xx-town"', '"../town.toml"')
    path = tmp_path / "inner/cases.toml"
    path.write_text(f'{head}[cases.expect]\nclass = "open"\n', "utf-8")
    return tmp_path


def test_folders_are_searched_through(folder: Path) -> None:
    """Case files are found in folders, and packs and agencies beside them are left out."""
    files = load_cases([folder])

    assert [folder / "inner/cases.toml"] == [Path(one.name) for one in files]
    assert [True] == [one.passed for one in run_cases(files[0].cases)]
    assert [True, False] == [
        is_case_file(folder / name) for name in ("inner/cases.toml", "small.toml")
    ]


def test_no_cases_is_an_error(folder: Path) -> None:
    """A folder without case files, and a file that is none, are not taken for passing."""
    (folder / "inner/cases.toml").unlink()
    with pytest.raises(NotFoundError):
        load_cases([folder])
    with pytest.raises(InvalidInputError):
        load_cases([folder / "small.toml"])


def test_files_are_checked_by_what_they_say_they_are(folder: Path) -> None:
    """An agency is checked under the pack among the files; each other file by its format."""
    other = folder / "other.toml"
    other.write_text('format = "something/1"\n', "utf-8")
    broken = folder / "broken.toml"
    broken.write_text("format = \n", "utf-8")
    facts = folder / "facts.toml"
    facts.write_text('format = "bwcstore-facts/1"\npack = "small.toml"\nagency = "no.toml"\n')
    paths = [folder / "town.toml", folder / "small.toml", folder / "inner/cases.toml"]
    checked = check_files([*paths, other, broken, facts])
    alone = check_files([folder / "town.toml"])

    assert [
        [],
        [],
        [],
        [ErrorKind.FORMAT_UNKNOWN],
        [ErrorKind.PACK_SYNTAX],
        [ErrorKind.SOURCE_NOT_FOUND],
    ] == [[problem.kind for problem in one.problems] for one in checked]
    assert [ErrorKind.PACK_UNKNOWN] == [problem.kind for problem in alone[0].problems]


def test_shipped_packs_have_cases() -> None:
    """The cases of a shipped pack are found by its id."""
    assert cases_of("us-mn").is_dir()
    assert "us-mn" == cases_of("us-mn").name
