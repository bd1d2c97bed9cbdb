"""Values of facts, as a pack declares them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from bwcstore._values import Instant
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError
from bwcstore.statute._facts import Facts, Hold, RetentionRequest
from tests.unit.statute.small import facts, small_pack

DAY = date(2024, 6, 1)
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def _refused(name: str, value: object) -> ErrorKind:
    with pytest.raises(InvalidInputError) as caught:
        facts({name: value})
    assert name in caught.value.message
    return caught.value.kind


def _request(**changes: object) -> RetentionRequest:
    values: dict[str, object] = {"id": "r1", "received": DAY, "days": 30}
    return RetentionRequest(**{**values, "answers": {"written": True}, **changes})  # type: ignore[arg-type]


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("minor_recorded", False, False),
        ("force", "deadly", "deadly"),
        ("labels", ["training", "training"], frozenset({"training"})),
        ("labels", [], frozenset()),
        ("complaint_on", DAY, DAY),
        ("collected_at", NOON, Instant.from_datetime(NOON)),
        ("collected_at", Instant(0), Instant(0)),
        ("keep_requests", [_request()], (_request(),)),
        ("holds", (), ()),
    ],
)
def test_values_of_their_type(name: str, value: object, expected: object) -> None:
    """A value of the declared type is taken as it is."""
    assert Facts({name: expected}) == facts({name: value})  # type: ignore[dict-item]


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minor_recorded", 1),
        ("minor_recorded", "yes"),
        ("force", "none "),
        ("force", True),
        ("force", ["none"]),
        ("labels", "training"),
        ("labels", [1]),
        ("complaint_on", NOON),
        ("complaint_on", "2024-06-01"),
        ("complaint_on", 20240601),
        ("collected_at", DAY),
        ("collected_at", "2024-06-01T12:00:00Z"),
        ("keep_requests", _request()),
        ("keep_requests", [{"id": "r1"}]),
        ("holds", [Hold(id="h1", kind="other", placed=DAY)]),
        ("holds", ["h1"]),
    ],
)
def test_values_of_another_type_are_refused(name: str, value: object) -> None:
    """Nothing is converted: another type or an undeclared code is refused."""
    assert ErrorKind.FACT_TYPE is _refused(name, value)


@pytest.mark.spec("LAW-31")
def test_undeclared_facts_are_refused() -> None:
    """A fact that the pack does not declare is refused by its name."""
    assert ErrorKind.FACT_UNKNOWN is _refused("colour", "blue")


@pytest.mark.spec("LAW-30")
def test_none_says_nothing() -> None:
    """A fact given as None is a fact that is not given."""
    assert facts({}) == facts({"force": None})


@pytest.mark.spec("LAW-32")
def test_moments_without_an_offset_are_refused() -> None:
    """A moment without its offset is refused; one with any offset is the same moment."""
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-6)))

    assert facts({"collected_at": NOON}) == facts({"collected_at": elsewhere})
    assert ErrorKind.TIME_NAIVE is _refused("collected_at", NOON.replace(tzinfo=None))


@pytest.mark.spec("LAW-31")
@pytest.mark.parametrize("answers", [{}, {"written": True, "signed": True}, {"signed": True}])
def test_requests_answer_what_is_asked(answers: dict[str, bool]) -> None:
    """A request that leaves a flag unanswered, or answers another one, is refused."""
    assert ErrorKind.REQUEST_INCOMPLETE is _refused("keep_requests", [_request(answers=answers)])


@pytest.mark.spec("LAW-30")
@pytest.mark.parametrize("days", [0, -1, 36_501, True, 1.0, "30"])
def test_requests_have_a_number_of_days(days: object) -> None:
    """A request asks for 1 to 36,500 days."""
    assert 36_500 == _request(days=36_500).days

    with pytest.raises(InvalidInputError) as caught:
        _request(days=days)

    assert ErrorKind.FACT_TYPE is caught.value.kind


@pytest.mark.spec("LAW-30")
@pytest.mark.parametrize("given", ["", "a\nb", "x" * 257])
def test_requests_and_holds_have_ids(given: str) -> None:
    """The id of a request or a hold is one line of 1 to 256 characters."""
    for make in (lambda: _request(id=given), lambda: Hold(id=given, kind="x", placed=DAY)):
        with pytest.raises(BwcStoreError) as caught:
            make()

        assert ErrorKind.TEXT_FORM is caught.value.kind


@pytest.mark.spec("LAW-34")
def test_one_id_stands_for_one_thing() -> None:
    """Two requests or two holds with one id contradict each other."""
    twice = [_request(), _request(days=60)]
    holds = [Hold(id="h", kind="litigation", placed=day) for day in (DAY, DAY + timedelta(1))]

    assert ErrorKind.FACT_CONTRADICTION is _refused("keep_requests", twice)
    assert ErrorKind.FACT_CONTRADICTION is _refused("holds", holds)


@pytest.mark.spec("LAW-31")
def test_facts_can_be_changed_for_a_question() -> None:
    """Facts with other values leave the first ones as they were."""
    first = facts({"force": "none"})
    second = first.with_values({"force": "some", "minor_recorded": True})

    assert {"force": "none"} == first.values
    assert {"force": "some", "minor_recorded": True} == second.values


@pytest.mark.spec("LAW-31")
def test_declarations_are_found_by_name() -> None:
    """The pack gives the declaration of a fact with its line in the file."""
    assert "Was force used?" == small_pack().fact("force").question
    assert small_pack().fact("force").line > 1


@pytest.mark.spec("LAW-31")
def test_unknown_labels_have_their_own_code() -> None:
    """A label that the pack does not define is told as such."""
    assert ErrorKind.LABEL_UNKNOWN == _refused("labels", ["evidence", "trainning"])
