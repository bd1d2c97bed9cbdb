"""Conditions over columns, and the calendar for columns."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest

from bwcstore._values import Instant
from bwcstore.statute._civil import LAST_DATE, Holiday, Period, RestDays, local_date
from bwcstore.statute._condition import Condition, Flag, Gap, Settled, Verdict, judge, missing
from bwcstore.statute._grammar import parse_condition
from bwcstore.statute.tables._columns import (
    CodeColumn,
    Columns,
    DayColumn,
    FlagColumn,
    SetColumn,
)
from bwcstore.statute.tables._day_columns import (
    LIMITLESS,
    NEVER,
    NOTHING,
    SECONDS_MAX,
    UNKNOWN,
    DayColumns,
    DayMap,
    Zone,
    plus_days,
)

REST: Final = RestDays(
    country="US",
    weekend=frozenset({5, 6}),
    holidays=(Holiday(name="New Year", library="New Year's Day", since=1900),),
)
AS_OF: Final = date(2024, 3, 1)
NAMES: Final = ("flag", "code", "some", "seen", "heard")
VALUES: Final[dict[str, tuple[Settled, ...]]] = {
    "flag": (True, False, Gap.UNKNOWN),
    "code": ("one", "two", Gap.UNKNOWN),
    "some": (frozenset(), frozenset({"one"}), frozenset({"one", "two"}), Gap.UNKNOWN),
    "seen": (date(2024, 1, 31), date(2024, 3, 1), Gap.NEVER, Gap.UNKNOWN),
    "heard": (date(2024, 2, 29), date(2025, 1, 1), Gap.NEVER, Gap.UNKNOWN),
}
ROWS: Final = [dict(zip(NAMES, row, strict=True)) for row in product(*VALUES.values())]
CONDITIONS: Final = (
    "always",
    "not always",
    "flag",
    "not flag",
    "code is one",
    "code in (one, two)",
    "some has one",
    "some has two",
    "some has any",
    "happened seen",
    "seen < heard",
    "seen <= heard",
    "seen > heard",
    "seen >= heard",
    "seen + 1 month <= heard",
    "seen + 30 days > 2024-03-01",
    "as_of >= seen + 1 year",
    "as_of < heard",
    "flag and code is one",
    "flag or code is one",
    "not (flag or happened seen) and (some has one or seen < heard)",
    "not (flag and not (code is two or nobody_says))",
    "nobody_says and flag",
    "seen < nobody_says",
)


@attrs.frozen
class Row:
    """One row as conditions see it."""

    values: dict[str, Settled]

    def settled(self, name: str) -> Settled:
        return AS_OF if name == "as_of" else self.values.get(name, Gap.UNKNOWN)


def _days(name: str) -> DayColumn:
    gaps: dict[Settled, int] = {Gap.UNKNOWN: UNKNOWN, Gap.NEVER: NEVER}
    numbers = [
        value.toordinal() if isinstance(value, date) else gaps[value]
        for value in (row[name] for row in ROWS)
    ]
    return DayColumn(np.array(numbers, dtype=np.int32))


def _columns() -> Columns:
    known = {name: np.array([row[name] is not Gap.UNKNOWN for row in ROWS]) for name in NAMES}
    codes = ("one", "two")
    numbers = [codes.index(row["code"]) if row["code"] in codes else -1 for row in ROWS]
    sets = [row["some"] if isinstance(row["some"], frozenset) else frozenset() for row in ROWS]
    return Columns(
        columns={
            "flag": FlagColumn(np.array([row["flag"] is True for row in ROWS]), known["flag"]),
            "code": CodeColumn(np.array(numbers, dtype=np.int32), codes),
            "some": SetColumn(
                {code: np.array([code in held for held in sets]) for code in codes},
                np.array([bool(held) for held in sets]),
                known["some"],
            ),
            "seen": _days("seen"),
            "heard": _days("heard"),
        },
        bits={name: np.uint64(1 << number) for number, name in enumerate((*NAMES, "nobody_says"))},
        as_of=AS_OF.toordinal(),
        calendar=DayColumns(rest=REST, zone=Zone(ZoneInfo("UTC"))),
    )


COLUMNS: Final = _columns()


@pytest.mark.spec("LAW-20", "LAW-21", "LAW-22", "LAW-23")
@pytest.mark.parametrize("text", CONDITIONS)
def test_a_column_of_answers_is_each_answer(text: str) -> None:
    """For every combination of values and gaps, answer and missing facts are those of one row."""
    condition = parse_condition(text, definitions={})
    expected = [judge(condition, Row(row)) for row in ROWS]
    lacking = [missing(condition, Row(row)) for row in ROWS]

    answers = COLUMNS.judge(condition)
    yes = np.broadcast_to(answers.yes, len(ROWS))
    no = np.broadcast_to(answers.no, len(ROWS))
    bits = np.broadcast_to(COLUMNS.missing(condition), len(ROWS)).tolist()

    assert [one is Verdict.YES for one in expected] == yes.tolist()
    assert [one is Verdict.NO for one in expected] == no.tolist()
    assert [{name for name, bit in COLUMNS.bits.items() if one & int(bit)} for one in bits] == (
        [set(one) for one in lacking]
    )


@pytest.mark.spec("LAW-24")
@pytest.mark.parametrize(
    "condition",
    [Flag("code"), parse_condition("happened flag", definitions={})],
)
def test_a_test_of_another_type_is_no(condition: Condition) -> None:
    """What no pack that was read can ask is never yes."""
    assert not COLUMNS.judge(condition).yes.any()


def test_one_more_code_can_be_asked() -> None:
    """A code that is no fact, such as the class, stands beside the facts."""
    numbers = np.arange(len(ROWS), dtype=np.int32) % 2
    more = COLUMNS.with_codes("class", CodeColumn(numbers, ("open", "closed")))

    found = more.judge(parse_condition("class is closed", definitions={}))

    assert (numbers == 1).tolist() == found.yes.tolist()
    assert not COLUMNS.judge(parse_condition("class is closed", definitions={})).yes.any()


@pytest.mark.spec("LAW-13")
@pytest.mark.parametrize(
    "text", ["1 day", "90 days", "1 month", "30 months", "1 year", "9999 years"]
)
def test_periods_are_those_of_one_date(text: str) -> None:
    """The end of a period in a column is the end that `Period.after` gives; gaps stay gaps."""
    period = Period.parse(text)
    days = [date(2024, 1, 31), date(2023, 2, 28), date(2024, 2, 29), LAST_DATE, date.min]
    numbers = [*(day.toordinal() for day in days), NEVER, UNKNOWN, LIMITLESS]

    found = COLUMNS.calendar.after(period, np.array(numbers, dtype=np.int32))

    expected = [period.after(day).toordinal() for day in days]
    assert [*expected, NEVER, UNKNOWN, LIMITLESS] == found.tolist()


@pytest.mark.spec("LAW-14")
def test_rolling_is_that_of_one_date() -> None:
    """Each day of a year rolls as it does alone."""
    days = [date(2022, 12, 1) + timedelta(days=shift) for shift in range(400)]

    found = COLUMNS.calendar.rolled(np.array([day.toordinal() for day in days], dtype=np.int32))

    assert [REST.roll(day).toordinal() for day in days] == found.tolist()


def test_a_function_is_asked_once_for_each_date() -> None:
    """However often a date stands in columns, its arithmetic is done once."""
    asked: list[date] = []

    def function(day: date) -> date:
        asked.append(day)
        return day + timedelta(days=1)

    known = DayMap(function)
    days = np.array([AS_OF.toordinal()] * 3 + [NOTHING, UNKNOWN], dtype=np.int32)
    first, second = known(days), known(days)

    after = AS_OF.toordinal() + 1
    assert [after, after, after, NOTHING, UNKNOWN] == first.tolist() == second.tolist()
    assert [AS_OF] == asked


def test_days_are_added_up_to_the_last() -> None:
    """No day lies beyond the last, and what is without limit stays so."""
    days = np.array([AS_OF.toordinal(), LIMITLESS - 1, LIMITLESS], dtype=np.int32)

    assert [AS_OF.toordinal() + 7, LIMITLESS - 1, LIMITLESS] == plus_days(days, 7).tolist()


@pytest.mark.spec("LAW-11")
@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("America/Chicago", datetime(2024, 3, 10, 8, tzinfo=UTC)),
        ("America/Chicago", datetime(2024, 11, 3, 7, tzinfo=UTC)),
        # A minute after midnight the clock goes back to the day before.
        ("America/St_Johns", datetime(2006, 10, 29, 2, 31, tzinfo=UTC)),
        # A day that was left out.
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2024, 3, 31, 1, tzinfo=UTC)),
        # An offset with seconds.
        ("Africa/Monrovia", datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC)),
        ("UTC", datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_moments_become_the_same_dates(zone: str, around: datetime) -> None:
    """Around changes of the offset every second falls on the civil date that it has alone."""
    middle = Instant.from_datetime(around).microseconds // 1_000_000
    near = range(middle - 4000, middle + 4000)
    seconds = [*near, *range(middle - 200_000, middle + 200_000, 599), 0]
    expected = [local_date(Instant(one * 1_000_000), ZoneInfo(zone)) for one in seconds]

    found = Zone(ZoneInfo(zone)).dates(np.array(seconds))

    assert [day.toordinal() for day in expected] == found.tolist()


@pytest.mark.spec("LAW-11", "LAW-13")
@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Chicago", "UTC"])
def test_the_last_moment_has_the_last_date(zone: str) -> None:
    """East of UTC the last moments would fall into the year 10000; they keep the last date."""
    found = Zone(ZoneInfo(zone)).dates(np.array([SECONDS_MAX, SECONDS_MAX - 86_400 * 3]))

    assert LAST_DATE.toordinal() == found[0]
    assert LAST_DATE.toordinal() - 3 <= found[1] < LAST_DATE.toordinal()
