"""The commands about keys: `key init|inventory|health|repair|backup|drill|rotate|add-replica`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import attrs
import typer

from bwcstore._places import Place, make_vaults, open_vaults, place_of
from bwcstore._ports import Backend
from bwcstore._store import Store
from bwcstore._system import SystemEntropy, system_environment
from bwcstore.cli._command import command, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._open import access, acting, key_source, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import count_text
from bwcstore.cli._shown import shown
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._vault import DirectoryVault

_NewPlace = Annotated[
    str,
    typer.Argument(metavar="PLACE", help="A new directory, to be made, or s3://BUCKET/PREFIX."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = group("The keys: without them nothing can be read, by anyone, ever.")
    command(keys, "key init", needs=Needs.OUTPUT)(init)
    command(keys, "key inventory", needs=Needs.KEYS)(inventory)
    command(keys, "key health", needs=Needs.KEYS)(health)
    command(keys, "key repair", needs=Needs.KEYS)(repair)
    command(keys, "key backup", needs=Needs.KEYS)(backup)
    command(keys, "key drill", needs=Needs.KEYS)(drill)
    command(keys, "key rotate", needs=Needs.SESSION)(rotate)
    command(keys, "key add-replica", needs=Needs.KEYS)(add_replica)
    app.add_typer(keys, name="key")


def init(
    common: Common,
    *,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The key file to make.")],
) -> None:
    """Make a key file of mode 0600 that opens a key vault."""
    KeyFile.generate(target, SystemEntropy())
    if common.output.machine:
        common.output.document({"key_file": shown(str(target))})
    common.output.remark(
        f"{shown(str(target))} was made. Back it up, apart from the store and from the vault."
    )


def _vault(store: Store) -> DirectoryVault:
    vault = store.vault
    if not isinstance(vault, DirectoryVault):
        raise StorageError(
            ErrorKind.STORAGE_UNFIT, "the key vault is not one of directories: use its own tools"
        )
    return vault


def inventory(common: Common) -> None:
    """List every living key: its id, check value and epoch, never its value."""
    with opened(common) as store:
        keys = tuple(store.vault.inventory())
    if common.output.machine:
        common.output.document(
            {
                "keys": [
                    {"key": one.key_id, "check": one.check.hex(), "epoch": one.epoch}
                    for one in keys
                ]
            }
        )
        return
    common.output.table(
        ("key", "check", "epoch#"),
        ((one.key_id, one.check.hex(), str(one.epoch)) for one in keys),
    )
    common.output.remark(count_text(len(keys), "key"))


def health(common: Common) -> int:
    """Compare the replicas of the vault, file by file; exit code 1 when anything is amiss."""
    with opened(common) as store:
        found = _vault(store).health()
    if common.output.machine:
        common.output.document({"findings": [attrs.asdict(one) for one in found]})
    elif found:
        common.output.table(
            ("code", "replica", "location", "name", "what"),
            ((one.kind, one.replica, one.location, one.name, one.message) for one in found),
        )
    else:
        common.output.remark("every replica is whole, and all are the same")
    return Exit.FINDINGS if found else Exit.OK


def repair(common: Common) -> None:
    """Copy what replicas lack from those that have it."""
    with opened(common) as store:
        written = _vault(store).repair()
    if common.output.machine:
        common.output.document({"written": written})
    else:
        common.output.text(f"{count_text(written, 'file')} written")


def backup(common: Common, *, target: _NewPlace) -> None:
    """Copy the vault to a place that is kept elsewhere. It opens what is living now."""
    place = place_of(target)
    with ExitStack() as held, opened(common) as store:
        replica = _vault(store).export_backup(_made(common, place, held))
    _say_replica(common, place, replica)


def add_replica(common: Common, *, target: _NewPlace) -> None:
    """Keep the keys in one more place; name it with --vault from now on."""
    place = place_of(target)
    with ExitStack() as held, opened(common) as store:
        replica = _vault(store).add_replica(_made(common, place, held))
    _say_replica(common, place, replica)
    places = " ".join(f"--vault {shown(str(one))}" for one in (*common.vaults, place))
    common.output.remark(f"from now on: {places}")


def _made(common: Common, place: Place, held: ExitStack) -> Backend:
    """A new place for keys, which is let go of after the store.

    Raises:
        KeyVaultError: what is deleted there is kept (`VAULT_UNFIT`).
        StorageError: it cannot be made or opened.
    """
    if isinstance(place, Path):
        backend: Backend = LocalBackend.create_root(place)
    else:
        (backend,) = make_vaults([place], access(common))
    held.callback(backend.close)
    return backend


def _say_replica(common: Common, place: Place, replica: str) -> None:
    if common.output.machine:
        common.output.document({"replica": replica, "location": shown(str(place))})
    else:
        common.output.text(f"{replica}  {shown(str(place))}")


def drill(
    common: Common,
    *,
    backup_vault: Annotated[
        str,
        typer.Option(metavar="DIR|s3://BUCKET/PREFIX", help="The backup of the vault."),
    ],
    backup_key_file: Annotated[
        Path | None, typer.Option(help="The backup of the key file. [default: --key-file]")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Unwrap so many keys of each file only. [default: all]"),
    ] = None,
) -> int:
    """Prove that a backup of the keys opens the store; exit code 1 when it does not."""
    source = KeyFile(backup_key_file) if backup_key_file is not None else key_source(common)
    environment = system_environment()
    with ExitStack() as held, opened(common) as store:
        backends = open_vaults([place_of(backup_vault)], access(common))
        held.callback(backends[0].close)
        other = DirectoryVault.open(
            backends,
            source=source,
            entropy=environment.entropy,
            clock=environment.clock,
            store_id=store.store_id,
        )
        result = _vault(store).drill(other, sample=sample)
    if common.output.machine:
        common.output.document({"passed": result.passed, **attrs.asdict(result)})
    else:
        common.output.facts(
            (
                ("result", "passed" if result.passed else "FAILED"),
                ("living keys", str(result.key_count)),
                ("opened from the backup", str(result.opened_count)),
                *(("missing", key_id) for key_id in result.missing),
                *(("differing", key_id) for key_id in result.differing),
            )
        )
    return Exit.OK if result.passed else Exit.FINDINGS


def rotate(common: Common) -> None:
    """Wrap every living key anew and destroy the old epoch: erased keys are then gone for good."""
    with acting(common) as (_, session):
        rotation = session.rotate_keys()
    if common.output.machine:
        common.output.document(attrs.asdict(rotation))
    else:
        common.output.text(
            f"epoch {rotation.destroyed} destroyed, epoch {rotation.opened} opened, "
            f"{rotation.keys} keys wrapped anew"
        )
