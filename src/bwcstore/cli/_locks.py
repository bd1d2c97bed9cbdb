"""The commands `locks sync` and `locks show`, and what every command says of locks."""

from collections.abc import Iterator
from typing import Annotated, Final

import attrs
import typer

from bwcstore import _layout
from bwcstore._ports import Capability, StoredVersion
from bwcstore._session._locks import LocksSyncedReport
from bwcstore._store import Store
from bwcstore._values import Instant, LockMode, ObjectId
from bwcstore.cli._command import command, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._open import acting, claims_named, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import Output, count_text, size_text, time_text
from bwcstore.cli._parse import object_id
from bwcstore.cli._progress import reporting
from bwcstore.custody._locking import told
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind

_PROBLEMS_MAX: Final = 20
UNLOCKED: Final = (
    "Nothing in this bucket is locked: whoever may delete there can delete recordings before "
    "their time, and only an audit tells."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    locks = group("Locks of the storage, which refuses to delete what is under one.")
    command(locks, "locks sync", needs=Needs.SESSION)(sync)
    command(locks, "locks show", needs=Needs.KEYS)(show)
    app.add_typer(locks, name="locks")


# --- What is said of locks everywhere ---------------------------------------------------------


def can_lock(store: Store) -> bool:
    """Whether the storage of the store can be asked to lock."""
    return Capability.LOCK in store.properties.capabilities


def terms(common: Common, store: Store) -> dict[str, object]:
    """How the store is locked and how its entries are committed, for a program."""
    locking = store.parameters.locking
    return {
        "locking": (
            None if locking is None else attrs.asdict(locking, value_serializer=_plain_value)
        ),
        "protocol": store.parameters.protocol,
        "claims": claims_named(common),
    }


def terms_facts(common: Common, store: Store) -> Iterator[tuple[str, str]]:
    """The same for people."""
    yield "locks", _locks_text(store)
    locking = store.parameters.locking
    if locking is not None and locking.mode is not LockMode.NONE:
        yield (
            "locked recordings",
            f"until the law's earliest day, at most {count_text(locking.max_days, 'day')}",
        )
        yield "locked without law", count_text(locking.unruled_days, "day")
        yield "locked records", f"{count_text(locking.record_days, 'day')} at a time"
    yield "commit protocol", store.parameters.protocol
    if (claims := claims_named(common)) is not None:
        yield "claims", claims


def remark_unlocked(output: Output, store: Store) -> None:
    """Tell a person when a store in a bucket goes without locks."""
    locking = store.parameters.locking
    if locking is not None and locking.mode is LockMode.NONE:
        output.remark(UNLOCKED)


def _plain_value(_: object, __: object, value: object) -> object:
    return value.value if isinstance(value, LockMode) else value


def _locks_text(store: Store) -> str:
    locking = store.parameters.locking
    if locking is None:
        return "none: this store was created where nothing can be locked"
    if locking.mode is LockMode.NONE:
        return "none: this store was created to do without"
    mode = locking.mode.value
    return mode if can_lock(store) else f"{mode}, but this storage cannot lock"


# --- locks sync -------------------------------------------------------------------------------


def sync(common: Common) -> int:
    """Tell the storage what to keep until when.

    Exit code 15 when it could not be told of everything: then run it again.
    """
    with acting(common) as (_, session), reporting(common) as progress:
        report = session.sync_locks(progress=progress)
    if common.output.machine:
        common.output.document(
            {
                "entries": report.through,
                "objects": report.objects,
                "withheld": report.withheld,
                "records": report.records,
                "records_until": _moment(report.records_until),
                "problems": list(report.problems),
            }
        )
    else:
        common.output.facts(_report_facts(report))
    for problem in report.problems[:_PROBLEMS_MAX]:
        common.output.warn(ErrorKind.LOCK_REFUSED, problem)
    if (more := len(report.problems) - _PROBLEMS_MAX) > 0:
        common.output.warn(
            ErrorKind.LOCK_REFUSED, f"{count_text(more, 'problem')} more; `--json` lists them all"
        )
    return Exit.UNFINISHED if report.withheld or report.problems else Exit.OK


def _report_facts(report: LocksSyncedReport) -> Iterator[tuple[str, str]]:
    yield "recordings changed", str(report.objects)
    if report.withheld:
        yield "recordings not changed", f"{report.withheld}: run this again"
    yield "records made longer", str(report.records)
    yield "records locked until", _records_text(report.records_until)


# --- locks show -------------------------------------------------------------------------------


def show(
    common: Common,
    *,
    object_text: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="Ask the storage about this one.")
    ] = None,
) -> None:
    """Show what is locked until when."""
    with opened(common) as store:
        if object_text is None:
            _show_all(common, store)
        else:
            _show_one(common, store, object_id(object_text))


def _show_all(common: Common, store: Store) -> None:
    output, synced, states = common.output, store.locks_synced, tuple(store.objects())
    if output.machine:
        said = None
        if synced is not None:
            said = {
                "at": str(synced.at),
                "entries": synced.through,
                "records_until": _moment(synced.records_until),
            }
        output.document(
            {
                **terms(common, store),
                "synced": said,
                "objects": [
                    {"object": str(one.object_id), "status": one.status, **_recorded(one)}
                    for one in states
                ],
            }
        )
        return
    facts = [*terms_facts(common, store)]
    if synced is not None:
        facts.append(("last told", time_text(synced.at)))
        facts.append(("records locked until", _records_text(synced.records_until)))
    elif can_lock(store):
        facts.append(("last told", "as each recording was stored; see `bwcstore locks sync`"))
    output.facts(facts)
    if states:
        output.text()
        output.table(("object", "status", "locked until", "legal hold"), map(_row, states))
    remark_unlocked(output, store)


def _row(state: ObjectState) -> tuple[str, str, str, str]:
    said = told(state)
    if state.purged is not None:
        return (str(state.object_id), state.status, "", "")
    held = "held" if said.legal_hold else ""
    return (str(state.object_id), state.status, _until_text(said.until), held)


def _show_one(common: Common, store: Store, wanted: ObjectId) -> None:
    output, state = common.output, store.object(wanted)
    versions = store.stored_versions(wanted)
    if output.machine:
        output.document(
            {
                "object": str(wanted),
                "status": state.status,
                "can_lock": can_lock(store),
                "recorded": _recorded(state),
                "versions": [
                    {
                        "name": one.name,
                        "version": one.version_id,
                        "length_bytes": one.length_bytes,
                        "marker": one.marker,
                        "locked_until": _moment(one.locked_until),
                        "legal_hold": one.legal_hold,
                    }
                    for one in versions
                ],
            }
        )
        return
    said = told(state)
    output.facts(
        (
            ("object", str(wanted)),
            ("status", state.status),
            ("locks", _locks_text(store)),
            ("ledger: locked until", _until_text(said.until)),
            ("ledger: legal hold", "held" if said.legal_hold else "none"),
            ("stored now", _count_text(versions)),
            ("stored under", _layout.object_prefix(wanted)),
        )
    )
    if versions:
        output.text()
        output.table(
            ("part", "version", "length#", "locked until", "hold"),
            map(_version_row, versions),
        )


def _count_text(versions: tuple[StoredVersion, ...]) -> str:
    markers = sum(one.marker for one in versions)
    names = len({one.name for one in versions})
    parts = [f"{count_text(len(versions) - markers, 'version')} of {count_text(names, 'name')}"]
    parts += [count_text(markers, "delete marker")] if markers else []
    return ", ".join(parts)


def _version_row(one: StoredVersion) -> tuple[str, str, str, str, str]:
    part = "manifest" if _layout.parse_manifest(one.name) else one.name.rpartition("/")[2]
    length = "delete marker" if one.marker else size_text(one.length_bytes)
    until = "" if one.marker else _until_text(one.locked_until)
    return (part, one.version_id, length, until, "held" if one.legal_hold else "")


def _recorded(state: ObjectState) -> dict[str, object]:
    said = told(state)
    return {"locked_until": _moment(said.until), "legal_hold": said.legal_hold}


def _moment(at: Instant | None) -> str | None:
    return None if at is None else str(at)


def _records_text(until: Instant | None) -> str:
    # Each was locked as it was stored; what was never told is how all of them are.
    return "as each was stored" if until is None else time_text(until)


def _until_text(at: Instant | None) -> str:
    return "not locked" if at is None else time_text(at)
