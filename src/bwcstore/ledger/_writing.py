"""A ledger that grows: append, keep up with other processes, checkpoint, roll, close.

Rules kept here (spec: LED-30 to LED-43, CHK-9 to CHK-12):

- one group of appends at a time is on its way into the ledger;
- what goes wrong with a batch goes wrong for every call in it, what goes wrong with a decision
  for its own caller alone;
- a checkpoint that fails takes no entry with it.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from bwcstore._ports import Backend, Environment, Signer
from bwcstore._values import ActorId, Instant
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
    OutcomeUnknownError,
)
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._choice import batch_name
from bwcstore.ledger._commit import Committer
from bwcstore.ledger._draft import Committed, Decide
from bwcstore.ledger._history import History
from bwcstore.ledger._publish import Publisher
from bwcstore.ledger._queue import Call, Queue
from bwcstore.ledger._roll import closing, opening
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._view import View

S = TypeVar("S", bound=Folded)
T = TypeVar("T")


class Writing(View[S]):
    """One store's ledger, open for appending.

    All methods may be called from several threads. `state` is changed only while a group of
    appends is taken in; `view` looks at it undisturbed.
    """

    def __init__(
        self,
        backend: Backend,
        environment: Environment,
        *,
        chain: Chain[S],
        history: History[S],
        committer: Committer[S],
        record_key: Callable[[str], bytes],
        signer: Signer | None,
        remember: Callable[[bytes], None],
    ) -> None:
        """For `create` and `open` only.

        Raises:
            FormatError: the first entry is not one that begins a store.
            StorageError: the store's batches are committed in a way that this version does not
                know.
            KeyVaultError: `signer` is not the store's key.
        """
        super().__init__(
            environment.clock,
            chain=chain,
            history=history,
            record_key=record_key,
            state_lock=committer.state_lock,
        )
        if signer is not None and signer.public_key != self.verifier_key.public_key:
            raise KeyVaultError(
                ErrorKind.KEY_WRONG, f"the signing key is not the one of store {self.store_id}"
            )
        self._committer = committer
        self._exclusive = threading.RLock()
        self._queue: Queue[S] = Queue(self._serve)
        self._closed = False
        self._publisher = Publisher(
            backend,
            environment.clock,
            chain=chain,
            history=history,
            origin=self.verifier_key.name,
            signer=signer,
            remember=remember,
        )
        committer.taken = self._publisher.take

    @property
    def read_only(self) -> ErrorKind | None:
        """Why nothing may be appended; None while something may."""
        return self._committer.read_only

    @property
    def in_doubt(self) -> bool:
        """Whether a batch may or may not have been stored, so that `reload` must come first."""
        return self._committer.doubtful is not None

    # --- Appending ----------------------------------------------------------------------------

    def append(self, decide: Decide[S]) -> Committed:
        """Ask `decide` on the present state and make what it wants written durable.

        The decider may be asked more than once, in another thread, and must not touch the log.
        Calls of several threads share a batch. Everything one call writes is in one batch, of at
        most 65,536 entries and 16 MiB.

        Raises:
            BwcStoreError: whatever the decider refuses with; nothing was written for it.
            InvalidInputError: a draft does not suit its kind, or they are too many.
            KeyVaultError: a record key cannot be had.
            IntegrityError: the ledger is read-only; its kind says why.
            ConflictError: too many races were lost in a row.
            OutcomeUnknownError: the entries may or may not be durable; `reload` before going on.
            StorageError: the entries are not durable.
        """
        self._check_open()
        return self._queue.submit(Call(decide))

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidInputError(ErrorKind.CLOSED, "the ledger was closed")

    def _serve(self, calls: list[Call[S]]) -> list[Call[S]]:
        """Settle a group of calls; what goes wrong with the batch goes wrong for all of them."""
        with self._exclusive:
            left = calls
            try:
                self._open_generation()
                left = self._committer.commit(calls)
                while left and self._chain.current.closed:
                    self._open_generation()
                    left = self._committer.commit(left)
            except BwcStoreError as exc:
                for call in calls:
                    if not call.settled:
                        call.fail(_again(exc))
            except BaseException:
                # The process is being torn down in the middle: nobody can know.
                self._committer.doubtful = batch_name(*self._chain.next_batch)
                for call in calls:
                    if not call.settled:
                        call.fail(_interrupted(self._committer.doubtful))
                raise
            self._publish_if_due()
            return [call for call in left if not call.settled]

    def _publish_if_due(self) -> None:
        """Write the checkpoint that is due; the entries stand, whatever becomes of it."""
        if not self._publisher.due or self.read_only is not None:
            return
        try:
            self._publisher.checkpoint()
        except BwcStoreError as exc:
            # Storage that fails is asked again next time; evidence that contradicts is not.
            self._committer.note_failure(exc)

    # --- Keeping up ---------------------------------------------------------------------------

    def refresh(self) -> int:
        """Take in what other processes wrote; return how many entries that was.

        Raises:
            IntegrityError: it does not continue what is known.
            FormatError: a batch is malformed.
            StorageError: reading failed.
        """
        with self._exclusive:
            before = self.size
            self._committer.catch_up()
            return self.size - before

    def reload(self) -> int:
        """Read on after an unknown outcome, and allow appends again; return the entries found.

        Raises:
            IntegrityError: what was found does not continue what is known.
            FormatError: a batch is malformed.
            StorageError: reading failed; appends stay refused.
        """
        with self._exclusive:
            found = self.refresh()
            self._committer.doubtful = None
            return found

    def roll(self, by: ActorId, *, permit: Callable[[S, Instant], object] | None = None) -> int:
        """Close the generation and open the next; return its number. Appends
        `generation.closed` and `generation.opened`.

        Args:
            by: who closes it.
            permit: raises, asked at the head, if it may not be closed.

        Raises:
            IntegrityError: the ledger is read-only, or a derived file differs.
            KeyVaultError: there is no signing key for the last checkpoint.
            EquivocationError: another checkpoint of this size exists.
            ConflictError: too many races were lost in a row.
            OutcomeUnknownError: an entry may or may not be durable; `reload` before going on.
            StorageError: something was not stored; the next append or roll goes on from there.
        """
        self._check_open()
        with self._exclusive:
            self.refresh()
            if not self._chain.current.closed:
                self._commit_alone(closing(self._chain, by, permit))
            self._open_generation()
            return self._chain.current.number

    def _open_generation(self) -> None:
        """Open the next generation where the last one is closed, also one that a crash left."""
        while self._chain.current.closed:
            self._committer.check_writable()
            if self._publisher.pending:
                self._publisher.checkpoint()
            self._commit_alone(opening(self._chain))

    def _commit_alone(self, decide: Decide[S]) -> None:
        """Commit one decision in a batch of its own; losing the race to another is as good."""
        call = Call(decide, frames=True)
        if not self._committer.commit([call]):
            call.outcome()

    def close(self) -> None:
        """Write a last checkpoint where there is something to cover; nothing can follow.

        Raises:
            EquivocationError: another checkpoint of this size exists.
            IntegrityError: a derived file exists with other bytes.
            OutcomeUnknownError: the checkpoint may or may not have been stored.
            StorageError: the checkpoint was not stored; every entry is durable all the same.
        """
        with self._exclusive:
            if self._closed:
                return
            self._closed = True
            writable = self.read_only is None and self._committer.doubtful is None
            if writable and self._publisher.pending:
                self._publisher.checkpoint()

    # --- Proving ------------------------------------------------------------------------------

    def checkpoint(self) -> bytes:
        """Write and return a signed checkpoint over everything up to now.

        Raises:
            KeyVaultError: there is no signing key.
            IntegrityError: the ledger is read-only, or a derived file exists with other bytes.
            EquivocationError: another checkpoint of this size exists.
            OutcomeUnknownError: it may or may not have been stored.
            StorageError: it was not stored.
        """
        with self._exclusive:
            self._committer.check_writable()
            return self._publisher.checkpoint()


def _again(error: BwcStoreError) -> BwcStoreError:
    """The same error for one more caller: an exception object belongs to one thread."""
    found = type(error)(error.kind, error.message)
    found.__cause__ = error
    return found


def _interrupted(name: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        ErrorKind.OUTCOME_UNKNOWN, f"{name}: interrupted while it was being stored"
    )
