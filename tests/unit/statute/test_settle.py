"""Facts made ready to be judged."""

from datetime import UTC, date, datetime

import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._condition import Gap
from bwcstore.statute._facts import Facts, Hold, RetentionRequest
from bwcstore.statute._settle import settle
from tests.unit.statute.small import facts, small_law

DAY = date(2024, 6, 1)


def _settled(name: str, **given: object) -> object:
    return settle(facts(given), law=small_law(DAY), as_of=DAY).settled(name)


@pytest.mark.spec("LAW-11")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2024, 3, 10, 5, 59, 59, tzinfo=UTC), date(2024, 3, 9)),
        (datetime(2024, 3, 10, 6, 0, tzinfo=UTC), date(2024, 3, 10)),
        (datetime(2024, 3, 11, 4, 59, 59, tzinfo=UTC), date(2024, 3, 10)),
        (datetime(2024, 3, 11, 5, 0, tzinfo=UTC), date(2024, 3, 11)),
    ],
)
def test_moments_become_local_dates(moment: datetime, expected: date) -> None:
    """The civil date is the agency's, also on the day on which the clocks change."""
    assert expected == _settled("collected_at", collected_at=moment)


@pytest.mark.spec("LAW-30")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("force", Gap.UNKNOWN),
        ("minor_recorded", Gap.UNKNOWN),
        ("somebody_recorded", True),
        ("complaint_on", Gap.NEVER),
        ("last_audit_on", Gap.UNKNOWN),
        ("labels", frozenset[str]()),
    ],
)
def test_absent_facts_are_what_their_declaration_says(name: str, expected: object) -> None:
    """A fact that nobody gave is unknown, unless the pack says what its absence means."""
    assert expected == _settled(name)


@pytest.mark.spec("LAW-33")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("collected_at", datetime(2024, 6, 2, 6, tzinfo=UTC)),
        ("complaint_on", date(2024, 6, 2)),
        ("holds", [Hold(id="h", kind="litigation", placed=date(2024, 6, 2))]),
        (
            "keep_requests",
            [
                RetentionRequest(
                    id="r", received=date(2024, 6, 2), days=1, answers={"written": True}
                )
            ],
        ),
    ],
)
def test_future_facts_are_refused(name: str, value: object) -> None:
    """What lies after the day of the judgement cannot have been known on it."""
    with pytest.raises(InvalidInputError) as caught:
        _settled("force", **{name: value})

    assert caught.value.kind is ErrorKind.FACT_FUTURE
    assert f"fact {name} is of 2024-06-02" in caught.value.message


@pytest.mark.spec("LAW-33")
def test_some_facts_may_lie_ahead() -> None:
    """A fact that is declared to lie ahead is not refused."""
    ahead = date(2024, 12, 24)

    assert ahead == _settled("appointment_on", appointment_on=ahead)


@pytest.mark.spec("LAW-34")
@pytest.mark.parametrize(
    "given",
    [
        {"minor_recorded": True, "somebody_recorded": False},
        {
            "holds": [
                Hold(
                    id="h",
                    kind="litigation",
                    placed=date(2024, 5, 2),
                    released=date(2024, 5, 1),
                )
            ]
        },
        {
            "keep_requests": [
                RetentionRequest(
                    id="r",
                    received=date(2024, 5, 2),
                    days=1,
                    withdrawn=date(2024, 5, 1),
                    answers={"written": True},
                )
            ]
        },
    ],
)
def test_contradictions_are_refused(given: dict[str, object]) -> None:
    """Facts that cannot all be true are not judged."""
    with pytest.raises(InvalidInputError) as caught:
        _settled("force", **given)

    assert caught.value.kind is ErrorKind.FACT_CONTRADICTION


@pytest.mark.spec("LAW-31")
def test_facts_of_another_pack_are_refused() -> None:
    """Facts that the pack does not declare are not passed over."""
    with pytest.raises(InvalidInputError) as caught:
        settle(Facts({"weather": "fine"}), law=small_law(DAY), as_of=DAY)

    assert caught.value.kind is ErrorKind.FACT_UNKNOWN
