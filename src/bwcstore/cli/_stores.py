"""The commands about the store itself: making one, its ledger's proofs, its upkeep."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

import bwcstore
from bwcstore._session._spool import PREFIX as SPOOL
from bwcstore._store import Store
from bwcstore._system import SystemClock, SystemEntropy
from bwcstore.cli._command import command, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._files import create_file
from bwcstore.cli._open import acting, actor_key_path, key_source, opened, warn
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import shown, size_text
from bwcstore.cli._parse import length_bytes, object_id
from bwcstore.errors import ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._signer import generate_actor_key, load_actor_key

_DAY_SECONDS: Final = 86_400
_PACKAGES: Final = ("attrs", "cryptography", "fsspec", "pyarrow", "typer", "rich", "av")


def register_first(app: typer.Typer) -> None:
    """Add the command that makes a store."""
    command(app, "init", needs=Needs.SESSION)(init)


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


def init(
    common: Common,
    *,
    name: Annotated[
        str | None, typer.Option(help="The actor's name, for people. [default: none]")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(help="The log's public name in checkpoints, such as bwc.example.gov/log."),
    ] = None,
    chunk_bytes: Annotated[
        str, typer.Option(help="Stored bytes per chunk, a power of two, 64K to 8M.")
    ] = "1M",
    segment_chunks: Annotated[int, typer.Option(help="Chunks per segment, 1 to 4096.")] = 64,
    asserted: Annotated[
        bool, typer.Option("--asserted", help="Make no key for the actor: acts are asserted.")
    ] = False,
) -> None:
    """Make a store, its keys and its first actor, who is the responsible authority.

    Needs --actor. The key file and the actor's key are made where they are missing.
    """
    actor, made = common.actor, _Made()
    chunk = length_bytes(chunk_bytes, "--chunk-bytes")
    try:
        actor_key = None if asserted else _first_actor_key(common, made)
        _root_key(common, made)
        store = Store.create(
            common.store,
            key=key_source(common),
            actor=actor,
            actor_name=name,
            actor_key=actor_key,
            vaults=common.vaults,
            origin=origin,
            chunk_bytes=chunk,
            segment_chunks=segment_chunks,
        )
    except BaseException:
        if not any(place.exists() for place in common.vaults):
            made.undo()
        raise
    with store:
        _say_made(common, store, made)


@attrs.define
class _Made:
    """The key files that `init` made; a failure that left no vault takes them back."""

    root_key: Path | None = None
    actor_key: Path | None = None

    def undo(self) -> None:
        for path in (self.root_key, self.actor_key):
            if path is not None:
                path.unlink(missing_ok=True)


def _root_key(common: Common, made: _Made) -> None:
    if common.passphrase_file is not None or common.key_file.exists():
        return
    for place in common.vaults:
        if place.is_dir() and any(place.iterdir()):
            raise KeyVaultError(
                ErrorKind.KEY_FILE_MISSING,
                f"{place} holds a key vault, which a new key cannot open, and there is no key "
                f"file {common.key_file}",
            )
    KeyFile.generate(common.key_file, SystemEntropy())
    made.root_key = common.key_file


def _first_actor_key(common: Common, made: _Made) -> bytes:
    path = common.actor_key_option or actor_key_path(common.store, common.actor)
    if path is None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "the actor's name makes no file name: give --actor-key"
        )
    if path.exists():
        return load_actor_key(path).public_key
    made.actor_key = path
    return generate_actor_key(path, entropy=SystemEntropy()).public_key


def _say_made(common: Common, store: Store, made: _Made) -> None:
    output = common.output
    if output.machine:
        output.document(
            {
                "store": str(store.store_id),
                "location": shown(str(common.store)),
                "vaults": [shown(str(path)) for path in common.vaults],
                "key_file": None if common.passphrase_file else shown(str(common.key_file)),
                "actor_key_file": shown(str(made.actor_key)) if made.actor_key else None,
                "verifier_key": store.verifier_key,
                "warnings": list(store.warnings),
            }
        )
    else:
        output.facts(
            (
                ("store", str(store.store_id)),
                ("verifier key", store.verifier_key),
                ("location", str(common.store)),
                *(("key vault", str(path)) for path in common.vaults),
            )
        )
    if made.root_key is not None:
        output.remark(
            f"The key file {shown(str(made.root_key))} was made. Without it nothing in the store "
            "can be read, by anyone, ever: back it up, apart from the store."
        )
    if made.actor_key is not None:
        output.remark(
            f"The signing key of {shown(common.actor)} is {shown(str(made.actor_key))}: hand it "
            "over, and keep it apart from the store."
        )
    output.remark("Publish the verifier key: receipts and checkpoints are checked with it.")
    warn(common, store)
    for sentence in store.properties.warnings:
        output.warn(ErrorKind.STORAGE_UNFIT, sentence)


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
    common.output.remark(f"{len(found)} leftovers")


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
            }
        )
    else:
        common.output.text(f"{count} leftovers discarded, {size_text(length)}")


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
        common.output.document(report)
    else:
        common.output.facts(_facts(report))
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
