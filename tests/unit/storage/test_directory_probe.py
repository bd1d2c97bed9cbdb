"""What a probe of a place without locks finds, and that its checks can fail."""

from pathlib import Path

import pytest

from bwcstore._layout import CANARIES
from bwcstore._ports import Backend, Upload
from bwcstore._system import system_environment
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._directory_probe import probe_directory
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._probe_result import Outcome, PlaceKind, ProbeResult, Protocol, Verdict
from bwcstore.storage._probing import probe_place
from bwcstore.testing import MemoryBackend, World

BEFORE = "probe/00000000000000000000000000000000"


def outcomes(result: ProbeResult, wanted: Outcome) -> set[str]:
    """The checks with this outcome."""
    return {check.name for check in result.checks if check.outcome is wanted}


def probed(backend: Backend, place: PlaceKind = PlaceKind.EVIDENCE) -> ProbeResult:
    """What is found of a place."""
    return probe_directory(backend, environment=World().environment, place=place)


@pytest.mark.spec("PRB-1", "PRB-6", "PRB-8")
def test_a_disk_promises_nothing(tmp_path: Path) -> None:
    """Creating, racing and listing hold; what concerns locks does not apply; nothing is left."""
    backend = LocalBackend(tmp_path)
    found = probe_place(backend, environment=system_environment())
    left = [*backend.list("")]

    assert Verdict.NOT_APPLICABLE is found.verdict
    assert Protocol.NUMBERED is found.protocol
    assert {
        "create-put-free",
        "create-put-taken",
        "create-multipart-free",
        "create-multipart-taken",
        "race-put",
        "race-multipart",
        "list-after-write",
    } == outcomes(found, Outcome.HELD)
    assert {"delete-locked-put", "version-on-top", "clock-offset"} < outcomes(
        found, Outcome.NOT_APPLICABLE
    )
    assert [] == left


@pytest.mark.spec("PRB-6")
def test_a_directory_for_keys_lets_go(tmp_path: Path) -> None:
    """What is deleted there is gone, as far as a directory shows."""
    found = probed(LocalBackend(tmp_path), PlaceKind.VAULT)

    assert "delete-is-final" in outcomes(found, Outcome.HELD)
    assert set() == outcomes(found, Outcome.FAILED)


class _Overwriting(MemoryBackend):
    def create(self, name: str, data: object) -> object:  # type: ignore[override]
        self.contents.pop(name, None)
        return super().create(name, data)  # type: ignore[arg-type]


class _Keeping(MemoryBackend):
    def delete(self, name: str) -> None:
        """Keep it."""


class _Blind(MemoryBackend):
    def list(self, prefix: str) -> object:  # type: ignore[override]
        del prefix
        return iter(())


class _Full(MemoryBackend):
    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        del keep_until
        raise StorageError(ErrorKind.STORAGE_FULL, f"no room for {name}")


@pytest.mark.spec("PRB-2", "PRB-3", "PRB-7")
@pytest.mark.parametrize(
    ("backend", "place", "expected"),
    [
        (_Overwriting(), PlaceKind.EVIDENCE, {"create-put-taken", "race-put"}),
        (_Keeping(), PlaceKind.VAULT, {"delete-is-final"}),
        (_Blind(), PlaceKind.EVIDENCE, {"list-after-write"}),
    ],
)
def test_what_a_place_does_wrong_is_found(
    backend: Backend, place: PlaceKind, expected: set[str]
) -> None:
    """Each check can fail, and then the place is not what it should be."""
    found = probed(backend, place)

    assert expected <= outcomes(found, Outcome.FAILED)
    assert Verdict.UNPROVEN is found.verdict


@pytest.mark.spec("PRB-3")
def test_what_cannot_be_tried_is_not_held() -> None:
    """A place that is full refuses; that proves nothing."""
    found = probed(_Full())

    assert {"create-multipart-free", "race-multipart"} <= outcomes(found, Outcome.REFUSED)
    assert Protocol.NONE is found.protocol


@pytest.mark.spec("PRB-8")
def test_old_canaries_go_and_young_ones_stay() -> None:
    """One may be of a probe that is under way."""
    world = World()
    world.storage.create(BEFORE, b"canary")
    probe_directory(world.storage, environment=world.environment)
    young = [stat.name for stat in world.storage.list(CANARIES)]
    world.clock.advance(601)
    probe_directory(world.storage, environment=world.environment)
    old = [stat.name for stat in world.storage.list(CANARIES)]

    assert ([BEFORE], []) == (young, old)
