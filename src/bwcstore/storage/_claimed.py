"""The commit protocol `claimed`: storage whose creates race, made to create each batch once.

Responsible for the contract of `Backend` over two places (spec chapter `claims`): the evidence,
where several writers may be told that they created one name, and the claims, where one is. Rules
kept here:

- a candidate is durable before its claim, and the claim alone commits (CLM-4, CLM-5);
- no bytes are given out as a batch that the claim, or the next batch, does not name (CLM-6, CLM-8);
- nothing is appended once a claim that was seen has gone (CLM-12);
- what is stored and not claimed may be claimed by others: its outcome is unknown (CLM-14).

Everything but batches is passed on to the evidence: such names carry a digest or a random number,
so that who races for one stores equal bytes.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeVar

import attrs

from bwcstore._encoding import sha256
from bwcstore._layout import (
    LEDGER,
    batch,
    candidate,
    check_prefix,
    parse_batch,
    parse_candidate,
)
from bwcstore._memory_source import MemorySource
from bwcstore._ports import Backend, Capability, Properties, Source, Stat, StoredVersion, Upload
from bwcstore._values import ByteRange, Digest, Instant, Locking
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._claim import Place, encode_claim, read_claim
from bwcstore.storage._unclaimed import Unclaimed, gone

Item = TypeVar("Item", Stat, StoredVersion)

OWN_CLAIM_SECONDS: Final = 5
_UNTOLD: Final = frozenset(
    {ErrorKind.CLAIM_INVALID, ErrorKind.CLAIM_MISSING, ErrorKind.STORAGE_UNFIT}
)


class ClaimedBackend(Backend):
    """Evidence in one place, and in another the claims that say what of it the batches are.

    Reading lists both places once, when it first finds a batch without a claim.
    """

    def __init__(self, evidence: Backend, claims: Backend) -> None:
        """Join the two places.

        Raises:
            StorageError: the place of the claims keeps versions, or does not promise that exactly
                one writer creates a name (`STORAGE_UNFIT`).
        """
        self._check_place(claims.properties)
        self._evidence = evidence
        self._claims = claims
        self._unclaimed = Unclaimed(evidence, claims)
        self._noting = threading.Lock()
        self._newest: tuple[Place, Digest] | None = None
        self._claimed_at: tuple[Place, Instant] | None = None

    def _check_place(self, place: Properties) -> None:
        """Check that claims can be made in a place (CLM-1).

        Raises:
            StorageError: it keeps versions, or creating is not for one alone (`STORAGE_UNFIT`).
        """
        if Capability.CREATE_ONLY not in place.capabilities:
            raise StorageError(
                ErrorKind.STORAGE_UNFIT,
                f"{place.location}: claims need a place where exactly one writer creates a name",
            )
        if Capability.VERSIONS in place.capabilities:
            raise StorageError(
                ErrorKind.STORAGE_UNFIT,
                f"{place.location}: claims need a place that keeps no versions",
            )

    @property
    def properties(self) -> Properties:
        """See `Backend.properties`: what the evidence is and can do, and that there are claims."""
        evidence, claims = self._evidence.properties, self._claims.properties
        return Properties(
            location=f"{evidence.location}, claims in {claims.location}",
            capabilities=evidence.capabilities | {Capability.CLAIMS},
            warnings=evidence.warnings + claims.warnings,
            faults=evidence.faults | claims.faults,
            read_bytes=evidence.read_bytes,
        )

    @property
    def evidence(self) -> Backend:
        """The place of the evidence."""
        return self._evidence

    @property
    def claims(self) -> Backend:
        """The place of the claims."""
        return self._claims

    # --- Creating -----------------------------------------------------------------------------

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`. A batch is stored as a candidate, and then claimed."""
        place = parse_batch(name)
        if place is None:
            return self._evidence.create(name, data)
        joined = data if isinstance(data, bytes) else b"".join(data)
        digest = sha256(joined)
        stored = candidate(name, digest)
        self._check_newest(place)
        self._unclaimed.settle(place, digest)
        try:
            found = self._evidence.create(stored, joined)
        except AlreadyExistsError:
            # Left by an attempt of ours whose answer was lost; it may have been damaged since.
            self._unclaimed.candidate(name, digest)
            found = self._evidence.stat(stored)
        try:
            self._claims.create(name, encode_claim(name, digest))
        except OutcomeUnknownError:
            self._unclaimed.forget()
            raise
        except StorageError as exc:
            self._unclaimed.forget()
            raise OutcomeUnknownError(
                ErrorKind.OUTCOME_UNKNOWN, f"{name} is stored and not claimed: {exc.message}"
            ) from exc
        self._note(name, digest)
        now = self._claims.server_time()
        self._claimed_at = None if now is None else (place, now)
        return attrs.evolve(found, name=name)

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`. Batches are never large."""
        if parse_batch(name) is not None:
            raise StorageError(ErrorKind.STORAGE_UNFIT, f"{name}: a batch is created at once")
        return self._evidence.create_large(name, keep_until=keep_until)

    # --- Reading ------------------------------------------------------------------------------

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`. Of a batch every byte is checked, whatever the range."""
        if parse_batch(name) is None:
            return self._evidence.read(name, byte_range)
        data = self._unclaimed.candidate(name, self._digest(name))
        if byte_range is None:
            return data
        return data[byte_range.offset_bytes : byte_range.end_bytes]

    def open(self, name: str) -> Source:
        """See `Backend.open`. A batch is read and checked now."""
        if parse_batch(name) is None:
            return self._evidence.open(name)
        return MemorySource(self.read(name))

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`. The bytes of a batch are not looked at."""
        if parse_batch(name) is None:
            return self._evidence.stat(name)
        stored = self._stored(name)
        try:
            found = self._evidence.stat(stored)
        except NotFoundError as exc:
            raise gone(name, stored) from exc
        return attrs.evolve(found, name=name)

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. Shows a batch once, under its own name, and no other candidate; one
        that is claimed and gone with no length.
        """
        check_prefix(prefix)
        return self._listed(prefix)

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`. A batch has those of the candidate that it is."""
        try:
            stored = self._stored(name)
        except NotFoundError:
            return ()
        return tuple(attrs.evolve(one, name=name) for one in self._evidence.versions(stored))

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`. Given as it is: this is how versions are looked at."""
        return self._evidence.read_version(self._stored(name), version_id, byte_range)

    def open_version(self, name: str, version_id: str) -> Source:
        """See `Backend.open_version`."""
        return self._evidence.open_version(self._stored(name), version_id)

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `Backend.all_versions`; batches as in `list`."""
        check_prefix(prefix)
        return self._batches(self._evidence.all_versions(prefix), self._claimed(prefix))

    def foreign(self, prefix: str) -> Iterator[str]:
        """See `Backend.foreign`: among the evidence."""
        return self._evidence.foreign(prefix)

    # --- Removing -----------------------------------------------------------------------------

    def delete(self, name: str) -> None:
        """See `Backend.delete`. Of a batch the claim goes first, so that none names nothing."""
        try:
            stored = self._stored(name)
        except NotFoundError:
            return
        if stored != name:
            self._newest = None
            self._claims.delete(name)
        self._evidence.delete(stored)

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`. With the last version of a batch its claim goes."""
        try:
            stored = self._stored(name)
        except NotFoundError:
            return
        self._evidence.delete_version(stored, version_id)
        if stored != name and not self._evidence.versions(stored):
            self._newest = None
            self._claims.delete(name)

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`, in both places."""
        return self._evidence.discard_leftovers(prefix) + self._claims.discard_leftovers(prefix)

    # --- Locks --------------------------------------------------------------------------------

    def lock_new(self, locking: Locking) -> None:
        """See `Backend.lock_new`. Claims are never locked."""
        self._evidence.lock_new(locking)

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """See `Backend.extend_lock`."""
        self._evidence.extend_lock(self._stored(name), version_id, until)

    def place_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.place_legal_hold`."""
        self._evidence.place_legal_hold(self._stored(name), version_id)

    def lift_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.lift_legal_hold`."""
        self._evidence.lift_legal_hold(self._stored(name), version_id)

    def server_time(self) -> Instant | None:
        """See `Backend.server_time`: that of the evidence."""
        return self._evidence.server_time()

    def close(self) -> None:
        """Release both places. May be called twice."""
        self._evidence.close()
        self._claims.close()

    # --- What a batch is ----------------------------------------------------------------------

    def _stored(self, name: str) -> str:
        """The name among the evidence that `name` stands for.

        Raises:
            NotFoundError: it is that of a batch that was never committed.
            StorageError: it cannot be told.
        """
        return name if parse_batch(name) is None else candidate(name, self._digest(name))

    def _digest(self, name: str) -> Digest:
        """The digest of the batch `name`, by its claim or without it."""
        try:
            claimed = read_claim(self._claims, name)
        except NotFoundError as exc:
            found = self._unclaimed.linked(name)
            if found is None:
                raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist") from exc
            return found
        self._note(name, claimed)
        return claimed

    def _note(self, name: str, digest: Digest) -> None:
        place = parse_batch(name)
        with self._noting:
            newest = self._newest
            if place is not None and (newest is None or newest[0] < place):
                self._newest = (place, digest)

    def _just_claimed(self, place: Place) -> bool:
        """Whether this process made the claim of `place` a moment ago."""
        made, now = self._claimed_at, self._claims.server_time()
        if made is None or now is None or made[0] != place:
            return False
        return 0 <= now.microseconds - made[1].microseconds <= OWN_CLAIM_SECONDS * 1_000_000

    def _check_newest(self, place: Place) -> None:
        """Check that the newest claim that was seen is still there (CLM-12).

        Raises:
            StorageError: it is not (`CLAIM_MISSING`), or says something else (`CLAIM_INVALID`).
        """
        newest = self._newest
        if newest is None or newest[0] >= place or self._just_claimed(newest[0]):
            return
        name = batch(*newest[0])
        try:
            found = read_claim(self._claims, name)
        except NotFoundError as exc:
            raise StorageError(
                ErrorKind.CLAIM_MISSING,
                f"{name}: its claim was there and is gone; claims were lost, and later ones may "
                "be: open the store anew before anything is appended",
            ) from exc
        if found != newest[1]:
            raise StorageError(
                ErrorKind.CLAIM_INVALID, f"{name}: its claim names another batch than before"
            )

    def _claimed(self, prefix: str) -> frozenset[str]:
        """The batches of which there is a claim, as far as a listing of `prefix` may show them."""
        if not prefix.startswith(LEDGER) and not LEDGER.startswith(prefix):
            return frozenset()
        names = (stat.name for stat in self._claims.list(prefix))
        return frozenset(name for name in names if parse_batch(name) is not None)

    def _listed(self, prefix: str) -> Iterator[Stat]:
        # Claims first: what is claimed by then was stored before, so that a batch of which no
        # candidate is found is gone, and was not just made.
        claimed = self._claimed(prefix)
        pending = sorted(claimed, reverse=True)
        for stat in self._batches(self._evidence.list(prefix), claimed):
            while pending and pending[-1] <= stat.name:
                if (name := pending.pop()) != stat.name:
                    yield Stat(name=name, length_bytes=0)
            yield stat
        for name in reversed(pending):
            yield Stat(name=name, length_bytes=0)

    def _batches(self, found: Iterable[Item], claimed: frozenset[str]) -> Iterator[Item]:
        """What was found, with candidates that are batches under their own names."""
        for name, grouped in groupby(found, key=_name_of):
            if parse_batch(name) is None:
                yield from grouped
                continue
            items = [(parsed[1], one) for one in grouped if (parsed := parse_candidate(one.name))]
            if not items:
                continue
            chosen = self._chosen(name, {digest for digest, _ in items}, claimed)
            for digest, one in items:
                if digest == chosen:
                    yield attrs.evolve(one, name=name)

    def _chosen(self, name: str, digests: set[Digest], claimed: frozenset[str]) -> Digest | None:
        if len(digests) == 1 and name in claimed:
            # Nothing is decided by a listing, so that reading every claim would be wasted.
            return next(iter(digests))
        try:
            return self._digest(name)
        except NotFoundError:
            return None
        except StorageError as exc:
            if exc.kind not in _UNTOLD:
                raise
            # Something was committed there: whoever reads it is told why that cannot be said.
            return min(digests, key=str)


def _name_of(item: Stat | StoredVersion) -> str:
    found = parse_candidate(item.name)
    return found[0] if found else item.name
