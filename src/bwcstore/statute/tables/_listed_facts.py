"""Requests and holds of a whole table, one after the other, with the row of each.

Rules kept here (spec chapter `statute-pack`):

- each has the fields of LAW-30, and a request answers every flag that the pack asks (LAW-31);
- received or placed after the day of the judgement, or in the wrong order, is a problem of the
  row (LAW-33, LAW-34), and so is one id for two of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._values import check_text
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._facts import DAYS_MAX, FactSpec, FactType
from bwcstore.statute.tables._arrow import (
    Numbers,
    Place,
    Rows,
    code_numbers,
    day_numbers,
    elements,
    is_text,
    numbers,
    plain_text,
    truths,
)
from bwcstore.statute.tables._columns import YES, Bools, FlagColumn
from bwcstore.statute.tables._day_columns import NEVER, Days

ID_LENGTH_MAX: Final = 256
# What most ids are, and `check_text` lets pass.
_PLAIN: Final = rf"^[ -~]{{1,{ID_LENGTH_MAX}}}$"


@attrs.frozen(kw_only=True, eq=False)
class Listed:
    """What requests and holds have in common.

    Attributes:
        rows: the row of each.
        ids: the caller's id of each, as an Arrow array.
        begun: the date on which it was received or placed.
        ended: the date on which it was withdrawn or released; `NEVER` if it was not.
    """

    rows: Rows
    ids: Any
    begun: Days
    ended: Days

    @property
    def reversed(self) -> Bools:
        """Where one ended before it began."""
        return (self.ended > 0) & (self.ended < self.begun)

    @property
    def doubled(self) -> Rows:
        """The rows in which one id stands for two."""
        encoded = self.ids.dictionary_encode()
        count = len(encoded.dictionary)
        keys = np.sort(self.rows * count + numbers(encoded.indices))
        found: Rows = keys[1:][keys[1:] == keys[:-1]] // max(count, 1)
        return found


@attrs.frozen(kw_only=True, eq=False)
class Requests(Listed):
    """Requests that recordings be kept longer.

    Attributes:
        days: how many more days each asks for.
        answers: the flags that the pack asks about each.
    """

    days: Numbers
    answers: Mapping[str, FlagColumn]


@attrs.frozen(kw_only=True, eq=False)
class Holds(Listed):
    """Legal holds, released ones included."""


def check_listed(spec: FactSpec, kind: Any) -> None:
    """Check the type of a column of requests or holds.

    Raises:
        InvalidInputError: `fact-type`: a field is missing, unknown or of another type;
            `request-incomplete`: the requests leave a flag out, or answer what nobody asks.
    """
    fields = {field.name: field.type for field in kind.value_type}
    wanted, optional = _FIELDS[spec.type], _ENDED[spec.type]
    wrong = [name for name, fits in wanted.items() if not _fits(fields, name, fits, optional)]
    flags = spec.codes if spec.type is FactType.REQUESTS else ()
    more = sorted(set(fields) - {*wanted, *flags})
    if wrong or (more and not flags) or len(fields) < kind.value_type.num_fields:
        raise InvalidInputError(
            ErrorKind.FACT_TYPE,
            f"fact {spec.name}: a list of structs with {', '.join(wanted)} is needed, each once"
            f" ({optional} may be left out), not {kind}",
        )
    unanswered = [name for name in flags if not pa.types.is_boolean(fields.get(name, pa.null()))]
    if unanswered or more:
        says = "does not say" if unanswered else "says what nobody asks:"
        raise InvalidInputError(
            ErrorKind.REQUEST_INCOMPLETE,
            f"fact {spec.name}: the column {says} {', '.join(unanswered or more)}, in booleans",
        )


def _fits(fields: Mapping[str, Any], name: str, fits: Callable[[Any], bool], optional: str) -> bool:
    kind = fields.get(name, pa.null())
    return fits(kind) or (name == optional and pa.types.is_null(kind))


_FIELDS: Final = {
    FactType.REQUESTS: {
        "id": is_text,
        "received": pa.types.is_date32,
        "days": pa.types.is_integer,
        "withdrawn": pa.types.is_date32,
    },
    FactType.HOLDS: {
        "id": is_text,
        "kind": is_text,
        "placed": pa.types.is_date32,
        "released": pa.types.is_date32,
    },
}
_ENDED: Final = {FactType.REQUESTS: "withdrawn", FactType.HOLDS: "released"}


def read_requests(spec: FactSpec, array: Any, place: Place) -> Requests:
    """The requests of a piece of a column.

    Raises:
        InvalidInputError: `fact-type`, `text-form` or `request-incomplete`, naming the row.
    """
    rows, fields = _opened(array, place)
    for name in ("received", "days"):
        _all_given(fields[name], name, rows, place, ErrorKind.FACT_TYPE)
    for name in spec.codes:
        _all_given(fields[name], name, rows, place, ErrorKind.REQUEST_INCOMPLETE)
    days = numbers(fields["days"])
    place.refuse_first(
        ErrorKind.FACT_TYPE,
        (days < 1) | (days > DAYS_MAX),
        rows,
        f"a request asks for 1 to {DAYS_MAX} days",
    )
    return Requests(
        rows=rows,
        ids=_ids(fields["id"], rows, place),
        begun=day_numbers(fields["received"], place, gap=NEVER, rows=rows),
        ended=_ended(fields, "withdrawn", rows, place),
        days=days.astype(np.int32),
        answers={name: FlagColumn(truths(fields[name], absent=False), YES) for name in spec.codes},
    )


def read_holds(spec: FactSpec, array: Any, place: Place) -> Holds:
    """The holds of a piece of a column.

    Raises:
        InvalidInputError: `fact-type` or `text-form`, naming the row.
    """
    rows, fields = _opened(array, place)
    for name in ("kind", "placed"):
        _all_given(fields[name], name, rows, place, ErrorKind.FACT_TYPE)
    code_numbers(fields["kind"], spec.codes, place, rows)
    return Holds(
        rows=rows,
        ids=_ids(fields["id"], rows, place),
        begun=day_numbers(fields["placed"], place, gap=NEVER, rows=rows),
        ended=_ended(fields, "released", rows, place),
    )


def _opened(array: Any, place: Place) -> tuple[Rows, dict[str, Any]]:
    structs, rows = elements(array)
    _all_given(structs, "every element", rows, place, ErrorKind.FACT_TYPE)
    names = [field.name for field in structs.type]
    return rows, dict(zip(names, structs.flatten(), strict=True))


def _all_given(array: Any, name: str, rows: Rows, place: Place, kind: ErrorKind) -> None:
    if array.null_count:
        place.refuse_first(kind, numbers(array.is_null()), rows, f"{name} is not given")


def _ended(fields: Mapping[str, Any], name: str, rows: Rows, place: Place) -> Days:
    if name not in fields or pa.types.is_null(fields[name].type):
        return np.full(len(rows), NEVER, dtype=np.int32)
    return day_numbers(fields[name], place, gap=NEVER, rows=rows)


def _ids(array: Any, rows: Rows, place: Place) -> Any:
    ids = plain_text(array)
    _all_given(ids, "id", rows, place, ErrorKind.FACT_TYPE)
    plain = numbers(pc.match_substring_regex(ids, _PLAIN))
    for number in np.flatnonzero(~plain).tolist():
        try:
            check_text(ids[number].as_py(), "id", length_max=ID_LENGTH_MAX)
        except InvalidInputError as exc:
            raise InvalidInputError(
                exc.kind, f"fact {place.fact}, row {place.first + rows[number]}: {exc.message}"
            ) from exc
    return ids
