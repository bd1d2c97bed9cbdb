"""What a store is kept under: its law, the agency's own rules, and whether its clock is trusted."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import attrs

from bwcstore._session._duties import owed
from bwcstore._session._services import Services
from bwcstore._values import ActorId, Instant
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._duty import Duty
from bwcstore.custody._records import LawAdopted, Policy
from bwcstore.custody._state import State


@attrs.frozen(kw_only=True)
class ClockStep:
    """A step of the clock between two entries that two actors must confirm (PRG-8).

    Attributes:
        index: the later entry.
        before: the time of the entry before it.
        after: its time.
        confirmed_by: who confirmed it; two of them are needed.
    """

    index: int
    before: Instant
    after: Instant
    confirmed_by: frozenset[ActorId]


class StoreRules:
    """The part of `Store` that says what it is kept under."""

    _services: Services

    @property
    def law(self) -> LawAdopted | None:
        """The statute pack and agency file that the store is kept under; None before any."""
        return self._state.store.law

    @property
    def policy(self) -> Policy:
        """The agency's own rules; the defaults before any were set."""
        return self._state.store.policy

    @property
    def facts(self) -> tuple[FactAssertion, ...]:
        """What was asserted of the agency, in order."""
        return self._state.store.facts

    @property
    def backups(self) -> Mapping[str, str]:
        """The declared backups, and what each holds."""
        return MappingProxyType(dict(self._state.store.backups))

    @property
    def clock_steps(self) -> tuple[ClockStep, ...]:
        """The steps of the clock that two actors must confirm, or have confirmed, in order."""
        state = self._state
        return tuple(
            ClockStep(
                index=jump.index,
                before=jump.before,
                after=jump.after,
                confirmed_by=state.store.confirmed.get(jump.index, frozenset()),
            )
            for jump in state.jumps
        )

    def duties(self, as_of: date | None = None) -> tuple[Duty, ...]:
        """What the agency owes, the soonest first; see `Session.duties`.

        Raises:
            InvalidInputError: no law was adopted, or the day is past.
            StorageError: reading failed.
        """
        self._services.settle()
        return owed(self._services, as_of)

    @property
    def _state(self) -> State:
        return self._services.log.state
