"""The ledger in use: open, append, read, prove.

Responsible for the one running view of a store's ledger. Rules kept here (spec: LED-30 to
LED-43, CHK-9 to CHK-12):

- an entry is durable before anybody hears of it;
- a checkpoint is signed only over what is known to be committed;
- a ledger that does not extend what is remembered, or that forks, can be read but not written.

Intended use: `Log.create` or `Log.open`; then `append` from any number of threads; `close`. The
log knows nothing of what entries mean: state is whatever the `Folded` it was given makes of them.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from bwcstore import _layout
from bwcstore._ports import Backend, Environment, Signer
from bwcstore._values import ActorId, StoreId
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    OutcomeUnknownError,
)
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._checkpoint import Checkpoint
from bwcstore.ledger._commit import Committer
from bwcstore.ledger._draft import Committed, Decide
from bwcstore.ledger._genesis import check_new
from bwcstore.ledger._history import History, batch_name, exists
from bwcstore.ledger._proof import (
    ExtensionProof,
    InclusionProof,
    encode_extension,
    encode_inclusion,
)
from bwcstore.ledger._publish import Publisher
from bwcstore.ledger._queue import Call, Queue
from bwcstore.ledger._remember import find_doubt
from bwcstore.ledger._roll import closing, opening
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._tree import prove_consistency, prove_inclusion

S = TypeVar("S", bound=Folded)
T = TypeVar("T")


def no_record_key(key_id: str) -> bytes:
    """Stands in for a vault where none was given.

    Raises:
        KeyVaultError: always.
    """
    raise KeyVaultError(ErrorKind.KEY_ABSENT, f"no vault was given: {key_id} cannot be had")


def remember_nothing(_: bytes) -> None:
    """Stands in for the memory of checkpoints where none was given."""


class Log(View[S]):
    """One store's ledger, open.

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

    # --- Beginnings ---------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        backend: Backend,
        environment: Environment,
        *,
        store_id: StoreId,
        state: S,
        genesis: Decide[S],
        record_key: Callable[[str], bytes] = no_record_key,
        signer: Signer | None = None,
        remember: Callable[[bytes], None] = remember_nothing,
    ) -> Self:
        """Begin a ledger.

        Args:
            backend: empty storage.
            environment: clock, entropy and workers.
            store_id: the new store's id.
            state: empty state; the log owns it from here on.
            genesis: decides the first entries; the first draft must be a `store.created`.
            record_key: gives the 32-byte record key of a key id.
            signer: the store's signing key; None when this process may not sign.
            remember: keeps a checkpoint note where the storage's keeper cannot change it.

        Raises:
            AlreadyExistsError: there is a ledger already (`STORE_EXISTS`).
            InvalidInputError: the first draft does not begin a store.
            StorageError: it asks for a commit protocol that this version does not know, or
                storing failed.
            OutcomeUnknownError: the first batch may or may not have been stored.
        """
        chain, history, committer = _parts(
            backend, environment, state=state, store=store_id, record_key=record_key
        )
        if exists(backend, _layout.batch(0, 0)):
            raise AlreadyExistsError(
                ErrorKind.STORE_EXISTS, f"a store exists in {backend.properties.location}"
            )
        call: Call[S] = Call(check_new(store_id, backend, genesis), frames=True)
        committer.commit([call])
        call.outcome()
        return cls(
            backend,
            environment,
            chain=chain,
            history=history,
            committer=committer,
            record_key=record_key,
            signer=signer,
            remember=remember,
        )

    @classmethod
    def open(
        cls,
        backend: Backend,
        environment: Environment,
        *,
        state: S,
        record_key: Callable[[str], bytes] = no_record_key,
        signer: Signer | None = None,
        remembered: Sequence[bytes] = (),
        remember: Callable[[bytes], None] = remember_nothing,
    ) -> Self:
        """Read a ledger from its first entry and check every link.

        Where the storage does not extend what is remembered, or batches are missing or fork, the
        log opens read-only and `read_only` says why.

        Args:
            backend: the storage.
            environment: clock, entropy and workers.
            state: empty state; the log owns it from here on.
            record_key: gives the 32-byte record key of a key id.
            signer: the store's signing key; None when this process may not sign.
            remembered: the checkpoint notes that vaults and people remember.
            remember: keeps a checkpoint note where the storage's keeper cannot change it.

        Raises:
            NotFoundError: there is no ledger (`NOT_A_STORE`).
            FormatError: a batch or entry is malformed, or newer than this version.
            IntegrityError: a link, a payload or a scope chain does not verify.
            StorageError: reading failed, or the store's batches are committed in a way that this
                version does not know.
            KeyVaultError: `signer` is not the store's key.
        """
        chain, history, committer = _parts(
            backend, environment, state=state, store=None, record_key=record_key
        )
        committer.load()
        if chain.store is None:
            raise NotFoundError(
                ErrorKind.NOT_A_STORE, f"no ledger in {backend.properties.location}"
            )
        log = cls(
            backend,
            environment,
            chain=chain,
            history=history,
            committer=committer,
            record_key=record_key,
            signer=signer,
            remember=remember,
        )
        if committer.read_only is None:
            committer.read_only = find_doubt(
                backend, chain, history, key=log.verifier_key, remembered=remembered
            )
        return log

    @property
    def read_only(self) -> ErrorKind | None:
        """Why nothing may be appended; None while something may."""
        return self._committer.read_only

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
            return left

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

    def roll(self, by: ActorId) -> None:
        """Close the generation and open the next (`generation.closed`, `generation.opened`).

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
                self._commit_alone(closing(self._chain, by))
            self._open_generation()

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

    def prove_inclusion(self, index: int) -> bytes:
        """A `.tlog-proof` that an entry is in the ledger, under a checkpoint that covers it.

        Raises:
            NotFoundError: there is no such entry, or no checkpoint covers its generation.
            KeyVaultError: a new checkpoint is needed and there is no signing key.
            IntegrityError: the ledger is read-only and no checkpoint covers it.
            StorageError: a new checkpoint was not stored.
        """
        with self._exclusive:
            generation = self._chain.generation_of(index)
            place = index - generation.first_index
            checkpoint, note = self._covering(generation.number, place)
            hashes = prove_inclusion(place, checkpoint.size, generation.tree.hash)
        return encode_inclusion(InclusionProof(index=place, hashes=hashes, note=note))

    def prove_extension(self, old: Checkpoint) -> bytes:
        """A proof that the ledger of now extends an earlier checkpoint of its generation.

        Raises:
            NotFoundError: no checkpoint covers its generation.
            InvalidInputError: there is no such generation, or it has not so many entries.
            KeyVaultError: a new checkpoint is needed and there is no signing key.
            IntegrityError: the ledger is read-only and no checkpoint covers it.
            StorageError: a new checkpoint was not stored.
        """
        with self._exclusive:
            generation = self._chain.generation_at(old.generation)
            checkpoint, note = self._covering(generation.number, old.size - 1)
            hashes = prove_consistency(old.size, checkpoint.size, generation.tree.hash)
        return encode_extension(ExtensionProof(old=old.size, hashes=hashes, note=note))

    def _covering(self, generation: int, place: int) -> tuple[Checkpoint, bytes]:
        """A checkpoint of `generation` over at least `place + 1` entries."""
        found = self._publisher.covering(generation, place + 1, self.verifier_key)
        if found is None:
            self._committer.check_writable()
            found = self._publisher.checkpoint_now(generation)
        return found


def _parts(
    backend: Backend,
    environment: Environment,
    *,
    state: S,
    store: StoreId | None,
    record_key: Callable[[str], bytes],
) -> tuple[Chain[S], History[S], Committer[S]]:
    chain = Chain(state)
    history = History(backend, environment.workers, chain)
    committer = Committer(
        backend, environment, store=store, chain=chain, history=history, record_key=record_key
    )
    return chain, history, committer


def _again(error: BwcStoreError) -> BwcStoreError:
    """The same error for one more caller: an exception object belongs to one thread."""
    found = type(error)(error.kind, error.message)
    found.__cause__ = error
    return found


def _interrupted(name: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        ErrorKind.OUTCOME_UNKNOWN, f"{name}: interrupted while it was being stored"
    )
