"""From an Arrow table of facts to columns that can be judged.

Rules kept here (spec chapter `statute-pack`):

- a table is held to the declarations of the pack as one recording's facts are: nothing is
  converted silently (LAW-30 to LAW-32);
- a value that cannot be one of its fact is an error that names the row; facts that a judgement
  refuses are a problem of their row alone (LAW-33, LAW-34).

A table is read in pieces, so that the memory for judging does not grow with it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._facts import FactSpec, FactType
from bwcstore.statute._pack import Law
from bwcstore.statute.tables._arrow import (
    Place,
    code_numbers,
    day_numbers,
    elements,
    filled,
    is_list,
    is_text,
    numbers,
    truths,
    valid,
)
from bwcstore.statute.tables._columns import (
    YES,
    Bools,
    CodeColumn,
    Column,
    Columns,
    DayColumn,
    FlagColumn,
    SetColumn,
)
from bwcstore.statute.tables._day_columns import (
    NEVER,
    SECONDS_MAX,
    UNKNOWN,
    DayColumns,
    Days,
    Zone,
)
from bwcstore.statute.tables._listed_facts import (
    Holds,
    Listed,
    Requests,
    check_listed,
    read_holds,
    read_requests,
)

OBJECT: Final = "object"
PIECE_ROWS: Final = 65_536
PROBLEMS: Final = (ErrorKind.FACT_FUTURE.value, ErrorKind.FACT_CONTRADICTION.value)
_FUTURE: Final = 0
_CONTRADICTION: Final = 1
_NO_PROBLEM: Final = -1
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@attrs.frozen(kw_only=True, eq=False)
class Piece:
    """Some rows of a table, ready to be judged.

    Attributes:
        objects: the column that names the recordings, as it was given.
        columns: the facts about the recordings, and no others.
        requests: the requests, by the name of the fact.
        holds: the holds, if any are given.
        problems: which of `PROBLEMS` a row has; -1 for none.
    """

    objects: Any
    columns: Columns
    requests: Mapping[str, Requests]
    holds: Holds | None
    problems: npt.NDArray[np.int32]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.objects)

    @property
    def sound(self) -> Bools:
        """The rows without a problem."""
        found: Bools = self.problems == _NO_PROBLEM
        return found


def read_pieces(table: Any, *, law: Law, as_of: date) -> Iterator[Piece]:
    """The rows of a table in pieces, ready to be judged (spec: LAW-30 to LAW-34).

    Args:
        table: a column `object`, and one for each fact that is given.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `field-missing`: there is no column `object`; `field-invalid`: it is
            no text, or a column stands twice; `fact-unknown`, `fact-type`, `time-naive`,
            `request-incomplete`, `text-form`: a column or a value that the pack does not have.
    """
    specs = _declared(table.schema, law)
    calendar = DayColumns(rest=law.calendar, zone=Zone(law.zone))
    first = 0
    for batch in table.combine_chunks().to_batches(max_chunksize=PIECE_ROWS):
        reader = _Reader(law=law, as_of=as_of.toordinal(), calendar=calendar, first=first)
        yield reader.piece(batch, specs)
        first += batch.num_rows


def _declared(schema: Any, law: Law) -> list[FactSpec]:
    """The facts that a table gives, in the order of its columns."""
    if OBJECT not in schema.names:
        raise InvalidInputError(ErrorKind.FIELD_MISSING, "the table has no column 'object'")
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice or not is_text(schema.field(OBJECT).type):
        what = f"{', '.join(twice)} stands twice" if twice else "'object' is no text"
        raise InvalidInputError(ErrorKind.FIELD_INVALID, f"columns of the table: {what}")
    specs = []
    for field in schema:
        if field.name == OBJECT:
            continue
        spec = law.pack.fact(field.name)
        if not pa.types.is_null(field.type):
            _check_type(spec, field.type)
            specs.append(spec)
    return specs


def _check_type(spec: FactSpec, kind: Any) -> None:
    match spec.type:
        case FactType.FLAG:
            fits, wanted = pa.types.is_boolean(kind), "bool"
        case FactType.CODE:
            fits, wanted = is_text(kind), "string"
        case FactType.CODES:
            fits, wanted = is_list(kind) and is_text(kind.value_type), "list<string>"
        case FactType.DATE:
            fits, wanted = pa.types.is_date32(kind), "date32"
        case FactType.INSTANT:
            fits, wanted = pa.types.is_timestamp(kind), "timestamp with a time zone"
        case FactType.REQUESTS | FactType.HOLDS:
            fits = is_list(kind) and pa.types.is_struct(kind.value_type)
            wanted = "list<struct>"
    if not fits:
        raise InvalidInputError(
            ErrorKind.FACT_TYPE, f"fact {spec.name}: a column of {wanted} is needed, not {kind}"
        )
    if spec.type is FactType.INSTANT and kind.tz is None:
        raise InvalidInputError(
            ErrorKind.TIME_NAIVE, f"fact {spec.name}: the moments of the column have no time zone"
        )
    if spec.type in (FactType.REQUESTS, FactType.HOLDS):
        check_listed(spec, kind)


@attrs.define(kw_only=True, eq=False)
class _Reader:
    law: Law
    as_of: int
    calendar: DayColumns
    first: int

    def piece(self, batch: Any, specs: list[FactSpec]) -> Piece:
        problems = np.full(batch.num_rows, _NO_PROBLEM, dtype=np.int32)
        columns = {
            spec.name: column
            for spec in self.law.pack.facts
            if (column := _absent(spec)) is not None
        }
        requests: dict[str, Requests] = {}
        holds: Holds | None = None
        for spec in specs:
            array = batch.column(spec.name)
            place = Place(fact=spec.name, first=self.first)
            if spec.type is FactType.REQUESTS:
                requests[spec.name] = read_requests(spec, array, place)
                self._note_listed(spec, requests[spec.name], problems)
            elif spec.type is FactType.HOLDS:
                holds = read_holds(spec, array, place)
                self._note_listed(spec, holds, problems)
            else:
                column = self._column(spec, array, place)
                if isinstance(column, DayColumn) and not spec.ahead:
                    _note(problems, column.days > self.as_of, _FUTURE)
                columns[spec.name] = column
        everything = self._columns(columns)
        for rule in self.law.contradictions:
            _note(problems, everything.judge(rule.when).yes, _CONTRADICTION)
        own = {spec.name for spec in self.law.recording_facts}
        return Piece(
            objects=batch.column(OBJECT),
            columns=self._columns({name: columns[name] for name in own & set(columns)}),
            requests=requests,
            holds=holds,
            problems=problems,
        )

    def _columns(self, columns: Mapping[str, Column]) -> Columns:
        return Columns(
            columns=columns,
            bits={
                spec.name: np.uint64(1 << number)
                for number, spec in enumerate(self.law.recording_facts)
            },
            as_of=self.as_of,
            calendar=self.calendar,
        )

    def _note_listed(self, spec: FactSpec, found: Listed, problems: npt.NDArray[np.int32]) -> None:
        # Two with one id are refused before anything is judged.
        problems[found.doubled] = _CONTRADICTION
        for bad, problem in (
            ((found.begun > self.as_of) & (not spec.ahead), _FUTURE),
            (found.reversed, _CONTRADICTION),
        ):
            rows = np.zeros(len(problems), dtype=np.bool_)
            rows[found.rows[bad]] = True
            _note(problems, rows, problem)

    def _column(self, spec: FactSpec, array: Any, place: Place) -> Column:
        match spec.type:
            case FactType.FLAG:
                known = YES if spec.absent is not None else valid(array)
                return FlagColumn(truths(array, absent=spec.absent is True), known)
            case FactType.CODE:
                which = code_numbers(array, spec.codes, place)
                if isinstance(spec.absent, str):
                    which[which < 0] = spec.codes.index(spec.absent)
                return CodeColumn(which, spec.codes)
            case FactType.CODES:
                return _set_column(spec, array, place)
            case FactType.DATE:
                return DayColumn(day_numbers(array, place, gap=_gap(spec)))
            case _:
                return DayColumn(self._civil(spec, array, place))

    def _civil(self, spec: FactSpec, array: Any, place: Place) -> Days:
        given = valid(array)
        moments = numbers(filled(array.view(pa.int64()), 0))
        seconds = moments // _PER_SECOND[array.type.unit]
        beyond = (seconds < 0) | (seconds > SECONDS_MAX)
        place.refuse_first(
            ErrorKind.FACT_TYPE, beyond, None, "a moment of the years 1970 to 9999 is needed"
        )
        return np.where(given, self.calendar.zone.dates(seconds), np.int32(_gap(spec)))


def _note(problems: npt.NDArray[np.int32], where: Bools, problem: int) -> None:
    """Note a problem where none is noted yet: the first decides, as for one recording."""
    if where.any():
        problems[where & (problems == _NO_PROBLEM)] = problem


def _gap(spec: FactSpec) -> int:
    return UNKNOWN if spec.absent is None else NEVER


def _absent(spec: FactSpec) -> Column | None:
    """What a fact is that no row gives; None where it is unknown."""
    match spec.absent:
        case None:
            return None
        case bool():
            return FlagColumn(np.array([spec.absent]), YES)
        case frozenset():
            has = dict.fromkeys(spec.absent, YES)
            return SetColumn(has, np.array([bool(has)]), YES)
        case _ if spec.type is FactType.CODE:
            which = np.array([spec.codes.index(spec.absent)], dtype=np.int32)
            return CodeColumn(which, spec.codes)
        case _:
            return DayColumn(np.array([NEVER], dtype=np.int32))


def _set_column(spec: FactSpec, array: Any, place: Place) -> SetColumn:
    words, rows = elements(array)
    which = code_numbers(words, spec.codes, place, rows)
    place.refuse_first(ErrorKind.FACT_TYPE, which < 0, rows, "a code of the set is not given")
    held = np.zeros((len(spec.codes), len(array)), dtype=np.bool_)
    held[which, rows] = True
    given = valid(array)
    if isinstance(spec.absent, frozenset):
        for number, code in enumerate(spec.codes):
            held[number] |= ~given & (code in spec.absent)
        given = YES
    has = dict(zip(spec.codes, held, strict=True))
    some: Bools = np.logical_or.reduce(held, axis=0)
    return SetColumn(has, some, given)
