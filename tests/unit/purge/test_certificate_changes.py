"""A certificate that was changed anywhere is refused."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.purge._certificate import verify_certificate
from tests.unit.purge.destroyed import Ledger, Story, tell

LEDGER: Final = tell(Story(segments=65))
RAW: Final = LEDGER.certificate()
STEP: Final = 211

Path = tuple[str | int, ...]


def canonical(document: Any) -> bytes:
    """The canonical bytes of a document, as anybody writes them."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def refusal(raw: bytes, ledger: Ledger = LEDGER) -> BwcStoreError:
    """The error with which bytes are refused."""
    with pytest.raises(BwcStoreError) as refused:
        verify_certificate(raw, key=ledger.key)
    return refused.value


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths to everything in a document that is no object and no list, and to empty lists."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    if not items:
        yield path
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def changed(path: Path, new: Any) -> bytes:
    """The certificate with another value at a path, still canonical."""
    document = json.loads(RAW)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new(inner[path[-1]]) if callable(new) else new
    return canonical(document)


def another(value: Any) -> Any:
    """A value that differs, of the same kind where there is one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return "x"


PATHS: Final = tuple(leaves(json.loads(RAW)))


def test_the_original_is_accepted() -> None:
    """What is changed below is right before it is changed."""
    assert canonical(json.loads(RAW)) == RAW
    assert LEDGER.verify(RAW).number
    assert len(PATHS) > 400


@pytest.mark.spec("CRT-1")
@pytest.mark.parametrize("start", range(4))
def test_every_flipped_bit_is_refused(start: int) -> None:
    """One bit, anywhere."""
    for place in range(start * STEP // 4, len(RAW), STEP):
        flipped = bytearray(RAW)
        flipped[place] ^= 1 << (place % 8)

        assert refusal(bytes(flipped)).kind is not ErrorKind.DEFECT


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(RAW) - 1), value=st.integers(0, 255))
def test_every_other_byte_is_refused(place: int, value: int) -> None:
    """One byte, anywhere, any value."""
    other = RAW[:place] + bytes([value]) + RAW[place + 1 :]
    if other != RAW:
        refusal(other)


@settings(max_examples=50, deadline=None)
@given(first=st.integers(0, len(RAW)), last=st.integers(0, len(RAW)))
def test_what_is_cut_short_is_refused(first: int, last: int) -> None:
    """Bytes that are missing at any place."""
    if first < last:
        refusal(RAW[:first] + RAW[last:])


@pytest.mark.spec("CRT-17", "CRT-18")
def test_every_other_value_is_refused() -> None:
    """Each value of the document, replaced by one that would fit there too."""
    seen = set()
    for path in PATHS:
        # Outcomes and proofs are many of a kind; a few of each do.
        if any(isinstance(key, int) and key > 20 for key in path):
            continue
        seen.add(refusal(changed(path, another)).kind)

    assert {
        ErrorKind.CERTIFICATE_INVALID,
        ErrorKind.PROOF_INVALID,
        ErrorKind.SIGNATURE_INVALID,
        ErrorKind.FORMAT_UNKNOWN,
    } <= seen


@pytest.mark.spec("CRT-17")
def test_true_is_not_one() -> None:
    """A number in the place of a truth value, or the other way round, is another statement."""
    assert ErrorKind.CERTIFICATE_INVALID == refusal(changed(("destruction", "failures"), True)).kind
    excluded = changed(("proposal", "withdrawal_excluded"), 1)
    assert ErrorKind.CERTIFICATE_INVALID == refusal(excluded).kind


@pytest.mark.spec("CRT-17")
def test_every_missing_field_is_refused() -> None:
    """Each field of the statement is needed, and no other may be there."""
    document = json.loads(RAW)
    for name in document:
        rest = {key: value for key, value in document.items() if key != name}

        refusal(canonical(rest))
    assert "note" in refusal(canonical({**document, "note": "x"})).message


@pytest.mark.spec("CRT-2", "CRT-13")
def test_approvals_cannot_be_swapped() -> None:
    """Leaves, proofs or indices of two approvals in each other's place are refused."""
    document = json.loads(RAW)
    at = [n for n, one in enumerate(document["entries"]) if "plan.approved" in one["leaf"]]
    for names in (("leaf",), ("proof",), ("index",), ("leaf", "index", "proof")):
        swapped = json.loads(RAW)
        one, other = (swapped["entries"][n] for n in at)
        for name in names:
            one[name], other[name] = other[name], one[name]

        refusal(canonical(swapped))


@pytest.mark.spec("CRT-3", "CRT-10")
def test_checkpoints_cannot_be_added_or_left_out() -> None:
    """As many as generations, each once."""
    document = json.loads(RAW)
    notes = document["checkpoints"]

    for other in ([], [*notes, *notes]):
        raw = canonical({**document, "checkpoints": other})
        assert ErrorKind.CERTIFICATE_INVALID == refusal(raw).kind


@pytest.mark.spec("CRT-10")
def test_another_store_of_the_same_name_signs_nothing() -> None:
    """A checkpoint by another key is refused, though everything else were right."""
    document = json.loads(RAW)
    text, empty, line = "\n".join(document["checkpoints"][0]).rpartition("\n\n")
    forged = line[:-12] + ("AAAAAAAAAA==" if not line.endswith("AAAAAAAAAA==") else "BBBBBBBBBB==")
    raw = canonical({**document, "checkpoints": [f"{text}{empty}{forged}".split("\n")]})

    assert refusal(raw).kind in (ErrorKind.SIGNATURE_INVALID, ErrorKind.NOTE_INVALID)


@pytest.mark.spec("CRT-4")
def test_annexes_are_those_that_were_named() -> None:
    """An annex that is missing, or is another, is refused."""
    document = json.loads(RAW)
    other = json.loads(tell(Story(segments=66)).certificate())["annexes"]

    for annexes in ([], other, [*document["annexes"], *document["annexes"]]):
        raw = canonical({**document, "annexes": annexes})
        assert ErrorKind.CERTIFICATE_INVALID == refusal(raw).kind
