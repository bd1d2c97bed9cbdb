"""Which candidate each batch is, by its claim or without it (the chapter on claims)."""

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

from canonical import RefusedError, decode, exact, is_hex
from findings import Report

Place = tuple[int, int]
"""A generation, and the number of a batch in it."""

PAYLOAD = b'{"payload"'
BATCH_BYTES = 16_777_216
CLAIM_BYTES = 1024
FIELDS = {"batch", "format", "sha256"}


def batch_name(place: Place) -> str:
    """The name of a batch, which its claim has too."""
    return f"ledger/{place[0]}/batch/{place[1]:012d}"


@dataclasses.dataclass
class Claims:
    """A copy of the evidence, and of the claims if there is one.

    Attributes:
        root: where the evidence lies.
        beside: where the claims lie; None for a copy without them.
        candidates: the digests in the names of candidates.
        claimed: the batches of which there is a claim.
    """

    root: Path
    beside: Path | None
    candidates: dict[Place, list[str]]
    claimed: set[Place]

    def batches(self, report: Report) -> dict[int, dict[int, str | None]]:
        """The stored name of every batch; None, and a finding, where it cannot be told."""
        found: dict[int, dict[int, str | None]] = {}
        for place in sorted(self.claimed | set(self.candidates)):
            try:
                digest = self._digest(place)
                if digest is None:
                    continue
                self._read(place, digest)
                name: str | None = self._stored(place, digest)
            except RefusedError as error:
                report.add(error.code, "AUD-29", batch_name(place), str(error))
                name = None
            found.setdefault(place[0], {})[place[1]] = name
        return found

    def _stored(self, place: Place, digest: str) -> str:
        """The name of a candidate (NAM-12)."""
        return f"{batch_name(place)}-{digest}"

    def _read(self, place: Place, digest: str) -> bytes:
        """The bytes of a candidate, which have the digest in its name (CLM-6)."""
        if digest not in self.candidates.get(place, ()):
            raise RefusedError("claim-invalid", "the claim names a candidate that is not there")
        with (self.root / self._stored(place, digest)).open("rb") as file:
            raw = file.read(BATCH_BYTES + 1)
        if len(raw) > BATCH_BYTES or hashlib.sha256(raw).hexdigest() != digest:
            raise RefusedError("claim-invalid", "a candidate does not have the digest of its name")
        return raw

    def _digest(self, place: Place) -> str | None:
        """Which candidate the batch is; None where it was never committed (CLM-7, CLM-10)."""
        if place in self.claimed:
            return self._claim(place)
        later = sorted(one for one in self.claimed | set(self.candidates) if one > place)
        if not later:
            return None
        following = [(place[0], place[1] + 1), (place[0] + 1, 0)]
        if later[0] not in following:
            raise RefusedError("claim-missing", "it has no claim, and the next batch is missing")
        named = self._named_by(later[0])
        right = [one for one, raw in self._intact(place) if _link(raw) in named]
        if len(right) != 1:
            raise RefusedError("claim-missing", "it has no claim, and the next batch does not tell")
        return right[0]

    def _intact(self, place: Place) -> Iterator[tuple[str, bytes]]:
        """The candidates that are not damaged (CLM-16)."""
        for digest in self.candidates[place]:
            try:
                yield digest, self._read(place, digest)
            except RefusedError:
                continue

    def _claim(self, place: Place) -> str:
        """The digest that a claim names (CLM-3)."""
        if self.beside is None:
            raise RefusedError("claim-missing", "there are no claims")
        name = batch_name(place)
        try:
            with (self.beside / name).open("rb") as file:
                claim = exact(decode(file.read(CLAIM_BYTES + 1), CLAIM_BYTES), FIELDS)
        except RefusedError as error:
            raise RefusedError("claim-invalid", f"{error.code}: {error}") from error
        right = claim["batch"] == name and claim["format"] == "bwcstore-claim/1"
        if not right or not is_hex(claim["sha256"], 32):
            raise RefusedError("claim-invalid", "not the claim of this batch")
        return str(claim["sha256"])

    def _named_by(self, place: Place) -> set[str]:
        """The batches before it that a batch, or its candidates, name (CLM-8)."""
        if place in self.claimed:
            found = [self._read(place, self._claim(place))]
        else:
            found = [raw for _, raw in self._intact(place)]
        named = set()
        for raw in found:
            with contextlib.suppress(RefusedError):
                named.add(str(decode(raw.partition(b"\n")[0]).get("prev_batch_sha256")))
        return named


def _link(raw: bytes) -> str:
    """The digest by which the next batch names a batch (LED-25)."""
    lines = raw.split(b"\n")
    kept = b"\n".join(line for line in lines if not line.startswith(PAYLOAD))
    return hashlib.sha256(kept).hexdigest()
