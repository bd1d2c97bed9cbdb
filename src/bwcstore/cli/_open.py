"""Opening a store and a session as the shared options say."""

import getpass
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bwcstore._places import Access, Place
from bwcstore._ports import Environment, Signer
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore.cli._beside import beside
from bwcstore.cli._options import Common
from bwcstore.cli._warnings import warning_text
from bwcstore.errors import ErrorKind, KeyVaultError
from bwcstore.storage._keysource import KeyFile, KeySource, Passphrase
from bwcstore.storage._signer import load_actor_key

_FROM_TERMINAL: Final = Path("-")


def key_source(common: Common) -> KeySource:
    """What opens the key vault: a key file, or a passphrase from a file or the terminal.

    Raises:
        KeyVaultError: the passphrase file cannot be read or is empty.
    """
    if common.passphrase_file is None:
        return KeyFile(common.key_file)
    if common.passphrase_file == _FROM_TERMINAL:
        return Passphrase(getpass.getpass("Passphrase: ", stream=sys.stderr))
    try:
        lines = common.passphrase_file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_MISSING, f"cannot read passphrase file {common.passphrase_file}"
        ) from exc
    if not lines or not lines[0]:
        raise KeyVaultError(
            ErrorKind.KEY_FILE_INVALID, f"passphrase file {common.passphrase_file} is empty"
        )
    return Passphrase(lines[0])


def actor_key_path(store: Place, actor: str) -> Path | None:
    """Where the actor's key is when it is not said; None when the name makes no file name.

    Raises:
        InvalidInputError: the store is in a bucket, and this user has no home.
    """
    plain = actor and "/" not in actor and "\0" not in actor
    return beside(store, f"{actor}.pem") if plain else None


def signer(common: Common) -> Signer | None:
    """The actor's key, or None where the actor only asserts.

    Raises:
        KeyVaultError: the key file cannot be read.
    """
    if common.actor_key_option is not None:
        return load_actor_key(common.actor_key_option)
    path = actor_key_path(common.store, common.actor)
    return load_actor_key(path) if path is not None and path.is_file() else None


def named(places: Iterable[Place]) -> tuple[str, ...]:
    """Places as the library takes them."""
    return tuple(str(place) for place in places)


def claims_named(common: Common) -> str | None:
    """The place of the claims as the library takes it; None where there is none.

    Raises:
        InvalidInputError: it is a malformed URL.
    """
    return str(common.claims) if common.claims is not None else None


def access(common: Common) -> Access:
    """What it takes to open a place of a store without its keys."""
    world = Environment(clock=SystemClock(), entropy=SystemEntropy(), workers=SerialWorkers())
    return Access(environment=world, options=common.s3)


@contextmanager
def opened(common: Common, *, environment: Environment | None = None) -> Iterator[Store]:
    """The store, open; its warnings are printed.

    Raises:
        BwcStoreError: it cannot be opened.
    """
    with Store.open(
        str(common.store),
        key=key_source(common),
        vaults=named(common.vaults),
        claims=claims_named(common),
        s3=common.s3,
        environment=environment,
    ) as store:
        warn(common, store)
        yield store


def warn(common: Common, store: Store) -> None:
    """Print what a custodian should know of a store whenever it is used."""
    for kind in store.warnings:
        common.output.warn(kind, warning_text(kind, store))


@contextmanager
def acting(
    common: Common, *, environment: Environment | None = None
) -> Iterator[tuple[Store, Session]]:
    """The store and a session of the actor.

    Raises:
        BwcStoreError: it cannot be opened, or the actor may not act.
    """
    actor, reason = common.actor, common.reason
    with (
        opened(common, environment=environment) as store,
        store.session(
            actor=actor, reason=reason, purpose=common.purpose, signer=signer(common)
        ) as session,
    ):
        yield store, session
