"""Faults that come by chance, and other processes that come in between or at a chosen call."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

from bwcstore.testing import FailAt, Fault

T = TypeVar("T")


class Weather(FailAt):
    """Lets any port call of one process fail by chance.

    Attributes:
        crashed: whether the process has died; then every call fails.
        between: called before a port call by chance, so that others come in between.
    """

    def __init__(self, dice: Random, *, rates: dict[Fault, float], between_rate: float) -> None:
        super().__init__(None)
        self.crashed = False
        self.between: Callable[[], None] = lambda: None
        self._dice = dice
        self._rates = rates
        self._between_rate = between_rate

    def read(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.read`."""
        return self._turn().read(what, work)

    def change(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.change`."""
        return self._turn().change(what, work)

    def create(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.create`."""
        return self._turn().create(what, work)

    def calm(self) -> None:
        """From now on nothing fails."""
        self._rates = {}
        self._between_rate = 0.0

    def _turn(self) -> FailAt:
        if self._dice.random() < self._between_rate:
            self.between()
        for fault, rate in self._rates.items():
            if not self.crashed and self._dice.random() < rate:
                self.crashed = fault is Fault.CRASH
                return FailAt(0, fault)
        return FailAt(0, Fault.CRASH) if self.crashed else FailAt(None)


class Interlude(FailAt):
    """Lets others come in at one call, and possibly lets the process die at another."""

    def __init__(self, at: int, others: Callable[[], None], crash: int | None = None) -> None:
        super().__init__(crash, Fault.CRASH)
        self.met = False
        self._at = at
        self._others = others

    def read(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.read`."""
        self._let_in()
        return super().read(what, work)

    def change(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.change`."""
        self._let_in()
        return super().change(what, work)

    def create(self, what: str, work: Callable[[], T]) -> T:
        """See `FailAt.create`."""
        self._let_in()
        return super().create(what, work)

    def _let_in(self) -> None:
        if self.count == self._at and not self.met:
            self.met = True
            self._others()
