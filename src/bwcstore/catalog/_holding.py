"""What holds recordings: holds that bind or select them, and requests that are not answered.

Rule kept here (spec chapter `state`): what a catalog shows as held decides nothing (STA-7).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._encoding import Json
from bwcstore.catalog._schema import whole
from bwcstore.catalog._tables import OBJECTS, ROW, Tables
from bwcstore.statute.tables._day_columns import Zone

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
MICROSECONDS: Final = 1_000_000
_LABEL: Final = "labels_ever"


@attrs.frozen(kw_only=True, eq=False)
class Held:
    """A hold and the rows of the recordings that it binds or selects, ascending."""

    hold: Mapping[str, Any]
    rows: Rows


def pending_requests(tables: Tables) -> npt.NDArray[np.int64]:
    """How many requests about each recording are not answered."""
    asked = tables.stored["request_objects"]
    waiting = asked.filter(pc.is_null(asked.column("outcome"))).column(ROW)
    return np.bincount(whole(waiting).to_numpy(), minlength=len(tables.stored[OBJECTS]))


def held_rows(tables: Tables, rows: Rows, *, zone: Zone) -> Bools:
    """Whether something holds each recording: a hold that binds or selects it and is not
    released, or a request that is not answered; of it or of what it was made of.

    Args:
        tables: where to look.
        rows: the recordings, by their rows in ascending order.
        zone: the zone in which days are counted.
    """
    held = pending_requests(tables) > 0
    standing = (one for one in holds(tables) if one["released_at"] is None)
    for one in binding(tables, standing, zone=zone):
        held[one.rows] = True
    for row, parent in sorted(parents(tables).items()):
        held[row] |= held[parent]
    found: Bools = held[rows]
    return found


def holds(tables: Tables) -> list[Mapping[str, Any]]:
    """Every hold, released ones included; its times in microseconds."""
    found = tables.stored["holds"]
    for name in ("placed_at", "released_at"):
        place = found.schema.get_field_index(name)
        found = found.set_column(place, name, found.column(name).cast(pa.int64()))
    lines: list[Mapping[str, Any]] = found.to_pylist()
    return lines


def binding(tables: Tables, wanted: Iterable[Mapping[str, Any]], *, zone: Zone) -> Iterator[Held]:
    """Which recordings each hold binds or selects, as the state of each of them says alone."""
    found = list(wanted)
    queries = {one["hold"]: json.loads(one["query"]) for one in found if one["query"] is not None}
    chooser = Chooser(tables.stored[OBJECTS], queries.values(), zone=zone)
    bound = tables.stored["hold_objects"]
    ids = pa.array([one["hold"] for one in found], pa.string())
    numbers = pc.fill_null(pc.index_in(bound.column("hold"), value_set=ids), -1)
    by_hold = Groups(whole(numbers).to_numpy(), whole(bound.column(ROW)).to_numpy())
    for number, one in enumerate(found):
        rows = by_hold.of(number)
        if one["hold"] in queries:
            rows = np.union1d(rows, chooser.selected(queries[one["hold"]]))
        yield Held(hold=one, rows=rows)


def parents(tables: Tables) -> Mapping[int, int]:
    """Of what each derivative was made, by rows."""
    objects = tables.stored[OBJECTS]
    derived = whole(objects.column("derived_from"))
    if derived.null_count == len(derived):
        return {}
    made = np.flatnonzero(derived.is_valid().to_numpy(zero_copy_only=False))
    of = pc.index_in(derived.take(pa.array(made)), value_set=whole(objects.column("object")))
    pairs = zip(made.tolist(), of.to_pylist(), strict=True)
    return {row: parent for row, parent in pairs if parent is not None and parent < row}


class Groups:
    """Rows by a number that each has; -1 is no number."""

    def __init__(self, numbers: npt.NDArray[Any], rows: npt.NDArray[Any]) -> None:
        order = np.lexsort((rows, numbers))
        self._numbers = numbers[order]
        self._rows = rows[order].astype(np.int64)

    def of(self, number: int) -> Rows:
        """The rows with a number, ascending, each once."""
        first, last = np.searchsorted(self._numbers, (number, number + 1))
        return np.unique(self._rows[first:last])


class Chooser:
    """Which recordings queries of holds select (HLD-2), for all recordings at once.

    Looks through each column once, however many queries ask for it.
    """

    def __init__(self, objects: Any, queries: Iterable[Mapping[str, Json]], *, zone: Zone) -> None:
        self._objects = objects
        self._zone = zone
        words: dict[str, dict[str, int]] = {}
        for column, word in (one for query in queries for one in _words(query)):
            known = words.setdefault(column, {})
            known.setdefault(word, len(known))
        self._words = words
        self._groups = {name: self._grouped(name, list(known)) for name, known in words.items()}

    def _grouped(self, name: str, words: list[str]) -> Groups:
        lists = whole(self._objects.column(name))
        hits = pc.index_in(lists.flatten(), value_set=pa.array(words, pa.string()))
        numbers = pc.fill_null(hits, -1).to_numpy()
        found = np.flatnonzero(numbers >= 0)
        return Groups(numbers[found], rows_of(lists, found))

    def selected(self, query: Mapping[str, Json]) -> Rows:
        """The rows that a query selects, ascending."""
        ((name, inner),) = query.items()
        if name in _JOINED:
            return reduce(_JOINED[name], [self.selected(one) for one in _terms(inner)])
        if name == "collected":
            return self._collected(inner)
        ((column, word),) = _words(query)
        return self._groups[column].of(self._words[column][word])

    def _collected(self, bounds: Any) -> Rows:
        claims = whole(self._objects.column("collected"))
        moments = claims.flatten().field("at").cast(pa.int64()).to_numpy()
        days = self._zone.dates(moments // MICROSECONDS)
        fits = np.ones(len(days), dtype=np.bool_)
        if bounds["from"] is not None:
            fits &= days >= date.fromisoformat(bounds["from"]).toordinal()
        if bounds["until"] is not None:
            fits &= days <= date.fromisoformat(bounds["until"]).toordinal()
        return np.unique(rows_of(claims, np.flatnonzero(fits)))


def rows_of(lists: Any, places: npt.NDArray[Any]) -> Rows:
    """The rows of elements of lists, by their places among all elements."""
    offsets = lists.offsets.to_numpy()
    # Where the lists begin within their elements, whatever part of a column this is.
    found: Rows = np.searchsorted(offsets - offsets[0], places, side="right") - 1
    return found


def _words(query: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The columns that a query looks at, and for what."""
    (inner,) = query.values()
    match inner:
        case list():
            for one in _terms(inner):
                yield from _words(one)
        case {"kind": str(kind), "value": str(value)}:
            yield kind, value
        case str():
            yield _LABEL, inner
        case _:
            pass


_JOINED: Final[Mapping[str, Callable[[Rows, Rows], Rows]]] = {
    "all": np.intersect1d,
    "any": np.union1d,
}


def _terms(inner: Json) -> Sequence[Any]:
    return inner if isinstance(inner, list) else ()
