"""Which recordings a plan of destruction has to look at, found among all at once.

Rules kept here (spec chapter `state`):

- a catalog only says where to look: whoever makes a plan judges each recording that is named
  here, and whoever destroys judges it again (STA-7);
- of the recordings that are not named, none is due, past its date or without authority (STA-13).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._values import Instant
from bwcstore.catalog._holding import MICROSECONDS, binding, holds, pending_requests
from bwcstore.catalog._known import known_facts
from bwcstore.catalog._schema import whole
from bwcstore.catalog._tables import OBJECTS, ROW, Tables
from bwcstore.custody._knowledge import PENDING, RETAIN
from bwcstore.errors import ErrorKind
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import FactSpec, FactType
from bwcstore.statute._judgements import RetentionStatus
from bwcstore.statute._pack import Law
from bwcstore.statute.tables._day_columns import EPOCH, Zone
from bwcstore.statute.tables._tables import retention_table

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
DUE: Final = "due"
UNSETTLED: Final = "unsettled"
STATES: Final = (
    DUE,
    ErrorKind.OBJECT_HELD.value,
    ErrorKind.RETENTION_UNKNOWN.value,
    ErrorKind.NO_AUTHORITY.value,
    ErrorKind.PURGE_STARTED.value,
    UNSETTLED,
)
_NONE: Final = -1
_STATE: Final = {name: number for number, name in enumerate(STATES)}
_HELD: Final = _STATE[ErrorKind.OBJECT_HELD.value]
_UNKNOWN: Final = _STATE[ErrorKind.RETENTION_UNKNOWN.value]


def candidates(tables: Tables, *, law: Law, at: Instant) -> Any:
    """The recordings that a plan for a moment has to look at, as a `pyarrow.Table`.

    | column | type | |
    |---|---|---|
    | `object` | string | its id |
    | `state` | dictionary of strings | one of `STATES` |
    | `last_protected` | date32 | the last day on which it has to be kept, where that is known |
    | `disposal` | date32 | the day from which the agency destroys it |
    | `by` | list of strings | the facts that are missing |

    It is `due`; or past its date, as far as that is known, and withheld (`object-held`,
    `retention-unknown`); or nothing gives authority to destroy it (`no-authority`); or its
    destruction has begun (`purge-started`); or it has to be judged alone (`unsettled`).

    Args:
        tables: the catalog.
        law: the law of the day.
        at: the moment; its local date is the day of the judgement.
    """
    on, zone = local_date(at, law.zone), Zone(law.zone)
    objects = tables.stored[OBJECTS]
    known = known_facts(tables, law=law, zone=zone, on=on, at=at)
    holding = _Holding(tables, zone=zone, on=on)
    columns = {"object": objects.column("object"), **known.columns}
    for spec in law.pack.facts:
        if spec.type is FactType.HOLDS:
            columns[spec.name] = holding.column(spec)
    judged = retention_table(pa.table(columns), law=law, as_of=on)
    states = _states(tables, judged, held=holding.now, alone=known.alone | _alone(tables), on=on)
    named = np.flatnonzero(states != _NONE)
    shown = judged.select(["object", "last_protected", "disposal", "missing"]).take(named)
    coded = pa.DictionaryArray.from_arrays(pa.array(states[named]), pa.array(STATES))
    return pa.table(
        {
            "object": shown.column("object"),
            "state": coded,
            "last_protected": shown.column("last_protected"),
            "disposal": shown.column("disposal"),
            "by": shown.column("missing"),
        }
    )


def _alone(tables: Tables) -> Bools:
    """What the columns do not say everything of: derivatives, and requests to keep longer."""
    found = whole(tables.stored[OBJECTS].column("derived_from")).is_valid()
    alone: Bools = found.to_numpy(zero_copy_only=False).copy()
    asked = tables.stored["request_objects"]
    rows = asked.filter(pc.equal(asked.column("kind").cast(pa.string()), RETAIN)).column(ROW)
    alone[whole(rows).to_numpy()] = True
    return alone


def _states(tables: Tables, judged: Any, *, held: Bools, alone: Bools, on: date) -> Any:
    """Which of `STATES` each recording is in; -1 where nobody has to look at it."""
    status = whole(judged.column("status"))
    codes = {word: number for number, word in enumerate(status.dictionary.to_pylist())}
    which = status.indices.to_numpy()

    def is_(*wanted: RetentionStatus) -> Bools:
        return np.isin(which, [codes[one] for one in wanted if one in codes])

    problem = whole(judged.column("problem")).is_valid().to_numpy(zero_copy_only=False)
    past = problem | _past(judged, on)
    missing = pc.fill_null(pc.list_value_length(whole(judged.column("missing"))), 1).to_numpy() > 0
    due = is_(RetentionStatus.DUE)
    unknown = is_(RetentionStatus.AWAITING_EVENT, RetentionStatus.UNDETERMINED) | (due & missing)
    states = np.full(len(which), _NONE, dtype=np.int8)
    states[is_(RetentionStatus.NO_AUTHORITY)] = _STATE[ErrorKind.NO_AUTHORITY.value]
    states[unknown] = np.where(past, _UNKNOWN, _NONE)[unknown]
    states[due & ~missing] = _STATE[DUE]
    keeping = held | is_(RetentionStatus.HELD)
    states[keeping] = np.where(past, _HELD, _NONE)[keeping]
    states[alone] = _STATE[UNSETTLED]
    objects = tables.stored[OBJECTS]
    opaque = whole(objects.column("opaque")).to_numpy(zero_copy_only=False)
    states[opaque | tables.store.opaque] = _UNKNOWN
    going = whole(objects.column("status").cast(pa.string()))
    states[pc.equal(going, "purging").to_numpy(zero_copy_only=False)] = _STATE[
        ErrorKind.PURGE_STARTED.value
    ]
    states[pc.equal(going, "purged").to_numpy(zero_copy_only=False)] = _NONE
    return states


def _past(judged: Any, on: date) -> Bools:
    """Where a recording had to be kept no longer, as far as that is known."""
    last = pc.coalesce(judged.column("last_protected"), judged.column("statutory_floor"))
    found: Bools = pc.fill_null(pc.less(whole(last), pa.scalar(on)), fill_value=False).to_numpy(
        zero_copy_only=False
    )
    return found


@attrs.frozen(kw_only=True, eq=False)
class _Listed:
    """Holds of recordings, one after the other; requests stand among them (CUS-13)."""

    rows: Rows
    ids: Any
    kinds: Any
    placed: npt.NDArray[np.int32]
    released: npt.NDArray[np.int32]


class _Holding:
    """What holds recordings now, and what the law is told of it."""

    def __init__(self, tables: Tables, *, zone: Zone, on: date) -> None:
        self._count = len(tables.stored[OBJECTS])
        self._on = on.toordinal()
        self.now: Bools = pending_requests(tables) > 0
        self._pieces = [*self._holds(tables, zone), self._requests(tables)]

    def _holds(self, tables: Tables, zone: Zone) -> Iterator[_Listed]:
        for one in binding(tables, holds(tables), zone=zone):
            count, ended = len(one.rows), one.hold["released_at"]
            if ended is None:
                self.now[one.rows] = True
            released = _NONE if ended is None else _day(ended, zone)
            yield _Listed(
                rows=one.rows,
                ids=pa.repeat(pa.scalar(one.hold["hold"]), count),
                kinds=pa.repeat(pa.scalar(one.hold["kind"]), count),
                placed=np.full(count, _day(one.hold["placed_at"], zone), dtype=np.int32),
                released=np.full(count, released, dtype=np.int32),
            )

    def _requests(self, tables: Tables) -> _Listed:
        asked = tables.stored["request_objects"]
        answered = whole(asked.column("answered_on")).cast(pa.int32())
        return _Listed(
            rows=whole(asked.column(ROW)).to_numpy().astype(np.int64),
            ids=whole(asked.column("request")),
            kinds=pa.repeat(pa.scalar(PENDING), len(asked)),
            placed=whole(asked.column("received")).cast(pa.int32()).to_numpy() + EPOCH,
            released=pc.fill_null(pc.add(answered, pa.scalar(EPOCH, pa.int32())), _NONE).to_numpy(),
        )

    def column(self, spec: FactSpec) -> Any:
        """The holds of every recording that the law is told of."""
        rows = np.concatenate([one.rows for one in self._pieces])
        ids = pa.concat_arrays([one.ids for one in self._pieces])
        kinds = pa.concat_arrays([one.kinds for one in self._pieces])
        placed = np.concatenate([one.placed for one in self._pieces])
        released = np.concatenate([one.released for one in self._pieces])
        known = pc.is_in(kinds, value_set=pa.array(spec.codes, pa.string()))
        told = np.flatnonzero(known.to_numpy(zero_copy_only=False) & (placed <= self._on))
        told = told[np.argsort(rows[told], kind="stable")]
        offsets = np.zeros(self._count + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows[told], minlength=self._count), out=offsets[1:])
        structs = pa.StructArray.from_arrays(
            [
                ids.take(pa.array(told)),
                kinds.take(pa.array(told)),
                _dates(placed[told]),
                _dates(released[told]),
            ],
            ["id", "kind", "placed", "released"],
        )
        return pa.ListArray.from_arrays(pa.array(offsets), structs)


def _day(microseconds: int, zone: Zone) -> int:
    return int(zone.dates(np.array([microseconds // MICROSECONDS]))[0])


def _dates(days: npt.NDArray[np.int32]) -> Any:
    found = pa.array((days - EPOCH).astype(np.int32), mask=days == _NONE)
    return found.view(pa.date32())
