"""Ciphers for payloads: kept for moments, so that distant storage is not asked for each batch."""

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._payload_ciphers import KEPT_SECONDS, PayloadCiphers
from bwcstore.testing import SimClock

KEY = "5b1c2f0e/record/1"


class Keys:
    """Record keys that can be destroyed, and how often they were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.destroyed: set[str] = set()

    def get(self, key_id: str) -> bytes:
        """The key, while it lives."""
        self.asked.append(key_id)
        if key_id in self.destroyed:
            raise NotFoundError(ErrorKind.KEY_ABSENT, key_id)
        return bytes(32)


def test_a_key_is_asked_for_once_in_five_seconds() -> None:
    """Time that goes by without use counts like any other."""
    clock, keys = SimClock(), Keys()
    ciphers = PayloadCiphers(keys.get, clock)
    ciphers.of(KEY)
    clock.advance(KEPT_SECONDS - 0.1)
    ciphers.of(KEY)
    within = list(keys.asked)
    clock.advance(0.1)
    ciphers.of(KEY)

    assert [KEY] == within
    assert [KEY, KEY] == keys.asked


def test_a_destroyed_key_seals_nothing_five_seconds_later() -> None:
    """Whoever keeps on appending finds out that another process has destroyed the key."""
    clock, keys = SimClock(), Keys()
    ciphers = PayloadCiphers(keys.get, clock)
    ciphers.of(KEY)
    keys.destroyed.add(KEY)
    for _ in range(4):
        clock.advance(1.0)
        ciphers.of(KEY)
    clock.advance(1.0)
    with pytest.raises(NotFoundError) as caught:
        ciphers.of(KEY)

    assert ErrorKind.KEY_ABSENT == caught.value.kind


def test_what_was_not_there_is_asked_for_again() -> None:
    """A failure is not kept."""
    keys = Keys()
    ciphers = PayloadCiphers(keys.get, SimClock())
    keys.destroyed.add(KEY)
    with pytest.raises(NotFoundError):
        ciphers.of(KEY)
    keys.destroyed.clear()
    ciphers.of(KEY)

    assert [KEY, KEY] == keys.asked


def test_ciphers_are_bounded() -> None:
    """However many keys are used within five seconds, a few hundred are kept."""
    keys = Keys()
    ciphers = PayloadCiphers(keys.get, SimClock())
    for _ in range(2):
        for number in range(300):
            ciphers.of(f"object/{number}")

    assert 300 + 300 - 256 == len(keys.asked)


def test_malformed_key_ids_are_refused() -> None:
    """Nobody is asked for what cannot be a key."""
    keys = Keys()
    with pytest.raises(InvalidInputError):
        PayloadCiphers(keys.get, SimClock()).of("Not A Key")

    assert [] == keys.asked
