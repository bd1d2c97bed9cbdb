"""A purge plan as rows: for a table on paper, a spreadsheet, or Arrow."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Self

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.purge._proof import Proof, Withheld

COLUMNS: Final = (
    "object",
    "state",
    "last_protected",
    "disposal",
    "by",
    "cites",
    "message",
)
DUE: Final = "due"


@attrs.frozen(kw_only=True)
class PlanRow:
    """One recording of a plan.

    Attributes:
        object: its id.
        state: `due`, or the code of what withholds it.
        last_protected: the last day on which it has to be kept, where that is known.
        disposal: the day from which the agency destroys; None where it is withheld.
        by: the entries of the schedule that let it be destroyed, or what withholds it.
        cites: the provisions that kept it.
        message: what withholds it, in words; empty where it is due.
    """

    object: str
    state: str
    last_protected: date | None
    disposal: date | None
    by: tuple[str, ...]
    cites: tuple[str, ...]
    message: str

    @classmethod
    def of_proof(cls, proof: Proof) -> Self:
        """The row of a recording that is due."""
        return cls(
            object=str(proof.object_id),
            state=DUE,
            last_protected=proof.last_protected,
            disposal=proof.disposal,
            by=tuple(ground.rule for ground in proof.authority),
            cites=tuple(dict.fromkeys(one.ground.cite for one in proof.floors)),
            message="",
        )

    @classmethod
    def of_withheld(cls, withheld: Withheld) -> Self:
        """The row of a recording that is withheld."""
        return cls(
            object=str(withheld.object_id),
            state=withheld.kind.value,
            last_protected=withheld.last_protected,
            disposal=None,
            by=withheld.by,
            cites=(),
            message=withheld.message,
        )


def rows_to_csv(rows: Iterable[PlanRow]) -> str:
    """Rows as CSV (RFC 4180) with a header; lists are joined by `; `."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(
            (
                row.object,
                row.state,
                row.last_protected or "",
                row.disposal or "",
                "; ".join(row.by),
                "; ".join(row.cites),
                row.message,
            )
        )
    return out.getvalue()


def rows_to_arrow(rows: Iterable[PlanRow]) -> Any:
    """Rows as a `pyarrow.Table`: text, two dates, and two lists of text.

    Raises:
        InvalidInputError: pyarrow is not installed (`extra-missing`).
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - few callers need Arrow, and it is slow to load
    except ImportError as exc:
        raise InvalidInputError(ErrorKind.EXTRA_MISSING, "a table needs pyarrow") from exc
    listed = pa.list_(pa.string())
    types = (pa.string(), pa.string(), pa.date32(), pa.date32(), listed, listed, pa.string())
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)))
    return pa.Table.from_pylist([_plain(row) for row in rows], schema=schema)


def _plain(row: PlanRow) -> dict[str, Any]:
    found = attrs.asdict(row)
    return {**found, "by": list(row.by), "cites": list(row.cites)}
