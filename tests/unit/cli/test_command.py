"""How commands end: one code and one message for everything that may happen."""

import errno
import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from bwcstore.cli._app import build, run
from bwcstore.cli._beside import beside
from bwcstore.cli._command import guarded
from bwcstore.cli._exit import Exit
from bwcstore.cli._options import Common, Needs, shared_parameters
from bwcstore.cli._output import Output
from bwcstore.errors import ErrorKind, IntegrityError, StorageError

PLAIN = Output(machine=False, quiet=False)


def _ends(error: BaseException) -> int:
    def work() -> None:
        raise error

    return guarded(work, PLAIN)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (IntegrityError(ErrorKind.CHUNK_TAG, "chunk 7"), Exit.INTEGRITY, "chunk 7 [chunk-tag]"),
        (StorageError(ErrorKind.STORAGE_FULL, "full"), Exit.STORAGE, "full [storage-full]"),
        (typer.BadParameter("bad"), Exit.USAGE, "bad"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "interrupted"),
        (OSError(errno.EACCES, "Permission denied", "f\n"), Exit.STORAGE, "f\\n"),
        (ZeroDivisionError("oops"), Exit.DEFECT, "ZeroDivisionError"),
    ],
)
def test_every_ending_has_a_code_and_a_line(
    error: BaseException, code: Exit, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is raised, one line says so, and no traceback is shown."""
    ended = _ends(error)
    err = capsys.readouterr().err

    assert code == ended
    assert said in err
    assert err.count("\n") == 1


def test_notes_of_an_error_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What was added to an error on its way up is part of the message."""
    error = IntegrityError(ErrorKind.CHUNK_TAG, "chunk 7")
    error.add_note("segment 3")
    _ends(error)

    assert "chunk 7; segment 3" in capsys.readouterr().err


def test_a_defect_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a defect, and only where it is asked for."""
    monkeypatch.setenv("BWCSTORE_TRACEBACK", "1")
    _ends(IntegrityError(ErrorKind.CHUNK_TAG, "x"))
    quiet = capsys.readouterr().err
    _ends(ZeroDivisionError("x"))

    assert "Traceback" not in quiet
    assert "Traceback" in capsys.readouterr().err


def test_usage_errors_are_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`, even a wrong option is told as JSON."""
    code = run(["ls", "--json", "--nonsense"])

    assert Exit.USAGE == code
    assert json.loads(capsys.readouterr().err)["error"]["kind"] == "usage"


@pytest.mark.parametrize(
    "arguments", [["ls"], ["show", "x"], ["nonsense"], ["actor", "nonsense"], ["ls", "--store"]]
)
def test_what_is_missing_is_a_usage_error(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing option, an unknown command: code 2, and a hint."""
    monkeypatch.delenv("BWCSTORE_STORE", raising=False)

    assert run(arguments) == Exit.USAGE
    assert capsys.readouterr().err


def test_shared_options_stand_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that is named by the environment is looked for there."""
    monkeypatch.setenv("BWCSTORE_STORE", str(tmp_path / "nowhere"))
    code = run(["ls"])

    assert Exit.STORAGE == code
    assert "nowhere" in capsys.readouterr().err


def test_defaults_lie_beside_the_store() -> None:
    """Key file and vault are the store's name with an ending, never inside it."""
    common = Common(output=PLAIN, store_option="/x/evidence")

    assert (Path("/x/evidence.vault"),) == common.vaults
    assert Path("/x/evidence.key") == common.key_file
    assert Path("/x/a.b.vault") == beside(Path("/x/a.b/"), "vault")


def test_the_store_may_be_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A store named `.` has its key beside it too."""
    (tmp_path / "evidence").mkdir()
    monkeypatch.chdir(tmp_path / "evidence")

    assert tmp_path / "evidence.key" == beside(Path(), "key")


def test_levels_only_add_options() -> None:
    """A command that needs more has every option of one that needs less."""
    names = [{item.name for item in shared_parameters(needs)} for needs in Needs]

    assert all(less <= more for less, more in pairwise(names))


def test_every_command_says_what_it_does() -> None:
    """Every command and group has a help text, and every option too."""
    silent = []
    for path, command in commands(typer.main.get_command(build())):
        if not command.help:
            silent.append(path)
        silent += [f"{path} {item.name}" for item in command.params if not getattr(item, "help", 1)]

    assert [] == silent


def commands(command: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every command below `command` with the words that call it."""
    below = getattr(command, "commands", {})
    found = [(path, command)] if path else []
    for name in sorted(below):
        found += commands(below[name], f"{path} {name}".strip())
    return found


def test_a_closed_pipe_is_quiet() -> None:
    """When nobody reads any more, the command stops without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    saved, sys.stdout = sys.stdout, os.fdopen(writer, "w")
    try:

        def work() -> None:
            sys.stdout.write("x" * 100_000)

        code = guarded(work, PLAIN)
        sys.stdout.close()
    finally:
        sys.stdout = saved

    assert Exit.OUTPUT_CLOSED == code
