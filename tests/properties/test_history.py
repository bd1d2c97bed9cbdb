"""What was known of a day at a moment, for histories of every shape."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwcstore._values import Instant
from bwcstore.errors import InvalidInputError
from bwcstore.statute._facts import Hold, Value
from bwcstore.statute._history import Assertion, FactHistory
from tests.unit.statute.small import small_pack

ZONE: Final = ZoneInfo("America/Chicago")
FIRST: Final = date(2024, 3, 1)
DAYS: Final = st.integers(0, 9)
VALUES: Final[Mapping[str, st.SearchStrategy[Value]]] = {
    "force": st.sampled_from(["none", "some", "deadly"]),
    "labels": st.frozensets(st.sampled_from(["training", "evidence"])),
    "holds": st.builds(
        lambda name, day: (Hold(id=name, kind="litigation", placed=FIRST + timedelta(days=day)),),
        st.sampled_from(["h1", "h2"]),
        DAYS,
    ),
}
Known = dict[str, Value] | str


def moment(day: int) -> Instant:
    """Noon of a day, in Chicago."""
    return Instant.from_datetime(datetime(2024, 3, 1, 18, tzinfo=UTC) + timedelta(days=day))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Assertion, ...]:
    """Assertions of which each may supersede one that was recorded before it."""
    found: list[Assertion] = []
    for number, day in enumerate(sorted(draw(st.lists(DAYS, max_size=8)))):
        fact = draw(st.sampled_from(sorted(VALUES)))
        earlier = [one.id for one in found if one.fact == fact]
        instead = draw(st.none() | st.sampled_from(earlier)) if earlier else None
        taken_back = instead is not None and draw(st.booleans())
        found.append(
            Assertion(
                id=f"a{number}",
                fact=fact,
                value=None if taken_back else draw(VALUES[fact]),
                since=FIRST + timedelta(days=draw(st.integers(0, day))),
                recorded=moment(day),
                by="rivera",
                basis="report",
                supersedes=instead,
            )
        )
    return tuple(found)


def known(assertions: tuple[Assertion, ...], *, day: int, at: int) -> Known:
    """What is known, or the code with which it is refused."""
    try:
        facts = FactHistory(assertions).known(
            small_pack(), zone=ZONE, on=FIRST + timedelta(days=day), at=moment(at)
        )
    except InvalidInputError as error:
        return str(error.kind)
    return dict(facts.values)


@pytest.mark.spec("LAW-35")
@given(
    histories().flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))), DAYS, DAYS
)
def test_the_order_of_assertions_means_nothing(
    both: tuple[tuple[Assertion, ...], list[Assertion]], day: int, at: int
) -> None:
    """However the assertions are arranged, the same is known."""
    made, arranged = both

    assert known(made, day=day, at=at) == known(tuple(arranged), day=day, at=at)


@pytest.mark.spec("LAW-35")
@given(histories(), DAYS, DAYS)
def test_later_knowledge_changes_no_earlier_one(
    assertions: tuple[Assertion, ...], day: int, at: int
) -> None:
    """What was known at a moment is the same with and without what was recorded after it."""
    by_then = tuple(one for one in assertions if one.recorded <= moment(at))

    assert known(by_then, day=day, at=at) == known(assertions, day=day, at=at)


@pytest.mark.spec("LAW-35")
@given(st.lists(VALUES["force"], min_size=1, max_size=8), st.integers(0, 8))
def test_the_last_of_a_chain_counts(chain: list[Value], at: int) -> None:
    """Where each assertion supersedes the one before it, the last one recorded counts."""
    assertions = tuple(
        Assertion(
            id=f"a{number}",
            fact="force",
            value=value,
            since=FIRST,
            recorded=moment(number),
            by="rivera",
            basis="report",
            supersedes=f"a{number - 1}" if number else None,
        )
        for number, value in enumerate(chain)
    )

    assert {"force": chain[min(at, len(chain) - 1)]} == known(assertions, day=9, at=at)


@pytest.mark.spec("LAW-36")
@given(histories(), DAYS)
def test_a_union_only_grows_without_taking_back(
    assertions: tuple[Assertion, ...], day: int
) -> None:
    """Without assertions that take one back, labels are only added as time goes by."""
    kept = tuple(one for one in assertions if one.value is not None and one.fact == "labels")
    ids = {one.id for one in kept}
    kept = tuple(one for one in kept if one.supersedes is None or one.supersedes in ids)
    seen: frozenset[str] = frozenset()
    for at in range(10):
        found = known(kept, day=day, at=at)

        assert isinstance(found, dict)
        labels = found.get("labels", frozenset())
        assert isinstance(labels, frozenset)
        assert seen <= labels
        seen = labels
