"""How tables are brought from one point of the ledger to a later one.

Rule kept here (spec chapter `state`): bringing tables forward gives the same rows as making them
anew (STA-10). Only scopes that have new entries get new rows.
"""

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType
from typing import Any, Final, Self, cast

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, Digest, ObjectId, ScopeId
from bwcstore.catalog._making import MAKERS, object_row, store_tables, table
from bwcstore.catalog._schema import SCHEMAS, whole
from bwcstore.catalog._tables import ACCESSES, OBJECTS, ROW, Position, StoreRow, Tables
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._entry import Entry, ScopeHead

Numbers = npt.NDArray[np.int64]
_INGESTED: Final = "object.ingested"
_ACCESSED: Final = "object.accessed"
_ENDED: Final = "access.ended"


@attrs.define(kw_only=True)
class Tail:
    """What tables have to know of the entries that they do not have.

    Attributes:
        count: how many.
        head: the hash of the last one.
        ingested: the objects that begin among them, in order.
        touched: every object that they are about.
        accesses: the accesses that begin among them.
        ends: the accesses that end among them.
    """

    count: int = 0
    head: Digest | None = None
    ingested: list[ObjectId] = attrs.field(factory=list)
    touched: dict[ObjectId, None] = attrs.field(factory=dict)
    accesses: list[Entry] = attrs.field(factory=list)
    ends: list[Entry] = attrs.field(factory=list)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """The tail that entries make, in order."""
        tail = cls()
        for entry in entries:
            tail.add(entry)
        return tail

    def add(self, entry: Entry) -> None:
        """Take in one more entry."""
        self.count, self.head = self.count + 1, entry.hash
        object_id = entry.scope.id.object_id
        if object_id is None:
            return
        self.touched[object_id] = None
        if entry.kind == _INGESTED:
            self.ingested.append(object_id)
        elif entry.kind == _ACCESSED:
            self.accesses.append(entry)
        elif entry.kind == _ENDED:
            self.ends.append(entry)


def no_tables() -> Tables:
    """The tables of no entry at all."""
    return Tables(
        position=Position(generation=0, size=0, head=ZERO_DIGEST),
        store=StoreRow(seq=0, head=ZERO_DIGEST, opaque=False),
        stored={name: schema.empty_table() for name, schema in SCHEMAS.items()},
    )


def forward(tables: Tables, state: State, tail: Tail, *, generation: int) -> Tables:
    """Tables after more entries.

    Args:
        tables: those before.
        state: what all entries together imply.
        tail: the entries that `tables` do not have.
        generation: the generation of the last of them.

    Raises:
        IntegrityError: the tables are not of this ledger (`catalog-invalid`).
    """
    head = state.head(STORE_SCOPE)
    if tail.head is None or head is None:
        return tables
    places = _places(tables, tail)
    touched = sorted(_found(state, tail.touched, places), key=lambda one: one.row)
    rows = np.array([one.row for one in touched], dtype=np.int64)
    fresh = table(OBJECTS, (object_row(one.state, one.head) for one in touched))
    stored = {
        **store_tables(state),
        OBJECTS: _merged(tables.stored[OBJECTS], fresh, rows),
        ACCESSES: _accessed(tables.stored[ACCESSES], tail, places),
    }
    for name, rows_of in MAKERS.items():
        made = table(name, (line for one in touched for line in rows_of(one.row, one.state)))
        stored[name] = _replaced(tables.stored[name], made, rows)
    return Tables(
        position=Position(
            generation=generation, size=tables.position.size + tail.count, head=tail.head
        ),
        store=StoreRow(seq=head.seq, head=head.hash, opaque=state.store.opaque),
        stored=MappingProxyType(stored),
    )


@attrs.frozen
class _Touched:
    row: int
    state: ObjectState
    head: ScopeHead


def _places(tables: Tables, tail: Tail) -> Callable[[ObjectId], int]:
    """The row of each object that the tail is about."""
    ids = tables.stored[OBJECTS].column("object")
    touched = [one.text for one in tail.touched]
    found = pc.index_in(pa.array(touched, pa.string()), value_set=whole(ids)).to_pylist()
    rows = {text: row for text, row in zip(touched, found, strict=True) if row is not None}
    new = {one.text: len(ids) + number for number, one in enumerate(tail.ingested)}
    if rows.keys() & new.keys() or len(rows) + len(new) != len(touched):
        raise _foreign()
    rows |= new
    return lambda object_id: rows[object_id.text]


def _found(
    state: State, touched: Iterable[ObjectId], places: Callable[[ObjectId], int]
) -> Iterator[_Touched]:
    for object_id in touched:
        found, head = state.object(object_id), state.head(ScopeId.object(object_id))
        if found is None or head is None:
            raise _foreign()
        yield _Touched(places(object_id), found, head)


def _merged(old: Any, fresh: Any, rows: Numbers) -> Any:
    """The objects, with fresh rows in the place of theirs, and those that are new at the end."""
    known = rows[rows < len(old)]
    if not len(known):
        return _joined(old, fresh)
    kept = np.ones(len(old), dtype=np.bool_)
    kept[known] = False
    count = len(old) - len(known) + len(fresh)
    order = np.empty(count, dtype=np.int64)
    order[rows] = np.arange(count - len(fresh), count)
    order[np.flatnonzero(kept)] = np.arange(count - len(fresh))
    return _joined(old.filter(pa.array(kept)), fresh).take(pa.array(order)).combine_chunks()


def _replaced(old: Any, fresh: Any, rows: Numbers) -> Any:
    """What objects have, with all of it fresh for those in `rows`."""
    former = whole(old.column(ROW)).to_numpy()
    kept = ~np.isin(former, rows)
    if kept.all():
        joined = _joined(old, fresh)
    else:
        joined = _joined(old.filter(pa.array(kept)), fresh)
    places = whole(joined.column(ROW)).to_numpy()
    if (places[1:] >= places[:-1]).all():
        return joined
    return joined.take(pa.array(np.argsort(places, kind="stable"))).combine_chunks()


def _accessed(old: Any, tail: Tail, places: Callable[[ObjectId], int]) -> Any:
    """The accesses in order of their entries, each with its end."""
    if not tail.accesses and not tail.ends:
        return old
    made = {
        (row, entry.scope.seq): _access(row, entry)
        for entry in tail.accesses
        for row in (places(_object(entry)),)
    }
    ends = {(places(_object(one)), cast("int", one.body["accessed_seq"])): one for one in tail.ends}
    kept = old
    if earlier := ends.keys() - made.keys():
        rows = pa.array(sorted({row for row, _ in earlier}), pa.int32())
        which = pc.is_in(old.column(ROW), value_set=rows)
        kept = old.filter(pc.invert(which))
        for line in old.filter(which).to_pylist():
            made[line[ROW], line["seq"]] = line
    for place, end in ends.items():
        if place not in made:
            raise _foreign()
        made[place] |= {
            "ended_at": end.at.microseconds,
            "outcome": end.body["outcome"],
            "bytes_released": end.body["bytes_released"],
        }
    lines = (tuple(line.values()) for line in made.values())
    joined = _joined(kept, table(ACCESSES, lines))
    order = np.argsort(whole(joined.column("entry")).to_numpy(), kind="stable")
    return joined.take(pa.array(order)).combine_chunks()


def _access(row: int, entry: Entry) -> dict[str, Any]:
    return {
        ROW: row,
        "entry": entry.index,
        "seq": entry.scope.seq,
        "at": entry.at.microseconds,
        "by": entry.by.text,
        "mode": entry.body["mode"],
        "purpose": entry.body["purpose"],
        "authorization": entry.body.get("authorization"),
        "ended_at": None,
        "outcome": None,
        "bytes_released": None,
    }


def _object(entry: Entry) -> ObjectId:
    object_id = entry.scope.id.object_id
    if object_id is None:
        raise _foreign()
    return object_id


def _joined(old: Any, fresh: Any) -> Any:
    if not len(old):
        return fresh
    if not len(fresh):
        return old
    return pa.concat_tables([old, fresh]).unify_dictionaries().combine_chunks()


def _foreign() -> IntegrityError:
    return IntegrityError(
        ErrorKind.CATALOG_INVALID, "the catalog was made of another ledger: delete it"
    )
