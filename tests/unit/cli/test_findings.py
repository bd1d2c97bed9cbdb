"""How findings are shown: nothing that was found is left out."""

from bwcstore._values import ByteRange
from bwcstore.audit._findings import Finding, Severity
from bwcstore.cli._findings import COLUMNS, finding_block, finding_row
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


def test_a_row_holds_everything() -> None:
    """Each column has its value; what a finding has not is empty."""
    row = dict(zip(COLUMNS, finding_row(FINDING), strict=True))

    assert {
        "code": "chunk-digest",
        "clause": "AUD-24",
        "where": "objects/x/00000001",
        "entry#": "",
        "chunk#": "3",
        "bytes": "65536-131071",
        "what": "not the bytes that the manifest names",
        "expected": "aa",
        "got": "bb",
    } == row


def test_a_block_holds_everything() -> None:
    """On a terminal the same is told in lines."""
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

    assert finding_row(note)[0] == "rollback-not-excluded (note)"
