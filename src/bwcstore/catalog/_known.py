"""What the assertions of many recordings come to, as columns that the law can be asked with.

Rules kept here (spec chapter `custody`): CUS-10 to CUS-14 as `bwcstore.custody._knowledge` keeps
them for one recording. What does not fit a column is left to be judged alone: that is slower, and
never wrong.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._values import Instant
from bwcstore.catalog._schema import whole
from bwcstore.catalog._tables import OBJECTS, ROW, Tables
from bwcstore.custody._assertion import INGEST_LABEL, LABELS
from bwcstore.custody._knowledge import COLLECTED, fact_value
from bwcstore.errors import InvalidInputError
from bwcstore.statute._facts import FactSpec, FactType, Several, Value
from bwcstore.statute._pack import Law
from bwcstore.statute.tables._day_columns import EPOCH, Zone

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
_MICROSECONDS: Final = 1_000_000
_TYPES: Final = {
    FactType.FLAG: pa.bool_(),
    FactType.CODE: pa.string(),
    FactType.CODES: pa.list_(pa.string()),
    FactType.DATE: pa.date32(),
    FactType.INSTANT: pa.timestamp("us", tz="UTC"),
}


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """What is known of every recording.

    Attributes:
        columns: by fact, an array with a value for each recording.
        alone: where a recording has to be judged alone.
    """

    columns: Mapping[str, Any]
    alone: Bools


def known_facts(tables: Tables, *, law: Law, zone: Zone, on: date, at: Instant) -> Known:
    """The facts that somebody asserted, and when each recording was made.

    Args:
        tables: the catalog.
        law: the law of the day, whose pack says what facts there are.
        zone: the agency's zone.
        on: the day that the facts are of.
        at: the moment: nothing that was recorded later counts.
    """
    reader = _Reader(tables, law=law, zone=zone, on=on, at=at)
    columns = {COLLECTED: tables.stored[OBJECTS].column("collected_at")}
    names = {spec.name: spec for spec in law.pack.facts}
    if COLLECTED not in names or names[COLLECTED].type is not FactType.INSTANT:
        columns = {}
    for fact in reader.said():
        spec = names.get(fact.name)
        if spec is None or spec.type not in _TYPES or spec.name in columns:
            reader.alone[fact.rows] = True
        else:
            columns[spec.name] = reader.column(spec, fact)
    return Known(columns=columns, alone=reader.alone)


@attrs.frozen(kw_only=True, eq=False)
class _Said:
    """The assertions of one fact that count, in order of rows and then of entries.

    Attributes:
        rows: the recording of each.
        values: the number of its value.
        since: the number of the day from which it is so.
        early: whether it is said to be so since a day after the one on which it was recorded.
    """

    name: str
    rows: Numbers
    values: npt.NDArray[np.int32]
    since: npt.NDArray[np.int32]
    early: Bools


class _Reader:
    def __init__(self, tables: Tables, *, law: Law, zone: Zone, on: date, at: Instant) -> None:
        objects = tables.stored[OBJECTS]
        self._facts = tables.stored["facts"]
        self._count = len(objects)
        self._on = on.toordinal()
        self._zone = zone
        self._at = at
        self._label = whole(objects.column("label"))
        self._specs = {spec.name: spec for spec in law.pack.facts}
        self._ingested = whole(objects.column("ingested_at"))
        self._words = whole(self._facts.column("value")).dictionary.to_pylist()
        self.alone = np.zeros(self._count, dtype=np.bool_)

    def said(self) -> Iterator[_Said]:
        """The facts that anything was said about."""
        facts = self._facts
        names = whole(facts.column("fact"))
        counts = self._counting(names)
        rows = whole(facts.column(ROW)).to_numpy()
        codes = whole(facts.column("value")).indices
        values = pc.fill_null(codes, -1).to_numpy()
        since = whole(facts.column("since")).cast(pa.int32()).to_numpy() + EPOCH
        recorded = self._days(whole(facts.column("at")))
        which = names.indices.to_numpy()
        order = np.argsort(which.astype(np.int16), kind="stable")
        order = order[counts[order]]
        found = dict.fromkeys([LABELS] if self._labelled else [], order[:0])
        words = names.dictionary.to_pylist()
        edges = np.searchsorted(which[order], np.arange(len(words) + 1))
        found |= {word: order[edges[n] : edges[n + 1]] for n, word in enumerate(words)}
        for name, chosen in found.items():
            if len(chosen) or name == LABELS:
                yield _Said(
                    name=name,
                    rows=rows[chosen].astype(np.int64),
                    values=values[chosen],
                    since=since[chosen],
                    early=since[chosen] > recorded[chosen],
                )

    @property
    def _labelled(self) -> bool:
        return LABELS in self._specs and self._label.null_count < self._count

    def _counting(self, names: Any) -> Bools:
        """The assertions that were recorded by the moment and stand."""
        recorded, replaced = self._by_then("at"), self._by_then("replaced_at")
        taken_back = self._by_then("taken_back_at")
        joined = np.array(
            [self._several(name) is Several.UNION for name in names.dictionary.to_pylist()]
            or [False]
        )[names.indices.to_numpy()]
        valued = whole(self._facts.column("value")).is_valid().to_numpy(zero_copy_only=False)
        found: Bools = recorded & valued & ~taken_back & (joined | ~replaced)
        return found

    def _several(self, name: str) -> Several | None:
        spec = self._specs.get(name)
        return spec.several if spec else None

    def _by_then(self, name: str) -> Bools:
        """Where something came to be at the moment or before it."""
        column = whole(self._facts.column(name))
        at = pa.scalar(self._at.microseconds, pa.int64()).cast(column.type)
        found = pc.fill_null(pc.less_equal(column, at), fill_value=False)
        came: Bools = found.to_numpy(zero_copy_only=False)
        return came

    def _days(self, moments: Any) -> npt.NDArray[np.int32]:
        return self._zone.dates(moments.cast(pa.int64()).to_numpy() // _MICROSECONDS)

    def column(self, spec: FactSpec, said: _Said) -> Any:
        """A fact as a column."""
        values, bad = self._values(spec, said)
        wrong = bad[said.values] | (said.early & (not spec.ahead))
        self.alone[said.rows[wrong]] = True
        fits = ~wrong & (said.since <= self._on)
        counting = _Counting(said.rows[fits], said.values[fits], said.since[fits])
        if spec.name == LABELS and spec.type is FactType.CODES:
            counting, values = self._with_ingest_labels(spec, counting, values)
        chosen = self._chosen(spec, counting)
        made = pa.array(values, type=_TYPES[spec.type])
        if spec.type is FactType.CODE:
            return pa.DictionaryArray.from_arrays(chosen, made)
        return made.take(chosen)

    def _values(self, spec: FactSpec, said: _Said) -> tuple[list[Any], Bools]:
        """What each text that is said is as a value of a fact, and which are none."""
        found: list[Any] = [None] * len(self._words)
        bad = np.zeros(len(self._words), dtype=np.bool_)
        for number in np.unique(said.values).tolist():
            try:
                found[number] = _plain(fact_value(spec, json.loads(self._words[number])))
            except InvalidInputError:
                bad[number] = True
        return found, bad

    def _chosen(self, spec: FactSpec, counting: "_Counting") -> Any:
        """The number of the value of each recording; null where it has none.

        What has several since one day is judged alone, and so is what is joined of several.
        """
        rows, codes, since = counting.rows, counting.values, counting.since
        if (rows[1:] <= rows[:-1]).any():
            order = np.lexsort((since, rows))
            rows, codes, since = rows[order], codes[order], since[order]
            again = rows[1:] == rows[:-1]
            if spec.several is not Several.UNION:
                again &= (since[1:] == since[:-1]) & (codes[1:] != codes[:-1])
            self.alone[rows[1:][again]] = True
            last = np.append(rows[1:] != rows[:-1], [True])
            rows, codes = rows[last], codes[last]
        chosen = np.full(self._count, -1, dtype=np.int32)
        chosen[rows] = codes
        return pa.array(chosen, mask=chosen < 0)

    def _with_ingest_labels(
        self, spec: FactSpec, counting: "_Counting", values: list[Any]
    ) -> tuple["_Counting", list[Any]]:
        """The labels that were given with the ingests besides those that were asserted (CUS-11)."""
        words = self._label.dictionary.to_pylist()
        numbers = pc.fill_null(self._label.indices, -1).to_numpy().astype(np.int64)
        numbers[self._relabelled(spec)] = -1
        unknown = [number for number, word in enumerate(words) if word not in spec.codes]
        self.alone[np.isin(numbers, unknown)] = True
        moments = self._ingested.cast(pa.int64()).to_numpy()
        days = self._zone.dates(moments // _MICROSECONDS)
        told = (numbers >= 0) & (days <= self._on) & (moments <= self._at.microseconds)
        rows = np.flatnonzero(told)
        more = _Counting(
            np.append(counting.rows, rows),
            np.append(counting.values, numbers[rows] + len(values)).astype(np.int32),
            np.append(counting.since, days[rows]),
        )
        return more, [*values, *([word] if word in spec.codes else None for word in words)]

    def _relabelled(self, spec: FactSpec) -> Numbers:
        """The recordings of which the label of the ingest was replaced or taken back."""
        facts = self._facts
        superseding = pc.equal(facts.column("supersedes"), INGEST_LABEL)
        if spec.several is Several.UNION:
            superseding = pc.and_(superseding, pc.is_null(facts.column("value")))
        recorded = pa.array(self._by_then("at"))
        rows = facts.filter(pc.and_(whole(superseding), recorded)).column(ROW)
        found: Numbers = whole(rows).to_numpy().astype(np.int64)
        return found


@attrs.frozen(eq=False)
class _Counting:
    """The assertions of one fact that count on the day: recordings, values, days."""

    rows: Numbers
    values: npt.NDArray[np.int32]
    since: npt.NDArray[np.int32]


def _plain(value: Value) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.microseconds if isinstance(value, Instant) else value
