"""Real processes over a real store: a child that is told what to do, and says what it was told."""

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bwcstore import Store
from bwcstore._system import SystemClock, SystemEntropy
from bwcstore.audit._run import audit_store
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._vault import DirectoryVault

CHUNK: Final = 1 << 16
HERE: Final = Path(__file__).parents[2]


def make_store(folder: Path) -> Path:
    """A small store with its key file beside it; returns where it lies."""
    root = folder / "store"
    key = KeyFile.generate(folder / "root.key", SystemEntropy())
    Store.create(
        root, key=key, actor="chief", chunk_bytes=CHUNK, segment_chunks=2, signed_kinds=()
    ).close()
    return root


def open_store(root: Path) -> Store:
    """The store as the next process opens it."""
    return Store.open(root, key=KeyFile(root.parent / "root.key"))


def start(child: str, *arguments: object) -> "subprocess.Popen[bytes]":
    """Start a process that runs one function of `children`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.children", child, *map(str, arguments)],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": f"{HERE / 'src'}{os.pathsep}{HERE}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: "subprocess.Popen[bytes]") -> list[bytes]:
    """Let a process end; what it was told, line by line."""
    out, err = process.communicate(timeout=120)

    assert 0 == process.returncode, err.decode()[-2000:]
    return told(out)


def told(out: bytes) -> list[bytes]:
    """The whole lines of what a process printed: the last one may have been cut."""
    return [base64.b64decode(line) for line in out.split(b"\n")[:-1]]


def kill_after(process: "subprocess.Popen[bytes]", seconds: float) -> list[bytes]:
    """Kill a process some time after it said that it is ready; what it was told until then."""
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert b"ready\n" == ready
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    return told(out)


def check(root: Path, receipts: list[bytes]) -> None:
    """Nothing is wrong with the store, seen from its bytes with keys, and receipts are honoured."""
    vault = DirectoryVault.open(
        [LocalBackend(root.with_name("store.vault"))],
        source=KeyFile(root.parent / "root.key"),
        entropy=SystemEntropy(),
        clock=SystemClock(),
    )
    report = audit_store(LocalBackend(root), vault=vault, expect=receipts)

    assert () == report.errors
    assert report.complete
