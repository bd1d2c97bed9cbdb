"""What was asserted of a recording, when, by whom; and what was known of a day at a moment.

Rules kept here (spec chapter `statute-pack`):

- assertions are added and never edited; a later one may supersede an earlier one, and one
  without a value takes the earlier one back (LAW-35);
- what is known at a moment is made of what was recorded by then: later knowledge does not change
  the answer for an earlier moment (LAW-35);
- several values for one day contradict each other, are joined, or the latest counts, as the pack
  says; requests and holds are joined by their ids (LAW-36);
- the order in which assertions are kept means nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final, cast
from zoneinfo import ZoneInfo

import attrs

from bwcstore._values import TEXT_LENGTH_MAX, Instant, check_text
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import (
    Facts,
    FactSpec,
    FactType,
    Hold,
    RetentionRequest,
    Several,
    Value,
)
from bwcstore.statute._pack import Pack

_TEXT_MAX: Final = 256


def _text(what: str, length_max: int) -> Callable[[object, object, str], None]:
    def check(_: object, __: object, value: str) -> None:
        check_text(value, f"an assertion: {what}", length_max=length_max)

    return check


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.ARGUMENT_INVALID, message)


@attrs.frozen(kw_only=True)
class Assertion:
    """Somebody's word on one fact.

    Attributes:
        id: the caller's id of the assertion.
        fact: the name of the fact.
        value: what it is, as `FactSpec.checked` takes it; None takes the superseded one back.
        since: the civil date from which it is so.
        recorded: when it was recorded.
        by: who says so.
        basis: what they base it on: a report, a document, their own eyes.
        supersedes: the id of the assertion in whose place this one stands.
    """

    id: str = attrs.field(validator=_text("its id", _TEXT_MAX))
    fact: str
    value: Value | None
    since: date = attrs.field()
    recorded: Instant
    by: str = attrs.field(validator=_text("who says so", _TEXT_MAX))
    basis: str = attrs.field(validator=_text("its basis", TEXT_LENGTH_MAX))
    supersedes: str | None = None

    @since.validator
    def _check_since(self, _: object, value: date) -> None:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise _invalid(f"assertion {self.id!r:.60}: since is a civil date, not {value!r:.40}")


@attrs.frozen
class FactHistory:
    """Everything that was ever asserted of one recording.

    Attributes:
        assertions: the assertions, in any order.
    """

    assertions: tuple[Assertion, ...] = attrs.field(default=())

    @assertions.validator
    def _check_assertions(self, _: object, value: tuple[Assertion, ...]) -> None:
        by_id: dict[str, Assertion] = {}
        for one in value:
            if one.id in by_id:
                raise _invalid(f"two assertions have the id {one.id!r:.60}")
            by_id[one.id] = one
        for one in value:
            _check_place(one, by_id)
        _check_rounds(by_id)

    def added(self, assertion: Assertion) -> "FactHistory":
        """This history with one more assertion.

        Raises:
            InvalidInputError: `argument-invalid`: its id is taken, or it supersedes an assertion
                that is not there, is about another fact or was recorded after it.
        """
        return FactHistory((*self.assertions, assertion))

    def check(self, pack: Pack, *, zone: ZoneInfo) -> None:
        """Refuse assertions that the pack cannot take.

        Args:
            pack: the pack whose facts are asserted.
            zone: the agency's time zone.

        Raises:
            InvalidInputError: `fact-unknown`, `fact-type`, `time-naive`, `request-incomplete` or
                `fact-contradiction` as `Pack.read_facts` says; `fact-future`: an assertion is of
                a day after the one on which it was recorded.
        """
        _checked(self.assertions, pack, zone)

    def known(self, pack: Pack, *, zone: ZoneInfo, on: date, at: Instant) -> Facts:
        """What was known of a day at a moment (spec: LAW-35, LAW-36).

        Args:
            pack: the pack whose facts are asserted.
            zone: the agency's time zone.
            on: the day that the facts are of.
            at: the moment of the knowledge: nothing that was recorded later counts.

        Raises:
            InvalidInputError: as `check` says, for what was recorded by then;
                `fact-contradiction`: two assertions that both count cannot both be true.
        """
        until = at.microseconds
        recorded = tuple(one for one in self.assertions if one.recorded.microseconds <= until)
        values = _checked(recorded, pack, zone)
        by_fact: dict[str, list[Assertion]] = {}
        for one in recorded:
            by_fact.setdefault(one.fact, []).append(one)
        found: dict[str, Value] = {}
        for spec in pack.facts:
            about = by_fact.get(spec.name)
            if about is None:
                continue
            gone = _superseded(spec, about)
            counting = [
                (one, values[one.id])
                for one in about
                if one.id in values and one.id not in gone and one.since <= on
            ]
            if counting:
                found[spec.name] = _joined(spec, counting)
        return Facts(found)


def _check_place(one: Assertion, by_id: Mapping[str, Assertion]) -> None:
    """Refuse an assertion that cannot supersede what it says it supersedes."""
    if one.supersedes is None:
        if one.value is None:
            raise _invalid(f"assertion {one.id!r:.60} has no value and supersedes none")
        return
    earlier = by_id.get(one.supersedes)
    what = f"assertion {one.id!r:.60} supersedes {one.supersedes!r:.60}"
    if earlier is None:
        raise _invalid(f"{what}, which is not there")
    if earlier.fact != one.fact:
        raise _invalid(f"{what}, which is about {earlier.fact}, not about {one.fact}")
    if one.recorded < earlier.recorded:
        raise _invalid(
            f"{what}, which was recorded at {earlier.recorded}, after it, at {one.recorded}"
        )


def _check_rounds(by_id: Mapping[str, Assertion]) -> None:
    """Refuse assertions of one moment that supersede each other in a round."""
    settled: set[str] = set()
    for start in by_id:
        path: set[str] = set()
        name: str | None = start
        while name is not None and name not in settled:
            if name in path:
                raise _invalid(f"assertion {name!r:.60} supersedes itself, by way of others or not")
            path.add(name)
            name = by_id[name].supersedes
        settled |= path


def _checked(assertions: Iterable[Assertion], pack: Pack, zone: ZoneInfo) -> dict[str, Value]:
    """The values by the ids of their assertions; those that take one back have none."""
    found: dict[str, Value] = {}
    for one in assertions:
        spec = pack.fact(one.fact)
        recorded_on = local_date(one.recorded, zone)
        if one.since > recorded_on and not spec.ahead:
            raise InvalidInputError(
                ErrorKind.FACT_FUTURE,
                f"assertion {one.id!r:.60}: fact {one.fact} is said to be so since {one.since},"
                f" after the day on which that was recorded, {recorded_on}",
            )
        if one.value is not None:
            found[one.id] = spec.checked(one.value)
    return found


def _superseded(spec: FactSpec, about: Iterable[Assertion]) -> set[str | None]:
    """The ids of the assertions of one fact that do not count."""
    # What can only be added to is not made less by what stands in its place.
    if spec.several is Several.UNION:
        return {one.supersedes for one in about if one.value is None}
    return {one.supersedes for one in about}


def _joined(spec: FactSpec, counting: list[tuple[Assertion, Value]]) -> Value:
    """What the assertions that count come to; there is at least one."""
    if spec.type in (FactType.REQUESTS, FactType.HOLDS):
        return _joined_by_id(spec, counting)
    if spec.several is Several.UNION:
        sets = (cast("frozenset[str]", value) for _, value in counting)
        return frozenset[str]().union(*sets)
    since = max(one.since for one, _ in counting)
    latest = [(one, value) for one, value in counting if one.since == since]
    values = {value for _, value in latest}
    if len(values) > 1 and spec.several is Several.LATEST:
        return max(values, key=_when)
    if len(values) > 1:
        ids = ", ".join(sorted(repr(one.id) for one, _ in latest))
        raise InvalidInputError(
            ErrorKind.FACT_CONTRADICTION,
            f"fact {spec.name}: assertions {ids:.200} say different things since {since}",
        )
    return values.pop()


def _when(value: Value) -> int:
    return value.microseconds if isinstance(value, Instant) else cast("date", value).toordinal()


def _joined_by_id(spec: FactSpec, counting: list[tuple[Assertion, Value]]) -> Value:
    said: dict[str, list[tuple[Instant, Hold | RetentionRequest]]] = {}
    for assertion, value in counting:
        for one in cast("tuple[Hold, ...] | tuple[RetentionRequest, ...]", value):
            said.setdefault(one.id, []).append((assertion.recorded, one))
    found = []
    for name, versions in sorted(said.items()):
        last = max(recorded for recorded, _ in versions)
        first, *others = [one for recorded, one in versions if recorded == last]
        if any(other != first for other in others):
            raise InvalidInputError(
                ErrorKind.FACT_CONTRADICTION,
                f"fact {spec.name}: {name!r:.60} is said to be two things at one moment, {last}",
            )
        found.append(first)
    return cast("Value", tuple(found))
