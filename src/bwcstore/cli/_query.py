"""The commands that list: `ls` for recordings, `query` for every table of the catalog."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

from bwcstore._store import Store
from bwcstore._values import Instant
from bwcstore.catalog._tables import NAMES
from bwcstore.cli._command import command
from bwcstore.cli._evidence import object_json
from bwcstore.cli._open import opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import time_text
from bwcstore.cli._parse import civil_date, instant, pairs
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind, InvalidInputError

_COLUMNS: Final = ("object", "ingested", "collected", "label", "trigger", "segments#", "accesses#")
_CSV: Final = ("object", "ingested_at", "collected_at", "label", "trigger", "segments", "accesses")
_NOTHING: Final = ""
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV (RFC 4180) with a header.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "ls", needs=Needs.KEYS)(list_objects)
    command(app, "query", needs=Needs.KEYS)(query)


def list_objects(
    common: Common,
    *,
    label: Annotated[str | None, typer.Option("--label", help="A label that it has now.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="A case it belongs to.")] = None,
    officer: Annotated[str | None, typer.Option("--officer", help="Who recorded it.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="What recorded it.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="`present`, `purging` or `purged`.")
    ] = None,
    collected_from: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY|TIME", help="Made on this day or later."),
    ] = None,
    collected_until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY|TIME", help="Made on this day at the latest."),
    ] = None,
    held: Annotated[
        bool | None, typer.Option("--held/--not-held", help="Whether something holds it.")
    ] = None,
    requests_pending: Annotated[
        bool | None,
        typer.Option("--pending/--not-pending", help="Whether a request about it is not answered."),
    ] = None,
    csv_output: Csv = False,
) -> None:
    """List the evidence objects in order of ingest, as far as the open part tells."""
    criteria: dict[str, Any] = {
        "label": label,
        "case": case,
        "officer": officer,
        "device": device,
        "status": status,
        "collected_from": _when(collected_from, "--from"),
        "collected_until": _when(collected_until, "--until"),
        "held": held,
        "requests_pending": requests_pending,
    }
    _check_output(common, csv_output=csv_output)
    with opened(common) as store:
        if csv_output:
            _print_csv(store.find(**criteria), _CSV)
            return
        # Without criteria nothing has to be looked for, and Arrow need not be loaded.
        wanted = any(value is not None for value in criteria.values())
        found = _found(store, criteria) if wanted else store.objects()
        if common.output.machine:
            for state in found:
                common.output.document(object_json(state))
            return
        common.output.table(_COLUMNS, (_line(state) for state in found))


def _found(store: Store, criteria: Mapping[str, Any]) -> Iterable[ObjectState]:
    ids = set(store.find(**criteria).column("object").to_pylist())
    return (state for state in store.objects() if state.object_id.text in ids)


def _line(state: ObjectState) -> tuple[str, ...]:
    return (
        str(state.object_id),
        time_text(state.ingested_at),
        time_text(state.collected[0].at) if state.collected else "",
        state.label or "",
        state.trigger or "",
        str(state.segment_count),
        str(state.activity.access_count),
    )


def _when(text: str | None, what: str) -> Instant | date | None:
    if text is None:
        return None
    return instant(text, what) if "T" in text else civil_date(text, what)


def query(
    common: Common,
    *,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="One of the catalog's tables.")],
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="COLUMN=VALUE", help="Rows with this value; repeat for several."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="NAME,NAME", help="These columns. [default: all]"),
    ] = None,
    csv_output: Csv = False,
) -> None:
    """Print a table of the catalog: recordings, facts, holds, requests, releases, accesses."""
    _check_output(common, csv_output=csv_output)
    _check_known(table, NAMES, "no table")
    wanted = pairs(where or (), "--where")
    with opened(common) as store:
        found = store.tables()[table]
    shown = columns.split(",") if columns is not None else found.schema.names
    for name in (*shown, *wanted):
        _check_known(name, found.schema.names, f"table {table} has no column")
    for name, value in wanted.items():
        found = _matching(found, name, value)
    found = found.select(shown)
    if csv_output:
        _print_csv(found, shown)
    elif common.output.machine:
        for row in _rows(found):
            common.output.document(row)
    else:
        lines = ([_text(value) for value in row.values()] for row in _rows(found))
        common.output.table(shown, lines)


def _matching(table: Any, name: str, value: str) -> Any:
    """The rows whose value is this, or whose list has it; those without a value for nothing."""
    import pyarrow as pa  # noqa: PLC0415 - only who queries waits for it
    import pyarrow.compute as pc  # noqa: PLC0415

    column = table.column(name)
    if value == _NOTHING:
        return table.filter(pc.is_null(column))
    kind = column.type
    if pa.types.is_list(kind):
        rows = [number for number, one in enumerate(column.to_pylist()) if value in (one or ())]
        return table.take(pa.array(rows, pa.int64()))
    if pa.types.is_boolean(kind):
        if value not in _FLAGS:
            raise _invalid(f"--where {name}: true or false is needed, not {value!r:.40}")
        return table.filter(pc.equal(column, _FLAGS[value]))
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return table.filter(pc.equal(column.cast(pa.string()), value))
    texts = [_text(_value(one)) for one in column.to_pylist()]
    return table.filter(pc.equal(pa.array(texts, pa.string()), value))


def _rows(table: Any) -> Iterable[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case datetime():
            return str(Instant.from_datetime(value))
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict():
            return {name: _value(one) for name, one in value.items()}
        case list():
            return [_value(one) for one in value]
        case _:
            return value


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return "; ".join(_text(one) for one in value)
        case dict():
            return " ".join(_text(one) for one in value.values())
        case _:
            return str(value)


def _print_csv(table: Any, columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in _rows(table.select(list(columns))):
        writer.writerow([_text(value) for value in row.values()])


def _check_known(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise _invalid(f"{what} {name!r:.40}: there are {', '.join(known)}")


def _check_output(common: Common, *, csv_output: bool) -> None:
    if csv_output and common.output.machine:
        raise _invalid("--csv and --json: one of them")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.ARGUMENT_INVALID, message)
