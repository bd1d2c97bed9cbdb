"""May this clock be trusted with something that cannot be taken back?

A release is checked against a clock that runs behind the ledger; what destroys is also checked
against one that has leapt ahead, and against leaps that nobody has confirmed.
"""

from typing import Final

from bwcstore._values import Instant
from bwcstore.custody._state import State
from bwcstore.errors import ConflictError, ErrorKind
from bwcstore.ledger._entry import CLOCK_TOLERANCE_MICROSECONDS

_MICROSECONDS_PER_HOUR: Final = 3_600_000_000


def moment(state: State, now: Instant) -> Instant:
    """The moment at which a decision is made: this machine's clock, and never before the last
    entry, so that nothing that is in the ledger is taken for not yet said.
    """
    last = state.last_at
    return now if last is None or last <= now else last


def check_not_behind(state: State, now: Instant) -> None:
    """Check that the clock is not more than 2 seconds behind the last entry.

    Raises:
        ConflictError: it is (`clock-behind`).
    """
    last = state.last_at
    if last is not None and now.microseconds + CLOCK_TOLERANCE_MICROSECONDS < last.microseconds:
        raise ConflictError(
            ErrorKind.CLOCK_BEHIND,
            f"this machine's clock says {now}, which is before the last entry ({last}): set it "
            "right first",
        )


def check_clock(state: State, now: Instant) -> None:
    """Check that the clock is neither behind the ledger nor ahead of it, nor ever leapt unseen.

    The bound is `clock_hours` of the agency's policy.

    Raises:
        ConflictError: it is behind (`clock-behind`) or further ahead of the last entry than the
            bound (`clock-ahead`), or two actors have not confirmed a step between two entries
            that is greater than the bound (`clock-unconfirmed`).
    """
    check_not_behind(state, now)
    hours = state.store.policy.clock_hours
    last = state.last_at
    if last is not None and now.microseconds - last.microseconds > hours * _MICROSECONDS_PER_HOUR:
        raise ConflictError(
            ErrorKind.CLOCK_AHEAD,
            f"this machine's clock says {now}, more than {hours} hours after the last entry "
            f"({last}); any other entry makes the step visible, and two actors must confirm it",
        )
    if state.unconfirmed:
        jump = state.unconfirmed[0]
        raise ConflictError(
            ErrorKind.CLOCK_UNCONFIRMED,
            f"entry {jump.index}: the clock stepped from {jump.before} to {jump.after}, and two "
            "actors have not confirmed that it was right",
        )
