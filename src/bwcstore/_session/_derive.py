"""Committing to what the ledger implies, as two code paths agree (STA-5).

Rule kept here: destruction begins only from a state that was derived from the stored entries a
second time since the last run, by the code of the audit (PRG-22).
"""

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting
from bwcstore._session._services import Services
from bwcstore._values import Digest, Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._rows import state_root
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._draft import Decision


def commit_state(acting: Acting, verb: Verb) -> Digest:
    """Derive what everything so far implies twice, compare, and commit to it; return the root.

    Appends `state.committed`.

    Raises:
        IntegrityError: the two do not agree (`state-root`); nothing may be decided from either.
        AuthorizationError: the actor may not; appended as `access.refused`.
        StorageError: reading or appending failed.
    """
    services = acting.services
    size, (rows, root) = services.log.view(lambda state: (services.log.size, state_root(state)))
    again = _derive_again(services, size)
    if again != (rows, str(root)):
        raise IntegrityError(
            ErrorKind.STATE_ROOT,
            f"{size} entries imply {rows} rows with root {root}; derived again they imply "
            f"{again[0]} rows with root {again[1]}",
        )

    def decide(_: State, permission: Permission, now: Instant) -> Decision:
        body: dict[str, Json] = {"size": size, "rows": rows, "root": str(root)}
        return Decision(drafts=(acting.bare_draft(permission, "state.committed", body, now=now),))

    acting.commit(verb, decide)
    return root


def _derive_again(services: Services, size: int) -> tuple[int, str]:
    """Rows and root as the audit folds the first `size` stored entries."""
    from bwcstore.audit._rows import Rows  # noqa: PLC0415 - few sessions commit to a state
    from bwcstore.audit._state import Fold, Head  # noqa: PLC0415 - as above; both cost 10 ms

    fold, heads = Fold(), dict[str, Head]()
    rows = Rows(fold)
    for entry in services.log.entries(0, size):
        for _ in fold.fold(entry):
            # What is wrong with entries is for an audit to report; here only the state counts.
            pass
        scope = entry.scope.id.text
        heads[scope] = Head(entry.scope.seq, entry.hash.raw, entry.index)
        rows.touch(scope)
    return rows.root(heads)
