"""The simulated world: deterministic, and its faults obey the contracts."""

from collections.abc import Callable

import pytest

from bwcstore._values import Instant
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InternalError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.testing._faults import Calls, FailAt, Fault, SimulatedCrash
from bwcstore.testing._world import InlineWorkers, SimClock, SimEntropy, World


def scenario(world: World) -> str:
    """Use every mutating call of both ports, and some that read."""
    world.vault.put({"content/a": bytes(32)})
    world.vault.get("content/a")
    under_way = world.backend.create_large("a/large")
    try:
        under_way.write(memoryview(b"large"))
        under_way.commit()
    finally:
        under_way.abort()
    world.backend.create("a/small", b"small")
    world.backend.read("a/small")
    world.vault.remember("head", b"note")
    world.vault.destroy(["content/a"])
    world.vault.rotate()
    world.backend.delete("a/small")
    return "done"


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("calls", Calls)
def test_every_call_of_both_ports_can_fail(fault: Fault, calls: Calls) -> None:
    """Counting up, each call fails once, and then the scenario runs clean."""
    fired = []
    for number in range(100):
        world = World(plan=FailAt(number, fault, calls=calls))
        outcome = world.attempt(scenario)
        if not world.plan.fired:
            assert outcome == "done"
            break
        fired.append(world.plan.trace[number])

    reading = ["get content/a", "read a/small"] if calls is Calls.ALL else []
    mutating = [
        "put content/a",
        "create_large a/large",
        "write a/large",
        "commit a/large",
        "abort a/large",
        "create a/small",
        "remember head",
        "destroy content/a",
        "rotate",
        "delete a/small",
    ]
    assert sorted(reading + mutating) == sorted(fired)


@pytest.mark.parametrize(
    ("fault", "error", "stored"),
    [
        (Fault.BEFORE, StorageError, False),
        (Fault.LOST, OutcomeUnknownError, True),
        (Fault.CRASH, SimulatedCrash, False),
    ],
)
def test_the_faults_of_a_create(fault: Fault, error: type[BaseException], *, stored: bool) -> None:
    """A fault happens before or after, and says as much as the contract knows."""
    world = World(plan=FailAt(0, fault))

    with pytest.raises(error) as caught:
        world.backend.create("a", b"data")

    assert error is caught.type
    assert stored == ("a" in world.storage.contents)


def test_a_lost_answer_may_be_a_refusal() -> None:
    """Whoever loses the answer does not learn that the name was taken."""
    world = World(plan=FailAt(1, Fault.LOST))
    world.backend.create("a", b"first")

    with pytest.raises(OutcomeUnknownError):
        world.backend.create("a", b"second")
    with pytest.raises(AlreadyExistsError):
        world.backend.create("a", b"second")


def test_a_lost_answer_as_plain_failure() -> None:
    """A backend that knows less than it should can be simulated too."""
    world = World(plan=FailAt(0, Fault.LOST, lost_as=StorageError))

    with pytest.raises(StorageError) as caught:
        world.backend.create("a", b"data")

    assert caught.type is StorageError
    assert {"a": b"data"} == world.storage.contents


def test_nothing_happens_after_a_crash() -> None:
    """A crash is for good, until the world is opened again with what was durable."""
    world = World(plan=FailAt(2, Fault.CRASH))
    world.backend.create("a", b"kept")
    under_way = world.backend.create_large("b")
    calls: list[Callable[[], object]] = [
        lambda: under_way.write(memoryview(b"x")),
        under_way.commit,
        under_way.abort,
        lambda: world.backend.read("a"),
        lambda: world.vault.put({"k": bytes(32)}),
    ]
    for call in calls:
        with pytest.raises(SimulatedCrash):
            call()

    again = world.reopen()
    assert again.backend.read("a") == b"kept"
    assert [stat.name for stat in again.backend.list("")] == ["a"]
    assert again.backend.discard_leftovers("a/") == 0
    assert again.backend.discard_leftovers() == 1
    assert again.backend.discard_leftovers() == 0
    with pytest.raises(NotFoundError):
        again.vault.get("k")


def test_a_crash_is_no_exception() -> None:
    """No handler of errors can survive a crash."""
    assert not issubclass(SimulatedCrash, Exception)


def test_entropy_follows_from_the_seed() -> None:
    """Equal seeds give equal bytes for ever; other seeds and later calls give others."""
    first, second, other = SimEntropy(1), SimEntropy(1), SimEntropy(2)

    taken = first.take(40)
    assert second.take(40) == taken
    assert len(taken) == 40
    assert first.take(40) != taken
    assert other.take(40) != taken
    known = "f44399143e947dc1cec7e91c84c379cb8a695ebc4deb68ed3e7d8a6dca241590"
    assert SimEntropy(0).take(32).hex() == known


def test_time_moves_only_when_told() -> None:
    """The clock stands still, advances and steps; only advancing takes time."""
    start = Instant.parse("2026-01-02T03:04:05.000000Z")
    clock = SimClock(start)
    assert clock.now() == start
    assert clock.advance(1.5) == start.plus_seconds(1.5)
    assert clock.monotonic() == 1.5
    clock.set(start)
    assert (clock.now(), clock.monotonic()) == (start, 1.5)
    with pytest.raises(InvalidInputError):
        clock.advance(-1)


def test_workers_keep_results_and_errors() -> None:
    """Work is done at once; its error comes with the result."""
    workers = InlineWorkers()
    done: list[int] = []

    def fail() -> None:
        done.append(1)
        raise StorageError(ErrorKind.STORAGE_IO, "simulated")

    pending = workers.submit(fail)
    assert done == [1]
    with pytest.raises(StorageError):
        pending.result()
    assert workers.submit(lambda: 7).result() == 7


def test_work_may_not_submit_work() -> None:
    """What would deadlock a bounded pool is a defect here."""
    workers = InlineWorkers()

    with pytest.raises(InternalError):
        workers.submit(lambda: workers.submit(lambda: 1)).result()


def test_storage_time_is_simulated() -> None:
    """What is stored carries the simulated time of its creation."""
    world = World()
    world.clock.advance(60)

    assert world.backend.create("a", b"").modified == world.clock.now()
