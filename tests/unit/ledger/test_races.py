"""Several writers: threads in one process, and processes over one storage."""

import threading
from collections.abc import Callable, Sequence

import pytest

from bwcstore._ports import Stat
from bwcstore._values import ByteRange, Instant
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ConflictError,
    ErrorKind,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.ledger._draft import Committed, Decide, Decision, Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._scope import Heads
from bwcstore.testing._world import START, MemoryBackend, World
from tests.unit.ledger import books


class Between(MemoryBackend):
    """Storage in which something happens just before a batch is created.

    Attributes:
        before: what happens, once for each; may create a batch itself.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world.storage.contents, clock=world.clock)
        self.before: list[Callable[[], object]] = []

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        if "/batch/" in name and self.before:
            self.before.pop(0)()
        return super().create(name, data)


def two(world: World) -> tuple[Log[Heads], Between, Log[Heads]]:
    """A ledger open in two processes; the first is late whenever the test says so."""
    books.create(world).close()
    backend = Between(world)
    return books.reopen(world, backend=backend), backend, books.reopen(world)


class Counting:
    """A decider that counts how often it was asked, and on what."""

    def __init__(self, decide: Decide[Heads]) -> None:
        self.asked: list[int] = []
        self._decide = decide

    def __call__(self, state: Heads, now: Instant) -> Decision:
        """Decide, and note how many entries there were."""
        self.asked.append(sum(head.seq + 1 for _, head in state.heads()))
        return self._decide(state, now)


@pytest.mark.spec("LED-32", "LED-33")
def test_a_decision_is_kept_where_nothing_it_read_was_written() -> None:
    """After a lost race the sealed bytes and the signature are the same, the place is not."""
    world = World()
    late, backend, early = two(world)
    decide = Counting(books.write(books.accessed(1, sealed="once"), books.accessed(1)))
    backend.before.append(lambda: early.append(books.write(books.accessed(2))))
    found = late.append(decide)

    assert [1] == decide.asked
    assert [2, 3] == [entry.index for entry in found.entries]
    assert [0, 1] == [entry.scope.seq for entry in found.entries]
    assert 4 == books.reopen(world).size
    opened = late.open_payload(found.entries[0])
    assert opened is not None
    assert {"reason": ["once"]} == opened.fields


@pytest.mark.spec("LED-31", "LED-32")
@pytest.mark.parametrize(
    ("mine", "theirs", "again"),
    [
        (books.write(books.accessed(1)), books.write(books.accessed(1)), True),
        (books.write(books.accessed(1)), books.write(books.accessed(2)), False),
        (
            books.write(books.accessed(1), reads=["object/" + books.object_scope(2).text[7:]]),
            books.write(books.accessed(2)),
            True,
        ),
    ],
)
def test_a_decision_is_made_again_where_something_it_read_was_written(
    mine: Decide[Heads], theirs: Decide[Heads], again: bool
) -> None:
    """Scopes that a decision reads decide whether it is asked again."""
    world = World()
    late, backend, early = two(world)
    decide = Counting(mine)
    backend.before.append(lambda: early.append(theirs))
    late.append(decide)

    assert ([1, 2] if again else [1]) == decide.asked
    assert 3 == books.reopen(world).size


@pytest.mark.spec("LED-31")
def test_two_ingests_of_one_source_meet() -> None:
    """The source tag of an ingest is a conflict key, though the objects differ."""
    world = World()
    late, backend, early = two(world)
    tag = "ab" * 16

    def ingest(number: int) -> Decision:
        scope = books.object_scope(number)
        draft = Draft(
            scope=scope,
            kind="object.ingested",
            by=books.ACTOR,
            body={
                "manifest_sha256": "00" * 32,
                "header": "00" * 74,
                "segment_count": 1,
                "ciphertext_root": "00" * 32,
                "tags": {"source": [tag]},
                "collected": [],
            },
        )
        return Decision(drafts=(draft,), reads=frozenset({f"source/{tag}"}), outcome=number)

    def first_wins(state: Heads, _: Instant) -> Decision:
        there = state.head(books.object_scope(1))
        return Decision(outcome="already there") if there else ingest(2)

    backend.before.append(lambda: early.append(lambda _, __: ingest(1)))
    found = late.append(first_wins)

    assert (found.outcome, found.entries) == ("already there", ())
    assert 2 == late.size


def test_a_later_call_of_the_group_sees_what_the_former_changed() -> None:
    """A decision whose predecessor in the group was made again is made again too."""
    world = World()
    late, backend, early = two(world)
    backend.before.append(lambda: early.append(books.write(books.accessed(1))))
    calls = [
        Counting(books.write(books.accessed(1), writes=["extra"])),
        Counting(books.write(books.accessed(2), reads=["extra"])),
        Counting(books.write(books.accessed(3))),
    ]
    grouped(late, calls)

    assert [2, 2, 1] == [len(call.asked) for call in calls]
    assert 5 == books.reopen(world).size


def test_a_call_left_over_after_a_lost_race_is_asked_again() -> None:
    """What a call decided is not kept when another batch of its own group comes in between."""
    world = World()
    late, backend, early = two(world)
    backend.before.append(lambda: early.append(books.write(books.accessed(2))))
    few, many = [books.accessed(1)] * 6_200, [books.accessed(2)] * 23_000
    growing = iter([many[:1], many, many])
    calls = [
        Counting(books.write(*few)),
        Counting(lambda _, __: Decision(drafts=tuple(next(growing)))),
        Counting(books.write(books.accessed(1))),
    ]
    found = grouped(late, calls)

    assert [1, 3, 2] == [len(call.asked) for call in calls]
    assert [Committed] * 3 == [type(item) for item in found]
    assert 29_203 == books.reopen(world).size


def grouped(log: Log[Heads], deciders: Sequence[Decide[Heads]]) -> list[Committed | BwcStoreError]:
    """Append from several threads so that all of them share one batch, in this order."""
    results: dict[int, Committed | BwcStoreError] = {}
    inside, go = threading.Event(), threading.Event()

    def hold(_: Heads, __: Instant) -> Decision:
        inside.set()
        go.wait(10)
        return Decision()

    def run(number: int, decide: Decide[Heads]) -> None:
        try:
            results[number] = log.append(decide)
        except BwcStoreError as exc:
            results[number] = exc

    threads = [threading.Thread(target=run, args=(-1, hold))]
    threads[0].start()
    inside.wait(10)
    for number, decide in enumerate(deciders):
        threads.append(threading.Thread(target=run, args=(number, decide)))
        threads[-1].start()
        while len(log._queue._waiting) <= number:
            pass
    go.set()
    for thread in threads:
        thread.join(10)
    return [results[number] for number in range(len(deciders))]


def test_a_group_shares_a_batch() -> None:
    """Calls that wait together are decided in order and committed in one batch."""
    world = World()
    log = books.create(world)
    refusal = AuthorizationError(ErrorKind.NOT_AUTHORIZED, "no")
    found = grouped(
        log,
        [
            books.write(books.accessed(1)),
            books.refusing(refusal),
            books.write(books.accessed(1), books.accessed(2)),
        ],
    )

    assert 2 == len(books.batch_names(world))
    assert isinstance(found[0], Committed)
    assert refusal is found[1]
    assert isinstance(found[2], Committed)
    assert [0, 1, 0] == [entry.scope.seq for entry in (*found[0].entries, *found[2].entries)]


def test_a_call_that_does_not_fit_waits_for_the_next_batch() -> None:
    """A group larger than a batch is committed in several; nobody is refused for the others."""
    world = World()
    log = books.create(world)
    some, many = [books.accessed(1)] * 6_200, [books.accessed(1)] * 23_000
    found = grouped(log, [books.write(*some), books.write(*many), books.write(*some)])

    assert [Committed, Committed, Committed] == [type(item) for item in found]
    assert 35_401 == log.size
    assert 4 == len(books.batch_names(world))


def test_a_failed_batch_fails_every_call_in_it() -> None:
    """Each caller gets an error of its own, and none of the entries exists."""
    world = World()
    books.create(world).close()

    class Full(MemoryBackend):
        def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
            raise StorageError(ErrorKind.STORAGE_FULL, f"no space for {name}: {len(data)}")

    log = books.reopen(world, backend=Full(world.storage.contents))
    found = grouped(log, [books.write(books.accessed(1)), books.write(books.accessed(2))])

    assert [ErrorKind.STORAGE_FULL] * 2 == [
        item.kind for item in found if isinstance(item, BwcStoreError)
    ]
    assert found[0] is not found[1]
    assert 1 == log.size == books.reopen(world).size


@pytest.mark.spec("LED-30")
def test_threads_and_processes_race() -> None:
    """Eight threads over two processes: every entry is there once, and the ledger verifies."""
    world = World()
    logs = [books.create(world)]
    logs.append(books.reopen(world))
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(25):
                logs[number % 2].append(books.write(books.accessed(number % 5, sealed="x")))
        except BaseException as exc:  # noqa: BLE001 - the test shows it
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = books.reopen(world)

    assert [] == failures
    assert 201 == again.size
    assert 201 == sum(head.seq + 1 for _, head in again.state.heads())


def test_endless_bad_luck_ends() -> None:
    """Losing 64 races in a row is told to the caller."""
    world = World()
    late, backend, early = two(world)
    backend.before.extend([lambda: early.append(books.write(books.accessed(2)))] * 64)
    with pytest.raises(ConflictError) as caught:
        late.append(books.write(books.accessed(1)))

    assert caught.value.kind is ErrorKind.RACE_LOST
    assert 65 == late.size


def test_others_entries_are_taken_in() -> None:
    """`refresh` shows what another process wrote."""
    world = World()
    late, _, early = two(world)
    early.append(books.write(books.accessed(1), books.accessed(2)))

    assert (late.size, late.refresh(), late.size, late.refresh()) == (1, 2, 3, 0)


class Silent(MemoryBackend):
    """Storage whose answers to creating batches are lost, and that cannot be asked for a while.

    Attributes:
        lost: how many answers will be lost.
        stores: whether what was asked for happens all the same.
        deaf: whether reading fails too.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world.storage.contents)
        self.lost, self.stores, self.deaf = 0, True, False

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        if "/batch/" in name and self.lost:
            self.lost -= 1
            if self.stores:
                super().create(name, data)
            raise OutcomeUnknownError(ErrorKind.OUTCOME_UNKNOWN, "no answer")
        return super().create(name, data)

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        self._hear()
        return super().read(name, byte_range)

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        self._hear()
        return super().stat(name)

    def _hear(self) -> None:
        if self.deaf:
            raise StorageError(ErrorKind.STORAGE_IO, "no answer")


@pytest.mark.spec("LED-34")
@pytest.mark.parametrize("stores", [True, False])
def test_a_lost_answer_is_settled(stores: bool) -> None:
    """Whether the batch was stored or not, the caller gets a commit, and it is there once."""
    world = World()
    books.create(world).close()
    backend = Silent(world)
    log = books.reopen(world, backend=backend)
    backend.lost, backend.stores = 1, stores
    log.append(books.write(books.accessed(1)))
    log.append(books.write(books.accessed(1)))

    assert 3 == books.reopen(world).size


@pytest.mark.spec("LED-34", "LED-36")
@pytest.mark.parametrize("stores", [True, False])
def test_a_doubt_stops_everything(stores: bool) -> None:
    """While nobody can tell, callers are told so and nothing more is written; `reload` ends it."""
    world = World()
    books.create(world).close()
    backend = Silent(world)
    log = books.reopen(world, backend=backend)
    backend.lost, backend.stores, backend.deaf = 1, stores, True
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            log.append(books.write(books.accessed(1)))
    with pytest.raises(StorageError):
        log.reload()
    backend.deaf = False
    with pytest.raises(OutcomeUnknownError) as caught:
        log.append(books.write(books.accessed(1)))
    found = log.reload()
    log.append(books.write(books.accessed(2)))

    assert caught.value.kind is ErrorKind.OUTCOME_UNKNOWN
    assert (1 if stores else 0) == found
    assert (3 if stores else 2) == books.reopen(world).size


def test_a_race_lost_behind_a_lost_answer() -> None:
    """The answer is lost and another took the number: the call goes on with the next one."""
    world = World()
    books.create(world).close()
    backend = Silent(world)
    log = books.reopen(world, backend=backend)
    books.reopen(world).append(books.write(books.accessed(2)))
    backend.lost, backend.stores = 1, False
    found = log.append(books.write(books.accessed(1)))

    assert 2 == found.entries[0].index
    assert START == found.entries[0].at
