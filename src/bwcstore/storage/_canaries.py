"""Canaries: what every probe stores under names of its own, and how it races for one.

Rules kept here (spec chapter `storage-probe`): canaries lie below one prefix that nothing of a
store has (PRB-1), and one that a probe beside this may still need is not touched (PRB-8).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

CANARY: Final = b"canary"
RACERS: Final = 8
ROUNDS: Final = 5
STALE_SECONDS: Final = 600.0


def one_wins(fresh: Callable[[], str], wins: Callable[[str], bool]) -> bool:
    """Whether, of writers that race for a name, exactly one is ever told that it has it.

    That no round showed two is no proof; that one did is.

    Args:
        fresh: makes up a name for a round.
        wins: tries to create a name; whether it had it.
    """
    with ThreadPoolExecutor(RACERS) as pool:
        for _ in range(ROUNDS):
            name, start = fresh(), Barrier(RACERS)

            def race(_: int, name: str = name, start: Barrier = start) -> bool:
                start.wait()
                return wins(name)

            if sum(pool.map(race, range(RACERS))) != 1:
                return False
    return True
