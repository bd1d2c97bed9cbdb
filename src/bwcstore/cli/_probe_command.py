"""The commands `probe` and `storage attest`: what storage does, and what nobody can see of it."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from bwcstore._places import place_of
from bwcstore._ports import Backend, Capability
from bwcstore._store import Store
from bwcstore._values import LockMode
from bwcstore.cli._command import command, group
from bwcstore.cli._custody_options import Statement, say_done
from bwcstore.cli._exit import Exit
from bwcstore.cli._open import access, acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import Output, count_text
from bwcstore.cli._shown import shown
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._probe_result import Outcome, PlaceKind, ProbeResult, Verdict
from bwcstore.storage._probing import probe_place
from bwcstore.storage._s3_options import S3Place

Probed = tuple[PlaceKind, ProbeResult]

_WAIT: Final = "Trying {place} out with canaries; in a bucket, this takes some seconds."
_VERDICTS: Final = {
    Verdict.PROVEN: "proven: the storage refuses early deletion",
    Verdict.UNPROVEN: "UNPROVEN-WORM: the storage was not seen to refuse early deletion",
    Verdict.NOT_APPLICABLE: "not applicable: nothing here is expected to refuse a deletion",
}
_UNFIT: Final = "unfit: see what failed"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "probe", needs=Needs.SESSION)(probe)
    storage = group("What nobody can see of the places where a store lies.")
    command(storage, "storage attest", needs=Needs.SESSION)(attest)
    app.add_typer(storage, name="storage")


def probe(
    common: Common,
    *,
    location: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLACE]",
            help="A directory or s3://BUCKET/PREFIX; without it, the places of the store.",
        ),
    ] = None,
    kind: Annotated[
        PlaceKind | None,
        typer.Option("--as", help="What PLACE is to hold, or the one place of the store to try."),
    ] = None,
    lock: Annotated[
        LockMode,
        typer.Option(help="How canaries are locked in PLACE; a store knows its own way."),
    ] = LockMode.COMPLIANCE,
    record: Annotated[
        bool, typer.Option("--record", help="Record the result in the ledger of the store.")
    ] = False,
) -> int:
    """Try a place out: whether what it is told to keep can be deleted, replaced or unlocked."""
    if location is not None:
        _check_unrecorded(record)
        found = [_probed_place(common, location, kind or PlaceKind.EVIDENCE, lock)]
    elif record:
        with acting(common) as (store, session):
            found = _probed_store(common, store, kind)
            for place, result in worst_last(found):
                session.record_probe(result, place=place)
    else:
        with opened(common) as store:
            found = _probed_store(common, store, kind)
    _say(common.output, found, recorded=record)
    unproven = any(result.verdict is Verdict.UNPROVEN for _, result in found)
    return Exit.INTEGRITY if unproven else Exit.OK


def worst_last(found: Sequence[Probed]) -> list[Probed]:
    """Results in the order to record them: of a place with replicas the last one is shown later."""
    return sorted(found, key=lambda one: one[1].verdict is Verdict.UNPROVEN)


def _check_unrecorded(record: object) -> None:
    if record:
        raise typer.BadParameter("--record is for the places of a store, not for PLACE")


def _probed_place(common: Common, location: str, kind: PlaceKind, lock: LockMode) -> Probed:
    _remark(common.output, location)
    reach = access(common)
    place = place_of(location)
    backend: Backend = reach.bucket(place) if isinstance(place, S3Place) else LocalBackend(place)
    try:
        result = probe_place(backend, environment=reach.environment, place=kind, mode=lock)
    finally:
        backend.close()
    return kind, result


def _probed_store(common: Common, store: Store, kind: PlaceKind | None) -> list[Probed]:
    kinds = [kind] if kind is not None else [PlaceKind.EVIDENCE, PlaceKind.VAULT]
    if kind is None and Capability.CLAIMS in store.properties.capabilities:
        kinds.append(PlaceKind.CLAIMS)
    _remark(common.output, "the store")
    return [(one, result) for one in kinds for result in store.probe(one)]


def _remark(output: Output, place: str) -> None:
    if not output.machine:
        output.remark(_WAIT.format(place=shown(place)))


def _say(output: Output, found: Sequence[Probed], *, recorded: bool) -> None:
    if output.machine:
        output.document({"probes": [_document(*one) for one in found], "recorded": recorded})
        return
    for kind, result in found:
        applying = [one for one in result.checks if one.outcome is not Outcome.NOT_APPLICABLE]
        output.facts([(kind.value, result.location)])
        output.text()
        output.table(
            ("check", "outcome", "detail"),
            ((one.name, one.outcome.value, one.detail) for one in applying),
        )
        output.text()
        output.facts(_facts(kind, result, len(result.checks) - len(applying)))
        output.text()


def _facts(kind: PlaceKind, result: ProbeResult, idle: int) -> list[tuple[str, str]]:
    unfit = result.verdict is Verdict.UNPROVEN and kind is not PlaceKind.EVIDENCE
    facts = [
        ("verdict", _UNFIT if unfit else _VERDICTS[result.verdict]),
        ("commit protocol", result.protocol.value),
    ]
    if result.clock_offset_seconds is not None:
        facts.append(("clock offset", f"{result.clock_offset_seconds:+.1f} s"))
    if idle:
        facts.append(("not applicable", count_text(idle, "check")))
    return facts


def _document(kind: PlaceKind, result: ProbeResult) -> dict[str, object]:
    return {
        "place": kind.value,
        "location": shown(result.location),
        "verdict": result.verdict.value,
        "protocol": result.protocol.value,
        "clock_offset_seconds": result.clock_offset_seconds,
        "checks": [
            {"check": one.name, "outcome": one.outcome.value, "detail": one.detail}
            for one in result.checks
        ],
    }


def attest(
    common: Common,
    *,
    place: Annotated[PlaceKind, typer.Argument(help="Which place of the store.")],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORD...",
            help="What is attested, by codes: no-snapshots, no-backups, no-replication, or others.",
        ),
    ],
    statement: Statement = None,
) -> None:
    """Attest what no probe can see of a place, such as snapshots and copies elsewhere."""
    with acting(common) as (_, session):
        session.attest_storage(place, words=words, statement=statement)
    say_done(common.output, place=place.value, words=" ".join(sorted(set(words))))
