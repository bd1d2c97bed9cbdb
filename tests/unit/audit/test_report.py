"""Findings and reports: one order, one JSON form, nothing that stored bytes can break."""

import random

import pytest

from bwcstore._values import ByteRange
from bwcstore.audit._findings import TEXT_LENGTH_MAX, Finding, Findings, Severity, plain
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind, FormatError
from tests.unit.audit.stores import large_store, small_store

FULL = Finding(
    code=ErrorKind.CHUNK_DIGEST,
    severity=Severity.ERROR,
    clause="AUD-24",
    where="objects/x/00000001",
    message="not the bytes",
    entry=7,
    object="x",
    segment=1,
    chunk=3,
    byte_range=ByteRange(5, 6),
    expected="aa",
    got="bb",
)


def test_finding_codec() -> None:
    """A finding reads back as it was written, full or bare."""
    bare = Finding(
        code=ErrorKind.STORAGE_IO, severity=Severity.NOTE, clause="AUD-29", where="/", message="m"
    )

    assert [FULL, bare] == [Finding.from_json(one.to_json()) for one in (FULL, bare)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "no-such-code"),
        ("severity", "grave"),
        ("entry", -1),
        ("entry", True),
        ("bytes", [1]),
        ("bytes", [1, -1]),
        ("where", 3),
        ("extra", "x"),
    ],
)
def test_no_finding(field: str, value: object) -> None:
    """Anything else is refused."""
    with pytest.raises(FormatError):
        Finding.from_json({**FULL.to_json(), field: value})  # type: ignore[dict-item]  # on purpose


@pytest.mark.spec("AUD-31")
def test_findings_have_one_order() -> None:
    """Whatever order they are found in, errors come first, then by name, entry and chunk."""
    chance = random.Random(1)
    items = [
        (severity, where, entry)
        for severity in (Severity.ERROR, Severity.NOTE)
        for where in ("a", "b")
        for entry in (None, 1, 10, 9)
    ]
    reports = []
    for _ in range(5):
        chance.shuffle(items)
        findings = Findings()
        for severity, where, entry in items:
            findings.add(
                ErrorKind.BATCH_LINK, "AUD-5", where=where, message="m", severity=severity,
                entry=entry,
            )  # fmt: skip
        reports.append(findings.sorted())

    assert 1 == len(set(reports))
    assert [None, 1, 9, 10] == [finding.entry for finding in reports[0][:4]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("line\nend\x00", "line\ufffdend\ufffd"),
        ("e\u0301", "\u00e9"),
        ("\u202egpj", "\ufffdgpj"),
        ("x" * 1000, "x" * (TEXT_LENGTH_MAX - 1) + "…"),
    ],
)
def test_texts_are_made_plain(text: str, expected: str) -> None:
    """What is stored cannot break lines, hide, or fill a report."""
    assert expected == plain(text)


@pytest.mark.parametrize("damaged", [False, True])
def test_report_codec(damaged: bool) -> None:
    """A report reads back as it was written."""
    shop = large_store()
    if damaged:
        for name in list(shop.contents):
            shop.contents[name] += b"\xff\x00\n"

    report = shop.audit()

    assert damaged == bool(report.errors)
    assert report == Report.decode(report.encode())


def test_reports_are_repeatable() -> None:
    """Two audits of the same bytes are equal to the byte."""
    assert small_store().audit().encode() == small_store().audit().encode()


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"kind":"audit-report","v":1}'])
def test_no_report(raw: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(FormatError):
        Report.decode(raw)


def test_checkpoint_of_a_report_can_be_expected_next_time() -> None:
    """What one audit returns is what the next one compares with."""
    shop = small_store()
    note = shop.audit().checkpoint

    assert 1 == shop.audit(expect=(note,)).extends_count
