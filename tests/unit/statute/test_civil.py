"""Periods, days of rest, and local dates."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import Holiday, Period, RestDays, local_date, weekday

WEEKEND = frozenset({5, 6})
CALENDAR = RestDays(
    country="US",
    weekend=WEEKEND,
    holidays=(
        Holiday(name="New Year", library="New Year's Day", since=1900),
        Holiday(name="Freedom Day", library="Juneteenth National Independence Day", since=2023),
        Holiday(name="Independence Day", library="Independence Day", since=1900),
    ),
)


@pytest.mark.spec("LAW-12", "LAW-13")
@pytest.mark.parametrize(
    ("start", "period", "expected"),
    [
        (date(2024, 1, 1), "90 days", date(2024, 3, 31)),
        (date(2023, 1, 1), "90 days", date(2023, 4, 1)),
        (date(2024, 2, 28), "1 day", date(2024, 2, 29)),
        (date(2024, 1, 31), "1 month", date(2024, 2, 29)),
        (date(2023, 1, 31), "1 month", date(2023, 2, 28)),
        (date(2023, 10, 31), "1 month", date(2023, 11, 30)),
        (date(2023, 12, 31), "2 months", date(2024, 2, 29)),
        (date(2024, 2, 29), "1 year", date(2025, 2, 28)),
        (date(2024, 2, 29), "4 years", date(2028, 2, 29)),
        (date(2096, 2, 29), "4 years", date(2100, 2, 28)),
        (date(2023, 12, 15), "1 month", date(2024, 1, 15)),
        (date(2023, 6, 30), "18 months", date(2024, 12, 30)),
        (date(9999, 12, 31), "1 day", date(9999, 12, 31)),
        (date(9999, 12, 30), "1 day", date(9999, 12, 31)),
        (date(9999, 12, 1), "1 month", date(9999, 12, 31)),
        (date(9998, 12, 5), "1 year", date(9999, 12, 5)),
        (date(2024, 1, 1), "99999 years", date(9999, 12, 31)),
        (date(9900, 1, 1), "99999 days", date(9999, 12, 31)),
        (date(1, 1, 1), "1 day", date(1, 1, 2)),
    ],
)
def test_the_end_of_a_period(start: date, period: str, expected: date) -> None:
    """The first day is not counted, a short month ends early, and time ends in 9999."""
    assert expected == Period.parse(period).after(start)


@pytest.mark.spec("LAW-13")
@pytest.mark.parametrize(
    "text", ["", "0 days", "-1 days", "1.5 years", "90days", "90  days", "3 weeks", "100000 days"]
)
def test_what_is_no_period(text: str) -> None:
    """A period is a positive number of days, months or years, and nothing else."""
    with pytest.raises(InvalidInputError) as caught:
        Period.parse(text)

    assert ErrorKind.FIELD_INVALID == caught.value.kind


@pytest.mark.spec("LAW-13")
@pytest.mark.parametrize("text", ["1 day", "90 days", "1 month", "1 year", "7 years"])
def test_a_period_is_written_as_it_was_read(text: str) -> None:
    """A period as text is the text that it was."""
    assert text == str(Period.parse(text))


@pytest.mark.spec("LAW-14")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 6, 3), date(2024, 6, 3)),
        (date(2024, 6, 1), date(2024, 6, 3)),
        (date(2024, 6, 19), date(2024, 6, 20)),
        (date(2022, 6, 20), date(2022, 6, 20)),
        (date(2021, 7, 4), date(2021, 7, 6)),
        (date(2021, 7, 5), date(2021, 7, 6)),
        (date(2020, 7, 3), date(2020, 7, 6)),
        (date(2022, 12, 31), date(2023, 1, 3)),
        (date(2021, 12, 31), date(2022, 1, 3)),
        (date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
def test_rolling_leaves_out_days_of_rest(day: date, expected: date) -> None:
    """Weekends, holidays and the days on which they are observed are left out, once they are law.

    A holiday that began in 2023 moves nothing in 2022; a holiday on a Sunday also takes the
    Monday, and one on a Saturday the Friday, even across the year's end.
    """
    assert expected == CALENDAR.roll(day)


@pytest.mark.spec("LAW-15")
@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2024, 6, 3), 5, date(2024, 6, 10)),
        (date(2024, 6, 14), 4, date(2024, 6, 21)),
        (date(2024, 6, 15), 1, date(2024, 6, 17)),
        (date(2024, 6, 19), 1, date(2024, 6, 20)),
        (date(2024, 6, 3), 0, date(2024, 6, 3)),
        (date(9999, 12, 29), 10, date(9999, 12, 31)),
    ],
)
def test_business_days(start: date, count: int, expected: date) -> None:
    """Only days that are no days of rest are counted, and the first day never is."""
    assert expected == CALENDAR.business_days_after(start, count)


@pytest.mark.spec("LAW-14")
def test_a_calendar_without_holidays_needs_no_library() -> None:
    """Without holidays only the weekend rests, in every year."""
    calendar = RestDays(country="", weekend=WEEKEND, holidays=())

    assert [False, True, True] == [calendar.rests(date(2021, 7, day)) for day in (2, 3, 4)]


@pytest.mark.spec("LAW-14")
def test_days_of_the_week() -> None:
    """Days of the week are in order from Monday, in lower case; others are refused."""
    assert [0, 5, 6] == [weekday(name) for name in ("monday", "saturday", "sunday")]

    with pytest.raises(InvalidInputError) as caught:
        weekday("Sunday")

    assert ErrorKind.FIELD_INVALID == caught.value.kind


@pytest.mark.spec("LAW-11")
@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (datetime(2024, 1, 1, 5, 59, tzinfo=UTC), "America/Chicago", date(2023, 12, 31)),
        (datetime(2024, 1, 1, 6, 0, tzinfo=UTC), "America/Chicago", date(2024, 1, 1)),
        (datetime(2024, 7, 1, 5, 0, tzinfo=UTC), "America/Chicago", date(2024, 7, 1)),
        (datetime(2024, 7, 1, 4, 59, tzinfo=UTC), "America/Chicago", date(2024, 6, 30)),
        (datetime(2024, 1, 1, 11, 0, tzinfo=UTC), "Pacific/Auckland", date(2024, 1, 2)),
        (datetime(1970, 1, 1, tzinfo=UTC), "America/Chicago", date(1969, 12, 31)),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "Pacific/Auckland", date(9999, 12, 31)),
    ],
)
def test_local_dates(moment: datetime, zone: str, expected: date) -> None:
    """A moment has the date of the zone, summer time included."""
    assert expected == local_date(Instant.from_datetime(moment), ZoneInfo(zone))
