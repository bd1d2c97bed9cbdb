"""The command that checks a certificate of destruction, with nothing but files."""

import json
from pathlib import Path
from typing import Any

import pytest

from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from tests.unit.purge.destroyed import CLIP, OTHER, STORE, Story, plan_text, tell


@pytest.fixture
def vkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of a store, in a folder that has a certificate and what belongs to it."""
    ledger = tell()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BWCSTORE_STORE", raising=False)
    Path("certificate.json").write_bytes(ledger.certificate())
    Path("history.json").write_bytes(ledger.store.store_history())
    Path("plan.json").write_bytes(plan_text())
    return str(ledger.key)


def verify(
    capsys: pytest.CaptureFixture[str], vkey: str, *arguments: str, expected: int = Exit.OK
) -> tuple[str, str]:
    """What the command prints, on standard output and on standard error."""
    code = run(["verify-certificate", "certificate.json", "--vkey", vkey, *arguments])
    out, err = capsys.readouterr()

    assert expected == code, err
    return out, err


def kind(err: str) -> str:
    """The code of the refusal that was printed for a program."""
    return str(json.loads(err)["error"]["kind"])


def test_it_prints_what_a_certificate_says(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """The claim, the provisions, the people; and what was not looked at."""
    out, _ = verify(capsys, vkey, "--expect-store", str(STORE))
    words = " ".join(out.split())

    assert f"object {CLIP}" in words
    assert "state erased" in words
    assert "kept by s. 7(a) (90 days, through 2026-04-02)" in words
    assert "authority Schedule 1" in words
    assert 2 == words.count(" approved 2026-04-12T")
    assert "signed, entry 17" in words
    assert "not excluded: no --history" in words
    assert "not looked at: no --plan" in words


def test_it_prints_the_statement_for_programs(
    capsys: pytest.CaptureFixture[str], vkey: str
) -> None:
    """One document: the statement, and what was checked beside it."""
    out, _ = verify(capsys, vkey, "--history", "history.json", "--plan", "plan.json", "--json")
    found: Any = json.loads(out)
    stated: Any = json.loads(Path("certificate.json").read_bytes())

    assert {"history": True, "plan": True} == found.pop("checked")
    assert found == {
        name: value
        for name, value in stated.items()
        if name not in ("annexes", "checkpoints", "entries")
    }


def test_it_says_what_was_looked_at(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """With history and plan, it says that holds are excluded and the plan names the object."""
    out, _ = verify(capsys, vkey, "--history", "history.json", "--plan", "plan.json")
    words = " ".join(out.split())

    assert "holds by query excluded" in words
    assert "plan names the object" in words


def test_it_writes_a_page(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """A page is written once; no file is overwritten."""
    verify(capsys, vkey, "--html", "page.html")
    page = Path("page.html").read_text("utf-8")
    _, err = verify(capsys, vkey, "--html", "page.html", "--json", expected=Exit.CONFLICT)

    assert str(CLIP) in page
    assert "target-exists" == kind(err)


def test_another_store_or_key_is_refused(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """A certificate of another store or key ends with the code of broken integrity."""
    _, store = verify(capsys, vkey, "--expect-store", str(OTHER), "--json", expected=Exit.INTEGRITY)
    name, _, rest = vkey.partition("+")
    _, malformed = verify(capsys, f"{name}x+{rest}", "--json", expected=Exit.INVALID_INPUT)

    assert "certificate-foreign" == kind(store)
    assert "argument-invalid" == kind(malformed)


def test_what_was_changed_is_refused(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """Any change ends with the code of broken integrity, and no page is written."""
    path = Path("certificate.json")
    path.write_bytes(path.read_bytes().replace(b'"failures":1', b'"failures":0'))
    _, err = verify(capsys, vkey, "--html", "page.html", "--json", expected=Exit.INTEGRITY)

    assert "certificate-invalid" == kind(err)
    assert not Path("page.html").exists()


def test_files_that_do_not_belong_to_it_are_refused(
    capsys: pytest.CaptureFixture[str], vkey: str
) -> None:
    """A history of another store and a plan that does not name the recording are refused."""
    Path("history.json").write_bytes(tell(Story(hold=False)).store.store_history())
    Path("plan.json").write_bytes(plan_text([OTHER]))
    for option in ("--history", "--plan"):
        file = f"{option[2:]}.json"
        _, err = verify(capsys, vkey, option, file, "--json", expected=Exit.INTEGRITY)

        assert "certificate-invalid" == kind(err)


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], vkey: str) -> None:
    """A missing file is a failure to read."""
    verify(capsys, vkey, "--history", "none.json", expected=Exit.STORAGE)
