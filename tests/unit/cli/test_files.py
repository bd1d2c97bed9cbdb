"""Files that commands make: durable, and never in place of another."""

from pathlib import Path

import pytest

from bwcstore._values import ObjectId
from bwcstore.cli._files import create_file, find_statements, keep_receipt, replace_file
from bwcstore.errors import AlreadyExistsError, ErrorKind

OBJECT = ObjectId("01a20a57-5c41-7b82-a8af-6bbd22d6b183")


def test_a_receipt_is_kept_once(tmp_path: Path) -> None:
    """The same receipt has one file, however often it is returned."""
    paths = {keep_receipt(tmp_path / "r", OBJECT, b"one") for _ in range(3)}

    assert {tmp_path / "r" / f"{OBJECT}.receipt"} == paths
    assert [b"one"] == [path.read_bytes() for path in (tmp_path / "r").iterdir()]


def test_another_receipt_overwrites_none(tmp_path: Path) -> None:
    """A receipt that differs gets a name of its own; the first stays as it was."""
    first = keep_receipt(tmp_path, OBJECT, b"one")
    second = keep_receipt(tmp_path, OBJECT, b"two")

    assert (b"one", b"two") == (first.read_bytes(), second.read_bytes())
    assert first != second


def test_create_replaces_nothing(tmp_path: Path) -> None:
    """A taken name is an error, and what has it is untouched."""
    (tmp_path / "taken").write_bytes(b"old")
    with pytest.raises(AlreadyExistsError) as caught:
        create_file(tmp_path / "taken", b"new")

    assert ErrorKind.TARGET_EXISTS == caught.value.kind
    assert (tmp_path / "taken").read_bytes() == b"old"


def test_replace_leaves_one_file(tmp_path: Path) -> None:
    """A cursor is replaced whole, and nothing temporary stays."""
    replace_file(tmp_path / "cursor", b"one")
    replace_file(tmp_path / "cursor", b"two")

    assert [("cursor", b"two")] == [(p.name, p.read_bytes()) for p in tmp_path.iterdir()]


def test_statements_are_found_in_folders(tmp_path: Path) -> None:
    """A folder gives its receipts and notes in order; a file gives itself, whatever its name."""
    for name in ("b.receipt", "a.note", "c.txt"):
        (tmp_path / name).write_bytes(name.encode())
    found = find_statements((tmp_path, tmp_path / "c.txt"))

    assert [b"a.note", b"b.receipt", b"c.txt"] == [raw for _, raw in found]
