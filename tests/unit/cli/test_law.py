"""The commands about the law: what they print for people and programs, and how they end."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from bwcstore.statute._files._library import load_pack, pack_ids
from tests.unit.statute.small import AGENCY, PACK

FACTS: Final = """\
format = "bwcstore-facts/1"
pack = "small.toml"
agency = "town.toml"
as_of = 2024-06-01

[facts]
collected_at = 2024-03-15T21:30:00-05:00
force = "none"
investigation = "none"

[question]
actor = "stranger"
"""
CASES: Final = """\
format = "bwcstore-cases/1"
pack = "xx"
agency = "town.toml"

[[cases]]
id = "ninety-days"
title = "Ninety days are kept."
cite = "s. 7(a)"
as_of = 2024-06-01

[cases.facts]
collected_at = 2024-03-15T21:30:00-05:00
force = "none"
investigation = "none"

[cases.expect]
last_protected = 2024-06-13
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a pack, an agency, facts and a folder of cases."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(PACK, "utf-8")
    (tmp_path / "facts.toml").write_text(FACTS, "utf-8")
    (tmp_path / "town.toml").write_text(AGENCY, "utf-8")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/town.toml").write_text(AGENCY, "utf-8")
    (tmp_path / "cases/cases.toml").write_text(CASES, "utf-8")
    return tmp_path


def text(capsys: pytest.CaptureFixture[str], *arguments: str, expected: int = Exit.OK) -> str:
    """What a command prints for people; but for problems of files, it fits a terminal."""
    code = run(["law", *arguments])
    out, err = capsys.readouterr()
    long = [line for line in out.splitlines() if len(line) > 80]

    assert expected == code, err
    assert "check" in arguments or [] == long
    return out


def document(capsys: pytest.CaptureFixture[str], *arguments: str, expected: int = Exit.OK) -> Any:
    """What a command prints for programs."""
    code = run(["law", *arguments, "--json"])
    out, err = capsys.readouterr()

    assert expected == code, err
    assert 1 == out.count("\n")
    return json.loads(out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, int]:
    """The code with which a command is refused, and its exit code; nothing is printed."""
    code = run(["law", *arguments, "--json"])
    out, err = capsys.readouterr()

    assert "" == out
    error = json.loads(err)["error"]
    assert code == error["exit_code"]
    return error["kind"], code


def test_packs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each shipped pack with its title, versions, rules by verification, and digest."""
    out = text(capsys, "packs")
    found = document(capsys, "packs")

    assert list(pack_ids()) == [one["id"] for one in found["packs"]]
    for one in found["packs"]:
        pack = load_pack(one["id"])
        assert str(pack.digest) == one["digest"]
        assert {"text", "secondary", "unverified"} == set(one["rules"])
        assert f"  digest    {pack.digest}\n" in out
        assert f"{sum(one['rules'].values())} ({one['rules']['text']} text, " in out
        assert [str(version.effective) for version in pack.versions] == [
            version["effective"] for version in one["versions"]
        ]
    assert "Agency files: " in out
    assert "us-mn-becker" in found["agencies"]


def test_rules_are_shown_as_they_are_on_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is shown on the days on which it is law, with its citation, under its table."""
    now = text(capsys, "show", "small.toml", "--as-of", "2024-01-01")
    before = text(capsys, "show", "small.toml", "--as-of", "2019-12-31")

    assert "s. 7(d) [rule deadly;" in now
    assert "s. 7(d) [rule deadly;" not in before
    assert now.index("FLOORS: HOW LONG") < now.index("s. 7(a)") < now.index("CEILINGS:")
    assert "version of 2016-01-01: Act 1 (wording seen)" in before


@pytest.mark.spec("LAW-2")
def test_rules_that_nobody_has_seen_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """A mark stands before every rule whose wording was not seen, and before no other."""
    lines = text(capsys, "show", "small.toml", "--as-of", "2024-01-01").splitlines()
    marked = [line for line in lines if line.startswith("! s. ")]

    assert 3 == len(marked)
    assert "! s. 6 [rule rumour; NOT VERIFIED: no source was seen]" in marked
    assert "  s. 4 [rule closed-else; wording seen]" in lines


def test_rules_are_shown_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The rules of a day with table, id, citation and verification."""
    found = document(capsys, "show", "small.toml", "--as-of", "2024-01-01")
    rules = {(one["table"], one["id"]): one for one in found["rules"]}

    assert ("2024-01-01", "2020-01-01") == (found["as_of"], found["version"]["effective"])
    assert ("s. 6", "unverified") == (
        rules["overlays", "rumour"]["cite"],
        rules["overlays", "rumour"]["verified"],
    )
    assert "What deadly means." == rules["floors", "deadly"]["ambiguity"]


def test_today_is_the_day_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a day, the rules are those of today, for a pack by id or by file."""
    by_file = document(capsys, "show", "small.toml")
    by_id = document(capsys, "show", "us-mn")

    assert "2026-01-01" < by_file["as_of"]
    assert ("xx", "us-mn") == (by_file["id"], by_id["id"])


def test_facts_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """An explanation is printed as text, and as one document."""
    out = text(capsys, "explain", "facts.toml")
    found = document(capsys, "explain", "facts.toml")

    assert "It must be kept through 2024-06-13." in " ".join(out.split())
    assert "WHO MAY SEE IT: stranger" in out
    assert "no legal advice" in out
    assert ("protected", "2024-06-13") == (
        found["retention"]["status"],
        found["retention"]["last_protected"],
    )


def test_the_day_of_the_judgement_may_be_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--as-of` goes before the file, and without either it is today."""
    later = document(capsys, "explain", "facts.toml", "--as-of", "2024-06-14")
    path = folder / "undated.toml"
    path.write_text(FACTS.replace("as_of = 2024-06-01\n", ""), "utf-8")
    today = document(capsys, "explain", "undated.toml")

    assert ("2024-06-14", "due") == (later["as_of"], later["retention"]["status"])
    assert "2026-01-01" < today["as_of"]


def test_what_a_terminal_could_act_on_is_escaped(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text of a file cannot turn the direction of a line or move the cursor."""
    hold = 'holds = [{ id = "h\\u202e", kind = "litigation", placed = 2024-05-01 }]\n'
    (folder / "facts.toml").write_text(
        FACTS.replace("\n[question]", f"{hold}\n[question]"), "utf-8"
    )
    out = text(capsys, "explain", "facts.toml")

    assert "h\\u202e" in out
    assert "\u202e" not in out


def test_cases_pass_or_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that comes out as expected is ok; another one is told, and the exit code is 1."""
    passed = text(capsys, "cases", "small.toml", "--folder", "cases")
    path = folder / "cases/cases.toml"
    path.write_text(CASES.replace("2024-06-13", "2024-06-12"), "utf-8")
    failed = text(capsys, "cases", "small.toml", "--folder", "cases", expected=Exit.FINDINGS)
    found = document(capsys, "cases", "small.toml", "--folder", "cases", expected=Exit.FINDINGS)

    assert "ok    ninety-days: Ninety days are kept. (s. 7(a))\n\n1 cases, 0 failed\n" == passed
    assert "FAIL  ninety-days: Ninety days are kept." in failed
    assert "last_protected: expected 2024-06-12, found 2024-06-13" in failed
    assert "1 cases, 1 failed" in failed
    assert 1 == found["failed"]
    assert [{"key": "last_protected", "expected": "2024-06-12", "found": "2024-06-13"}] == found[
        "cases"
    ][0]["differences"]


def test_a_case_file_can_be_run_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of cases is run with the pack that it names."""
    path = folder / "one.toml"
    path.write_text(CASES.replace('"xx"', '"small.toml"'), "utf-8")
    found = document(capsys, "cases", "one.toml")

    assert (0, ["ninety-days"]) == (found["failed"], [one["id"] for one in found["cases"]])


def test_shipped_packs_are_run_with_their_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder, the cases are those that come with the pack, and they pass."""
    found = document(capsys, "cases", "us-dc")

    assert 0 == found["failed"]
    assert len(found["cases"]) >= 10
    assert all(one["passed"] for one in found["cases"])


def test_what_changed_between_two_days(capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that comes is told with a plus, seen from the other side with a minus."""
    there = text(capsys, "diff", "small.toml", "2019-12-31", "2020-01-01")
    back = text(capsys, "diff", "small.toml", "2020-01-01", "2019-12-31")
    same = text(capsys, "diff", "small.toml", "2020-01-01", "2024-01-01")
    found = document(capsys, "diff", "small.toml", "2019-12-31", "2020-01-01")

    assert there.startswith("+ floors deadly\n  s. 7(d) [rule deadly;")
    assert there.endswith("\n1 rules come, 0 go, 0 change\n")
    assert back.startswith("- floors deadly\n")
    assert back.endswith("\n0 rules come, 1 go, 0 change\n")
    assert "0 rules come, 0 go, 0 change\n" == same
    assert [("floors", None, "deadly")] == [
        (one["table"], one["before"], one["after"]["id"]) for one in found["changes"]
    ]


AMENDED: Final = """\

[[floors]]
id = "log"
cite = "s. 7(g)"
verified = "text"
says = "The log is kept for six years."
from = 2020-01-01
when = "always"
keeps = "metadata"
period = "6 years"
start = "collected_at"
"""


def test_a_rule_that_says_something_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that is amended is shown before and after, with the fields that differ."""
    text_of_pack = PACK.replace('id = "log"\n', 'id = "log"\nto = 2019-12-31\n')
    (folder / "small.toml").write_text(text_of_pack + AMENDED, "utf-8")
    out = text(capsys, "diff", "small.toml", "2019-12-31", "2020-01-01")
    found = document(capsys, "diff", "small.toml", "2019-12-31", "2020-01-01")

    assert "~ floors log: cite, says, period\n  before:\n    s. 7(f) [rule log;" in out
    assert "  after:\n    s. 7(g) [rule log;" in out
    assert "1 rules come, 0 go, 1 change\n" in out
    assert [("log", ["cite", "says", "period"]), ("deadly", [])] == [
        (one["after"]["id"], one["fields"]) for one in found["changes"]
    ]


def test_files_in_order_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Each file is checked as what it says it is; an agency under the pack beside it."""
    out = text(capsys, "check", "town.toml", "facts.toml", "small.toml")

    assert (
        "town.toml: in order (bwcstore-agency/1)\n"
        "facts.toml: in order (bwcstore-facts/1)\n"
        "small.toml: in order (bwcstore-pack/1)\n"
    ) == out


def test_every_problem_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each problem has its file, line and code, and the exit code is 3."""
    broken = FACTS.replace('force = "none"', 'force = "little"\nweather = "fine"')
    (folder / "facts.toml").write_text(broken, "utf-8")
    out = text(capsys, "check", "facts.toml", "small.toml", expected=Exit.INVALID_INPUT)
    found = document(capsys, "check", "facts.toml", expected=Exit.INVALID_INPUT)

    first, second, last = out.splitlines()
    assert first.startswith("facts.toml:8: fact force: ")
    assert first.endswith("[fact-type]")
    assert second.startswith("facts.toml:9: ")
    assert second.endswith("[fact-unknown]")
    assert "small.toml: in order (bwcstore-pack/1)" == last
    assert [("fact-type", 8), ("fact-unknown", 9)] == [
        (one["kind"], one["line"]) for one in found["files"][0]["problems"]
    ]


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        (("show", "us-xx"), "pack-unknown", Exit.NOT_FOUND),
        (("show", "nowhere.toml"), "source-not-found", Exit.INVALID_INPUT),
        (("show", "town.toml"), "format-unknown", Exit.INVALID_INPUT),
        (
            ("show", "small.toml", "--as-of", "2015-12-31"),
            "law-not-in-force",
            Exit.INVALID_INPUT,
        ),
        (("show", "small.toml", "--as-of", "today"), "argument-invalid", Exit.INVALID_INPUT),
        (("show", "small.toml", "--as-of", "2024-02-30"), "argument-invalid", Exit.INVALID_INPUT),
        (("explain", "nowhere.toml"), "source-not-found", Exit.INVALID_INPUT),
        (("explain", "small.toml"), "format-unknown", Exit.INVALID_INPUT),
        (
            ("explain", "facts.toml", "--as-of", "2024-03-14"),
            "fact-future",
            Exit.INVALID_INPUT,
        ),
        (("cases", "us-xx"), "pack-unknown", Exit.NOT_FOUND),
        (("cases", "small.toml"), "source-not-found", Exit.INVALID_INPUT),
        (("cases", "us-dc", "--folder", "."), "pack-unknown", Exit.INVALID_INPUT),
        (
            ("diff", "small.toml", "2015-01-01", "2024-01-01"),
            "law-not-in-force",
            Exit.INVALID_INPUT,
        ),
        (("diff", "small.toml", "then", "2024-01-01"), "argument-invalid", Exit.INVALID_INPUT),
        (("check", "nowhere.toml"), "source-not-found", Exit.INVALID_INPUT),
        (("check",), "usage", Exit.USAGE),
        (("nonsense",), "usage", Exit.USAGE),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: tuple[str, ...], kind: str, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name, day or file ends with its code, and nothing on standard output."""
    assert (kind, code) == refusal(capsys, *arguments)


def test_a_folder_without_cases_of_the_pack_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cases of another pack are not taken for those of this one."""
    (folder / "cases/small.toml").write_text(PACK, "utf-8")
    (folder / "cases/cases.toml").write_text(CASES.replace('"xx"', '"small.toml"'), "utf-8")

    assert ("name-absent", Exit.NOT_FOUND) == refusal(capsys, "cases", "us-dc", "--folder", "cases")
