"""The one place that reads the wall clock and the system's entropy and starts threads."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from bwcstore._ports import Environment, Pending
from bwcstore._values import Instant

T = TypeVar("T")


class SystemClock:
    """The operating system's clock."""

    def now(self) -> Instant:
        """The present instant, UTC."""
        return Instant(time.time_ns() // 1000)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()


class SystemEntropy:
    """The operating system's random generator."""

    def take(self, count_bytes: int) -> bytes:
        """Fresh random bytes."""
        return os.urandom(count_bytes)


class SystemWorkers:
    """A thread pool, by default two threads wider than the processors this process may use:
    a thread that waits for a disk should leave no processor idle.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or len(os.sched_getaffinity(0)) + 2
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="bwcstore")

    @property
    def count(self) -> int:
        """How many pieces of work run at once."""
        return self._count

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        """Start `work` on a thread."""
        return self._pool.submit(work)

    def close(self) -> None:
        """Wait for running work and end the threads."""
        self._pool.shutdown()


class SerialWorkers:
    """Does the work at once in the caller's thread: for callers that are one of many."""

    @property
    def count(self) -> int:
        """One: the caller."""
        return 1

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        """Do `work` now; what it raises is raised by `result`."""
        done: Future[T] = Future()
        try:
            done.set_result(work())
        except BaseException as exc:  # noqa: BLE001 - raised by `result`, like a thread's would be
            done.set_exception(exc)
        return done


def system_environment() -> Environment:
    """The real world."""
    return Environment(clock=SystemClock(), entropy=SystemEntropy(), workers=SystemWorkers())
