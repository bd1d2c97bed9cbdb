"""Classes and retention of whole tables, as Arrow tables.

Rules kept here (spec chapter `statute-pack`): LAW-50 to LAW-52 and LAW-60 to LAW-68, as
`_classify` and `_retention` keep them for one recording; for the same facts both say the same.

A row that a judgement would refuse has a problem instead of conclusions (LAW-33, LAW-34): it is
taken for the class of highest rank, and nothing gives its retention an end.
"""

from datetime import date
from typing import Any, Final

import attrs
import numpy as np
import pyarrow as pa

from bwcstore.statute._condition import CLASS, Has, Not, OneOf
from bwcstore.statute._facts import LABELS
from bwcstore.statute._pack import Law
from bwcstore.statute.tables._arrow import (
    CODED,
    NAMES,
    Numbers,
    coded,
    dates,
    listed,
    names_of_bits,
    names_where,
)
from bwcstore.statute.tables._columns import YES, Answers, Bits, Bools, CodeColumn, Columns
from bwcstore.statute.tables._fact_columns import OBJECT, PROBLEMS, Piece, read_pieces
from bwcstore.statute.tables._keeping import STATUSES, holding, keep

_CLASSIFICATION: Final = {
    "class_id": CODED,
    "individuals": CODED,
    "others": CODED,
    "rule": CODED,
    "overlays": NAMES,
    "overlays_unknown": NAMES,
    "mismatches": NAMES,
    "missing": NAMES,
    "problem": CODED,
}
_RETENTION: Final = {
    "status": CODED,
    "last_protected": pa.date32(),
    "statutory_floor": pa.date32(),
    "earliest_plain": pa.date32(),
    "earliest_conservative": pa.date32(),
    "disposal": pa.date32(),
    "ceiling": pa.date32(),
    "ceiling_passed": pa.bool_(),
    "metadata_last_protected": pa.date32(),
    "authority": NAMES,
    "holds": NAMES,
    "missing": NAMES,
    "problem": CODED,
}
_NEVER_NULL: Final = frozenset({"class_id", "others", "status"})


def classify_table(table: Any, *, law: Law, as_of: date) -> Any:
    """Say which class each recording of a table is of (spec: LAW-50 to LAW-52).

    The columns of the table are `object`, text that names the recording and is handed through,
    and one for each fact that is given, by its name; a column or a value that is missing is a
    fact that is not given. Types of columns:

    - `flag`: bool; `date`: date32; `instant`: timestamp with a time zone;
    - `code`: string, or a dictionary of strings; `codes`: a list of those;
    - `requests`: a list of structs with `id` (string), `received` (date32), `days` (integer),
      `withdrawn` (date32; may be left out), and a bool for each flag that the pack asks;
    - `holds`: a list of structs with `id` and `kind` (string), `placed` (date32) and `released`
      (date32; may be left out).

    Columns of the answer, in the order of the rows:

    | column | type | |
    |---|---|---|
    | `object` | as given | |
    | `class_id` | dictionary of strings | the id of the class |
    | `individuals` | dictionary of strings | null: no data on individuals |
    | `others` | dictionary of strings | |
    | `rule` | dictionary of strings | the id of the rule that decided |
    | `overlays` | list of strings | ids of the overlays that go with it, or may |
    | `overlays_unknown` | list of strings | those of them that are unknown |
    | `mismatches` | list of strings | ids of labels that the facts do not bear out |
    | `missing` | list of strings | facts that could change the class, sorted |
    | `problem` | dictionary of strings | why the row cannot be judged; null: it is judged |

    A row with a `problem` has the class of highest rank, and null for `rule` and in every list.

    Args:
        table: a `pyarrow.Table`.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Returns:
        A `pyarrow.Table`.

    Raises:
        InvalidInputError: `field-missing` or `field-invalid`: the column `object` is missing or no
            text, or a column stands twice; `fact-unknown`: the pack has no such fact; `fact-type`,
            `time-naive`, `request-incomplete` or `text-form`: a column is of another type, or a
            row has a value that cannot be one of the fact; the message names the row.
    """
    found = [_classified(piece, law) for piece in read_pieces(table, law=law, as_of=as_of)]
    return _table(table, found, _CLASSIFICATION)


def retention_table(table: Any, *, law: Law, as_of: date) -> Any:
    """Say how long each recording of a table is kept (spec: LAW-60 to LAW-68).

    Columns of the answer, in the order of the rows; the attributes of `Retention` by those names
    say more of what they mean:

    | column | type | |
    |---|---|---|
    | `object` | as given | |
    | `status` | dictionary of strings | |
    | `last_protected` | date32 | null: without limit |
    | `statutory_floor` | date32 | null: none, or without limit |
    | `earliest_plain`, `earliest_conservative` | date32 | null: none |
    | `disposal` | date32 | null: the agency may not destroy |
    | `ceiling` | date32 | null: none |
    | `ceiling_passed` | bool | |
    | `metadata_last_protected` | date32 | null: none, or without limit |
    | `authority` | list of strings | ids of the confirmed schedule entries that apply |
    | `holds` | list of strings | ids of the holds that hold, sorted |
    | `missing` | list of strings | facts that keep the end from being known, sorted |
    | `problem` | dictionary of strings | why the row cannot be judged; null: it is judged |

    A row with a `problem` has the status `undetermined`, and null for all else.

    Args:
        table: a `pyarrow.Table` as `classify_table` takes it.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Returns:
        A `pyarrow.Table`.

    Raises:
        InvalidInputError: as `classify_table` does.
    """
    found = [_retained(piece, law) for piece in read_pieces(table, law=law, as_of=as_of)]
    return _table(table, found, _RETENTION)


def _table(given: Any, pieces: list[dict[str, Any]], types: dict[str, Any]) -> Any:
    schema = pa.schema(
        [given.schema.field(OBJECT)]
        + [pa.field(name, kind, nullable=name not in _NEVER_NULL) for name, kind in types.items()]
    )
    batches = [
        pa.RecordBatch.from_arrays([piece[name] for name in schema.names], schema=schema)
        for piece in pieces
    ]
    return pa.Table.from_batches(batches, schema=schema)


def _classified(piece: Piece, law: Law) -> dict[str, Any]:
    columns, sound = piece.columns, piece.sound
    classes = tuple(law.classes.values())
    class_ids = tuple(one.id for one in classes)
    decided = _decide(piece, law, class_ids)
    highest = max(range(len(classes)), key=lambda number: classes[number].rank)
    which = np.where(sound, decided.classes, np.int32(highest))
    overlays = _overlays(columns.with_codes(CLASS, CodeColumn(which, class_ids)), law)
    without_individuals = sound & columns.judge(law.pack.individuals_when).no
    return {
        OBJECT: piece.objects,
        "class_id": coded(which, class_ids, YES),
        "individuals": coded(which, [one.individuals for one in classes], ~without_individuals),
        "others": coded(which, [one.others for one in classes], YES),
        "rule": coded(decided.rules, [rule.id for rule in law.classification], sound),
        "overlays": names_where([(name, ~one.no) for name, one in overlays], sound),
        "overlays_unknown": names_where([(name, one.unknown) for name, one in overlays], sound),
        "mismatches": names_where(_mismatches(columns, law), sound),
        "missing": names_of_bits(decided.missing, _names(law), sound),
        "problem": coded(piece.problems, PROBLEMS, ~sound),
    }


@attrs.frozen(kw_only=True, eq=False)
class _Decided:
    """Which class and which rule of the law each row comes to, and what could change it."""

    classes: Numbers
    rules: Numbers
    missing: Bits


def _decide(piece: Piece, law: Law, class_ids: tuple[str, ...]) -> _Decided:
    columns = piece.columns
    open_ = np.ones(piece.count, dtype=np.bool_)
    rank = np.full(piece.count, -1, dtype=np.int64)
    classes = np.zeros(piece.count, dtype=np.int32)
    rules = np.zeros(piece.count, dtype=np.int32)
    missing = np.zeros(piece.count, dtype=np.uint64)
    for number, rule in enumerate(law.classification):
        found = columns.judge(rule.when)
        gives = law.classes[rule.gives].rank
        taken = open_ & ~found.no & (rank < gives)
        rank[taken] = gives
        classes[taken] = class_ids.index(rule.gives)
        rules[taken] = number
        unknown = open_ & found.unknown
        if unknown.any():
            missing |= np.where(unknown, columns.missing(rule.when), np.uint64(0))
        open_ &= ~found.yes
        if not open_.any():
            break
    return _Decided(classes=classes, rules=rules, missing=missing)


def _overlays(columns: Columns, law: Law) -> list[tuple[str, Answers]]:
    """The overlays that may go with the classes, in order."""
    found = []
    for rule in law.overlays:
        answers = columns.judge(rule.when)
        if rule.classes:
            other = columns.judge(Not(OneOf(CLASS, rule.classes))).yes
            answers = Answers(answers.yes & ~other, answers.no | other)
        found.append((rule.id, answers))
    return found


def _mismatches(columns: Columns, law: Law) -> list[tuple[str, Bools]]:
    """The labels, and where a recording has one that its facts do not bear out."""
    return [
        (label.id, columns.judge(Has(LABELS, label.id)).yes & columns.judge(label.expects).no)
        for label in law.labels
    ]


def _names(law: Law) -> list[str]:
    return [spec.name for spec in law.recording_facts]


def _retained(piece: Piece, law: Law) -> dict[str, Any]:
    found, sound = keep(piece, law), piece.sound
    whole = np.broadcast_to(found.ceiling_passed, (piece.count,))
    return {
        OBJECT: piece.objects,
        "status": coded(found.status, STATUSES, YES),
        "last_protected": dates(found.last_protected, sound),
        "statutory_floor": dates(found.statutory_floor, sound),
        "earliest_plain": dates(found.earliest_plain, sound),
        "earliest_conservative": dates(found.earliest_conservative, sound),
        "disposal": dates(found.disposal, sound),
        "ceiling": dates(found.ceiling, sound),
        "ceiling_passed": pa.array(whole, mask=~sound),
        "metadata_last_protected": dates(found.metadata_last_protected, sound),
        "authority": names_where(found.authority, sound),
        "holds": _holds(piece),
        "missing": names_of_bits(found.missing, _names(law), sound),
        "problem": coded(piece.problems, PROBLEMS, ~sound),
    }


def _holds(piece: Piece) -> Any:
    """The ids of the holds that hold, sorted within each row."""
    if piece.holds is None:
        return names_where([], piece.sound)
    rows = piece.holds.rows
    counts = holding(piece) & piece.sound[rows]
    ids = piece.holds.ids.filter(pa.array(counts))
    shown = pa.table({"row": rows[counts], "id": ids})
    ids = shown.sort_by([("row", "ascending"), ("id", "ascending")]).column("id")
    return listed(
        ids.combine_chunks(), np.bincount(rows[counts], minlength=piece.count), piece.sound
    )
