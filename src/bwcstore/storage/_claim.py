"""What claims and candidates say: the claim file, and the links by which batches do without one.

Rules kept here (spec: CLM-3, CLM-8):

- a claim is canonical, of one form, and of the batch whose name it has;
- what follows from a listing is a table, so that it can be looked at without storage.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from bwcstore._encoding import decode, encode, sha256
from bwcstore._layout import parse_batch, parse_candidate
from bwcstore._ports import Backend
from bwcstore._values import ByteRange, Digest
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError, StorageError

CLAIM_FORMAT: Final = "bwcstore-claim/1"
CLAIM_SIZE_MAX: Final = 1024
_PAYLOAD_MARK: Final = b'{"payload":'
_PREV: Final = re.compile(rb'"prev_batch_sha256":"([0-9a-f]{64})"')

Place = tuple[int, int]


def encode_claim(name: str, digest: Digest) -> bytes:
    """The claim that says which candidate the batch `name` is (CLM-3)."""
    return encode({"batch": name, "format": CLAIM_FORMAT, "sha256": str(digest)})


def decode_claim(raw: bytes, name: str) -> Digest:
    """The digest that a claim names.

    Raises:
        StorageError: it is not a claim, or not that of batch `name` (`CLAIM_INVALID`).
    """
    try:
        found = decode(raw, what=f"claim of {name}", size_max=CLAIM_SIZE_MAX)
        digest = Digest.parse(str(found.get("sha256")))
    except (FormatError, InvalidInputError) as exc:
        raise StorageError(ErrorKind.CLAIM_INVALID, f"claim of {name}: {exc.message}") from exc
    if found != {"batch": name, "format": CLAIM_FORMAT, "sha256": str(digest)}:
        raise StorageError(
            ErrorKind.CLAIM_INVALID, f"claim of {name}: not a {CLAIM_FORMAT} of this batch"
        )
    return digest


def read_claim(claims: Backend, name: str) -> Digest:
    """The digest that the claim of a batch names.

    Raises:
        NotFoundError: there is no claim.
        StorageError: reading failed, or it is none of this batch (`CLAIM_INVALID`).
    """
    return decode_claim(claims.read(name, ByteRange(0, CLAIM_SIZE_MAX + 1)), name)


def link_of(raw: bytes) -> Digest:
    """The digest by which the batch after this one names it: payload lines left out (LED-25)."""
    lines = raw.split(b"\n")
    return sha256(b"\n".join(line for line in lines if not line.startswith(_PAYLOAD_MARK)))


def previous_of(raw: bytes) -> Digest | None:
    """The digest of the batch before that the header names; None where it is no header."""
    found = _PREV.search(raw.partition(b"\n")[0])
    return Digest.parse(found[1].decode()) if found else None


@attrs.frozen(kw_only=True)
class Survey:
    """What a listing of both places showed.

    Attributes:
        unclaimed: the candidates of each batch that had no claim.
        last: the highest number of each generation that has a claim or candidate.
    """

    unclaimed: Mapping[Place, tuple[Digest, ...]]
    last: Mapping[int, int]

    def successor(self, place: Place) -> Place | None:
        """The batch that must name this one, if any later one exists."""
        generation, number = place
        if self.last.get(generation, -1) > number:
            return generation, number + 1
        return (generation + 1, 0) if generation + 1 in self.last else None

    def before(self, place: Place) -> Place | None:
        """The batch that a batch at this place must name, if there is one."""
        generation, number = place
        if number:
            return generation, number - 1
        former = self.last.get(generation - 1)
        return None if former is None else (generation - 1, former)


def survey(evidence: Iterable[str], claims: Iterable[str], *, location: str) -> Survey:
    """Make a survey of the names in both places. `evidence` is read to its end first: a batch
    that was committed when it was listed then shows its claim.

    A batch under its own name is passed over where the first batch has a claim or a candidate:
    whoever may store can put it there.

    Raises:
        StorageError: batches are stored without claims there (`STORAGE_UNFIT`).
    """
    plain = ""
    candidates: dict[Place, list[Digest]] = {}
    for name in evidence:
        if parse_batch(name) is not None:
            plain = plain or name
        found = parse_candidate(name)
        place = parse_batch(found[0]) if found else None
        if found and place:
            candidates.setdefault(place, []).append(found[1])
    claimed = {place for name in claims if (place := parse_batch(name)) is not None}
    if plain and (0, 0) not in claimed | candidates.keys():
        raise StorageError(
            ErrorKind.STORAGE_UNFIT,
            f"{location}: {plain} was committed without a claim, by the protocol numbered;"
            " such a store is opened without a place for claims",
        )
    last: dict[int, int] = {}
    for generation, number in claimed | candidates.keys():
        last[generation] = max(number, last.get(generation, -1))
    return Survey(
        unclaimed={
            place: tuple(digests) for place, digests in candidates.items() if place not in claimed
        },
        last=last,
    )
