"""Whether cryptographic erasure can be claimed of a recording that was destroyed, or why not.

Rule kept here (spec: CRT-16): it is claimed only where the key epoch ended in every replica that
had the key, the root key can no longer be had, and no backup that was declared still holds the
old keys. Deleted bytes alone are never called erased.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, cast

from bwcstore.custody._fields import number, texts
from bwcstore.ledger._entry import Entry

ROOT_GONE: Final = frozenset({"replaced", "medium-sanitized"})
BACKUP_GONE: Final = frozenset({"destroyed", "older-epoch-removed"})
HOLDS_KEYS: Final = frozenset({"vault", "both"})
NOT_ATTESTED: Final = "not-attested"


class CertificateState(StrEnum):
    """How much a certificate claims."""

    BYTES_DELETED = "bytes-deleted"
    ERASED = "erased"


def declared_backups(lists: Iterable[Entry]) -> dict[str, str]:
    """Every backup that any of the lists names, and what it holds; the last list that names one
    says what.
    """
    found: dict[str, str] = {}
    for one in lists:
        for backup in cast("list[dict[str, str]]", one.body["backups"]):
            found[backup["id"]] = backup["holds"]
    return found


def attested_backups(attested: Entry | None) -> Mapping[str, str]:
    """What was attested of each backup."""
    if attested is None:
        return {}
    listed = cast("list[dict[str, str]]", attested.body["backups"])
    return {one["id"]: one["outcome"] for one in listed}


def shortcomings(
    completed: Entry, *, epoch: Entry | None, attested: Entry | None, backups: Iterable[Entry]
) -> tuple[str, ...]:
    """Why cryptographic erasure cannot be claimed; empty where it can.

    Args:
        completed: that the recording is gone.
        epoch: the end of an epoch after that.
        attested: what was attested of that epoch.
        backups: the lists of backups in force since the destruction began.
    """
    if epoch is None or number(epoch.body, "epoch") < number(completed.body, "epoch"):
        return ("the key epoch under which its key was wrapped was not destroyed since",)
    found = [
        f"the epoch was not destroyed in vault replica {replica}"
        for replica in texts(completed.body, "replicas")
        if replica not in texts(epoch.body, "replicas")
    ]
    if attested is None:
        return (*found, "nothing was attested of the root key and the backups")
    if attested.body["root"] not in ROOT_GONE:
        found.append("the root key of that epoch was kept")
    outcomes = attested_backups(attested)
    found += [
        f"backup {name}, which holds keys: {outcomes.get(name, NOT_ATTESTED)}"
        for name, holds in sorted(declared_backups(backups).items())
        if holds in HOLDS_KEYS and outcomes.get(name) not in BACKUP_GONE
    ]
    return tuple(found)
