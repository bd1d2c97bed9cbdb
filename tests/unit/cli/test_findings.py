"""How findings are shown: nothing that was found is left out."""

import attrs
import pytest

from bwcstore._values import ByteRange
from bwcstore.audit._findings import Finding, Severity
from bwcstore.cli._findings import finding_block, print_findings
from bwcstore.cli._output import Output
from bwcstore.errors import ErrorKind

FINDING = Finding(
    code=ErrorKind.CHUNK_DIGEST,
    severity=Severity.ERROR,
    clause="AUD-24",
    where="objects/x/00000001",
    message="not the bytes that the manifest names",
    object="x",
    segment=1,
    chunk=3,
    byte_range=ByteRange(65_536, 65_536),
    expected="aa",
    got="bb",
)


def test_a_block_holds_everything() -> None:
    """Everything that is known of a finding is told."""
    assert [
        "chunk-digest  AUD-24  objects/x/00000001",
        "    not the bytes that the manifest names",
        "    object x, segment 1, chunk 3, bytes 65536-131071",
        "    expected  aa",
        "    got       bb",
    ] == list(finding_block(FINDING))


def test_lesser_findings_say_so() -> None:
    """A warning or a note is not taken for an error."""
    note = Finding(
        code=ErrorKind.ROLLBACK_NOT_EXCLUDED,
        severity=Severity.NOTE,
        clause="AUD-20",
        where="checkpoint/",
        message="m",
    )

    assert next(finding_block(note)) == "rollback-not-excluded (note)  AUD-20  checkpoint/"


def test_findings_fit_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Long words stay whole, so that a digest can be copied; everything else goes on below."""
    digest, message = "ab" * 50, "not the bytes that the manifest names, " * 4
    long = attrs.evolve(FINDING, message=message.strip(), expected=digest)
    print_findings(Output(machine=False, quiet=False), [long])
    lines = capsys.readouterr().out.splitlines()

    assert [digest] == [line.strip() for line in lines if len(line) > 80]
    assert 3 == sum("manifest names" in line for line in lines)
