"""Replacing the key epoch, announced before and reported after (ORD-12)."""

import attrs

from bwcstore._session._acting import Acting
from bwcstore._values import Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InternalError
from bwcstore.ledger._draft import Decision


@attrs.frozen(kw_only=True)
class Rotation:
    """What a rotation did: which epoch ended, which began, how many keys moved."""

    destroyed: int
    opened: int
    keys: int


def rotate(acting: Acting, *, verb: Verb = Verb.ROTATE_KEYS) -> Rotation:
    """Open a new key epoch and destroy the old one; see `Session.rotate_keys`.

    Args:
        acting: who does it.
        verb: what they do it for: destruction ends with it (PRG-15).
    """
    vault = acting.services.vault
    former = vault.epoch

    def announce(_: State, permission: Permission, now: Instant) -> Decision:
        draft = acting.draft(permission, "keys.rotation_started", {"epoch": former}, now=now)
        return Decision(drafts=(draft,), outcome=permission)

    permission = acting.commit(verb, announce).outcome
    if not isinstance(permission, Permission):
        raise InternalError(ErrorKind.DEFECT, "a rotation was committed without a permission")
    # ORD-12: what announces the end of keys is under a checkpoint before the first key ends.
    acting.services.log.checkpoint()
    opened = vault.rotate()
    keys = sum(1 for _ in vault.inventory())

    def report(_: State, now: Instant) -> Decision:
        draft = acting.bare_draft(
            permission,
            "keys.epoch_destroyed",
            {"epoch": former, "opened": opened, "keys": keys, "replicas": list(vault.replicas)},
            now=now,
        )
        return Decision(drafts=(draft,))

    acting.services.append(report)
    return Rotation(destroyed=former, opened=opened, keys=keys)
