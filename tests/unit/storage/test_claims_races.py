"""Claims that are made between two looks of another writer: neither is taken for a loss."""

import json
from collections.abc import Callable
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore._encoding import sha256
from bwcstore._values import ByteRange
from bwcstore.errors import AlreadyExistsError, ErrorKind, StorageError
from bwcstore.storage._claim import decode_claim, encode_claim, link_of
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import MemoryBackend, RacyBackend

NAMES: Final = tuple(_layout.batch(0, number) for number in range(4))


class LookedAt(MemoryBackend):
    """Claims that something happens to once, right after one of them was looked at.

    Attributes:
        name: which.
        then: what happens.
    """

    name = ""
    then: Callable[[], object] = staticmethod(lambda: None)

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """As usual, and then what happens."""
        try:
            return super().read(name, byte_range)
        finally:
            if name == self.name:
                self.name = ""
                self.then()


def _batch_file(number: int, prev: bytes | None, content: str = "") -> bytes:
    """What is enough of a batch for a claim."""
    before = link_of(prev) if prev is not None else "0" * 64
    header = {"batch": number, "prev_batch_sha256": str(before)}
    lines = [json.dumps(one, separators=(",", ":")) for one in (header, {"leaf": content})]
    return "".join(f"{line}\n" for line in lines).encode()


FIRST = _batch_file(0, None)
SECOND = _batch_file(1, FIRST)
THIRD = _batch_file(2, SECOND)
RIVALS = (THIRD, _batch_file(2, SECOND, "rival"))
FOURTH = _batch_file(3, THIRD)


@pytest.fixture(name="claims")
def _claims() -> LookedAt:
    return LookedAt()


@pytest.fixture(name="evidence")
def _evidence() -> RacyBackend:
    return RacyBackend()


@pytest.mark.spec("CLM-12")
def test_a_newer_claim_is_seen_while_the_newest_is_looked_at(
    evidence: RacyBackend, claims: LookedAt
) -> None:
    """A thread that checks the newest claim compares it with what that claim said, though another
    thread meanwhile sees a newer one, which somebody else made.
    """
    other, backend = (ClaimedBackend(evidence, claims) for _ in range(2))
    other.create(NAMES[0], FIRST)
    backend.read(NAMES[0])
    other.create(NAMES[1], SECOND)
    claims.name, claims.then = NAMES[0], lambda: backend.read(NAMES[1])

    backend.create(NAMES[2], THIRD)

    assert ("", THIRD) == (claims.name, backend.read(NAMES[2]))


@pytest.mark.spec("CLM-12")
def test_the_newest_claim_stays_the_newest(evidence: RacyBackend, claims: LookedAt) -> None:
    """Whoever has read a batch and then an older one still misses the claim of the newer one."""
    backend = ClaimedBackend(evidence, claims)
    other = ClaimedBackend(evidence, claims)
    other.create(NAMES[0], FIRST)
    other.create(NAMES[1], SECOND)
    for name in (NAMES[1], NAMES[0]):
        backend.read(name)
    claims.delete(NAMES[1])

    with pytest.raises(StorageError) as caught:
        backend.create(NAMES[2], THIRD)

    assert ErrorKind.CLAIM_MISSING is caught.value.kind
    assert NAMES[1] in caught.value.message


def _raced(evidence: RacyBackend, claims: LookedAt, *, count: int) -> ClaimedBackend:
    """A process that found candidates for a number, the batch before having lost its claim."""
    former = ClaimedBackend(evidence, claims)
    former.create(NAMES[0], FIRST)
    former.create(NAMES[1], SECOND)
    for rival in RIVALS[:count]:
        evidence.create(_layout.candidate(NAMES[2], sha256(rival)), rival)
    claims.delete(NAMES[1])
    found = ClaimedBackend(evidence, claims)

    assert SECOND == found.read(NAMES[1])
    return found


@pytest.mark.spec("CLM-15")
def test_of_several_one_is_claimed_meanwhile(evidence: RacyBackend, claims: LookedAt) -> None:
    """Where another writer claims one of several candidates between the look for the batch before
    and the look for this number, the number is taken, and no claim is missing.
    """
    found = _raced(evidence, claims, count=2)
    claim = encode_claim(NAMES[2], sha256(RIVALS[1]))
    claims.name, claims.then = NAMES[1], lambda: claims.create(NAMES[2], claim)

    with pytest.raises(AlreadyExistsError) as caught:
        found.create(NAMES[2], _batch_file(2, SECOND, "mine"))

    assert ErrorKind.NAME_TAKEN is caught.value.kind
    assert claim == claims.contents[NAMES[2]]
    assert RIVALS[1] == found.read(NAMES[2])


@pytest.mark.spec("CLM-13")
def test_a_lone_candidate_is_claimed_by_two(evidence: RacyBackend, claims: LookedAt) -> None:
    """Where another writer is quicker to claim what lies at the head, for whomever, that stands."""
    found = _raced(evidence, claims, count=1)
    quicker = ClaimedBackend(evidence, claims)
    mine = _batch_file(2, SECOND, "quicker")
    claims.name, claims.then = NAMES[1], lambda: quicker.create(NAMES[2], mine)

    with pytest.raises(AlreadyExistsError):
        found.create(NAMES[2], _batch_file(2, SECOND, "slower"))

    assert decode_claim(claims.contents[NAMES[2]], NAMES[2]) == sha256(mine)
    assert mine == found.read(NAMES[2])
