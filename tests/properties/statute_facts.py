"""Strategies for facts of any pack, made from its declarations alone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from bwcstore.statute import FactSpec, FactType, Hold, Pack, RetentionRequest, Subject

FIRST = date(2016, 8, 1)


def days(last: date, *, first: date = FIRST) -> st.SearchStrategy[date]:
    """Civil dates, with ends of months and 29 February more often than they come."""
    marked = [
        day
        for day in (date(2020, 2, 29), date(2024, 2, 29), date(2023, 7, 31), date(2023, 8, 1))
        if first <= day <= last
    ]
    drawn = st.dates(first, last)
    return st.one_of(drawn, st.sampled_from(marked)) if marked else drawn


def moments(last: date) -> st.SearchStrategy[datetime]:
    """Moments before the last day begins anywhere, with midnight in many zones more often."""
    clock = st.one_of(
        st.sampled_from([time(0), time(4, 59, 59), time(5), time(6), time(23, 59)]), st.times()
    )
    return st.builds(
        lambda day, at: datetime.combine(day, at, UTC), days(last - timedelta(days=2)), clock
    )


def requests(spec: FactSpec, last: date) -> st.SearchStrategy[RetentionRequest]:
    """Requests, most of them of the kind that is granted."""
    answers = st.fixed_dictionaries(
        {name: st.sampled_from([True, True, True, False]) for name in spec.codes}
    )
    return days(last).flatmap(
        lambda received: st.builds(
            RetentionRequest,
            id=st.uuids().map(str),
            received=st.just(received),
            days=st.one_of(st.integers(1, 400), st.just(180)),
            withdrawn=st.one_of(
                st.none(), st.none(), days(last + timedelta(days=400), first=received)
            ),
            answers=answers,
        )
    )


def holds(spec: FactSpec, last: date) -> st.SearchStrategy[Hold]:
    """Holds, released and not."""
    return days(last).flatmap(
        lambda placed: st.builds(
            Hold,
            id=st.uuids().map(str),
            kind=st.sampled_from(spec.codes),
            placed=st.just(placed),
            released=st.one_of(st.none(), days(last + timedelta(days=400), first=placed)),
        )
    )


def values(spec: FactSpec, last: date) -> st.SearchStrategy[object]:
    """Values of one fact that are not after `last`."""
    match spec.type:
        case FactType.FLAG:
            return st.booleans()
        case FactType.CODE:
            return st.sampled_from(spec.codes)
        case FactType.CODES:
            return st.frozensets(st.sampled_from(spec.codes), max_size=3)
        case FactType.DATE:
            return days(last)
        case FactType.INSTANT:
            return moments(last)
        case FactType.REQUESTS:
            return st.lists(requests(spec, last), max_size=3)
        case FactType.HOLDS:
            return st.lists(holds(spec, last), max_size=2)


def given_facts(pack: Pack, last: date) -> st.SearchStrategy[Mapping[str, object]]:
    """Facts about a recording, each of them given or not."""
    specs = [spec for spec in pack.facts if spec.about is Subject.RECORDING]
    return st.fixed_dictionaries({}, optional={spec.name: values(spec, last) for spec in specs})
