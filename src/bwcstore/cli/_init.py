"""The command `init`: a store, its keys and its first actor.

Rule kept here: a failure takes back the key files that were made for it, unless a vault may hold
what only they open.
"""

from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

from bwcstore._places import Access, Place, open_root
from bwcstore._store import Store
from bwcstore._system import SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.cli._beside import make_room
from bwcstore.cli._command import command
from bwcstore.cli._locks import remark_unlocked, terms, terms_facts
from bwcstore.cli._open import access, actor_key_path, claims_named, key_source, named, warn
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import length_bytes
from bwcstore.cli._shown import shown
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError, KeyVaultError
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._s3_options import S3Place
from bwcstore.storage._signer import generate_actor_key, load_actor_key

_DAYS_MAX: Final = 36_500
_MODE: Final = typer.Option(
    help="How a bucket refuses early deletion: `compliance` to everybody, `governance` to all who "
    "were given no exception, `none` to nobody. [default: compliance in a bucket]"
)


def _days(help_text: str, *, default: int) -> object:
    return typer.Option(min=1, max=_DAYS_MAX, help=f"{help_text} [default: {default}]")


_STANDARD: Final = Locking()
_RecordDays = Annotated[
    int | None, _days("How long records are locked at a time.", default=_STANDARD.record_days)
]
_MaxDays = Annotated[
    int | None, _days("No recording is locked for longer.", default=_STANDARD.max_days)
]
_UnruledDays = Annotated[
    int | None,
    _days(
        "How long a recording is locked while the store has no law.",
        default=_STANDARD.unruled_days,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "init", needs=Needs.SESSION)(init)


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
    lock: Annotated[LockMode | None, _MODE] = None,
    record_lock_days: _RecordDays = None,
    max_lock_days: _MaxDays = None,
    unruled_lock_days: _UnruledDays = None,
) -> None:
    """Make a store, its keys and its first actor, who is the responsible authority.

    Needs --actor. The key file and the actor's key are made where they are missing.
    """
    actor, vaults, made = common.actor, common.vaults, _Made()
    chunk = length_bytes(chunk_bytes, "--chunk-bytes")
    days = {
        "record_days": record_lock_days,
        "max_days": max_lock_days,
        "unruled_days": unruled_lock_days,
    }
    locking = _locking(common.store, lock, days)
    _check_buckets(common)
    if isinstance(common.store, S3Place):
        common.output.remark("The bucket is tried out with canaries; this takes some seconds.")
    try:
        actor_key = None if asserted else _first_actor_key(common, made)
        _root_key(common, made)
        store = Store.create(
            str(common.store),
            key=key_source(common),
            actor=actor,
            actor_name=name,
            actor_key=actor_key,
            vaults=named(vaults),
            origin=origin,
            chunk_bytes=chunk,
            segment_chunks=segment_chunks,
            locking=locking,
            claims=claims_named(common),
            s3=common.s3,
        )
    except BaseException as exc:
        _take_back(common, made, exc)
        raise
    with store:
        _say_made(common, store, made)


def _locking(store: Place, mode: LockMode | None, days: dict[str, int | None]) -> Locking | None:
    given = {name: value for name, value in days.items() if value is not None}
    if mode is None and not given:
        return None
    if not isinstance(store, S3Place):
        raise typer.BadParameter(f"{store} is a directory, where nothing can be locked")
    if mode is LockMode.NONE and given:
        raise typer.BadParameter("--lock none locks nothing: there are no days to say")
    return attrs.evolve(_STANDARD, mode=mode or _STANDARD.mode, **given)


def _check_buckets(common: Common) -> None:
    """Look at every bucket before a key is made for what lies there.

    Raises:
        InvalidInputError: the client library is missing, or the claims are not in a bucket.
        StorageError: a bucket is not there, or cannot be looked at.
    """
    reach = access(common)
    if isinstance(common.store, S3Place):
        open_root(common.store, reach, claims=claims_named(common)).close()
    for place in common.vaults:
        if isinstance(place, S3Place):
            reach.bucket(place).close()


@attrs.define
class _Made:
    """The key files that `init` made."""

    root_key: Path | None = None
    actor_key: Path | None = None

    def undo(self) -> None:
        for path in (self.root_key, self.actor_key):
            if path is not None:
                path.unlink(missing_ok=True)


def _take_back(common: Common, made: _Made, exc: BaseException) -> None:
    try:
        needed = any(_holds_anything(place, access(common)) for place in common.vaults)
    except BwcStoreError:
        # A vault that cannot be looked at may hold what only the key opens.
        needed = True
    if not needed:
        made.undo()
    elif made.root_key is not None:
        exc.add_note(f"the key file {made.root_key} was made and is kept: run this again")


def _holds_anything(place: Place, reach: Access) -> bool:
    """Whether something is stored in a place.

    Raises:
        StorageError: it cannot be looked at.
    """
    if isinstance(place, Path):
        return place.is_dir() and any(place.iterdir())
    backend = reach.bucket(place)
    try:
        return next(backend.list(""), None) is not None
    finally:
        backend.close()


def _root_key(common: Common, made: _Made) -> None:
    path = common.key_file
    if common.passphrase_file is not None or path.exists():
        return
    for place in common.vaults:
        if _holds_anything(place, access(common)):
            raise KeyVaultError(
                ErrorKind.KEY_FILE_MISSING,
                f"{place} holds a key vault, which a new key cannot open, and there is no key "
                f"file {path}",
            )
    make_room(path, common.store)
    KeyFile.generate(path, SystemEntropy())
    made.root_key = path


def _first_actor_key(common: Common, made: _Made) -> bytes:
    path = common.actor_key_option or actor_key_path(common.store, common.actor)
    if path is None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "the actor's name makes no file name: give --actor-key"
        )
    if path.exists():
        return load_actor_key(path).public_key
    make_room(path, common.store)
    public_key = generate_actor_key(path, entropy=SystemEntropy()).public_key
    made.actor_key = path
    return public_key


def _say_made(common: Common, store: Store, made: _Made) -> None:
    output = common.output
    if output.machine:
        output.document(
            {
                "store": str(store.store_id),
                "location": shown(str(common.store)),
                "vaults": [shown(str(place)) for place in common.vaults],
                "key_file": None if common.passphrase_file else shown(str(common.key_file)),
                "actor_key_file": shown(str(made.actor_key)) if made.actor_key else None,
                "verifier_key": store.verifier_key,
                "warnings": list(store.warnings),
                **terms(common, store),
            }
        )
    else:
        output.facts(
            (
                ("store", str(store.store_id)),
                ("verifier key", store.verifier_key),
                ("location", str(common.store)),
                *(("key vault", str(place)) for place in common.vaults),
                *terms_facts(common, store),
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
    remark_unlocked(output, store)
    warn(common, store)
    for sentence in store.properties.warnings:
        output.warn(ErrorKind.STORAGE_UNFIT, sentence)
