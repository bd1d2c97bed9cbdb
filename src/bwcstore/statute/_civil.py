"""Civil dates: periods in days, months and years, days of rest, and local dates.

Rules kept here (spec chapter `statute-pack`):

- the first day is excluded: a period that starts on day D ends on D + the period (LAW-12);
- a month or a year ends on the day of the same number, or on the last day of a shorter month
  (LAW-13);
- rolling forward and counting in business days leave out days of rest (LAW-14, LAW-15);
- an instant becomes a civil date in the agency's zone before anything is counted (LAW-11);
- all dates are proleptic Gregorian; nothing here knows what day it is.
"""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, unique
from functools import cache
from typing import Final, Self
from zoneinfo import ZoneInfo

import attrs

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError

_PERIOD: Final = re.compile(r"([1-9][0-9]{0,4}) (day|month|year)s?")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_OBSERVED: Final = " (observed)"
LAST_DATE: Final = date(9999, 12, 31)


@unique
class Unit(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@attrs.frozen(kw_only=True)
class Period:
    """A length of time that the law names.

    Attributes:
        count: how many units, 1 to 99,999.
        unit: days, months or years.
    """

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `90 days`, `30 months`, `1 year`.

        Raises:
            InvalidInputError: any other text.
        """
        found = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidInputError(
                ErrorKind.FIELD_INVALID, f"a period such as '90 days' is needed, not {text!r:.80}"
            )
        return cls(count=int(found[1]), unit=Unit(found[2]))

    def after(self, start: date) -> date:
        """The last day of the period that starts on `start`, which itself is not counted.

        A period that would end beyond the year 9999 ends there.
        """
        if self.unit is Unit.DAY:
            if (LAST_DATE - start).days <= self.count:
                return LAST_DATE
            return start + timedelta(days=self.count)
        months = self.count * (12 if self.unit is Unit.YEAR else 1)
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        if year > LAST_DATE.year:
            return LAST_DATE
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last))


@attrs.frozen(kw_only=True)
class Holiday:
    """One legal holiday of a calendar.

    Attributes:
        name: what the statute calls it.
        library: what the holidays library calls it.
        since: the first year in which it is a holiday.
        optional: an agency chooses whether it is one; only those it names are kept.
    """

    name: str
    library: str
    since: int
    optional: bool = False


@attrs.frozen(kw_only=True)
class RestDays:
    """The days on which the law does not expect business to be done.

    Attributes:
        country: ISO 3166 code under which the holidays library keeps the holidays.
        weekend: days of the week, 0 for Monday to 6 for Sunday.
        holidays: the holidays that count.
    """

    country: str
    weekend: frozenset[int]
    holidays: tuple[Holiday, ...]

    def rests(self, day: date) -> bool:
        """Whether `day` is of the weekend or a legal holiday, moved ones included."""
        if day.weekday() in self.weekend:
            return True
        return any(
            day.year >= holiday.since and holiday.library in _holidays(self.country, day.year, day)
            for holiday in self.holidays
        )

    def roll(self, day: date) -> date:
        """The first day from `day` on that is no day of rest."""
        while self.rests(day) and day < LAST_DATE:
            day += timedelta(days=1)
        return day

    def business_days_after(self, start: date, count: int) -> date:
        """The `count`-th day after `start` that is no day of rest."""
        day = start
        while count and day < LAST_DATE:
            day += timedelta(days=1)
            count -= not self.rests(day)
        return day


def weekday(name: str) -> int:
    """The number of a day of the week, 0 for `monday`.

    Raises:
        InvalidInputError: not a day of the week.
    """
    if name not in _WEEKDAYS:
        raise InvalidInputError(ErrorKind.FIELD_INVALID, f"not a day of the week: {name!r:.40}")
    return _WEEKDAYS.index(name)


def _holidays(country: str, year: int, day: date) -> tuple[str, ...]:
    return _holidays_of(country, year).get(day, ())


@cache
def _holidays_of(country: str, year: int) -> dict[date, tuple[str, ...]]:
    # Imported here: most callers of the package never ask for a calendar.
    import holidays  # noqa: PLC0415

    found: dict[date, tuple[str, ...]] = {}
    for day, names in holidays.country_holidays(country, years=year, language="en_US").items():
        found[day] = tuple(name.removesuffix(_OBSERVED) for name in names.split("; "))
    return found


def local_date(moment: Instant, zone: ZoneInfo) -> date:
    """The civil date at `moment` in `zone`; the last date of all where that would be later."""
    there = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment.microseconds)
    try:
        return there.astimezone(zone).date()
    except OverflowError:
        return LAST_DATE
