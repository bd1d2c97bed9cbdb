"""What `ingest` prints: lines that fit, and where receipts are."""

from pathlib import Path

import pytest

from tests.unit.cli.office import Office, open_office

LONG = "a-name-that-finds-no-room-beside-the-rest.mp4"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose recordings are named without a folder."""
    monkeypatch.chdir(tmp_path)
    return open_office(tmp_path)


def test_each_recording_is_told_in_lines_that_fit(office: Office) -> None:
    """Outcome, id, length and name; a long name stands below, and is whole."""
    Path("a.mp4").write_bytes(b"a" * 2048)
    Path(LONG).write_bytes(b"b" * 2048)
    short = office.run("ingest", "a.mp4")
    first, second = office.run("ingest", LONG).out.splitlines()
    again = office.run("ingest", "a.mp4")
    outcome, object_id, *rest = short.out.split()

    assert ("ingested", ["2.0", "KiB", "a.mp4"]) == (outcome, rest)
    assert first.startswith("ingested  ")
    assert first.endswith("  2.0 KiB")
    assert f"  {LONG}" == second
    assert ["present", object_id, *rest] == again.out.split()


def test_the_folder_of_receipts_is_told_once(office: Office) -> None:
    """Where receipts are is a remark; where none was given there is none."""
    Path("a.mp4").write_bytes(b"a")
    folder = office.root / "evidence.receipts"
    done = office.run("ingest", "a.mp4")
    failed = office.run("ingest", "absent.mp4", expected=3)

    assert f"1 ingested; receipts in {folder}\n" in done.err
    assert failed.err.endswith("1 failed\n")
    assert 1 == len([*folder.iterdir()])
