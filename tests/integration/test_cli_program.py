"""The program as it is run: keys, actors, exit codes, pipes, interrupts, the demonstration."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.cli_desk import PROGRAM, VIDEO, Desk, ingest, readable


def test_keys_are_backed_up_and_drilled(desk: Desk) -> None:
    """A backup passes the drill until there is a key that it has not; then it fails it."""
    desk.run("key", "backup", "backup")
    passed = desk.run("key", "drill", "--backup-vault", "backup", "--json").document
    ingest(desk)
    failed = desk.run("key", "drill", "--backup-vault", "backup", "--json", expected=1).document

    assert (True, []) == (passed["passed"], passed["missing"])
    assert (False, 4) == (failed["passed"], len(failed["missing"]))


def test_a_second_replica_ends_the_warning(desk: Desk) -> None:
    """With two replicas there is no warning, both hold every key, and health says so."""
    assert "keys-single-copy" in desk.run("ls").err
    desk.run("key", "add-replica", "second")
    both = {"BWCSTORE_VAULTS": f"{desk.root}/evidence.vault:{desk.root}/second"}
    done = desk.run("ingest", "dock", variables=both)

    assert "keys-single-copy" not in done.err
    desk.run("key", "health", variables=both)
    shutil.rmtree(desk.root / "evidence.vault")
    alone = {"BWCSTORE_VAULTS": f"{desk.root}/second"}
    assert 2 == len(desk.run("ls", "--json", variables=alone).lines)


def test_rotation_keeps_everything_readable(desk: Desk) -> None:
    """After a rotation the epoch is another, and recordings are read as before."""
    object_id = readable(desk)
    rotated = desk.run("key", "rotate", "--json").document

    assert (0, 1) == (rotated["destroyed"], rotated["opened"])
    assert desk.run("cat", object_id).out == VIDEO


def test_actors_come_and_go(desk: Desk) -> None:
    """A second actor is enrolled with a key of their own, acts, and is revoked."""
    public = desk.run("actor", "key", "lee.pem").out.decode().strip()
    desk.run("actor", "enrol", "lee", "--role", "officer", "--public-key", public)
    desk.run("ingest", "dock", "--actor", "lee", "--actor-key", "lee.pem")
    logins = {one["login"] for one in desk.run("actor", "ls", "--json").document["actors"]}
    desk.run("actor", "revoke", "lee")
    refused = desk.run("ingest", "dock", "--actor", "lee", expected=5)

    assert {"rivera", "lee"} == logins
    assert "actor-revoked" in refused.err
    assert (desk.root / "lee.pem").stat().st_mode & 0o777 == 0o600


def test_a_passphrase_opens_too(tmp_path: Path) -> None:
    """A store may be opened by a passphrase instead of a key file, and by no other."""
    desk = Desk(root=tmp_path)
    (tmp_path / "pass").write_text("correct horse battery\n")
    (tmp_path / "wrong").write_text("incorrect horse battery\n")
    desk.run("init", "--passphrase-file", "pass")

    assert not (tmp_path / "evidence.key").exists()
    desk.run("ls", "--passphrase-file", "pass")
    assert "key-wrong" in desk.run("ls", "--passphrase-file", "wrong", expected=9).err
    desk.run("ls", "--passphrase-file", "nowhere", expected=9)


def test_init_refuses_what_it_would_spoil(desk: Desk) -> None:
    """A store is made once, and no new key is laid beside a vault that it cannot open."""
    before = (desk.root / "evidence.key").read_bytes()
    assert "store-exists" in desk.run("init", expected=10).err
    assert before == (desk.root / "evidence.key").read_bytes()
    (desk.root / "evidence.key").rename(desk.root / "elsewhere")

    assert "key-file-missing" in desk.run("init", expected=9).err
    assert not (desk.root / "evidence.key").exists()


def test_a_failed_init_leaves_no_keys(tmp_path: Path) -> None:
    """When the store cannot be made, the keys that were made for it are gone again."""
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence/letter.txt").write_text("not a store")
    done = Desk(root=tmp_path).run("init", expected=7)

    assert "not-a-store" in done.err
    assert ["evidence"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nonsense",), 2),
        (("ls", "--nonsense"), 2),
        (("show",), 2),
        (("show", "x"), 3),
        (("show", "01a20a57-5c41-7b82-a8af-6bbd22d6b183"), 4),
        (("ls", "--store", "nowhere"), 7),
        (("ls", "--key-file", "nowhere"), 9),
        (("verify", "--store", "nowhere"), 7),
        (("ingest", "x", "--trigger", "boredom"), 3),
        (("authorize", "nobody", "--for", "records"), 4),
        (("leftovers", "discard", "--older-than-days", "0"), 3),
    ],
)
def test_exit_codes(desk: Desk, arguments: tuple[str, ...], code: int) -> None:
    """Each failure has its code and one JSON line on standard error, and prints no result."""
    done = desk.run(*arguments, "--json", expected=code)
    error = json.loads(done.err.splitlines()[-1])["error"]

    assert b"" == done.out
    assert code == error["exit_code"]


def test_a_reader_that_goes_away_is_no_error(desk: Desk) -> None:
    """`bwcstore cat … | head` ends quietly."""
    object_id = readable(desk)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "cat", object_id, "--quiet"],
        cwd=desk.root,
        env=desk.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read().decode()
        code = process.wait(timeout=60)

    assert code in (0, 141)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", ["cat", "log"])
def test_a_full_output_is_an_error(desk: Desk, verb: str) -> None:
    """Output that cannot be written is never taken for success."""
    object_id = readable(desk)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, verb, object_id],
            cwd=desk.root,
            env=desk.variables,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert 7 == done.returncode
    assert b"storage-full" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_an_interrupt_ends_quietly(desk: Desk) -> None:
    """Ctrl-C in the middle of an ingest: code 130, one line, and the store is in order."""
    # Whoever runs the tests in the background of a script has them ignore this signal.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{heard}; {PROGRAM}", "ingest", "-"],
        cwd=desk.root,
        env=desk.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(VIDEO)
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        err = process.stderr.read().decode()
        code = process.wait(timeout=60)

    assert 130 == code, err
    assert "Traceback" not in err
    assert [] == desk.run("ls", "--json").lines
    assert desk.run("verify", "--json").document["ok"]


def test_colour_is_only_for_terminals(desk: Desk) -> None:
    """Piped output holds no escape sequence, whatever the terminal's name."""
    ingest(desk)
    for arguments in (("ls",), ("log",), ("verify",), ("--help",)):
        done = desk.run(*arguments, variables={"TERM": "xterm-256color"})
        assert b"\x1b" not in done.out
        assert "\x1b" not in done.err


def test_missing_extras_are_told(desk: Desk) -> None:
    """Without the extra, the program says what to install."""
    blocked = "import sys; sys.modules['typer'] = None\n" + PROGRAM
    done = subprocess.run(
        [sys.executable, "-c", blocked, "ls"],
        env=desk.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 1 == done.returncode
    assert "pip install 'bwcstore[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_is_told_in_lines_when_asked(desk: Desk) -> None:
    """Where standard error is no terminal, `--progress` gives lines, and silence is the default."""
    quiet = desk.run("ingest", "dock/a.mp4", "--quiet")
    told = desk.run("ingest", "dock/b.mp4", "--progress", "--quiet")

    assert "dock/a.mp4" not in quiet.err
    assert "b.mp4" in told.err


def test_the_demonstration_holds(tmp_path: Path) -> None:
    """The demonstration with somebody's own file checks itself, and leaves nothing behind."""
    desk = Desk(root=tmp_path)
    (tmp_path / "own.bin").write_bytes(VIDEO)
    done = desk.run("demo", "own.bin", "--json", variables={"TMPDIR": str(tmp_path)})
    kept = desk.run("demo", "own.bin", "--keep", "kept", variables={"COLUMNS": "80"})

    assert ([], None) == (done.document["failed"], done.document["kept"])
    assert "Everything came out as it should" in kept.out.decode()
    assert {"own.bin", "kept"} == {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "kept/evidence/ledger").is_dir()


def test_the_demonstration_makes_its_own_videos(tmp_path: Path) -> None:
    """Without files, recordings are made, played and compared, picture by picture."""
    pytest.importorskip("av")
    done = Desk(root=tmp_path).run("demo", variables={"TMPDIR": str(tmp_path)})
    text = done.out.decode()

    assert "every picture decoded from the store is the original's" in text
    assert "all 7 attacks are named" in text
    assert "FAILED" not in text
    assert [] == list(tmp_path.iterdir())
