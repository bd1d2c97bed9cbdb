"""Conditions judged for a whole table at once.

Rules kept here (spec chapter `statute-pack`):

- the conditions are the same values that `_condition` judges for one recording, and the answers
  and the missing facts are the same (LAW-20 to LAW-23);
- an answer is two arrays, where it is yes and where it is no; where it is neither, it is unknown;
- what is missing is a number with one bit for each fact about the recording (LAW-30).

An array of one element stands for every row: a fact that is given for no row costs nothing.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Final, assert_never

import attrs
import numpy as np
import numpy.typing as npt

from bwcstore.statute._condition import (
    AS_OF,
    All,
    Always,
    Compare,
    Condition,
    Flag,
    Happened,
    Has,
    Moment,
    Not,
    OneOf,
    Order,
    Some,
    Test,
    names,
)
from bwcstore.statute.tables._day_columns import NEVER, UNKNOWN, DayColumns, Days

Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]

YES: Final[Bools] = np.array([True])
NO: Final[Bools] = np.array([False])
NONE: Final[Bits] = np.zeros(1, dtype=np.uint64)
_GAP: Final[Days] = np.array([UNKNOWN], dtype=np.int32)


@attrs.frozen(eq=False)
class Answers:
    """The answers to a condition, for every row.

    Attributes:
        yes: where it holds.
        no: where it does not.
    """

    yes: Bools
    no: Bools

    @property
    def unknown(self) -> Bools:
        """Where a missing fact leaves it open."""
        return ~(self.yes | self.no)


@attrs.frozen(eq=False)
class FlagColumn:
    """A flag of every row: whether it is true, and whether it is known."""

    true: Bools
    known: Bools


@attrs.frozen(eq=False)
class CodeColumn:
    """A code of every row.

    Attributes:
        numbers: which of `codes` it is; -1 where it is unknown.
        codes: the declared codes.
    """

    numbers: npt.NDArray[np.int32]
    codes: tuple[str, ...]

    @property
    def known(self) -> Bools:
        """Where it is known."""
        return self.numbers >= 0

    def among(self, wanted: frozenset[str]) -> Bools:
        """Where it is one of `wanted`."""
        found = NO
        for number, code in enumerate(self.codes):
            if code in wanted:
                found = found | (self.numbers == number)
        return found


@attrs.frozen(eq=False)
class SetColumn:
    """A set of codes of every row.

    Attributes:
        has: by code, where the set has it.
        some: where it has any.
        known: where it is known.
    """

    has: Mapping[str, Bools]
    some: Bools
    known: Bools


@attrs.frozen(eq=False)
class DayColumn:
    """A civil date of every row, as `_day_columns` numbers them."""

    days: Days

    @property
    def known(self) -> Bools:
        """Where it is known, as a date or as one that never came."""
        found: Bools = self.days != UNKNOWN
        return found


Column = FlagColumn | CodeColumn | SetColumn | DayColumn


@attrs.define(kw_only=True, eq=False)
class Columns:
    """The facts of many recordings, ready to be judged.

    Attributes:
        columns: by the name of the fact; one that has none is unknown for every row.
        bits: the bit of each fact that may be missing.
        as_of: the number of the day of the judgement.
        calendar: the agency's calendar.
    """

    columns: Mapping[str, Column]
    bits: Mapping[str, np.uint64]
    as_of: int
    calendar: DayColumns
    _judged: dict[Condition, Answers] = attrs.field(factory=dict, init=False)

    def with_codes(self, name: str, column: CodeColumn) -> "Columns":
        """The same facts with one more code to ask for, such as the class."""
        return Columns(
            columns={**self.columns, name: column},
            bits=self.bits,
            as_of=self.as_of,
            calendar=self.calendar,
        )

    def days(self, name: str) -> Days:
        """The civil dates of a date or a moment."""
        if name == AS_OF:
            return np.array([self.as_of], dtype=np.int32)
        column = self.columns.get(name)
        return column.days if isinstance(column, DayColumn) else _GAP

    def bit(self, name: str) -> np.uint64:
        """The bit of a fact; zero for what is no fact about the recording."""
        return self.bits.get(name, np.uint64(0))

    def judge(self, condition: Condition) -> Answers:
        """Where the condition holds, and where not (spec: LAW-21)."""
        if condition not in self._judged:
            self._judged[condition] = self._judge(condition)
        return self._judged[condition]

    def _judge(self, condition: Condition) -> Answers:
        match condition:
            case Always():
                return Answers(YES, NO)
            case Not(part=part):
                found = self.judge(part)
                return Answers(found.no, found.yes)
            case All(parts=parts):
                judged = [self.judge(part) for part in parts]
                return Answers(
                    reduce(np.logical_and, (one.yes for one in judged)),
                    reduce(np.logical_or, (one.no for one in judged)),
                )
            case Some(parts=parts):
                judged = [self.judge(part) for part in parts]
                return Answers(
                    reduce(np.logical_or, (one.yes for one in judged)),
                    reduce(np.logical_and, (one.no for one in judged)),
                )
            case Compare():
                return self._compare(condition)
            case Flag() | OneOf() | Has() | Happened():
                return self._test(condition)
            case _:
                assert_never(condition)

    def _test(self, test: Flag | OneOf | Has | Happened) -> Answers:
        column = self.columns.get(test.name)
        if column is None:
            return Answers(NO, NO)
        match test, column:
            case Flag(), FlagColumn():
                holds = column.true
            case OneOf(codes=codes), CodeColumn():
                holds = column.among(codes)
            case Has(code=code), SetColumn():
                holds = column.some if code is None else column.has.get(code, NO)
            case Happened(), DayColumn():
                holds = column.days != NEVER
            case _:
                # A pack that asks so is refused when it is read (LAW-24).
                holds = NO
        known = column.known
        return (
            Answers(holds & known, known & ~holds) if known is not YES else Answers(holds, ~holds)
        )

    def _compare(self, test: Compare) -> Answers:
        left, right = self._moment(test.left), self._moment(test.right)
        match test.order:
            case Order.BEFORE:
                holds = left < right
            case Order.UNTIL:
                holds = left <= right
            case Order.AFTER:
                holds = left > right
            case Order.FROM:
                holds = left >= right
            case _:
                assert_never(test.order)
        known = (left > 0) & (right > 0)
        never = (left == NEVER) | (right == NEVER)
        return Answers(known & holds, never | (known & ~holds))

    def _moment(self, moment: Moment) -> Days:
        if isinstance(moment.day, str):
            days = self.days(moment.day)
        else:
            days = np.array([moment.day.toordinal()], dtype=np.int32)
        return days if moment.after is None else self.calendar.after(moment.after, days)

    def missing(self, condition: Condition) -> Bits:
        """The bits of the facts that unknown answers wait for, by row (spec: LAW-22)."""
        unknown = self.judge(condition).unknown
        if not unknown.any():
            return NONE
        match condition:
            case Not(part=part):
                return self.missing(part)
            case All(parts=parts) | Some(parts=parts):
                found = reduce(np.bitwise_or, (self.missing(part) for part in parts))
            case Always():
                return NONE
            case _:
                found = self._asked(condition)
        return np.where(unknown, found, NONE)

    def _asked(self, test: Test) -> Bits:
        found = NONE
        for name in sorted(names(test)):
            column = self.columns.get(name)
            gap = YES if column is None else ~column.known
            found = found | np.where(gap, self.bit(name), np.uint64(0))
        return found
