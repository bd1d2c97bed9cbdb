"""What the child processes of the tests with a real service do; each line they print is known."""

import base64
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bwcstore import Role, SourceId
from bwcstore._ports import ProgressEvent
from bwcstore.errors import BwcStoreError
from tests.s3.ground import CHUNK, Ground, footage


def _say(what: bytes) -> None:
    sys.stdout.buffer.write(base64.b64encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _ready() -> None:
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()


def _wait() -> None:
    sys.stdin.buffer.readline()


class _Slow(io.BytesIO):
    """A recording that stops coming when it was read up to some place."""

    def __init__(self, data: bytes, stop: int) -> None:
        super().__init__(data)
        self._stop = stop

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Say that the place is reached, and then nothing."""
        if self.tell() >= self._stop:
            _ready()
            time.sleep(60)
        return super().readinto(buffer)


def ingest_slowly(ground: Ground, chunks: str, stop: str) -> None:
    """Ingest a recording of so many parts that does not come to its end."""
    data = footage(int(chunks) * CHUNK)
    with ground.open() as store, store.session(actor="chief", reason="dock") as session:
        session.ingest(_Slow(data, int(stop) * CHUNK))


def work(ground: Ground, run: str, count: str) -> None:
    """Ingest and enrol from several threads at once, as soon as the word is given."""
    with ground.open() as store, store.session(actor="chief", reason="many at once") as session:
        _ready()
        _wait()

        def ingest(number: int) -> bytes:
            name = SourceId(scope=f"run-{run}", text=str(number))
            return session.ingest(io.BytesIO(footage(40 + number)), source_id=name).receipt

        def enrol(number: int) -> bytes:
            return str(session.enrol(f"p-{run}-{number}", roles=[Role.READER])).encode()

        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(act, number) for number in range(int(count)) for act in (ingest, enrol)
            ]
            for job in jobs:
                _say(job.result())


def ingest_same(ground: Ground, count: str) -> None:
    """Ingest sources that other processes ingest at the same time."""
    with ground.open() as store, store.session(actor="chief", reason="same") as session:
        _ready()
        _wait()
        for number in range(int(count)):
            name = SourceId(scope="shared", text=str(number))
            _say(session.ingest(io.BytesIO(footage(50)), source_id=name).receipt)


def ingest_file(ground: Ground, path: str, ends: str) -> None:
    """Ingest one file with a journal, and be killed once so many bytes were taken in."""

    def progress(event: ProgressEvent) -> None:
        if event.done_bytes >= int(ends):
            os.kill(os.getpid(), signal.SIGKILL)

    with ground.open() as store, store.session(actor="chief", reason="dock") as session:
        name = SourceId(scope="cam", text=Path(path).name)
        _say(session.ingest(path, source_id=name, progress=progress).receipt)


def go_on(ground: Ground, run: str) -> None:
    """Ingest and enrol one after the other for ever; say what succeeded and what failed."""
    with ground.open() as store, store.session(actor="chief", reason="on and on") as session:
        _ready()
        for number in range(100_000):
            name = SourceId(scope=f"run-{run}", text=str(number))
            try:
                _say(b"r" + session.ingest(io.BytesIO(footage(99)), source_id=name).receipt)
                _say(b"a" + str(session.enrol(f"p-{run}-{number}", roles=[Role.READER])).encode())
            except BwcStoreError as exc:
                _say(b"e" + exc.kind.value.encode())


CHILDREN: dict[str, Callable[..., None]] = {
    child.__name__: child for child in (ingest_slowly, work, ingest_same, ingest_file, go_on)
}

if __name__ == "__main__":
    CHILDREN[sys.argv[1]](Ground.told(), *sys.argv[2:])
