"""How the findings of an audit are shown."""

from collections.abc import Sequence

from bwcstore.audit._findings import Finding, Severity
from bwcstore.cli._output import Output

COLUMNS = ("code", "clause", "where", "entry#", "chunk#", "bytes", "what")


def finding_row(finding: Finding) -> tuple[str, ...]:
    """One finding as a row of a table."""
    where = finding.where
    byte_range = finding.byte_range
    what = finding.message
    if finding.expected is not None or finding.got is not None:
        what += f" (expected {finding.expected or '-'}, got {finding.got or '-'})"
    return (
        finding.code
        if finding.severity is Severity.ERROR
        else f"{finding.code} ({finding.severity})",
        finding.clause,
        where,
        "" if finding.entry is None else str(finding.entry),
        "" if finding.chunk is None else str(finding.chunk),
        f"{byte_range.offset_bytes}+{byte_range.length_bytes}" if byte_range else "",
        what,
    )


def print_findings(output: Output, findings: Sequence[Finding]) -> None:
    """Every finding, the gravest first: its table row on a terminal, a block of lines when piped."""
    output.table(COLUMNS, (finding_row(finding) for finding in findings))
