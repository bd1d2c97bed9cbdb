"""Facts of many recordings as an Arrow table, and what one recording's judgement says, as rows."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import pyarrow as pa

from bwcstore.errors import InvalidInputError
from bwcstore.statute import Law, classify, retention
from bwcstore.statute._facts import Facts, FactSpec, FactType

Row = Mapping[str, Any]

# Of the small pack.
REQUEST: Final = {"id": "r", "received": date(2024, 5, 1), "days": 10, "written": True}
REQUESTS: Final = pa.list_(
    pa.struct(
        [
            ("id", pa.string()),
            ("received", pa.date32()),
            ("days", pa.int64()),
            ("written", pa.bool_()),
        ]
    )
)
HOLD: Final = {"id": "h", "kind": "litigation", "placed": date(2024, 5, 1)}
HOLDS: Final = pa.list_(
    pa.struct([("id", pa.string()), ("kind", pa.string()), ("placed", pa.date32())])
)

_DATE: Final = pa.date32()
_TYPES: Final = {
    FactType.FLAG: pa.bool_(),
    FactType.CODE: pa.string(),
    FactType.CODES: pa.list_(pa.string()),
    FactType.DATE: _DATE,
    FactType.INSTANT: pa.timestamp("us", tz="UTC"),
}


def arrow_type(spec: FactSpec) -> Any:
    """The type of the column of a fact."""
    if spec.type is FactType.REQUESTS:
        fields = [("id", pa.string()), ("received", _DATE), ("days", pa.int32())]
        flags = [(name, pa.bool_()) for name in spec.codes]
        return pa.list_(pa.struct([*fields, ("withdrawn", _DATE), *flags]))
    if spec.type is FactType.HOLDS:
        fields = [("id", pa.string()), ("kind", pa.string()), ("placed", _DATE)]
        return pa.list_(pa.struct([*fields, ("released", _DATE)]))
    return _TYPES[spec.type]


def _cell(spec: FactSpec, value: Any) -> Any:
    match spec.type:
        case FactType.CODES:
            return None if value is None else sorted(value)
        case FactType.REQUESTS:
            return value and [
                {
                    "id": one.id,
                    "received": one.received,
                    "days": one.days,
                    "withdrawn": one.withdrawn,
                    **one.answers,
                }
                for one in value
            ]
        case FactType.HOLDS:
            return value and [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "placed": one.placed,
                    "released": one.released,
                }
                for one in value
            ]
        case _:
            return value


def arrow_table(law: Law, rows: Sequence[Row], names: Sequence[str]) -> Any:
    """The facts of recordings `o0`, `o1`, ... in columns of these names, in this order."""
    columns = {"object": pa.array([f"o{number}" for number in range(len(rows))], pa.string())}
    for name in names:
        spec = law.specs[name]
        cells = [_cell(spec, row.get(name)) for row in rows]
        columns[name] = pa.array(cells, arrow_type(spec))
    return pa.table(columns)


def classified(facts: Facts, law: Law, as_of: date) -> dict[str, Any]:
    """The row that `classify_table` owes for these facts, without `object`."""
    try:
        found = classify(facts, law=law, as_of=as_of)
    except InvalidInputError as exc:
        highest = max(law.classes.values(), key=lambda one: one.rank)
        refused = {
            "class_id": highest.id,
            "individuals": highest.individuals,
            "others": highest.others,
        }
        empty = dict.fromkeys(("rule", "overlays", "overlays_unknown", "mismatches", "missing"))
        return {**refused, **empty, "problem": exc.kind.value}
    return {
        "class_id": found.class_id,
        "individuals": found.individuals,
        "others": found.others,
        "rule": found.ground.rule,
        "overlays": [one.ground.rule for one in found.overlays],
        "overlays_unknown": [one.ground.rule for one in found.overlays if not one.ground.certain],
        "mismatches": [one.label for one in found.mismatches],
        "missing": list(found.missing),
        "problem": None,
    }


_AS_THEY_ARE: Final = (
    "last_protected",
    "statutory_floor",
    "earliest_plain",
    "earliest_conservative",
    "disposal",
    "ceiling",
    "ceiling_passed",
    "metadata_last_protected",
)


def retained(facts: Facts, law: Law, as_of: date) -> dict[str, Any]:
    """The row that `retention_table` owes for these facts, without `object`."""
    try:
        found = retention(facts, law=law, as_of=as_of)
    except InvalidInputError as exc:
        empty = dict.fromkeys((*_AS_THEY_ARE, "authority", "holds", "missing"))
        return {"status": "undetermined", **empty, "problem": exc.kind.value}
    return {
        "status": found.status.value,
        **{name: getattr(found, name) for name in _AS_THEY_ARE},
        "authority": [one.rule for one in found.authority],
        "holds": list(found.holds),
        "missing": list(found.missing),
        "problem": None,
    }


def table_of(**columns: Any) -> Any:
    """A table with these columns, of recordings `o0`, `o1`, ..."""
    length = len(next(iter(columns.values())))
    return pa.table({"object": [f"o{number}" for number in range(length)], **columns})
