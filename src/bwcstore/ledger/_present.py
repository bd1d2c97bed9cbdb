"""What time it is for a writer: this machine's clock, unless the storage's own contradicts it.

Rules kept here (spec chapter `ordering`):

- nothing is appended by a clock that is more than a minute ahead of the storage's (ORD-17);
- a stale answer of the storage refuses nothing: it is asked again first.
"""

from typing import Final

from bwcstore import _layout
from bwcstore._ports import Backend, Capability, Clock
from bwcstore._values import Instant
from bwcstore.errors import ConflictError, ErrorKind, NotFoundError

AHEAD_SECONDS_MAX: Final = 60
_AHEAD_MAX: Final = AHEAD_SECONDS_MAX * 1_000_000


def ahead_microseconds(backend: Backend, clock: Clock) -> int:
    """How far this machine's clock is ahead of what the storage last told; 0 where it is not
    further ahead than it may be, or the storage tells no time.
    """
    told = backend.server_time()
    if told is None:
        return 0
    ahead = clock.now().microseconds - told.microseconds
    return ahead if ahead > _AHEAD_MAX else 0


def present(backend: Backend, clock: Clock) -> Instant:
    """The present instant, by this machine's clock.

    Raises:
        ConflictError: it is more than a minute ahead of the storage's clock (`clock-ahead`).
        StorageError: the storage could not be asked for its time.
    """
    if Capability.SERVER_TIME not in backend.properties.capabilities:
        return clock.now()
    # A machine that slept carries the storage's time on too slowly, and must not be refused.
    if backend.server_time() is None or ahead_microseconds(backend, clock):
        _ask(backend)
    if ahead := ahead_microseconds(backend, clock):
        raise ConflictError(
            ErrorKind.CLOCK_AHEAD,
            f"this machine's clock is {ahead // 1_000_000} s ahead of the storage's, and "
            f"{AHEAD_SECONDS_MAX} s can be: set it right first",
        )
    return clock.now()


def _ask(backend: Backend) -> None:
    """Let the storage answer something, and so tell its time."""
    try:
        backend.stat(_layout.batch(0, 0))
    except NotFoundError:
        return
