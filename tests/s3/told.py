"""What child processes were told, line by line, and how they are let go."""

import base64
import subprocess
from collections.abc import Iterable
from typing import Final

SECONDS: Final = 90
Process = subprocess.Popen[bytes]


def wait_ready(process: Process) -> None:
    """Wait until a child is ready."""
    assert process.stdout is not None
    if (line := process.stdout.readline()) != b"ready\n":
        _, err = process.communicate(timeout=SECONDS)
        raise AssertionError(f"{line!r}: {err.decode()[-3000:]}")


def let_go(processes: Iterable[Process]) -> None:
    """Give the word to all children, once every one is ready."""
    waiting = [*processes]
    for one in waiting:
        wait_ready(one)
    for one in waiting:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
        one.stdin.flush()


def end(process: Process) -> bytes:
    """Kill a child; what it printed and nobody has read yet."""
    assert process.stdout is not None
    process.kill()
    # Not `communicate`, which passes over what an earlier `readline` has buffered.
    rest = process.stdout.read()
    process.communicate(timeout=SECONDS)
    return rest


def finish(process: Process) -> list[bytes]:
    """Let a child end; what it was told."""
    out, err = process.communicate(timeout=SECONDS)

    assert 0 == process.returncode, err.decode()[-3000:]
    return lines(out)


def lines(out: bytes) -> list[bytes]:
    """The whole lines of what a child printed: the last one may have been cut."""
    return [base64.b64decode(line) for line in out.split(b"\n")[:-1] if line != b"ready"]
