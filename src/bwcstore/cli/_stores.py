"""The commands about the store itself: its ledger's proofs, its upkeep."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Final

import typer

import bwcstore
from bwcstore._session._spool import PREFIX as SPOOL
from bwcstore._store import Store
from bwcstore._system import SystemClock
from bwcstore.cli._command import command, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._files import create_file
from bwcstore.cli._locks import remark_unlocked, terms, terms_facts
from bwcstore.cli._open import acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import count_text, size_text
from bwcstore.cli._parse import object_id
from bwcstore.cli._shown import shown

_DAY_SECONDS: Final = 86_400
_PACKAGES: Final = (
    "attrs",
    "cryptography",
    "fsspec",
    "pyarrow",
    "typer",
    "rich",
    "av",
    "s3fs",
    "botocore",
)


def register_ledger(app: typer.Typer) -> None:
    """Add the commands about the ledger."""
    command(app, "checkpoint", needs=Needs.KEYS)(checkpoint)
    command(app, "prove", needs=Needs.KEYS)(prove)


def register_upkeep(app: typer.Typer) -> None:
    """Add the commands that keep a store in order."""
    leftovers = group("What broken ingests left behind.")
    command(leftovers, "leftovers list", needs=Needs.SESSION)(leftovers_list)
    command(leftovers, "leftovers discard", needs=Needs.SESSION)(leftovers_discard)
    app.add_typer(leftovers, name="leftovers")
    command(app, "doctor", needs=Needs.SESSION)(doctor)
    command(app, "version", needs=Needs.OUTPUT)(version)


def checkpoint(common: Common) -> None:
    """Print the signed checkpoint of the ledger as it is now."""
    with opened(common) as store:
        note = store.checkpoint().decode()
    if common.output.machine:
        common.output.document({"checkpoint": note})
    else:
        common.output.text(note.rstrip("\n"))


def prove(
    common: Common,
    *,
    object_text: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="Prove that this was ingested.")
    ] = None,
    entry: Annotated[
        int | None, typer.Option("--entry", min=0, help="Prove this ledger entry instead.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since", metavar="NOTE", help="Prove that the log extends this checkpoint instead."
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to a new file, by habit *.tlog-proof."),
    ] = None,
) -> None:
    """Print a proof that can be checked without the store: of an object, an entry, or growth."""
    _only_one(object_text, entry, since)
    with opened(common) as store:
        if object_text is not None:
            proof = store.prove_object(object_id(object_text))
        elif entry is not None:
            proof = store.prove_entry(entry)
        elif since is not None:
            proof = store.prove_consistency(since.read_bytes())
    if target is not None:
        create_file(target, proof)
    if common.output.machine:
        written = shown(str(target)) if target is not None else None
        common.output.document({"proof": proof.decode(), "written": written})
    elif target is None:
        common.output.text(proof.decode().rstrip("\n"))
    else:
        common.output.remark(f"written: {shown(str(target))}")


def _only_one(*given: object) -> None:
    if sum(value is not None for value in given) != 1:
        raise typer.BadParameter("one of OBJECT, --entry and --since is needed")


_OlderThan = Annotated[
    float, typer.Option("--older-than-days", min=0, help="Only what is older than so many days.")
]


def leftovers_list(common: Common, *, older_than_days: _OlderThan = 7.0) -> None:
    """List what broken ingests left behind: no object refers to it."""
    with acting(common) as (_, session):
        found = session.leftovers(older_than_seconds=older_than_days * _DAY_SECONDS)
    if common.output.machine:
        common.output.document(
            {
                "leftovers": [
                    {
                        "object": str(one.object_id),
                        "names": list(one.names),
                        "length_bytes": one.length_bytes,
                        "newest": str(one.newest) if one.newest else None,
                    }
                    for one in found
                ]
            }
        )
        return
    common.output.table(
        ("object", "names#", "length#", "newest"),
        (
            (
                str(one.object_id),
                str(len(one.names)),
                size_text(one.length_bytes),
                str(one.newest or ""),
            )
            for one in found
        ),
    )
    common.output.remark(count_text(len(found), "leftover"))


def leftovers_discard(common: Common, *, older_than_days: _OlderThan = 7.0) -> None:
    """Destroy what broken ingests left behind. Logged before anything is destroyed."""
    with acting(common) as (_, session):
        gone = session.discard_leftovers(older_than_seconds=older_than_days * _DAY_SECONDS)
    count, length = len(gone.leftovers), sum(one.length_bytes for one in gone.leftovers)
    if common.output.machine:
        common.output.document(
            {
                "objects": [str(one.object_id) for one in gone.leftovers],
                "length_bytes": length,
                "temporary_count": gone.temporary_count,
                "withheld": list(gone.withheld),
            }
        )
        return
    common.output.text(f"{count_text(count, 'leftover')} discarded, {size_text(length)}")
    if gone.withheld:
        for name in gone.withheld:
            common.output.text(f"  kept by the storage  {shown(name)}")
        kept = len(gone.withheld)
        stay, keys, again = (
            ("1 name stays", "its key is", "it")
            if kept == 1
            else (f"{kept} names stay", "their keys are", "them")
        )
        common.output.remark(
            f"{stay} under a lock or hold of the storage; {keys} destroyed, and a later run finds "
            f"{again} again"
        )


def doctor(common: Common) -> int:
    """Report on storage, vault, clock, versions and warnings; exit code 1 if there is any."""
    with opened(common) as store:
        properties, vault, now = store.properties, store.vault, SystemClock().now()
        behind = max(0, store.last_at.microseconds - now.microseconds)
        report: dict[str, object] = {
            "versions": _versions(),
            "store": str(store.store_id),
            "format": store.parameters.format,
            "verifier_key": store.verifier_key,
            "entries": store.size,
            "location": properties.location,
            "capabilities": sorted(properties.capabilities),
            "storage_warnings": list(properties.warnings),
            "vault_replicas": list(vault.replicas),
            "key_epoch": vault.epoch,
            "warnings": list(store.warnings),
            "probes": [
                f"{place}: {probed.verdict}, {probed.at}" for place, probed in store.probed.items()
            ],
            "read_only": store.read_only,
            "clock": str(now),
            "last_entry": str(store.last_at),
            "clock_behind_seconds": behind // 1_000_000,
            "leftovers": _leftovers_count(common, store),
            "set_aside": len(vault.notes(SPOOL)),
        }
        troubled = bool(
            store.warnings
            or store.read_only
            or properties.warnings
            or report["clock_behind_seconds"]
        )
        if common.output.machine:
            common.output.document({**report, **terms(common, store)})
        else:
            common.output.facts((*_facts(report), *terms_facts(common, store)))
            remark_unlocked(common.output, store)
    return Exit.FINDINGS if troubled else Exit.OK


def _leftovers_count(common: Common, store: Store) -> int:
    # Looking is no act: nothing is written, whoever looks.
    with store.session(actor=common.actor_option or "doctor", reason="doctor") as session:
        return len(session.leftovers())


def _facts(report: dict[str, object]) -> list[tuple[str, str]]:
    facts = []
    for name, value in report.items():
        if isinstance(value, dict):
            facts += [(f"{key}", str(inner)) for key, inner in value.items()]
        elif isinstance(value, list):
            facts += [(name.replace("_", " "), str(inner)) for inner in value]
        elif value is not None:
            facts.append((name.replace("_", " "), str(value)))
    return facts


def version(common: Common) -> None:
    """Print the versions of this program and of what it is built on."""
    versions = _versions()
    if common.output.machine:
        common.output.document(versions)
    else:
        common.output.facts((name, str(value)) for name, value in versions.items())


def _versions() -> dict[str, object]:
    found: dict[str, object] = {
        "bwcstore": bwcstore.__version__,
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            found[package] = version_of(package)
        except PackageNotFoundError:
            found[package] = None
    return found
