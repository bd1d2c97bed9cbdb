"""Batches without claims: which candidate was committed, and what becomes of one at the head.

Rules kept here (spec chapter `claims`):

- what the next batch names was committed; where that decides nothing, nothing is chosen (CLM-8,
  CLM-9);
- a lone candidate at the head is claimed before anything else is: it may have been promised
  (CLM-13);
- of several at the head none is claimed, and once claims are known to be lost nothing else is
  either (CLM-15).
"""

import threading
from collections.abc import Iterable, Iterator

from bwcstore._encoding import sha256
from bwcstore._layout import LEDGER, batch, candidate, parse_batch
from bwcstore._limits import size_max, whole
from bwcstore._ports import Backend
from bwcstore._shadows import passed_over
from bwcstore._values import Digest
from bwcstore.errors import AlreadyExistsError, ErrorKind, NotFoundError, StorageError
from bwcstore.storage._claim import (
    Place,
    Survey,
    encode_claim,
    link_of,
    previous_of,
    read_claim,
    survey,
)


class Unclaimed:
    """The candidates of both places, listed once, when a batch is first found without a claim."""

    def __init__(self, evidence: Backend, claims: Backend) -> None:
        self._evidence = evidence
        self._claims = claims
        self._surveying = threading.Lock()
        self._surveyed: Survey | None = None

    def forget(self) -> None:
        """List both places again when a batch is next found without a claim."""
        with self._surveying:
            self._surveyed = None

    def candidate(self, name: str, digest: Digest) -> bytes:
        """The bytes of a candidate, which have its digest.

        Raises:
            StorageError: it is gone, or no version of it has the digest (`CLAIM_INVALID`).
        """
        stored = candidate(name, digest)
        try:
            data = self._evidence.read(stored, whole(stored))
        except NotFoundError as exc:
            raise gone(name, stored) from exc
        if sha256(data) == digest:
            return data
        for version in self._evidence.versions(stored):
            if version.marker or version.length_bytes > size_max(stored):
                continue
            with passed_over(NotFoundError):
                data = self._evidence.read_version(stored, version.version_id, whole(stored))
                if sha256(data) == digest:
                    return data
        raise StorageError(ErrorKind.CLAIM_INVALID, f"{stored}: no version has this digest")

    # --- Reading ------------------------------------------------------------------------------

    def linked(self, name: str) -> Digest | None:
        """The candidate that the next batch names; None where there is no committed batch.

        Raises:
            StorageError: there is one and it cannot be told (`CLAIM_MISSING`).
        """
        place = parse_batch(name)
        if place is None:
            return None
        known = self._survey_for(place)
        candidates = known.unclaimed.get(place, ())
        successor = known.successor(place)
        if not candidates or successor is None:
            return None
        named = self._named_by(successor, known)
        fitting = [
            digest for digest, data in self._intact(name, candidates) if link_of(data) in named
        ]
        if len(fitting) != 1:
            raise StorageError(
                ErrorKind.CLAIM_MISSING,
                f"{name} has no claim, and the next batch names {len(fitting)} of its"
                f" {len(candidates)} candidates",
            )
        return fitting[0]

    def _named_by(self, place: Place, known: Survey) -> set[Digest | None]:
        """The digests of the batch before that a batch, or its candidates, name."""
        name = batch(*place)
        try:
            digest = read_claim(self._claims, name)
        except NotFoundError:
            candidates = known.unclaimed.get(place, ())
            return {previous_of(data) for _, data in self._intact(name, candidates)}
        return {previous_of(self.candidate(name, digest))}

    def _intact(self, name: str, digests: Iterable[Digest]) -> Iterator[tuple[Digest, bytes]]:
        """Candidates with their bytes; what is damaged or too long cannot be a batch."""
        for digest in digests:
            try:
                found = self.candidate(name, digest)
            except StorageError as exc:
                if exc.kind is not ErrorKind.CLAIM_INVALID:
                    raise
            else:
                yield digest, found

    def _survey_for(self, place: Place) -> Survey:
        """A survey that explains why the batch at `place` has no claim."""
        generation, number = place
        with self._surveying:
            known = self._surveyed
            # A claim that was there when it was made has been lost since.
            outdated = (
                known is not None
                and place not in known.unclaimed
                and number <= known.last.get(generation, -1)
            )
            if known is None or outdated:
                known = self._surveyed = survey(
                    (stat.name for stat in self._evidence.list(LEDGER)),
                    (stat.name for stat in self._claims.list(LEDGER)),
                    location=self._evidence.properties.location,
                )
            return known

    # --- Appending ----------------------------------------------------------------------------

    def settle(self, place: Place, own: Digest) -> None:
        """Deal with candidates of others at the number that is about to be claimed.

        Args:
            place: the number.
            own: the digest of what is about to be stored there.

        Raises:
            AlreadyExistsError: the number is taken now: by whom it belongs to.
            OutcomeUnknownError: it may or may not have been claimed for them.
            StorageError: nobody can tell to whom it belongs (`CLAIM_MISSING`), or asking failed.
        """
        known = self._surveyed
        before = known.before(place) if known is not None else None
        if known is None or before is None or place not in known.unclaimed:
            # What began a store that has no second batch is told by the vault's memory alone.
            return
        name = batch(*place)
        former, claimed = self._former(batch(*before))
        fitting = [one for one in known.unclaimed[place] if self._fits(name, one, former)]
        if not fitting or fitting == [own]:
            return
        if len(fitting) == 1:
            self._claims.create(name, encode_claim(name, fitting[0]))
            raise AlreadyExistsError(
                ErrorKind.NAME_TAKEN, f"{name} was stored by another, and is claimed now"
            )
        if not claimed and not self._taken(name):
            raise StorageError(
                ErrorKind.CLAIM_MISSING,
                f"claims were lost, and nothing tells which of {len(fitting)} candidates batch "
                f"{name} was: put its claim back",
            )

    def _former(self, name: str) -> tuple[Digest, bool]:
        """The digest by which the next batch names a batch, and whether it has a claim.

        Raises:
            StorageError: it cannot be told.
        """
        try:
            digest = read_claim(self._claims, name)
        except NotFoundError:
            found = self.linked(name)
            if found is None:
                raise gone(name, "every candidate of it") from None
            return link_of(self.candidate(name, found)), False
        return link_of(self.candidate(name, digest)), True

    def _fits(self, name: str, digest: Digest, former: Digest) -> bool:
        """Whether a candidate continues the ledger."""
        found = self._intact(name, (digest,))
        return any(previous_of(data) == former for _, data in found)

    def _taken(self, name: str) -> bool:
        try:
            self._claims.stat(name)
        except NotFoundError:
            return False
        return True


def gone(name: str, stored: str) -> StorageError:
    """What is claimed is not there."""
    return StorageError(ErrorKind.CLAIM_INVALID, f"{name} is claimed, but {stored} is gone")
