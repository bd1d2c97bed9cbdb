"""How the findings of an audit are shown."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from bwcstore.audit._findings import Finding, Severity
from bwcstore.cli._output import Output
from bwcstore.cli._shown import shown
from bwcstore.cli._tables import terminal_width

_INDENT: Final = " " * 6


def code_text(finding: Finding) -> str:
    """The code, with its severity where it is less than an error."""
    if finding.severity is Severity.ERROR:
        return str(finding.code)
    return f"{finding.code} ({finding.severity})"


def range_text(finding: Finding) -> str:
    """The first and the last byte, or nothing."""
    found = finding.byte_range
    return f"{found.offset_bytes}-{found.end_bytes - 1}" if found is not None else ""


def finding_block(finding: Finding) -> Iterator[str]:
    """One finding as lines: no table of them would fit a terminal."""
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
    """Every finding, the gravest first."""
    width = terminal_width()
    for finding in findings:
        for line in finding_block(finding):
            for part in _wrapped(shown(line), width):
                output.text(part)


def _wrapped(line: str, width: int) -> Sequence[str]:
    """A line, or its words over several; no word is broken, so that what is copied is whole."""
    if len(line) <= width:
        return (line,)
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
