"""Which version of a batch continues the ledger, where storage keeps several.

Rules kept here (spec: SHD-2 to SHD-5):

- a batch is taken as everybody reads it, if it continues the ledger;
- where it does not, the newest version that does is the batch;
- two versions with different entries that both continue the ledger are a fork, unless a signed
  checkpoint covers the older; what the next batch names, or else the oldest, is read on with;
- what no next batch names is looked at in all its versions, by a listing before or after;
- where a claim says which bytes the batch is, no version is looked at.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final, Generic, TypeVar

import attrs

from bwcstore import _layout
from bwcstore._limits import whole
from bwcstore._ports import Backend, Capability
from bwcstore._shadows import passed_over, small_versions
from bwcstore._values import Digest
from bwcstore.errors import FormatError, IntegrityError, NotFoundError
from bwcstore.ledger._batch import Batch, check_complete, decode_batch, decode_header
from bwcstore.ledger._chain import Chain
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)

_FAILURES: Final = (FormatError, IntegrityError)
_Place = tuple[int, int]


def batch_name(generation: int, number: int) -> str:
    """What messages call a batch."""
    return f"batch {generation}/{number}"


@attrs.frozen(kw_only=True)
class Continuation(Generic[S]):
    """The next batch, checked against everything before it.

    Attributes:
        state: what the entries up to its last fold to.
        forked: another version of it continues the ledger too.
        displaced: that is so of an older one, which was committed before it.
    """

    batch: Batch
    state: S
    forked: bool = False
    displaced: bool = False


class Choice(Generic[S]):
    """Finds the next batch among the versions of its name."""

    def __init__(self, backend: Backend, chain: Chain[S]) -> None:
        self._backend = backend
        self._chain = chain
        self._several = decides_by_version(backend)

    def take(
        self, raw: bytes, *, after: bytes | None, covered: bool, into: Callable[[], S]
    ) -> Continuation[S]:
        """The next batch.

        Args:
            raw: what its name gives.
            after: what the name of the batch after it gives, where that is at hand.
            covered: its name has several versions, as far as is known.
            into: gives the state to fold it into: a branch, where storage keeps versions.

        Raises:
            FormatError: `raw` is malformed, and no version continues the ledger.
            IntegrityError: `raw` does not continue the ledger, and no version does.
            StorageError: reading failed.
        """
        if not self._several:
            return self._checked(raw, into())
        others = self._continuing(into)
        try:
            found = self._checked(raw, into())
        except _FAILURES:
            instead = next(others, None)
            if instead is None:
                raise
            found = instead
        else:
            if not covered and self._named(after) in (None, found.batch.digest):
                return found
        named = self._named(after)
        digest = found.batch.digest
        forked = False
        oldest = digest
        for other in others:
            oldest = other.batch.digest
            forked = forked or oldest != digest
            # The oldest is the one that was created: whatever is newer was put over it.
            if found.batch.digest != named:
                found = other
        return attrs.evolve(found, forked=forked, displaced=oldest != found.batch.digest)

    def _checked(self, raw: bytes, state: S) -> Continuation[S]:
        what = batch_name(*self._chain.next_batch)
        batch = decode_batch(raw, what=what)
        check_complete(batch, what=what)
        self._chain.check_batch(batch, state, what=what)
        return Continuation(batch=batch, state=state)

    def _continuing(self, into: Callable[[], S]) -> Iterator[Continuation[S]]:
        """The versions that continue the ledger, the newest first."""
        name = _layout.batch(*self._chain.next_batch)
        for version in small_versions(self._backend, name):
            found = None
            with passed_over(*_FAILURES, NotFoundError):
                found = self._checked(
                    self._backend.read_version(name, version.version_id, whole(name)), into()
                )
            if found is not None:
                yield found

    def _named(self, after: bytes | None) -> Digest | None:
        """The digest of the batch before that a batch names, if it is one of this ledger."""
        if after is None:
            return None
        generation, number = self._chain.next_batch
        try:
            header = decode_header(after.partition(b"\n")[0])
        except FormatError:
            return None
        here = (header.generation, header.batch) == (generation, number + 1)
        return header.prev if here else None


def decides_by_version(backend: Backend) -> bool:
    """Whether the versions of a name have to be told apart: not where a claim does it (SHD-5)."""
    found = backend.properties.capabilities
    return Capability.VERSIONS in found and Capability.CLAIMS not in found


def covered_batches(backend: Backend) -> frozenset[_Place]:
    """The batches of which several versions are listed.

    Raises:
        StorageError: listing failed.
    """
    if not decides_by_version(backend):
        return frozenset()
    with_bytes = (one for one in backend.all_versions(_layout.LEDGER) if not one.marker)
    return frozenset(
        place
        for name, versions in groupby(with_bytes, key=lambda one: one.name)
        if (place := _layout.parse_batch(name)) is not None
        and next(versions, None) is not None
        and next(versions, None) is not None
    )
