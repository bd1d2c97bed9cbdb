"""Facts, made ready to be judged: moments become civil dates, absent facts what they stand for.

Rules kept here (spec chapter `statute-pack`):

- an absent fact is what its declaration says, or unknown (LAW-30);
- what lies in the future is refused, unless the fact may lie ahead (LAW-33);
- facts that cannot all be true are refused (LAW-34).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NoReturn, cast

import attrs

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._condition import Condition, Gap, Settled, Verdict, judge, missing
from bwcstore.statute._facts import Facts, FactSpec, FactType, Hold, RetentionRequest
from bwcstore.statute._pack import Law


@attrs.frozen(kw_only=True)
class Matter:
    """One recording on one day under one law, ready to be judged.

    Attributes:
        law: the law.
        as_of: the day of the judgement.
        values: what the facts come to, by name.
        given: the facts as they were given.
    """

    law: Law
    as_of: date
    values: Mapping[str, Settled] = attrs.field(hash=False)
    given: Facts

    def settled(self, name: str) -> Settled:
        """The value that conditions see."""
        return self.values.get(name, Gap.UNKNOWN)

    def judge(self, condition: Condition) -> Verdict:
        """Whether a condition holds."""
        return judge(condition, self)

    def missing(self, condition: Condition) -> frozenset[str]:
        """The facts that an unknown answer waits for."""
        return missing(condition, self)

    def with_code(self, name: str, code: str) -> "Matter":
        """The same matter with one more code to ask for, such as the class."""
        return attrs.evolve(self, values={**self.values, name: code})

    def day(self, name: str) -> date | Gap:
        """The civil date of a date or a moment, or the gap in its place."""
        value = self.settled(name)
        return value if isinstance(value, (date, Gap)) else Gap.UNKNOWN

    def requests(self, name: str) -> tuple[RetentionRequest, ...]:
        """The requests that a fact has."""
        return cast("tuple[RetentionRequest, ...]", self.given.values.get(name, ()))

    def holds(self) -> tuple[Hold, ...]:
        """The holds, released ones included."""
        for spec in self.law.pack.facts:
            if spec.type is FactType.HOLDS:
                return cast("tuple[Hold, ...]", self.given.values.get(spec.name, ()))
        return ()


def settle(facts: Facts, *, law: Law, as_of: date) -> Matter:
    """Make facts ready to be judged on a day (spec: LAW-30, LAW-33, LAW-34).

    Args:
        facts: the facts, as `Pack.read_facts` of the law's pack returned them.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `fact-future`: a date, request or hold lies after `as_of`;
            `fact-contradiction`: the facts cannot all be true; `fact-unknown`: the facts are of
            another pack.
    """
    values: dict[str, Settled] = {spec.name: _absent(spec) for spec in law.pack.facts}
    values["as_of"] = as_of
    for name, value in facts.values.items():
        spec = law.pack.fact(name)
        if isinstance(value, Instant):
            values[name] = local_date(value, law.zone)
        elif not isinstance(value, tuple):
            values[name] = value
        _check_future(spec, _dates(values[name], value), as_of)
        if isinstance(value, tuple):
            _check_order(spec, value)
    matter = Matter(law=law, as_of=as_of, values=values, given=facts)
    for rule in law.contradictions:
        if matter.judge(rule.when) is Verdict.YES:
            raise InvalidInputError(
                ErrorKind.FACT_CONTRADICTION,
                f"the facts cannot all be true, by rule {rule.id} of pack {law.pack.id}:"
                f" {rule.says}",
            )
    return matter


def _absent(spec: FactSpec) -> Settled:
    if spec.type in (FactType.DATE, FactType.INSTANT):
        return Gap.UNKNOWN if spec.absent is None else Gap.NEVER
    return Gap.UNKNOWN if spec.absent is None else spec.absent


def _dates(settled: Settled, value: object) -> Iterator[date]:
    if isinstance(value, tuple):
        for one in value:
            yield one.received if isinstance(one, RetentionRequest) else one.placed
    elif isinstance(settled, date):
        yield settled


def _check_future(spec: FactSpec, dates: Iterable[date], as_of: date) -> None:
    for day in dates:
        if day > as_of and not spec.ahead:
            raise InvalidInputError(
                ErrorKind.FACT_FUTURE,
                f"fact {spec.name} is of {day}, after the day of the judgement, {as_of}",
            )


def _check_order(spec: FactSpec, value: tuple[RetentionRequest, ...] | tuple[Hold, ...]) -> None:
    for one in value:
        if isinstance(one, RetentionRequest):
            if one.withdrawn is not None and one.withdrawn < one.received:
                _refuse_order(spec, one.id, "withdrawn before it was received")
        elif one.released is not None and one.released < one.placed:
            _refuse_order(spec, one.id, "released before it was placed")


def _refuse_order(spec: FactSpec, which: str, what: str) -> NoReturn:
    raise InvalidInputError(
        ErrorKind.FACT_CONTRADICTION, f"fact {spec.name}: {which!r:.60} was {what}"
    )
