"""How the findings of an audit are shown."""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from bwcstore.audit._findings import Finding, Severity
from bwcstore.cli._output import Output, shown

COLUMNS: Final = ("code", "clause", "where", "entry#", "chunk#", "bytes", "what", "expected", "got")


def code_text(finding: Finding) -> str:
    """The code, with its severity where it is less than an error."""
    if finding.severity is Severity.ERROR:
        return str(finding.code)
    return f"{finding.code} ({finding.severity})"


def range_text(finding: Finding) -> str:
    """The first and the last byte, or nothing."""
    found = finding.byte_range
    return f"{found.offset_bytes}-{found.end_bytes - 1}" if found is not None else ""


def finding_row(finding: Finding) -> tuple[str, ...]:
    """One finding as a row of a table."""
    return (
        code_text(finding),
        finding.clause,
        finding.where,
        "" if finding.entry is None else str(finding.entry),
        "" if finding.chunk is None else str(finding.chunk),
        range_text(finding),
        finding.message,
        finding.expected or "",
        finding.got or "",
    )


def finding_block(finding: Finding) -> Iterator[str]:
    """One finding as lines, for a terminal that no table of them would fit."""
    yield f"{code_text(finding)}  {finding.clause}  {finding.where}"
    yield f"    {finding.message}"
    places = (
        ("entry", finding.entry),
        ("object", finding.object),
        ("segment", finding.segment),
        ("chunk", finding.chunk),
        ("bytes", range_text(finding) or None),
    )
    known = [f"{name} {value}" for name, value in places if value is not None]
    if known:
        yield f"    {', '.join(known)}"
    if finding.expected is not None:
        yield f"    expected  {finding.expected}"
    if finding.got is not None:
        yield f"    got       {finding.got}"


def print_findings(output: Output, findings: Sequence[Finding]) -> None:
    """Every finding, the gravest first: lines on a terminal, one table row each when piped."""
    if not sys.stdout.isatty():
        output.table(COLUMNS, (finding_row(finding) for finding in findings))
        return
    for finding in findings:
        for line in finding_block(finding):
            output.text(shown(line))
