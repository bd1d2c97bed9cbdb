"""The commands about the law: `law packs|show|explain|cases|diff|check`. None needs a store;
those that do, `law adopt|status`, are in `bwcstore.cli._custody_law`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bwcstore._system import SystemClock
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_law import register_law
from bwcstore.cli._exit import Exit
from bwcstore.cli._law_show import (
    change_json,
    change_lines,
    pack_json,
    pack_lines,
    rule_json,
    shown_lines,
)
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import Output
from bwcstore.cli._parse import civil_date
from bwcstore.cli._shown import shown
from bwcstore.errors import ErrorKind, NotFoundError
from bwcstore.statute._changes import rule_changes
from bwcstore.statute._civil import local_date
from bwcstore.statute._explain import explain as explain_facts
from bwcstore.statute._explain_words import paragraph
from bwcstore.statute._files._case_files import (
    cases_of,
    check_files,
    is_case_file,
    load_cases,
    load_fact_file,
)
from bwcstore.statute._files._case_tables import Case
from bwcstore.statute._files._cases import CaseResult, run_cases
from bwcstore.statute._files._library import agency_ids, load_pack, pack_ids

_PackName = Annotated[
    str, typer.Argument(metavar="PACK", help="The id of a shipped pack, or a file in `.toml`.")
]
_AsOf = Annotated[str | None, typer.Option(metavar="DATE", help="The day. [default: today]")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    law = group("The law: packs of statutes, and what follows from them.")
    command(law, "law packs", needs=Needs.OUTPUT)(packs)
    command(law, "law show", needs=Needs.OUTPUT)(show)
    command(law, "law explain", needs=Needs.OUTPUT)(explain)
    command(law, "law cases", needs=Needs.OUTPUT)(cases)
    command(law, "law diff", needs=Needs.OUTPUT)(diff)
    command(law, "law check", needs=Needs.OUTPUT)(check)
    register_law(law)
    app.add_typer(law, name="law")


def _print(output: Output, lines: Iterable[str]) -> None:
    for line in lines:
        output.text(shown(line))


def packs(common: Common) -> None:
    """List the packs and agency files that are shipped."""
    loaded = [load_pack(name) for name in pack_ids()]
    if common.output.machine:
        common.output.document(
            {"packs": [pack_json(pack) for pack in loaded], "agencies": list(agency_ids())}
        )
        return
    for pack in loaded:
        _print(common.output, pack_lines(pack))
        common.output.text()
    _print(common.output, paragraph(", ".join(agency_ids()) or "none", lead="Agency files: "))


def show(common: Common, *, pack_name: _PackName, as_of: _AsOf = None) -> None:
    """Print the rules that are law on a day, with citation and verification."""
    pack = load_pack(pack_name)
    today = local_date(SystemClock().now(), ZoneInfo("UTC"))
    day = today if as_of is None else civil_date(as_of, "--as-of")
    if not common.output.machine:
        _print(common.output, shown_lines(pack, day))
        return
    version = pack.version_on(day)
    common.output.document(
        {
            **pack_json(pack),
            "as_of": str(day),
            "version": {"effective": str(version.effective), "act": version.act},
            "rules": [
                rule_json(table, rule)
                for table, rules in pack.rules_on(day).items()
                for rule in rules
            ],
        }
    )


def explain(
    common: Common,
    *,
    facts_file: Annotated[Path, typer.Argument(metavar="FACTS", help="A fact file.")],
    as_of: _AsOf = None,
) -> None:
    """Say what the law makes of the facts in a file, and why."""
    given = load_fact_file(facts_file).given
    day = given.as_of
    if as_of is not None:
        day = civil_date(as_of, "--as-of")
    if day is None:
        day = local_date(SystemClock().now(), given.zone)
    explanation = explain_facts(
        given.facts(day), law=given.law(day), as_of=day, question=given.question
    )
    if common.output.machine:
        common.output.document(explanation.json())
    else:
        _print(common.output, explanation.text().splitlines())


def cases(
    common: Common,
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="PACK", help="The id of a shipped pack, a pack in `.toml`, or a case file."
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(help="A folder with case files. [default: those that come with the pack]"),
    ] = None,
) -> int:
    """Judge the cases of a pack; exit code 1 when one comes out otherwise than it says."""
    results = run_cases(_asked_for(what, folder))
    failed = sum(not one.passed for one in results)
    if common.output.machine:
        common.output.document({"failed": failed, "cases": [_case_json(one) for one in results]})
    else:
        for one in results:
            _print(common.output, _case_lines(one))
        _print(common.output, ["", f"{len(results)} cases, {failed} failed"])
    return Exit.FINDINGS if failed else Exit.OK


def _asked_for(what: str, folder: Path | None) -> list[Case]:
    """The cases of a file, or those of a pack in a folder."""
    if what.endswith(".toml") and is_case_file(Path(what)):
        return [case for file in load_cases([Path(what)]) for case in file.cases]
    pack = load_pack(what)
    place = cases_of(pack.id) if folder is None else folder
    files = load_cases([place], pack=pack)
    found = [case for file in files for case in file.cases if case.given.pack.id == pack.id]
    if not found:
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"no case of pack {pack.id} in {place}")
    return found


def _case_json(result: CaseResult) -> dict[str, object]:
    return {
        "id": result.id,
        "title": result.title,
        "cite": result.cite,
        "passed": result.passed,
        "differences": [
            {"key": one.key, "expected": one.expected, "found": one.found}
            for one in result.differences
        ],
    }


def _case_lines(result: CaseResult) -> Iterable[str]:
    lead = "ok    " if result.passed else "FAIL  "
    yield from paragraph(f"{result.id}: {result.title} ({result.cite})", lead=lead)
    for one in result.differences:
        yield from paragraph(
            f"{one.key}: expected {one.expected}, found {one.found}", level=3, lead="- "
        )


def diff(
    common: Common,
    *,
    pack_name: _PackName,
    first: Annotated[str, typer.Argument(metavar="FROM", help="The first day.")],
    second: Annotated[str, typer.Argument(metavar="TO", help="The second day.")],
) -> None:
    """Print the rules that come, go or change from one day to another."""
    pack = load_pack(pack_name)
    days = civil_date(first, "FROM"), civil_date(second, "TO")
    found = rule_changes(pack, *days)
    if common.output.machine:
        common.output.document(
            {
                "pack": pack.id,
                "digest": str(pack.digest),
                "from": str(days[0]),
                "to": str(days[1]),
                "changes": [change_json(one) for one in found],
            }
        )
        return
    for one in found:
        _print(common.output, change_lines(one))
    came = sum(one.before is None for one in found)
    gone = sum(one.after is None for one in found)
    changed = len(found) - came - gone
    if found:
        common.output.text()
    common.output.text(f"{came} rules come, {gone} go, {changed} change")


def check(
    common: Common,
    *,
    files: Annotated[
        list[Path], typer.Argument(help="Packs, agency files, fact files, case files.")
    ],
) -> int:
    """Check files of the law and print everything that is wrong; exit code 3 if anything is."""
    checked = check_files(files)
    if common.output.machine:
        common.output.document(
            {
                "files": [
                    {
                        "name": shown(one.name),
                        "format": one.format,
                        "problems": [
                            {
                                "kind": problem.kind.value,
                                "line": problem.line,
                                "rule": problem.rule,
                                "message": problem.message,
                            }
                            for problem in one.problems
                        ],
                    }
                    for one in checked
                ]
            }
        )
    else:
        for one in checked:
            _print(common.output, (str(problem) for problem in one.problems))
            if not one.problems:
                _print(common.output, [f"{one.name}: in order ({one.format})"])
    return Exit.INVALID_INPUT if any(one.problems for one in checked) else Exit.OK
