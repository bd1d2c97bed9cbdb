"""What makes an erasure final, and clocks: declared backups, attestations, confirmations."""

from collections.abc import Mapping

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._values import Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import AuthorizationError, ErrorKind, InvalidInputError
from bwcstore.ledger._draft import Decision


def declare_backups(
    acting: Acting, backups: Mapping[str, str], *, statement: str | None = None
) -> None:
    """Say which backups there are; see `Session.declare_backups`."""
    listed: list[Json] = [{"id": key, "holds": backups[key]} for key in sorted(backups)]
    private = _statement(statement)

    def decide(_: State, permission: Permission, now: Instant) -> Decision:
        body: dict[str, Json] = {"backups": listed}
        draft = acting.draft(permission, "backups.declared", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.ATTEST, decide)


def attest_erasure(
    acting: Acting,
    epoch: int,
    *,
    root: str,
    backups: Mapping[str, str],
    statement: str | None = None,
) -> None:
    """Attest what became of root key and backups; see `Session.attest_erasure`."""
    listed: list[Json] = [{"id": key, "outcome": backups[key]} for key in sorted(backups)]
    private = _statement(statement)

    def decide(state: State, permission: Permission, now: Instant) -> Decision:
        if not any(ended.epoch == epoch for ended in state.store.epochs):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"key epoch {epoch!r:.20} has not ended in this store"
            )
        declared = state.store.backups
        if declared.keys() != backups.keys():
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"the declared backups are {', '.join(sorted(declared)) or 'none'}; attested are "
                f"{', '.join(sorted(backups)) or 'none'}",
            )
        body: dict[str, Json] = {"epoch": epoch, "root": root, "backups": listed}
        draft = acting.draft(permission, "erasure.attested", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.ATTEST, decide)


def confirm_clock(acting: Acting, jump: int) -> None:
    """Confirm a step of the clock; see `Session.confirm_clock`."""

    def decide(state: State, permission: Permission, now: Instant) -> Decision:
        if not any(one.index == jump for one in state.jumps):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"entry {jump!r:.20} is no step of the clock"
            )
        if permission.actor.actor_id in state.store.confirmed.get(jump, ()):
            raise AuthorizationError(
                ErrorKind.SECOND_ACTOR_REQUIRED,
                f"actor {permission.actor.actor_id} has confirmed entry {jump} before: another "
                "confirms it",
            )
        draft = acting.draft(permission, "clock.confirmed", {"jump": jump}, now=now)
        return Decision(drafts=(draft,))

    acting.commit(Verb.CONFIRM_CLOCK, decide)


def _statement(statement: str | None) -> dict[str, Json]:
    return {} if statement is None else {"statement": lines_of(statement, "statement")}
