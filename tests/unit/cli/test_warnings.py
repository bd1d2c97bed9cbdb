"""What is said of storage that was not seen to refuse an early deletion, and what is not."""

from collections.abc import Mapping
from typing import Final

import pytest

from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._values import Locking, LockMode
from bwcstore.cli._warnings import warning_text
from bwcstore.errors import ErrorKind
from bwcstore.storage._probe_result import Check, Outcome, ProbeResult, Protocol, Verdict
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.session.world import SETTINGS, chief, create

FAILED, REFUSED, HELD = Outcome.FAILED, Outcome.REFUSED, Outcome.HELD
BYPASS: Final = "a lock of mode governance never holds against whoever has the right to bypass it"


def store_of(mode: LockMode, outcomes: Mapping[str, Outcome] | None = None) -> Store:
    """A store that asks for locks, and what its last probe found, if there was one."""
    world = World()
    world.backend = VersionedMemoryBackend(clock=world.clock)
    settings = Settings(
        geometry=SETTINGS.geometry, signed_kinds=SETTINGS.signed_kinds, locking=Locking(mode=mode)
    )
    store = create(world, settings)
    if outcomes is not None:
        found = ProbeResult(
            location=world.backend.properties.location,
            checks=tuple(Check(name=name, outcome=one) for name, one in outcomes.items()),
            verdict=Verdict.UNPROVEN,
            protocol=Protocol.CLAIMED,
        )
        with chief(store) as session:
            session.record_probe(found)
    return store


def told(store: Store) -> str:
    """The warning, as it is printed."""
    with store:
        return warning_text(ErrorKind.UNPROVEN_WORM, store)


@pytest.mark.spec("PRB-10")
def test_what_was_never_tried_is_to_be_tried() -> None:
    """Before any probe nobody knows, and is told how to know."""
    text = told(store_of(LockMode.COMPLIANCE))

    assert text.startswith("UNPROVEN-WORM: it was never recorded whether")
    assert text.endswith("try it out with `bwcstore probe --record`")
    assert "governance" not in text


@pytest.mark.spec("PRB-10")
def test_what_was_tried_is_told_with_its_day_and_checks() -> None:
    """After a recorded probe it is said when that was, what failed and what could not be tried; a
    race for names says nothing of locks.
    """
    store = store_of(
        LockMode.COMPLIANCE,
        {"race-put": FAILED, "delete-marker": HELD, "delete-held-put": FAILED, "x": REFUSED},
    )
    day = str(store.last_at)[:10]
    text = told(store)

    assert (
        f"UNPROVEN-WORM: the storage was not seen to refuse an early deletion when it was tried on "
        f"{day}; failed: delete-held-put; could not be tried: x; " in text
    )
    assert "race-put" not in text
    assert "never recorded" not in text


@pytest.mark.parametrize("outcomes", [None, {"delete-locked-bypass-put": FAILED}])
def test_governance_never_protects_from_those_who_may_bypass(
    outcomes: Mapping[str, Outcome] | None,
) -> None:
    """Tried or not, the weaker mode is said to be weaker."""
    assert f"; {BYPASS}; " in told(store_of(LockMode.GOVERNANCE, outcomes))


def test_many_checks_are_counted() -> None:
    """A warning names a few checks and says how many more there were."""
    store = store_of(LockMode.COMPLIANCE, {f"check-{n}": FAILED for n in range(9)})

    assert "failed: check-0, check-1, check-2, check-3 and 5 more; " in told(store)


def test_who_does_without_is_not_told_to_try() -> None:
    """No probe changes what a store was created with."""
    text = told(store_of(LockMode.NONE))

    assert text.endswith("created to do without locks: nothing refuses an early deletion")
