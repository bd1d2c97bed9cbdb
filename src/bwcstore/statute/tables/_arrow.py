"""Arrow arrays as arrays of numbers, and back.

Rules kept here (spec chapter `statute-pack`):

- a value that cannot be one of its fact is refused, and the error names its row (LAW-31);
- nothing is converted silently: what is missing stays missing.
"""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._facts import unknown_code
from bwcstore.statute.tables._columns import YES, Bits, Bools
from bwcstore.statute.tables._day_columns import EPOCH, LIMITLESS, Days

Numbers = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

NAMES: Final = pa.list_(pa.string())
CODED: Final = pa.dictionary(pa.int32(), pa.string())
_NO_CODE: Final = -1
_OTHER: Final = -2


@attrs.frozen(kw_only=True)
class Place:
    """Where a piece of a column stands, for messages.

    Attributes:
        fact: the name of the fact, which is the name of the column.
        first: how many rows of the table lie before the piece.
    """

    fact: str
    first: int

    def refuse(self, kind: ErrorKind, row: int, what: str) -> NoReturn:
        """Refuse a row of the piece.

        Raises:
            InvalidInputError: always, of this kind.
        """
        raise InvalidInputError(kind, f"fact {self.fact}, row {self.first + row}: {what}")

    def refuse_first(self, kind: ErrorKind, bad: Bools, rows: Rows | None, what: str) -> None:
        """Refuse the first row of which something is bad.

        Args:
            kind: the kind of the error.
            bad: what is bad, by row, or by element where `rows` says which row it is of.
            rows: the row of each element.
            what: what is wrong.
        """
        if bad.any():
            first = int(np.argmax(bad))
            self.refuse(kind, first if rows is None else int(rows[first]), what)


def is_text(kind: Any) -> bool:
    """Whether a type is text, plain or encoded by a dictionary."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_list(kind: Any) -> bool:
    """Whether a type is a list of any length."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def plain_text(array: Any) -> Any:
    """Text without a dictionary."""
    return array.cast(pa.string())


def valid(array: Any) -> Bools:
    """Where something is given."""
    return YES if array.null_count == 0 else numbers(array.is_valid())


def numbers(array: Any) -> Any:
    """An Arrow array without gaps as an array of NumPy."""
    return array.to_numpy(zero_copy_only=False)


def filled(array: Any, absent: Any) -> Any:
    """An array with something put in place of what is not given."""
    return pc.fill_null(array, absent) if array.null_count else array


def truths(array: Any, *, absent: bool) -> Bools:
    """Flags, with what is not given put in place."""
    found: Bools = numbers(filled(array, absent))
    return found


def code_numbers(
    array: Any, codes: Sequence[str], place: Place, rows: Rows | None = None
) -> Numbers:
    """Which of `codes` each text is; -1 where none is given.

    Raises:
        InvalidInputError: `fact-type`: a text is none of `codes`.
    """
    if not pa.types.is_dictionary(array.type):
        array = plain_text(array).dictionary_encode()
    known = {code: number for number, code in enumerate(codes)}
    words = array.dictionary.to_pylist()
    lookup = np.array(
        [known.get(word, _NO_CODE if word is None else _OTHER) for word in words] + [_NO_CODE],
        dtype=np.int32,
    )
    which = numbers(filled(array.indices.cast(pa.int64()), len(words)))
    found: Numbers = lookup[which]
    other = found == _OTHER
    if other.any():
        word = words[which[np.argmax(other)]]
        what = f"a code of {', '.join(codes)} is needed, not {word!r:.60}"
        place.refuse_first(unknown_code(place.fact), other, rows, what)
    return found


def day_numbers(array: Any, place: Place, *, gap: int, rows: Rows | None = None) -> Days:
    """The numbers of civil dates, with `gap` where none is given.

    Raises:
        InvalidInputError: `fact-type`: a date beyond the years 1 to 9999.
    """
    given = valid(array)
    days = numbers(filled(array.view(pa.int32()), 0)).astype(np.int64) + EPOCH
    beyond = given & ((days < 1) | (days >= LIMITLESS))
    place.refuse_first(ErrorKind.FACT_TYPE, beyond, rows, "a date of the years 1 to 9999 is needed")
    return np.where(given, days, gap).astype(np.int32)


def elements(array: Any) -> tuple[Any, Rows]:
    """The elements of all lists, one after the other, and the row of each."""
    lengths = numbers(filled(pc.list_value_length(array), 0))
    return array.flatten(), np.repeat(np.arange(len(array)), lengths)


def coded(which: Numbers, words: Sequence[str], shown: Bools) -> Any:
    """A column of few words: which of them, and where any."""
    hidden = np.broadcast_to(~shown, which.shape)
    indices = pa.array(which.astype(np.int32, copy=False), mask=hidden)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))


def dates(days: Days, shown: Bools) -> Any:
    """A column of dates; null for what is no date, or without limit."""
    hidden = ~(shown & (days > 0) & (days < LIMITLESS))
    whole = np.broadcast_to((days - EPOCH).astype(np.int32, copy=False), hidden.shape)
    return pa.array(whole, mask=hidden).view(pa.date32())


def names_of_bits(bits: Bits, names: Sequence[str], shown: Bools) -> Any:
    """A column of the names whose bits are set, sorted; null where nothing is shown."""
    whole = np.where(shown, bits, np.uint64(0))
    encoded = pa.array(whole, mask=~shown).dictionary_encode()
    lists = [
        sorted(name for number, name in enumerate(names) if one >> number & 1)
        for one in encoded.dictionary.to_pylist()
    ]
    return pa.array(lists, NAMES).take(encoded.indices)


def names_where(hits: Sequence[tuple[str, Bools]], shown: Bools) -> Any:
    """A column of the names that hit, in order; null where nothing is shown."""
    told = [(name, hit) for name, hit in hits if hit.any()]
    table = np.zeros((len(shown), len(told)), dtype=np.bool_)
    for number, (_, hit) in enumerate(told):
        table[:, number] = hit & shown
    which = pa.array([name for name, _ in told], pa.string()).take(pa.array(np.nonzero(table)[1]))
    return listed(which, np.count_nonzero(table, axis=1), shown)


def listed(elements_in_order: Any, counts: npt.NDArray[np.int64], shown: Bools) -> Any:
    """A column of lists: so many of the elements for each row; null where nothing is shown."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), elements_in_order, mask=pa.array(~shown))
