"""Group commit: callers queue, one of them leads, and its commit serves all who wait.

Rules kept here:

- calls are decided in the order in which they came;
- whoever leads hands on as soon as its own group is settled, so nobody serves for ever;
- a call is settled exactly once: with a result or with an error.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from bwcstore.errors import ErrorKind, InternalError
from bwcstore.ledger._draft import Committed, Decide, Decision
from bwcstore.ledger._prepare import Prepared

S = TypeVar("S")

GATHER_SECONDS: Final = 0.0004


class Call(Generic[S]):
    """One caller's decision on its way into the ledger.

    Attributes:
        decide: what the caller gave.
        decision: what it last returned; None until it was asked.
        prepared: its drafts, sealed and signed.
        frames: whether it may write the entries that frame a generation.
        settled: whether result or error is there.
    """

    def __init__(self, decide: Decide[S], *, frames: bool = False) -> None:
        self.decide = decide
        self.frames = frames
        self.decision: Decision | None = None
        self.prepared: tuple[Prepared, ...] = ()
        self.settled = False
        self._result: Committed | None = None
        self._error: BaseException | None = None
        self._woken = threading.Lock()
        self._woken.acquire()

    def succeed(self, result: Committed) -> None:
        """Settle with a result and wake the caller."""
        self._result = result
        self._settle()

    def fail(self, error: BaseException) -> None:
        """Settle with an error and wake the caller."""
        self._error = error
        self._settle()

    def _settle(self) -> None:
        self.settled = True
        self.wake()

    def wake(self) -> None:
        """Wake the caller: settled, or to lead."""
        self._woken.release()

    def sleep(self) -> None:
        """Wait for `wake`."""
        self._woken.acquire()

    def outcome(self) -> Committed:
        """What it was settled with.

        Raises:
            InternalError: it was not settled.
        """
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise InternalError(ErrorKind.DEFECT, "a call ended without being settled")
        return self._result


class Queue(Generic[S]):
    """Calls in the order of their arrival, and the right to serve them.

    Args:
        serve: settles the calls it is given; returns those for which there was no room.
    """

    def __init__(self, serve: Callable[[list[Call[S]]], list[Call[S]]]) -> None:
        self._serve = serve
        self._lock = threading.Lock()
        self._waiting: list[Call[S]] = []
        self._led = False
        self._usual = 1
        self._gathering = False
        self._enough = threading.Lock()
        self._enough.acquire()

    def submit(self, call: Call[S]) -> Committed:
        """Queue a call, serve if nobody does, and wait until it is settled.

        Raises:
            BwcStoreError: whatever the call failed with.
        """
        with self._lock:
            self._waiting.append(call)
            leads = not self._led
            self._led = True
            if self._gathering and len(self._waiting) >= self._usual:
                self._gathering = False
                self._enough.release()
        if not leads:
            call.sleep()
            leads = not call.settled
        if leads:
            self._lead()
        return call.outcome()

    def _lead(self) -> None:
        """Serve everybody who waits, the first of whom is the leader; then hand on."""
        calls = self._gather()
        left: list[Call[S]] = []
        try:
            left = self._serve(calls)
        finally:
            for call in calls:
                if not call.settled and call not in left:
                    call.fail(InternalError(ErrorKind.DEFECT, "the commit broke off"))
            with self._lock:
                self._waiting[:0] = left
                self._led = bool(self._waiting)
                following = self._waiting[0] if self._waiting else None
            if following is not None:
                following.wake()

    def _gather(self) -> list[Call[S]]:
        """Take everybody who waits, after a moment for those who were served together last time
        and are about to come back: without it, two half groups would take turns for ever.
        """
        with self._lock:
            self._gathering = len(self._waiting) < self._usual
            wait = self._gathering
        if wait:
            self._enough.acquire(timeout=GATHER_SECONDS)
        with self._lock:
            if wait and not self._gathering:
                # Released between time-out and lock: take it back, or it would end a later wait.
                self._enough.acquire(blocking=False)
            self._gathering = False
            calls, self._waiting = self._waiting, []
            self._usual = len(calls)
        return calls
