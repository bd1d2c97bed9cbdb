"""Batch files apart from what their entries mean: lines, digest, and the link from leaf to leaf.

Rules kept here (spec: AUD-4, AUD-5, AUD-8):

- a leaf's link to the leaf before is at a fixed place of the line, so that the chain is checked
  without parsing;
- a file that is damaged gives up as many whole lines as it has.
"""

import hashlib
from typing import Final

import attrs

from bwcstore._limits import BATCH_SIZE_MAX
from bwcstore.audit._findings import Findings
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._batch import (
    BATCH_ENTRIES_MAX,
    BatchHeader,
    decode_header,
)

PAYLOAD_MARK: Final = b'{"payload":'
# {"after":"<64 hex digits>", is how every leaf begins.
_AFTER: Final = slice(10, 74)
CLAUSE_FORM: Final = "AUD-4"


@attrs.frozen(kw_only=True)
class Lines:
    """The lines of one batch file.

    Attributes:
        header: what the first line says; None if it is not a header.
        leaves: the leaf lines, without line ends.
        payloads: payload lines by the position of the leaf they follow.
        digest: SHA-256 over header and leaf lines with their line ends.
        whole: whether nothing was wrong with the form of the file.
    """

    header: BatchHeader | None
    leaves: list[bytes]
    payloads: dict[int, bytes]
    digest: bytes
    whole: bool


def split_batch(raw: bytes, *, name: str, findings: Findings) -> Lines:
    """Take a batch file apart; whatever is wrong with its form becomes a finding."""
    lines = raw.split(b"\n")
    rest = lines.pop()
    problems: list[str] = []
    if len(raw) > BATCH_SIZE_MAX:
        problems.append(f"longer than {BATCH_SIZE_MAX} bytes")
    if rest:
        problems.append("the last line does not end with a line end")
    header: BatchHeader | None = None
    if lines:
        try:
            header = decode_header(lines[0], what=name)
        except BwcStoreError as exc:
            problems.append(f"header: {exc.message}")
    payloads: dict[int, bytes] = {}
    leaves = [line for line in lines[1:] if not line.startswith(PAYLOAD_MARK)]
    if len(leaves) + 1 != len(lines):
        problems += _place_payloads(lines, payloads)
    if not leaves:
        problems.append("no entries")
    if len(leaves) > BATCH_ENTRIES_MAX:
        problems.append(f"{len(leaves)} entries, at most {BATCH_ENTRIES_MAX}")
    for problem in problems:
        findings.add(ErrorKind.BATCH_INVALID, CLAUSE_FORM, where=name, message=f"{name}: {problem}")
    kept = b"\n".join([*lines[:1], *leaves, b""])
    return Lines(
        header=header,
        leaves=leaves,
        payloads=payloads,
        digest=hashlib.sha256(kept).digest(),
        whole=not problems,
    )


def _place_payloads(lines: list[bytes], payloads: dict[int, bytes]) -> list[str]:
    """Fill in which leaf each payload line follows; return what stands where it may not."""
    wrong: list[str] = []
    position = -1
    for number, line in enumerate(lines[1:], 2):
        if not line.startswith(PAYLOAD_MARK):
            position += 1
        elif position < 0 or position in payloads:
            wrong.append(f"line {number}: a payload line that follows no leaf")
        else:
            payloads[position] = line
    return wrong


def follow_links(leaves: list[bytes], before: bytes | None) -> tuple[list[bytes], list[int]]:
    """Hash leaves and compare each with the hash that the next one names.

    Args:
        leaves: leaf lines without line ends.
        before: the hash of the leaf before the first, in hex; None when it is not known.

    Returns:
        The 32-byte hash of every leaf, and the positions of those that name another hash.
    """
    sha256 = hashlib.sha256
    hashes: list[bytes] = []
    broken: list[int] = []
    keep = hashes.append
    expected = before
    for leaf in leaves:
        if leaf[_AFTER] != expected and expected is not None:
            broken.append(len(hashes))
        found = sha256(b"\x00" + leaf)
        keep(found.digest())
        expected = found.hexdigest().encode()
    return hashes, broken


def named_before(leaf: bytes) -> str:
    """The hash that a leaf line names as that of the entry before, for messages."""
    return leaf[_AFTER].decode("ascii", "replace")
