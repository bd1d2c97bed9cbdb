"""Properties of the audit: no byte can change unseen, no garbage can stop it."""

import re
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bwcstore import _layout
from bwcstore.audit._findings import Finding, Findings
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind
from tests.unit.audit.stores import Shop, small_store

LAST = _layout.batch(0, 8)


@cache
def _shop() -> Shop:
    return small_store()


def _audit(changed: dict[str, bytes | None]) -> Report:
    """Audit the store with some names changed (None: removed), and put them back."""
    shop = _shop()
    before = dict(shop.contents)
    for name, raw in changed.items():
        if raw is None:
            del shop.contents[name]
        else:
            shop.contents[name] = raw
    try:
        return shop.audit()
    finally:
        shop.contents.clear()
        shop.contents.update(before)


def _means_nothing(name: str, old: bytes, new: bytes) -> bool:
    """Whether a change is one of writer, nonce or minor version of the last batch.

    Nothing is linked to the last header yet, and none of the three means anything (AUD-30).
    """
    header, changed = (_UNCOVERED.sub(b"", raw.split(b"\n")[0]) for raw in (old, new))
    return name == LAST and header == changed and old.split(b"\n")[1:] == new.split(b"\n")[1:]


_UNCOVERED = re.compile(
    rb'(?<="format":"1\.)[0-9]|(?<="nonce":")[0-9a-f]{32}|(?<="writer":")[0-9a-f]{16}'
)


@pytest.mark.spec("AUD-1", "AUD-30")
@given(data=st.data())
def test_no_byte_can_change_unseen(data: st.DataObject) -> None:
    """Changing any single byte of any stored file is an error finding, never an exception."""
    contents = _shop().contents
    name = data.draw(st.sampled_from(sorted(contents)))
    old = contents[name]
    at = data.draw(st.integers(0, len(old) - 1))
    new = bytearray(old)
    new[at] ^= data.draw(st.integers(1, 255))

    report = _audit({name: bytes(new)})

    assert report.ok == _means_nothing(name, old, bytes(new))


@pytest.mark.spec("AUD-1")
@pytest.mark.slow
def test_no_bit_can_change_unseen() -> None:
    """Every byte of the small store once, its lowest bit changed."""
    contents = dict(_shop().contents)
    unseen = []
    for name, old in contents.items():
        for at in range(len(old)):
            new = old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :]
            if _audit({name: new}).ok and not _means_nothing(name, old, new):
                unseen.append((name, at))

    assert [] == unseen


@pytest.mark.spec("AUD-3", "AUD-23")
@given(data=st.data())
def test_no_file_can_vanish_unseen(data: st.DataObject) -> None:
    """Removing any file but the one checkpoint is an error finding."""
    name = data.draw(st.sampled_from(sorted(_shop().contents)))

    report = _audit({name: None})

    assert report.ok == name.startswith("checkpoint/")


@pytest.mark.spec("AUD-4", "AUD-23")
@given(data=st.data())
def test_no_file_can_be_cut_unseen(data: st.DataObject) -> None:
    """Cutting bytes off any file, or adding some, is an error finding."""
    contents = _shop().contents
    name = data.draw(st.sampled_from(sorted(contents)))
    raw = contents[name]
    cut = data.draw(st.integers(0, len(raw) - 1))
    more = data.draw(st.binary(min_size=1, max_size=40))
    payload_dropped = (
        "/batch/" in name
        and raw[:cut].endswith(b"}\n")
        and (raw[cut:].startswith(b'{"payload"') and raw[cut:].count(b"\n") == 1)
    )

    assert payload_dropped == _audit({name: raw[:cut]}).ok
    assert not _audit({name: raw + more}).ok


@pytest.mark.spec("AUD-1")
@given(
    names=st.lists(
        st.sampled_from(
            [
                _layout.batch(0, 0),
                _layout.batch(0, 4),
                _layout.batch(0, 9),
                _layout.batch(1, 0),
                _layout.checkpoint(0, 3),
                _layout.checkpoint(3, 0),
                _layout.tile(0, 0, 0),
                _layout.bundle(0, 0),
                "objects/x",
            ]
        ),
        min_size=1,
    ),
    raw=st.binary(max_size=300)
    | st.sampled_from(
        [b"\n", b"{}\n{}\n", b'{"payload":"\n' * 3, b'{"after":"' + b"0" * 99 + b"\n"]
    ),
)
@example(names=[_layout.batch(0, 0)], raw=b'{"payload":""}\n')
def test_garbage_never_raises(names: list[str], raw: bytes) -> None:
    """Whatever stands under the names of the format, the audit ends with a report."""
    report = _audit(dict.fromkeys(names, raw))

    assert report == Report.decode(report.encode())
    assert report.ok == (set(names) == {"objects/x"})


@given(text=st.text(), code=st.sampled_from(list(ErrorKind)))
def test_any_text_makes_a_finding(text: str, code: ErrorKind) -> None:
    """A finding can carry any text, and reads back as it was written."""
    findings = Findings()
    findings.add(code, "AUD-1", where=text, message=text, expected=text, got=text)

    (finding,) = findings.sorted()
    assert finding == Finding.from_json(finding.to_json())
