"""Civil dates in columns: the same arithmetic as for one date, done once for each distinct date.

Rules kept here (spec chapter `statute-pack`):

- a moment becomes a civil date in the agency's zone, on days in which the zone's offset changes
  too (LAW-11);
- periods and rolling are those of `_civil`: no calendar is written a second time (LAW-12 to
  LAW-14).

A column of dates is an array of day numbers as `date.toordinal` counts them, where four numbers
stand for what is no date. An array of one element stands for every row.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt

from bwcstore.statute._civil import LAST_DATE, Period, RestDays

Days = npt.NDArray[np.int32]
Seconds = npt.NDArray[np.int64]

# Before every date, so that it does not matter in a maximum.
NOTHING: Final = 0
# After every date: a protection without end.
LIMITLESS: Final = LAST_DATE.toordinal() + 1
UNKNOWN: Final = -1
NEVER: Final = -2

EPOCH: Final = date(1970, 1, 1).toordinal()
SECONDS_MAX: Final = (LAST_DATE.toordinal() - EPOCH + 1) * 86_400 - 1
_DAY_SECONDS: Final = 86_400


class DayMap:
    """A function of civil dates, computed once for each distinct date.

    What is no date maps to itself.
    """

    def __init__(self, function: Callable[[date], date]) -> None:
        self._function = function
        # Room for every date: pages that no date falls in are never touched. Numbers below zero
        # index from the end.
        self._known = np.zeros(LIMITLESS + 3, dtype=np.int32)
        for gap in (LIMITLESS, NEVER, UNKNOWN):
            self._known[gap] = gap

    def __call__(self, days: Days) -> Days:
        """The function of each of `days`."""
        found = self._known[days]
        if np.count_nonzero(found) == found.size:
            return found
        new = np.unique(days[(found == NOTHING) & (days != NOTHING)])
        for day in new.tolist():
            self._known[day] = self._function(date.fromordinal(day)).toordinal()
        return self._known[days]


class Zone:
    """Civil dates of moments in one time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        size = LAST_DATE.toordinal() - EPOCH + 1
        # By days since 1970 in UTC: the offset with which the day begins, the second of the day at
        # which it changes, if it does, and the offset from then on.
        self._first = np.zeros(size, dtype=np.int32)
        self._change = np.zeros(size, dtype=np.int32)
        self._then = np.zeros(size, dtype=np.int32)

    def dates(self, seconds: Seconds) -> Days:
        """The civil date at each moment, given in whole seconds since 1970 in UTC."""
        days = seconds // _DAY_SECONDS
        change = self._change[days]
        if np.count_nonzero(change) != change.size:
            for day in np.unique(days[change == 0]).tolist():
                self._learn(day)
            change = self._change[days]
        offset = self._first[days]
        if (change != _DAY_SECONDS).any():
            late = seconds - days * _DAY_SECONDS >= change
            offset = np.where(late, self._then[days], offset)
        local = (seconds + offset) // _DAY_SECONDS + EPOCH
        found: Days = np.minimum(local, LIMITLESS - 1).astype(np.int32)
        return found

    def _learn(self, day: int) -> None:
        begin = day * _DAY_SECONDS
        first, then = self._offset(begin), self._offset(min(begin + _DAY_SECONDS, SECONDS_MAX))
        self._first[day], self._then[day] = first, then
        low, high = 0, _DAY_SECONDS
        # No zone has changed its offset twice within one day of UTC.
        while first != then and high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(begin + middle) == first else (low, middle)
        self._change[day] = high

    def _offset(self, seconds: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        try:
            offset = moment.astimezone(self._zone).utcoffset()
        except OverflowError:
            # In the zone it is the year 10000 already; any offset beyond zero gives the last date.
            return _DAY_SECONDS
        return int(cast("timedelta", offset).total_seconds())


@attrs.define(kw_only=True, eq=False)
class DayColumns:
    """The calendar of one agency, for columns.

    Attributes:
        rest: its days of rest.
        zone: its time zone.
    """

    rest: RestDays
    zone: Zone
    _after: dict[Period, DayMap] = attrs.field(factory=dict, init=False)
    _rolled: DayMap = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rolled = DayMap(self.rest.roll)

    def after(self, period: Period, days: Days) -> Days:
        """The last day of the period that starts on each of `days` (`Period.after`)."""
        if period not in self._after:
            self._after[period] = DayMap(period.after)
        return self._after[period](days)

    def rolled(self, days: Days) -> Days:
        """The first day from each of `days` on that is no day of rest (`RestDays.roll`)."""
        return self._rolled(days)


def plus_days(days: Days, count: int | Days) -> Days:
    """So many days later, at most the last date; without limit stays so."""
    later = np.minimum(days + count, LIMITLESS - 1)
    return np.where(days == LIMITLESS, np.int32(LIMITLESS), later).astype(np.int32, copy=False)
