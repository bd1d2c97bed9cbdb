"""The ledger in use: open, append, read, prove.

Responsible for the one running view of a store's ledger. Rules kept here (spec: LED-30 to
LED-43, CHK-9 to CHK-12):

- an entry is durable before anybody hears of it;
- a checkpoint is signed only over what is known to be committed;
- a ledger that does not extend what is remembered, or that forks, can be read but not written.

Intended use: `Log.create` or `Log.open`; then `append` from any number of threads; `close`. The
log knows nothing of what entries mean: state is whatever the `Folded` it was given makes of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self, TypeVar

from bwcstore import _layout
from bwcstore._ports import Backend, Environment, Signer
from bwcstore._values import StoreId
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    KeyVaultError,
    NotFoundError,
)
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._checkpoint import Checkpoint
from bwcstore.ledger._commit import Committer
from bwcstore.ledger._draft import Decide
from bwcstore.ledger._genesis import check_new
from bwcstore.ledger._history import History, exists
from bwcstore.ledger._proof import (
    ExtensionProof,
    InclusionProof,
    encode_extension,
    encode_inclusion,
)
from bwcstore.ledger._queue import Call
from bwcstore.ledger._remember import find_doubt
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._tree import prove_consistency, prove_inclusion
from bwcstore.ledger._writing import Writing

S = TypeVar("S", bound=Folded)


def no_record_key(key_id: str) -> bytes:
    """Stands in for a vault where none was given.

    Raises:
        KeyVaultError: always.
    """
    raise KeyVaultError(ErrorKind.KEY_ABSENT, f"no vault was given: {key_id} cannot be had")


def remember_nothing(_: bytes) -> None:
    """Stands in for the memory of checkpoints where none was given."""


class Log(Writing[S]):
    """One store's ledger, open.

    All methods may be called from several threads. `state` is changed only while a group of
    appends is taken in; `view` looks at it undisturbed.
    """

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
        size = -1
        while committer.read_only is None:
            doubt = find_doubt(
                backend,
                chain,
                history,
                key=log.verifier_key,
                remembered=remembered,
                contested=committer.contested,
            )
            if doubt is None or chain.index == size:
                committer.read_only = doubt
                break
            # What lies beyond may have been appended since: it is missing if reading on ends here.
            size = chain.index
            committer.load()
        return log

    # --- Proofs -------------------------------------------------------------------------------

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

    def prove_entries(self, indices: Iterable[int]) -> Mapping[int, InclusionProof]:
        """Proofs that entries are in the ledger, by index; those of one generation lead to one
        checkpoint.

        Raises:
            NotFoundError: there is no such entry, or no checkpoint covers its generation.
            KeyVaultError: a new checkpoint is needed and there is no signing key.
            IntegrityError: the ledger is read-only and no checkpoint covers one.
            StorageError: a new checkpoint was not stored.
        """
        found: dict[int, InclusionProof] = {}
        covering: dict[int, tuple[Checkpoint, bytes]] = {}
        with self._exclusive:
            for index in sorted(indices, reverse=True):
                generation = self._chain.generation_of(index)
                place = index - generation.first_index
                if generation.number not in covering:
                    covering[generation.number] = self._covering(generation.number, place)
                checkpoint, note = covering[generation.number]
                hashes = prove_inclusion(place, checkpoint.size, generation.tree.hash)
                found[index] = InclusionProof(index=place, hashes=hashes, note=note)
        return found

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
