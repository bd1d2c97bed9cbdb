"""What another law changes for the recordings of a table.

Rules kept here: both laws judge the same facts on the same day, and a recording is told of only
if its labels, its dates or its status differ (spec: LAW-50, LAW-61, LAW-63, LAW-66 to LAW-68).
"""

from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._pack import Law
from bwcstore.statute.tables._arrow import names_where, numbers
from bwcstore.statute.tables._fact_columns import OBJECT
from bwcstore.statute.tables._tables import classify_table, retention_table

_LABELS: Final = ("individuals", "others")
_KEEPING: Final = ("status", "statutory_floor", "last_protected", "disposal", "ceiling")
_COMPARED: Final = (*_LABELS, *_KEEPING, "problem")


def impact(before: Law, after: Law, table: Any, *, as_of: date) -> Any:
    """Say for which recordings of a table another law comes to something else.

    The two laws may be of two days, of two agencies or of two packs. A column of a fact that only
    one of the packs asks is given to that one.

    Columns of the answer, one row for each recording that differs, in the order of the table:
    `object`; `changed`, a list of the names below that differ; and for each name, with `_before`
    and `_after`: `individuals` and `others` (the labels of the class), `status`,
    `statutory_floor`, `last_protected`, `disposal`, `ceiling`, and `problem`. What they mean, and
    what null means, is as in `classify_table` and `retention_table`; words are strings.

    Args:
        before: the law to compare with.
        after: the law whose effect is asked for.
        table: a `pyarrow.Table` as `classify_table` takes it.
        as_of: the day of the judgement, for both.

    Returns:
        A `pyarrow.Table`.

    Raises:
        InvalidInputError: `fact-unknown`: neither pack has a fact of a column; else as
            `classify_table` does.
    """
    _check_known(table, before, after)
    old, new = (_judged(table, law, as_of) for law in (before, after))
    hits = [(name, _differs(old[name], new[name])) for name in _COMPARED]
    some = np.zeros(table.num_rows, dtype=np.bool_)
    for _, hit in hits:
        some |= hit
    rows = pa.array(np.flatnonzero(some))
    found = {OBJECT: table.column(OBJECT).take(rows)}
    found["changed"] = names_where(
        [(name, hit[some]) for name, hit in hits], np.ones(len(rows), dtype=np.bool_)
    )
    for name in _COMPARED:
        found[f"{name}_before"] = old[name].take(rows)
        found[f"{name}_after"] = new[name].take(rows)
    return pa.table(found)


def _check_known(table: Any, before: Law, after: Law) -> None:
    known = {OBJECT, *before.specs, *after.specs}
    for name in table.schema.names:
        if name not in known:
            packs = " and ".join(sorted({before.pack.id, after.pack.id}))
            raise InvalidInputError(ErrorKind.FACT_UNKNOWN, f"no fact {name!r:.60} in pack {packs}")


def _judged(table: Any, law: Law, as_of: date) -> dict[str, Any]:
    known = {OBJECT, *law.specs}
    own = table.select([at for at, name in enumerate(table.schema.names) if name in known])
    classes = classify_table(own, law=law, as_of=as_of)
    kept = retention_table(own, law=law, as_of=as_of)
    found = {name: classes.column(name) for name in _LABELS}
    found |= {name: kept.column(name) for name in (*_KEEPING, "problem")}
    return {name: _plain(column) for name, column in found.items()}


def _plain(column: Any) -> Any:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _differs(old: Any, new: Any) -> Any:
    other = pc.fill_null(pc.not_equal(old, new), False)
    return numbers(pc.or_(other, pc.xor(pc.is_null(old), pc.is_null(new))))
